"""The command line of the local cluster."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from localcluster import audit, preflight, startup
from localcluster.cluster import Cluster
from localcluster.errors import ClusterError
from localcluster.parts import expected
from localcluster.paths import DEFAULT_NAME, Paths, cache_root
from localcluster.progress import Progress, duration

DESCRIPTION = """\
A real Kubernetes cluster on this machine, for tests and for looking around: etcd, kube-apiserver,
controllers, scheduler, containerd, kubelets, kube-proxy, DNS, in a network namespace of its own.

  tools/cluster up                          bring it up (the first time builds the programs)
  tools/cluster kubectl get pods -A         the API as its admin
  tools/cluster exec curl http://name.ns.svc:8481/health
                                            a program inside the cluster's network, with its DNS
  tools/cluster down                        take it away whole
"""
PASSED_THROUGH = {"kubectl", "exec"}


def main(argv: list[str]) -> int:
    """Runs one command; returns the exit status."""
    try:
        given = arguments(argv)
        return int(given.run(given))
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        # A full disk, a file without rights: the error names what it is about.
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: `up` goes on from here, `down` removes all", file=sys.stderr)
        return 130


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line as a namespace; all behind kubectl and exec is kept as it is."""
    at = next((i for i, word in enumerate(argv) if word in PASSED_THROUGH), None)
    own, rest = (
        (argv, []) if at is None or not _names_only(argv[:at]) else (argv[: at + 1], argv[at + 1 :])
    )
    given = parser().parse_args(own)
    given.rest = rest[1:] if rest[:1] == ["--"] else rest
    return given


def _names_only(words: list[str]) -> bool:
    """True if only `--name X` stands before the command."""
    return not words or words[0].startswith("--name")


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    raw = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser("tools/cluster", description=DESCRIPTION, formatter_class=raw)
    shared = argparse.ArgumentParser(add_help=False)
    for place, default in ((top, DEFAULT_NAME), (shared, argparse.SUPPRESS)):
        place.add_argument(
            "--name", default=default, help=f"which cluster (default: {DEFAULT_NAME})"
        )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Callable[..., int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[shared], help=text, description=text)
        made.set_defaults(run=run)
        return made

    _add_up(command("up", up, "bring the cluster up, or repair it"))
    _add_build(command("build", build, "build the pinned programs, unless they are built, and end"))
    gone = command("down", down, "take the cluster away: processes, mounts, namespace, files")
    gone.add_argument("--purge", action="store_true", help="drop programs and images as well")
    command("status", status, "processes, nodes, disk and paths; exit status 1 unless all is up")
    command("load", load, "import an image archive into every node").add_argument(
        "archive", type=Path, metavar="IMAGE.tar"
    )
    command("kubectl", kubectl, "run kubectl as the cluster's admin")
    command("exec", execute, "run a program in the cluster's network, KUBECONFIG set")
    command("kubeconfig", kubeconfig, "print the path of a kubeconfig").add_argument(
        "user", nargs="?", default="admin", choices=("admin", "operator")
    )
    _add_logs(command("logs", logs, "show the log of a process of the cluster"))
    node = command("node", node_command, "stop (as a power cut would) or start a node")
    node.add_argument("action", choices=("stop", "start"))
    node.add_argument("node", metavar="NODE", help="node-1, node-2, ...")
    _add_audit(command("audit", show_audit, "count API calls by user, verb and resource"))
    return top


