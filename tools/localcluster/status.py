"""What `status` shows: processes, nodes, disk, paths."""

import os
from pathlib import Path

from localcluster import processes
from localcluster.cluster import Cluster
from localcluster.parts import expected
from localcluster.progress import duration
from localcluster.state import State


def disk_mb(folder: Path) -> float:
    """What a folder takes on disk, in MB; 0 if it is not there."""
    blocks = 0
    for where, _, files in os.walk(folder):
        for file in files:
            try:
                blocks += os.lstat(os.path.join(where, file)).st_blocks
            except FileNotFoundError:
                continue
    return blocks * 512 / 1e6


def report(cluster: Cluster) -> tuple[str, bool]:
    """The text of `status`, and whether everything that should run does."""
    found = State.read(cluster.paths.state)
    if found is None:
        usage = _table(_disk(cluster))
        return f"Cluster {cluster.name} is not up.\n\n{usage}", False
    rows, all_run = _processes(cluster, found)
    ready = cluster.api.ready()
    words = "is up" if all_run and ready else "does not work whole: `up` repairs it"
    sections = (
        f"Cluster {cluster.name} {words}.",
        _table([("PROCESS", "PID", "MEMORY", "AGE"), *rows]),
        _table([("NODE", "STATE"), *_nodes(cluster)]),
        _table(_disk(cluster)),
        _table(_paths(cluster, found)),
    )
    return "\n\n".join(sections), all_run and ready


def _processes(cluster: Cluster, found: State) -> tuple[list[tuple[str, ...]], bool]:
    total_mb, all_run = 0.0, True
    rows: list[tuple[str, ...]] = []
    parts = cluster.parts
    for part in expected(found.nodes):
        process = parts.running(part)
        if process is None:
            rows.append((part, "-", "-", "not running"))
            all_run = False
            continue
        memory_mb = processes.rss_mb(process.pid)
        total_mb += memory_mb
        age = duration(processes.age_seconds(process))
        rows.append((part, str(process.pid), f"{memory_mb:.0f} MB", age))
    rows.append(("all", "", f"{total_mb:.0f} MB", ""))
    return rows, all_run


def _nodes(cluster: Cluster) -> list[tuple[str, ...]]:
    states = cluster.api.nodes()
    rows: list[tuple[str, ...]] = []
    for node in cluster.nodes:
        running = cluster.parts.running(node.part("kubelet")) is not None
        said = "Ready" if states.get(node.name) else "NotReady"
        rows.append((node.name, said if running else f"stopped ({said})"))
    return rows


def _disk(cluster: Cluster) -> list[tuple[str, ...]]:
    paths = cluster.paths
    nodes_mb = disk_mb(paths.run_dir / "nodes")
    volumes_mb = disk_mb(paths.volumes)
    run_mb = disk_mb(paths.run_dir)
    return [
        ("DISK", "USED", "WHERE"),
        ("programs", f"{disk_mb(paths.cache / 'programs'):.0f} MB", f"{paths.cache}/programs"),
        ("image archives", f"{disk_mb(paths.images):.0f} MB", str(paths.images)),
        ("run directory", f"{run_mb:.0f} MB", str(paths.run_dir)),
        ("  of it nodes and their images", f"{nodes_mb:.0f} MB", f"{paths.run_dir}/nodes"),
        ("  of it volumes", f"{volumes_mb:.0f} MB", str(paths.volumes)),
    ]


def _paths(cluster: Cluster, found: State) -> list[tuple[str, ...]]:
    return [
        ("PATHS", ""),
        ("API server", f"https://127.0.0.1:{found.port} (on the host and inside)"),
        ("kubeconfig (admin)", str(cluster.kubeconfig)),
        ("kubeconfig (vmoperator)", str(cluster.operator_kubeconfig)),
        ("audit log", str(cluster.paths.audit_log)),
        ("logs", str(cluster.paths.logs)),
        ("network namespace", cluster.paths.namespace),
    ]


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
