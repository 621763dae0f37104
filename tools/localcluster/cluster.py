"""A cluster as an object: what the command line and the tests use."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from localcluster import audit, preflight, startup, state, teardown
from localcluster.api_client import ApiClient
from localcluster.errors import ClusterError
from localcluster.node import Node, entering
from localcluster.node_images import NodeImages
from localcluster.parts import Parts
from localcluster.paths import DEFAULT_NAME, Paths, cache_root
from localcluster.progress import Progress
from localcluster.startup import Options, Startup
from localcluster.state import State

# Lets a program see the cluster's names, in a mount namespace of its own.
_WITH_CLUSTER_DNS = 'mount --bind "$0" "$(readlink -f /etc/resolv.conf)" && exec "$@"'


class Cluster:
    """One local cluster by its name; nothing runs before `up`."""

    def __init__(
        self,
        name: str = DEFAULT_NAME,
        *,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.paths = Paths(name, cache_root() if cache is None else cache.absolute())
        self.progress = progress or Progress(quiet=True)

    def up(
        self,
        nodes: int | None = None,
        *,
        lean: bool = False,
        binaries: Path | None = None,
        operator_rbac: Path | None = None,
        grace_seconds: int | None = None,
    ) -> bool:
        """Brings the cluster up or repairs it; returns False if it worked already.

        `operator_rbac`: a manifest with the ClusterRole `vmoperator`. `grace_seconds`: how long a
        node may be silent before it counts as lost (its pods are evicted after as long again);
        None: as Kubernetes has it, 50 s and 300 s. Raises ClusterError.
        """
        preflight.check_root()
        options = Options(
            nodes=nodes,
            lean=lean,
            binaries=binaries,
            operator_rbac=operator_rbac,
            grace_seconds=grace_seconds,
        )
        with state.locked(self.paths.lock):
            return Startup(self.paths, self.progress, options).run()

    def down(self, *, purge: bool = False) -> None:
        """Takes the cluster away whole; `purge` drops programs and image archives as well."""
        preflight.check_root()
        with state.locked(self.paths.lock):
            teardown.remove(self.paths)
            self.paths.lock.unlink(missing_ok=True)
        if purge:
            self._purge()

    def _purge(self) -> None:
        others = sorted(p.parent.name for p in self.paths.cache.glob("clusters/*/cluster.json"))
        if others:
            raise ClusterError(f"the caches are in use by other clusters: {', '.join(others)}")
        for folder in ("programs", "images", "lean", "clusters"):
            shutil.rmtree(self.paths.cache / folder, ignore_errors=True)

    @property
    def name(self) -> str:
        return self.paths.name

    @property
    def run_dir(self) -> Path:
        return self.paths.run_dir

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig; its address works on the host and inside the namespace."""
        return self.paths.kubeconfig("admin")

    @property
    def inside_kubeconfig(self) -> Path:
        """The same file as `kubeconfig`: the address is the same on both sides."""
        return self.kubeconfig

    @property
    def operator_kubeconfig(self) -> Path:
        """The kubeconfig of the user `vmoperator`, without rights until a role gives some."""
        return self.paths.kubeconfig("operator")

    @property
    def audit(self) -> audit.Log:
        return audit.Log(self.paths.audit_log)

    @property
    def state(self) -> State:
        """What is remembered of the cluster; raises ClusterError if it is not up."""
        found = State.read(self.paths.state)
        if found is None:
            raise ClusterError(f"cluster {self.name!r} is not up: run `tools/cluster up` first")
        return found

    @property
    def programs(self) -> Path:
        return self.paths.cache / "programs" / self.state.programs

    @property
    def nodes(self) -> list[Node]:
        return [Node(self.paths, i + 1) for i in range(self.state.nodes)]

    @property
    def parts(self) -> Parts:
        return Parts(self.paths, self.programs, self.state)

    @property
    def api(self) -> ApiClient:
        return ApiClient(self.paths.pki, self.state.port)

    def kubectl_command(self, *arguments: str) -> list[str]:
        return [str(self.programs / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments]

    def kubectl(self, *arguments: str, input: str | None = None) -> str:
        """What kubectl prints; raises ClusterError with what it complains of."""
        command = self.kubectl_command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=input)
        if done.returncode != 0:
            raise ClusterError(f"kubectl {shlex.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def command_inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in the cluster's network and with its DNS, as a pod does."""
        dns = ("unshare", "--mount", "sh", "-c", _WITH_CLUSTER_DNS, str(self.paths.resolv_conf))
        return ["nsenter", f"--net={self.paths.network}", "--", *dns, *argv]

    def environment_inside(self) -> dict[str, str]:
        """The host's variables with KUBECONFIG of the admin, and no proxy."""
        own = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        path = f"{self.programs}:{own.get('PATH', os.defpath)}"
        return {**own, "KUBECONFIG": str(self.kubeconfig), "PATH": path}

    def popen_inside(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
        """Starts a program in the cluster's network; text mode; signals reach it directly."""
        settings = {"env": self.environment_inside(), "text": True, **options}
        return subprocess.Popen(self.command_inside(argv), **settings)

    def load(self, archive: Path) -> list[str]:
        """Imports an image archive into every running node; returns the images in it."""
        if not archive.exists():
            raise ClusterError(f"no such image archive: {archive}")
        images: list[str] = []
        for node in self.nodes:
            first = self.parts.running(node.part("init"))
            if first is not None:
                enter = entering(node, first.pid)
                images = NodeImages(node, enter).load(archive.absolute())
        if not images:
            raise ClusterError(f"no node runs, or no image is in {archive}")
        return images

    def stop_node(self, name: str) -> None:
        """Kills a node and its pods as a power cut would; raises ClusterError for unknown names."""
        with state.locked(self.paths.lock):
            startup.stop_node(self.paths, self.state, name)

    def start_node(self, name: str) -> None:
        """Starts a stopped node again, and whatever else of the cluster does not run."""
        if name not in (n.name for n in self.nodes):
            raise ClusterError(f"no node {name!r}: there are {[n.name for n in self.nodes]}")
        self.up()
