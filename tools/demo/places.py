"""The three kinds of cluster that the demo runs on."""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from demo.errors import DemoFailed
from demo.image import OperatorImage, built, given
from demo.release import NAME as HOME
from demo.release import Release
from demo.shell import ROOT, Kubectl, run, say, show_run
from demo.texts import MANIFESTS, SELECTOR, VARIANTS, cluster_words
from localcluster import Cluster, building
from localcluster.images.catalogue import made_here, summary
from localcluster.images.endpoint import Reference, endpoint, is_reachable
from localcluster.paths import cache_root
from localcluster.progress import Progress
from localcluster.versions import IMAGE_MODULES

CRDS = ROOT / "crds"
CRD = "vmclusters.operator.victoriametrics.com"
NAME = "vmoperator"
NODES = 2
"""As many as high availability needs; the document's pods would just fit on one."""
_BUILT = "docker.io/vmoperator/vmoperator:demo"
IMAGE_NEEDED = (
    "the nodes of your current cluster have to pull the operator's image: push one (`docker build` "
    "makes it) and name it, IMAGE=registry.example/vmoperator:0.1.0"
)
KIND_MODULE = "sigs.k8s.io/kind@v0.33.0"


def state_folder(cluster: str) -> Path:
    """Where the demo on this cluster keeps the operator's log and what it must remember."""
    return cache_root() / "demo" / cluster


class Place(Protocol):
    """One cluster: brought up, talked to, taken down."""

    @property
    def words(self) -> str: ...

    def up(self) -> Kubectl:
        """Brings up what is missing, and says so; raises DemoFailed."""

    def image(self, wanted: str) -> OperatorImage:
        """The operator's image, on the nodes; `wanted` is IMAGE, or "". Raises DemoFailed."""

    def helm(self) -> str:
        """The program."""

    def exports(self) -> list[str]:
        """Shell lines after which plain kubectl reaches the cluster."""

    def down(self) -> None:
        """Leaves nothing of the demo behind."""


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A cluster of this project's own tool; the operator runs in its network, by its own name."""

    words: str = cluster_words("local")
    binaries: Path | None = None

    @property
    def cluster(self) -> Cluster:
        return Cluster(NAME)

    def up(self) -> Kubectl:
        with Progress() as progress:
            Cluster(NAME, progress=progress).up(nodes=NODES, binaries=self.binaries)
        program, *options = self.cluster.kubectl_command()
        return Kubectl(program, tuple(options))

    def image(self, wanted: str) -> OperatorImage:
        found = given(wanted) if wanted else built()
        if found.archive is None:
            raise DemoFailed(
                f"IMAGE={wanted}: nothing can be pulled into the local cluster; give the path of "
                "an archive (docker save -o FILE.tar NAME:TAG)"
            )
        with Progress() as progress, progress.step("operator's image into the nodes"):
            self.cluster.load(found.archive)
        return found

    def helm(self) -> str:
        return str(self.cluster.programs / "helm")

    def exports(self) -> list[str]:
        programs = self.cluster.programs
        return [f"export KUBECONFIG={self.cluster.kubeconfig} PATH={programs}:$PATH"]

    def down(self) -> None:
        self.cluster.down()


@dataclass(frozen=True, slots=True)
class KindPlace:
    """A kind cluster."""

    words: str = cluster_words("kind")

    @property
    def kubeconfig(self) -> Path:
        return state_folder("kind") / "kubeconfig"

    def up(self) -> Kubectl:
        kind = self._kind()
        if NAME not in run([kind, "get", "clusters"]).split():
            settings = str(ROOT / "tools" / "kind" / "kind.yaml")
            show_run([kind, "create", "cluster", "--name", NAME, "--config", settings])
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(run([kind, "get", "kubeconfig", "--name", NAME]))
        self._load_images(kind)
        return Kubectl(_kubectl_program(), ("--kubeconfig", str(self.kubeconfig)))

    def _load_images(self, kind: str) -> None:
        """Where the nodes cannot pull the real images, those that can be made here are loaded."""
        place = endpoint(Reference.parse("docker.io/victoriametrics/vmstorage:latest"))
        if place is not None and is_reachable(place.url):
            return
        say("The public registry is not reachable: loading images of programs that are built here.")
        folder = state_folder("kind")
        programs = folder / "programs"
        with Progress() as progress:
            builder = building.Builder(programs, progress, lean_cache=None)
            builder.run(building.plan(programs, IMAGE_MODULES))
        sources = made_here(programs, folder / "images")
        say(f"  {summary(sources, [])}")
        for source in sources:
            if source.archive is not None:
                show_run([kind, "load", "image-archive", str(source.archive), "--name", NAME])

    @staticmethod
    def _kind() -> str:
        """The kind program, installed from its Go module if it is missing."""
        own = cache_root() / "demo" / "bin"
        found = shutil.which("kind") or shutil.which("kind", path=str(own))
        if found is not None:
            return found
        go = shutil.which("go")
        if go is None:
            raise DemoFailed(
                "kind is not installed, nor Go to install it: see https://kind.sigs.k8s.io"
            )
        show_run(["env", f"GOBIN={own}", go, "install", KIND_MODULE])
        return str(own / "kind")

    def image(self, wanted: str) -> OperatorImage:
        kind = self._kind()
        if not wanted:
            show_run(["docker", "build", "--tag", _BUILT, str(ROOT)])
            show_run([kind, "load", "docker-image", _BUILT, "--name", NAME])
            build = run(["docker", "images", "--no-trunc", "--quiet", _BUILT]).strip()
            return OperatorImage(_BUILT, build=build.rpartition(":")[2][:12])
        found = given(wanted)
        if found.archive is not None:
            show_run([kind, "load", "image-archive", str(found.archive), "--name", NAME])
        return found

    def helm(self) -> str:
        return _helm_program()

    def exports(self) -> list[str]:
        return [f"export KUBECONFIG={self.kubeconfig}"]

    def down(self) -> None:
        show_run([self._kind(), "delete", "cluster", "--name", NAME])


