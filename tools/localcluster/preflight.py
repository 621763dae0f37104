"""Checks that the machine can carry a cluster, and installs the Debian packages that lack."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from localcluster.errors import MachineNotReady
from localcluster.progress import Progress

GO_AT_LEAST = (1, 26)
# The most that a first build took was 7.2 GB, with what stays of it.
BUILD_NEEDS_GB = 9.0
CLUSTER_NEEDS_GB = 2.0
# What the kubelet counts and limits with.
CONTROLLERS = ("cpu", "memory", "pids", "cpuset")

# What must be there -> the Debian package that brings it.
PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nft": "nftables",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "sysctl": "procps",
}
COMPILER = {"gcc": "gcc", "/usr/include/stdlib.h": "libc6-dev"}


def check_root() -> None:
    """Raises MachineNotReady unless root: namespaces, mounts and cgroups need it."""
    if os.geteuid() != 0:
        raise MachineNotReady(
            "the local cluster needs root (network namespaces, mounts, cgroups): "
            "run it again with sudo, or use CLUSTER=kind or CLUSTER=current for the demo"
        )


def missing_packages(wanted: dict[str, str]) -> list[str]:
    """The Debian packages of the programs and files that are not there."""
    absent = (what for what in wanted if not _present(what))
    return sorted({wanted[what] for what in absent})


def install_packages(progress: Progress, wanted: dict[str, str]) -> None:
    """Installs what lacks with apt-get; raises MachineNotReady where that cannot be done."""
    missing = missing_packages(wanted)
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0:
        raise MachineNotReady(f"missing, and only root can install them: apt-get install {names}")
    if shutil.which("apt-get") is None:
        raise MachineNotReady(f"missing, and no apt-get to install them: {names}")
    with progress.step(f"install Debian packages: {names}"):
        _apt("update", "-q")
        _apt("install", "-q", "-y", "--no-install-recommends", *missing)
    if still := missing_packages(wanted):
        raise MachineNotReady(f"apt-get installed {names}, yet these lack: {' '.join(still)}")


def check_go() -> None:
    """Raises MachineNotReady without a Go that is new enough."""
    hint = "install it from https://go.dev/dl/ and put its bin folder on PATH"
    wanted = ".".join(map(str, GO_AT_LEAST))
    if shutil.which("go") is None:
        raise MachineNotReady(f"Go {wanted} or newer is needed to build the programs: {hint}")
    said = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False)
    if not new_enough(said.stdout.strip()):
        raise MachineNotReady(
            f"{said.stdout.strip() or 'this Go'} is too old to build the programs, "
            f"Go {wanted} or newer is needed: {hint}"
        )


def new_enough(go_version: str) -> bool:
    """True for a version such as `go1.26.8` that can build the pinned modules."""
    match = re.match(r"go(\d+)\.(\d+)", go_version)
    return match is not None and (int(match[1]), int(match[2])) >= GO_AT_LEAST


def check_disk(folder: Path, needed_gb: float) -> None:
    """Raises MachineNotReady if the folder's disk has less than `needed_gb` free."""
    while not folder.exists():
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise MachineNotReady(
            f"{folder} has {free_gb:.1f} GB free, {needed_gb:.0f} GB are needed: free some space, "
            "or set VMOPERATOR_CACHE to a folder on another disk (`down --purge` drops caches)"
        )


def check_kernel() -> None:
    """Raises MachineNotReady naming the first kernel feature that lacks."""
    _try("namespaces (network, mount, pid)", _unshare("true"))
    _try("the nftables kernel modules (nf_tables)", _unshare("nft", "add", "table", "ip", "probe"))
    _try("bridges", _unshare("ip", "link", "add", "probe0", "type", "bridge"))
    _try("veth pairs", _unshare("ip", "link", "add", "probe0", "type", "veth"))
    if "overlay" not in filesystems() and _run("modprobe", "overlay").returncode != 0:
        raise MachineNotReady(_lacks("overlayfs (module overlay)"))
    check_controllers(Path("/sys/fs/cgroup"))


def check_controllers(root: Path) -> None:
    """Raises MachineNotReady unless cgroups offer what the kubelet counts with."""
    unified = root / "cgroup.controllers"
    for controller in CONTROLLERS:
        offered = (
            controller in unified.read_text().split()
            if unified.exists()
            else (root / controller).is_dir()
        )
        if not offered:
            raise MachineNotReady(_lacks(f"the cgroup controller {controller} below {root}"))


def filesystems() -> list[str]:
    return Path("/proc/filesystems").read_text().split()


def _present(what: str) -> bool:
    return Path(what).exists() if what.startswith("/") else shutil.which(what) is not None


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", *arguments], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise MachineNotReady(f"apt-get {arguments[0]} failed:\n{last}")


def _unshare(*command: str) -> tuple[str, ...]:
    return ("unshare", "--net", "--mount", "--pid", "--fork", *command)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _try(feature: str, command: Iterable[str]) -> None:
    done = _run(*command)
    if done.returncode != 0:
        raise MachineNotReady(f"{_lacks(feature)}\n{done.stderr.strip()}")


def _lacks(feature: str) -> str:
    return (
        f"this kernel (or the container around it) lacks {feature}: use a machine or a virtual "
        "machine of its own, or CLUSTER=kind or CLUSTER=current for the demo"
    )
