"""Takes a cluster away whole: processes, mounts, namespace, control groups, files."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from localcluster import network, node, processes
from localcluster.errors import ClusterError
from localcluster.paths import Paths
from localcluster.processes import Records

CGROUP_PATIENCE_SECONDS = 10.0


def remove(paths: Paths) -> None:
    """Removes all that a cluster left, whatever state it is in."""
    # Twice: a process that was starting another may have been missed by the first look.
    for _ in range(2):
        processes.kill(remaining_processes(paths))
    for mount in mounts_below(paths.run_dir):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    network.remove(paths.network)
    remove_cgroups(paths)
    shutil.rmtree(paths.run_dir, ignore_errors=True)
    if paths.run_dir.exists():
        shutil.rmtree(paths.run_dir)


def remaining_processes(paths: Paths) -> set[processes.Process]:
    """Every process of the cluster: recorded, marked, or in its network."""
    records = Records(paths.processes)
    own = processes.ancestors(os.getpid())
    recorded = [records.running(part) for part in records.parts()]
    found = {
        *(p for p in recorded if p is not None),
        *processes.marked(f"{paths.run_dir}:"),
        *network.members(paths.network),
    }
    return {p for p in found if p.pid not in own}


def mounts_below(folder: Path) -> list[str]:
    """Mount points below a folder, the deepest first."""
    points = (line.split()[1] for line in Path("/proc/mounts").read_text().splitlines())
    return sorted((p for p in points if p.startswith(f"{folder}/")), reverse=True)


def remove_cgroups(paths: Paths) -> None:
    """Removes the cluster's control groups; the kernel needs a moment after the last process."""
    deadline = time.monotonic() + CGROUP_PATIENCE_SECONDS
    while True:
        node.remove_cgroups(paths.namespace)
        if not cgroups(paths):
            return
        if time.monotonic() > deadline:
            raise ClusterError(f"control groups stay busy: {cgroups(paths)}")
        time.sleep(0.1)


def cgroups(paths: Paths) -> list[Path]:
    """The control groups of the cluster that exist."""
    return [p for root in node.cgroup_roots() if (p := root / paths.namespace).exists()]
