"""The configuration files and command lines of a node: containerd, CNI, kubelet."""

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from localcluster import network, preflight
from localcluster.errors import MachineNotReady
from localcluster.paths import Paths

PAUSE_IMAGE = "docker.io/localcluster/pause:1"
# Folders that runtimes use whatever their settings say; each node gets its own in their place.
FIXED_FOLDERS = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/containers", "/run/containerd")


@dataclass(frozen=True, slots=True)
class Node:
    """Node number `index` (from 1) of a cluster."""

    paths: Paths
    index: int

    @property
    def name(self) -> str:
        return f"node-{self.index}"

    @property
    def address(self) -> str:
        return network.node_address(self.index)

    @property
    def folder(self) -> Path:
        return self.paths.node(self.name)

    @property
    def socket(self) -> Path:
        return self.folder / "containerd.sock"

    @property
    def cgroup(self) -> str:
        return f"/{self.paths.namespace}/{self.name}"

    def part(self, kind: str) -> str:
        """The name of a process of this node, e.g. `node-1.kubelet`."""
        return f"{self.name}.{kind}"


def containerd_config(node: Node) -> str:
    """containerd's TOML: everything below the node's folder."""
    folder = node.folder
    return f"""version = 2
root = "{folder}/containerd"
state = "{folder}/state"

[grpc]
  address = "{node.socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no pod sandbox starts otherwise.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
"""


def cni_config(node: Node) -> str:
    """Each pod on a link of its own, routed: Services work without br_netfilter in the kernel."""
    address_management = {
        "type": "host-local",
        "dataDir": f"{node.folder}/leases",
        "ranges": [[{"subnet": network.pod_subnet(node.index)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "ptp", "ipMasq": False, "ipam": address_management},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "1.0.0", "name": "localcluster", "plugins": plugins}, indent=2)


def kubelet_config(node: Node, grace_seconds: int | None = None) -> str:
    """KubeletConfiguration: own ports by own address, own cgroup, nothing outside the folder.

    A kubelet gives a sign of life each quarter of `grace_seconds` (nodeLeaseDurationSeconds).
    """
    folder, pki = node.folder, node.paths.pki
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzBindAddress": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{pki}/{node.name}.crt",
        "tlsPrivateKeyFile": f"{pki}/{node.name}.key",
        "containerRuntimeEndpoint": f"unix://{node.socket}",
        "cgroupRoot": node.cgroup,
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDNS": [network.DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{folder}/resolv.conf",
        "podLogsDir": f"{folder}/pods",
        "volumePluginDir": f"{folder}/plugins",
        "localStorageCapacityIsolation": False,
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
        **({"nodeLeaseDurationSeconds": grace_seconds} if grace_seconds else {}),
    }
    return yaml.safe_dump(config, sort_keys=False)


def kubelet(node: Node, programs: Path) -> tuple[str, ...]:
    return (
        f"{programs}/kubelet",
        f"--config={node.folder}/kubelet.yaml",
        f"--kubeconfig={node.paths.kubeconfig(node.name)}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--root-dir={node.folder}/kubelet",
        f"--cert-dir={node.folder}/certificates",
    )


def containerd(node: Node) -> tuple[str, ...]:
    return ("containerd", f"--config={node.folder}/containerd.toml")


def first_process(node: Node, programs: Path) -> tuple[str, ...]:
    """The node's process 1, in mount and process namespaces of its own.

    When it dies the kernel kills every process of the node and drops every mount: nothing leaks.
    """
    script = ["set -e", "mount --make-rshared /"]
    for fixed in FIXED_FOLDERS:
        own = node.folder / "fixed" / fixed.strip("/").replace("/", "-")
        script.append(f"mkdir -p {shlex.quote(str(own))} {fixed}")
        script.append(f"mount --bind {shlex.quote(str(own))} {fixed}")
    script.append(f"exec {shlex.quote(str(programs / 'pause'))}")
    unshare = ("unshare", "--mount", "--pid", "--fork", "--propagation=slave", "--mount-proc")
    return (*unshare, "sh", "-c", "\n".join(script))


def entering(node: Node, first_pid: int) -> tuple[str, ...]:
    """The words before a command that is to run on the node."""
    return (
        "nsenter",
        f"--target={first_pid}",
        "--mount",
        "--pid",
        f"--net={node.paths.network}",
        "--",
    )


def write_files(node: Node, grace_seconds: int | None = None) -> None:
    """Writes the configuration that the commands name."""
    for folder in (node.folder / "cni", node.folder / "kubelet"):
        folder.mkdir(parents=True, exist_ok=True)
    (node.folder / "cni" / "10-localcluster.conflist").write_text(cni_config(node))
    (node.folder / "containerd.toml").write_text(containerd_config(node))
    (node.folder / "kubelet.yaml").write_text(kubelet_config(node, grace_seconds))
    # The node has no name server of its own; pods get the cluster's.
    (node.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")


def cgroup_roots(root: Path = Path("/sys/fs/cgroup")) -> list[Path]:
    """The hierarchies of control groups: one with version 2, one for each controller before."""
    if (root / "cgroup.controllers").exists():
        return [root]
    own = [p for p in sorted(root.iterdir()) if p.is_dir() and not p.is_symlink()]
    return [p for p in own if (p / "cgroup.procs").exists()]


def make_cgroups(node: Node) -> None:
    """Makes the node's control group in every hierarchy."""
    for root in cgroup_roots():
        for path in (root / node.paths.namespace, root / node.cgroup.strip("/")):
            path.mkdir(exist_ok=True)
            if (root / "cgroup.controllers").exists():
                offer_controllers(path.parent, (root / "cgroup.controllers").read_text().split())
                continue
            # A new cpuset is empty, and nothing can run in it until it is given the parent's.
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (path / name).exists():
                    (path / name).write_text((path.parent / name).read_text())


def offer_controllers(group: Path, controllers: list[str]) -> None:
    """Lets the groups below `group` (version 2) use the controllers; raises MachineNotReady."""
    for controller in controllers:
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            if controller in preflight.CONTROLLERS:
                raise MachineNotReady(
                    f"{group} does not pass on the control group controller {controller} "
                    f"({error.strerror}): processes must not lie in that group itself, "
                    "as they do inside a container; use a machine of its own"
                ) from error


def remove_cgroups(path_below_root: str) -> None:
    """Removes a control group and all below it from every hierarchy; busy ones are left."""
    for root in cgroup_roots():
        for folder, _, _ in os.walk(root / path_below_root.strip("/"), topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                continue