def _add_up(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--nodes", type=_positive, metavar="N", help="how many nodes (default: 1, or as before)")
    add(
        "--binaries",
        type=_folder,
        metavar="DIR",
        help="a folder of your own vminsert, vmselect, ... to make images from",
    )
    add(
        "--operator-rbac",
        type=Path,
        metavar="FILE",
        help="a manifest with the ClusterRole vmoperator, for the identity in operator.conf",
    )
    add(
        "--node-grace",
        type=_positive,
        metavar="SECONDS",
        help="a node that is silent for so long counts as lost, and its pods are evicted after as "
        "long again (default: 50 s and 300 s, as Kubernetes has it); for a new cluster",
    )
    _add_build(made)


def _add_build(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--lean", action="store_true", help="build in Go caches of its own, dropped afterwards")
    add("--plain", action="store_true", help="plain progress lines even on a terminal")


def _add_logs(made: argparse.ArgumentParser) -> None:
    made.add_argument("part", metavar="COMPONENT", help="as `status` lists them, e.g. apiserver")
    made.add_argument("-f", "--follow", action="store_true", help="go on as the log grows")


def _add_audit(made: argparse.ArgumentParser) -> None:
    made.add_argument("--user", help="only this user, e.g. vmoperator")
    made.add_argument("--last", type=float, metavar="SECONDS", help="only the last SECONDS")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return Path(text).absolute()


def up(given: argparse.Namespace) -> int:
    started = time.monotonic()
    with Progress(live=False if given.plain else None) as progress:
        cluster = Cluster(given.name, progress=progress)
        new = cluster.up(
            given.nodes,
            lean=given.lean,
            binaries=given.binaries,
            operator_rbac=given.operator_rbac,
            grace_seconds=given.node_grace,
        )
    took = duration(time.monotonic() - started)
    print(
        f"Cluster {given.name} is up ({took})." if new else f"Cluster {given.name} is up already."
    )
    print(f"  export KUBECONFIG={cluster.kubeconfig}")
    print(f"  operator's identity: {cluster.operator_kubeconfig}")
    return 0


def build(given: argparse.Namespace) -> int:
    with Progress(live=False if given.plain else None) as progress:
        paths = Paths(given.name, cache_root())
        print(f"Programs: {startup.ensure_programs(paths, progress, lean=given.lean)}")
    return 0


def down(given: argparse.Namespace) -> int:
    Cluster(given.name).down(purge=given.purge)
    print(f"Cluster {given.name} is gone.")
    return 0


def status(given: argparse.Namespace) -> int:
    # Imported here: `status` alone needs it.
    from localcluster.status import report

    preflight.check_root()
    text, works = report(Cluster(given.name))
    print(text)
    return 0 if works else 1


def load(given: argparse.Namespace) -> int:
    preflight.check_root()
    for image in Cluster(given.name).load(given.archive):
        print(f"loaded {image}")
    return 0


def kubectl(given: argparse.Namespace) -> int:
    command = Cluster(given.name).kubectl_command(*given.rest)
    os.execv(command[0], command)


def execute(given: argparse.Namespace) -> int:
    preflight.check_root()
    cluster = Cluster(given.name)
    command = cluster.command_inside(given.rest or [os.environ.get("SHELL", "sh")])
    os.execvpe(command[0], command, cluster.environment_inside())


def kubeconfig(given: argparse.Namespace) -> int:
    cluster = Cluster(given.name)
    _ = cluster.state
    print(cluster.kubeconfig if given.user == "admin" else cluster.operator_kubeconfig)
    return 0


def logs(given: argparse.Namespace) -> int:
    cluster = Cluster(given.name)
    parts = expected(cluster.state.nodes)
    if given.part not in parts:
        raise ClusterError(f"no component {given.part!r}: there are {', '.join(parts)}")
    flags = ["-n", "+1", "-F"] if given.follow else ["-n", "+1"]
    os.execvp("tail", ["tail", *flags, str(cluster.paths.logs / f"{given.part}.log")])


def node_command(given: argparse.Namespace) -> int:
    preflight.check_root()
    cluster = Cluster(given.name)
    if given.action == "stop":
        cluster.stop_node(given.node)
        after = cluster.state.grace_seconds or 50
        print(f"{given.node} is stopped; its Node object turns NotReady after about {after} s.")
    else:
        cluster.start_node(given.node)
        print(f"{given.node} is started.")
    return 0


def show_audit(given: argparse.Namespace) -> int:
    cluster = Cluster(given.name)
    _ = cluster.state
    since = time.time() - given.last if given.last else 0.0
    print(audit.table(cluster.audit.counts(since, user=given.user)))
    return 0
