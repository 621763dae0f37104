"""Brings a cluster up from nothing, or from whatever an earlier attempt left."""

import subprocess
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from localcluster import building, control_plane, network, pki, preflight, state, teardown, versions
from localcluster.api_client import ApiClient
from localcluster.errors import ClusterError
from localcluster.node import Node
from localcluster.node_images import NodeImages
from localcluster.parts import Parts, expected
from localcluster.paths import Paths
from localcluster.progress import Progress
from localcluster.state import State

MANIFESTS = Path(__file__).parent / "manifests"
MOST_NODES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `up` is asked for; `nodes` None means as many as there are, else one.

    `grace_seconds`: how long a node may be silent before it counts as lost, for a new cluster.
    """

    nodes: int | None = None
    lean: bool = False
    binaries: Path | None = None
    operator_rbac: Path | None = None
    grace_seconds: int | None = None


def ensure_programs(paths: Paths, progress: Progress, *, lean: bool) -> Path:
    """The folder of the built programs, built first if they lack."""
    programs = paths.cache / "programs" / versions.programs_key()
    if building.complete(programs):
        return programs
    preflight.install_packages(progress, preflight.COMPILER)
    preflight.check_go()
    preflight.check_disk(paths.cache, preflight.BUILD_NEEDS_GB)
    lean_cache = paths.cache / "lean" if lean else None
    with state.locked(paths.cache / "clusters" / ".build.lock"):
        # Planned while the lock is held: another command may have built meanwhile.
        builder = building.Builder(programs, progress, lean_cache=lean_cache)
        builder.build_pause()
        builder.run(building.plan(programs))
        if lean_cache is not None:
            with progress.step("drop the Go caches of this build"):
                building.drop_lean_cache(lean_cache)
        in_use = {found.programs for found in state.every(paths)}
        building.drop_old(programs, in_use)
    return programs


class Startup:
    """The steps of one `up`; call it while the cluster's lock is held."""

    def __init__(self, paths: Paths, progress: Progress, options: Options) -> None:
        self.paths = paths
        self.progress = progress
        self.options = options

    def run(self) -> bool:
        """Makes the cluster work; returns False if it did already."""
        found = State.read(self.paths.state)
        if found is not None and self._works(found):
            self._renew(found)
            return False
        preflight.install_packages(self.progress, preflight.PACKAGES)
        preflight.check_kernel()
        preflight.check_disk(self.paths.cache, preflight.CLUSTER_NEEDS_GB)
        self.programs = ensure_programs(self.paths, self.progress, lean=self.options.lean)
        self.state = self._prepare(found)
        self.parts = Parts(self.paths, self.programs, self.state)
        self.api = ApiClient(self.paths.pki, self.state.port)
        self._start_all()
        self._apply_operator_rights()
        self.state.completed().write(self.paths.state)
        return True

    @property
    def nodes(self) -> list[Node]:
        return [Node(self.paths, i + 1) for i in range(self.state.nodes)]

    def _works(self, found: State) -> bool:
        self.programs = self.paths.cache / "programs" / found.programs
        wanted = self.options.nodes or found.nodes
        parts = Parts(self.paths, self.programs, found)
        return (
            found.complete
            and found.boot_id == state.boot_id()
            and wanted <= found.nodes
            and all(parts.running(p) for p in expected(found.nodes))
            and ApiClient(self.paths.pki, found.port).ready()
        )

    def _renew(self, found: State) -> None:
        """Does to a working cluster what was asked for and can be done to it."""
        if found.programs != versions.programs_key():
            self.progress.say("It runs older programs than are pinned now: `down`, then `up`.")
        if self.options.nodes is not None and self.options.nodes < found.nodes:
            self.progress.say(f"It keeps its {found.nodes} nodes: `down` first to have fewer.")
        if self.options.grace_seconds not in (None, found.grace_seconds):
            self.progress.say("It keeps its patience with silent nodes: `down` first.")
        self.state = found
        self.parts = Parts(self.paths, self.programs, found)
        if self.options.binaries is not None:
            archives = self._archives()
            for of in self.nodes:
                self._load(NodeImages(of, self.parts.start_node(of)), archives)
        self._apply_operator_rights()

    def _prepare(self, found: State | None) -> State:
        """The state to go on from; anything that cannot be gone on from is removed first."""
        if found is not None and found.boot_id != state.boot_id():
            self.progress.say("The machine was started anew since: the cluster begins afresh.")
            found = None
        if found is None:
            teardown.remove(self.paths)
        wanted = max(self.options.nodes or 1, found.nodes if found else 1)
        if wanted > MOST_NODES:
            raise ClusterError(f"--nodes {wanted}: at most {MOST_NODES} nodes fit the network")
        with state.locked(state.ports_lock(self.paths)):
            port = found.port if found else state.free_port(self.paths)
            prepared = State(
                port,
                wanted,
                state.boot_id(),
                self.programs.name,
                grace_seconds=found.grace_seconds if found else self.options.grace_seconds,
            )
            prepared.write(self.paths.state)
        return prepared

    def _start_all(self) -> None:
        with self.progress.step("network and certificates"):
            network.ensure(self.paths.network, self.state.nodes)
            addresses = {n.name: n.address for n in self.nodes}
            pki.ensure(self.paths.pki, self.paths.kube, self.state.port, addresses)
            control_plane.write_files(self.paths)
        with ThreadPoolExecutor(4 + self.state.nodes) as pool:
            archives = pool.submit(self._archives)
            control = pool.submit(self._start_control_plane)
            nodes = [pool.submit(self._start_node, n, control, archives) for n in self.nodes]
            services = pool.submit(self._start_services, control)
            self._finish([archives, control, *nodes, services])

    def _finish(self, steps: Iterable[Future[Any]]) -> None:
        """Waits for all steps; the first failure ends the others and is raised."""
        try:
            done, _ = wait(steps, return_when=FIRST_EXCEPTION)
            for step in done:
                step.result()
        except BaseException:
            self.parts.given_up.set()
            raise

    def _start_control_plane(self) -> None:
        with self.progress.step("etcd, kube-apiserver, forwarder") as step:
            self._check_port()
            if not self.parts.running("etcd"):
                # An API server that starts while its etcd is replaced ends by itself.
                self.parts.end("apiserver")
            for part in ("forwarder", "etcd", "apiserver"):
                self.parts.start(part)
            self.parts.wait(self.api.ready, "apiserver")
            step.note(f"https://127.0.0.1:{self.state.port}")

    def _check_port(self) -> None:
        if self.parts.running("forwarder"):
            return
        # One that an interrupted start left, before its note was written, has the port.
        self.parts.end("forwarder")
        port = self.state.port
        if not state.port_is_free(port):
            raise ClusterError(
                f"127.0.0.1:{port}, the cluster's port, is taken by another program: "
                "end that program, or run `down` and then `up` for another port"
            )

    def _start_services(self, control: Future[None]) -> None:
        control.result()
        with self.progress.step("controllers, scheduler, kube-proxy, DNS, volumes"):
            for part in ("controller-manager", "scheduler", "proxy", "provisioner"):
                self.parts.start(part)
            self._kubectl(
                "apply", "--server-side", "--force-conflicts", "-f", str(MANIFESTS / "base.yaml")
            )
            self.parts.start("dns")
            inside = self.paths.network
            self.parts.wait(lambda: network.accepts(inside, network.MASTER, 53), "dns")
            self.parts.wait(lambda: network.accepts(inside, "10.96.0.1", 443), "proxy")
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self.parts.wait(lambda: self.api.get(account)[0] == 200, "controller-manager")
            self.parts.check("provisioner")

    def _start_node(self, of: Node, control: Future[None], archives: Future[list[Path]]) -> None:
        with self.progress.step(f"{of.name}: containerd and kubelet"):
            enter = self.parts.start_node(of)
            images = NodeImages(of, enter)
            self.parts.wait(images.answers, of.part("containerd"))
            images.ensure_pause(self.programs)
            control.result()
            self.parts.start_kubelet(of, enter)
            self.parts.wait(lambda: self.api.nodes().get(of.name, False), of.part("kubelet"))
        self._load(images, archives.result())

    def _load(self, images: NodeImages, archives: list[Path]) -> None:
        with self.progress.step(f"{images.node.name}: images") as step:
            step.note(f"{images.load_new(archives)} of {len(archives)} new")

    def _archives(self) -> list[Path]:
        """The image archives that every node gets."""
        from localcluster.images import catalogue

        with (
            self.progress.step("prepare images") as step,
            state.locked(self.paths.cache / "clusters" / ".images.lock"),
        ):
            archives = catalogue.ensure(
                self.programs,
                self.paths.images,
                binaries=self.options.binaries,
                report=self.progress.say,
            )
            step.note(f"{len(archives)} archives")
            return archives

    def _apply_operator_rights(self) -> None:
        """Gives the operator's identity what the user's file says."""
        given = self.options.operator_rbac
        if given is None:
            return
        if not given.exists():
            raise ClusterError(f"--operator-rbac {given}: no such file")
        for file in (given, MANIFESTS / "operator.yaml"):
            self._kubectl("apply", "-f", str(file))

    def _kubectl(self, *arguments: str) -> None:
        config = f"--kubeconfig={self.paths.kubeconfig('admin')}"
        command = [str(self.programs / "kubectl"), config, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")


def stop_node(paths: Paths, found: State, name: str) -> None:
    """Kills a node; the Node object stays and turns NotReady after a while, as in real life."""
    parts = Parts(paths, paths.cache / "programs" / found.programs, found)
    parts.stop_node(_named(paths, found, name))
    replace(found, complete=False).write(paths.state)


def _named(paths: Paths, found: State, name: str) -> Node:
    nodes = {n.name: n for n in (Node(paths, i + 1) for i in range(found.nodes))}
    if name not in nodes:
        raise ClusterError(f"no node {name!r}: there are {', '.join(nodes)}")
    return nodes[name]