@dataclass(frozen=True, slots=True)
class CurrentPlace:
    """The cluster that the user's kubectl talks to; the context is remembered until the end."""

    context: str
    kubeconfig: str

    @classmethod
    def found(cls) -> "CurrentPlace":
        """The context of the demo that is up, else the current one; raises DemoFailed."""
        memory = state_folder("current") / "context.json"
        if memory.exists():
            return cls(**json.loads(memory.read_text()))
        context = run([_kubectl_program(), "config", "current-context"]).strip()
        return cls(context, os.environ.get("KUBECONFIG", ""))

    @property
    def words(self) -> str:
        return cluster_words("current", self.context)

    @property
    def _options(self) -> tuple[str, ...]:
        # A KUBECONFIG that lists several files is a thing of the environment, not of the option.
        named = ("--kubeconfig", self.kubeconfig) if self._is_one_file else ()
        return (*named, "--context", self.context)

    @property
    def _is_one_file(self) -> bool:
        return bool(self.kubeconfig) and os.pathsep not in self.kubeconfig

    def _kubectl(self) -> Kubectl:
        return Kubectl(_kubectl_program(), self._options)

    @property
    def _memory(self) -> Path:
        return state_folder("current") / "context.json"

    def up(self) -> Kubectl:
        kubectl = self._kubectl()
        if not self._memory.exists():
            if kubectl.run("get", "crd", CRD, "--ignore-not-found"):
                raise DemoFailed(
                    f"{self.words} knows VMClusters already, so another operator may look after "
                    "them; the demo touches nothing there. Use CLUSTER=local or CLUSTER=kind."
                )
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            self._memory.write_text(json.dumps(asdict(self)))
        return kubectl

    def image(self, wanted: str) -> OperatorImage:
        found = given(wanted)
        if not wanted or found.archive is not None:
            raise DemoFailed(IMAGE_NEEDED)
        return found

    def helm(self) -> str:
        return _helm_program()

    def exports(self) -> list[str]:
        return [f"kubectl config use-context {self.context}"]

    def down(self) -> None:
        if not self._memory.exists():
            raise DemoFailed(f"no demo is up on {self.words}")
        kubectl = self._kubectl()
        for file in (*VARIANTS, "."):
            folder = str(ROOT / MANIFESTS / file)
            kubectl.show("delete", "-f", folder, "--ignore-not-found", "--wait")
        kubectl.show("delete", "pvc", "-l", SELECTOR)
        Release(self.helm(), kubectl).uninstall()
        kubectl.show("delete", "namespace", HOME, "--ignore-not-found")
        crds = kubectl.run("get", "-f", str(CRDS), "-o", "name").split()
        if any(kubectl.run("get", crd.partition("/")[2], "-A", "-o", "name") for crd in crds):
            say("Other objects of ours are there, so the CustomResourceDefinitions stay.")
        else:
            kubectl.show("delete", "-f", str(CRDS))


def place(cluster: str, binaries: Path | None = None) -> Place:
    """The place by its name; `binaries` are the user's own programs for the local one."""
    if cluster == "local":
        return LocalPlace(binaries=binaries)
    return KindPlace() if cluster == "kind" else CurrentPlace.found()


def _kubectl_program() -> str:
    return _program("kubectl", "https://kubernetes.io/docs/tasks/tools/")


def _helm_program() -> str:
    return _program("helm", "https://helm.sh/docs/intro/install/")


def _program(name: str, source: str) -> str:
    """It from PATH, else the one that the local cluster was built with; raises DemoFailed."""
    built_here = sorted((cache_root() / "programs").glob(f"*/{name}"))
    found = shutil.which(name) or (str(built_here[-1]) if built_here else None)
    if found is None:
        raise DemoFailed(f"{name} is not installed: {source}")
    return found
