"""The pinned programs: which Go module each comes from, and the key of the cache."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

KUBERNETES = "1.37.2"
MODULES_DIR = Path(__file__).parent / "modules"
PAUSE_SOURCE = Path(__file__).parent / "pause.c"
_COMPONENT = "k8s.io/component-base/version"


@dataclass(frozen=True, slots=True)
class Module:
    """One go.mod below modules/ and the programs made from it.

    `programs` maps a program's name to its Go package; `cold_seconds` is what a build took on two
    cores with an empty cache.
    """

    name: str
    programs: dict[str, str]
    cold_seconds: int
    ldflags: str = ""

    @property
    def folder(self) -> Path:
        return MODULES_DIR / self.name


_KUBERNETES_PROGRAMS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
)

MODULES = (
    Module(
        name="kubernetes",
        programs={name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES_PROGRAMS},
        cold_seconds=460,
        ldflags=(
            f"-X {_COMPONENT}.gitVersion=v{KUBERNETES} "
            f"-X {_COMPONENT}.gitMajor=1 -X {_COMPONENT}.gitMinor=37"
        ),
    ),
    Module(name="etcd", programs={"etcd": "go.etcd.io/etcd/server/v3"}, cold_seconds=41),
    Module(name="helm", programs={"helm": "helm.sh/helm/v4/cmd/helm"}, cold_seconds=60),
    Module(name="dns", programs={"coredns": "."}, cold_seconds=45),
    Module(
        name="metrics",
        programs={
            name: f"github.com/VictoriaMetrics/VictoriaMetrics/app/{name}"
            for name in ("victoria-metrics", "vmagent", "vmalert", "vmauth")
        },
        cold_seconds=30,
    ),
    Module(
        name="alertmanager",
        programs={
            name: f"github.com/prometheus/alertmanager/cmd/{name}"
            for name in ("alertmanager", "amtool")
        },
        cold_seconds=20,
    ),
)


IMAGE_MODULES = tuple(module for module in MODULES if module.name in {"metrics", "alertmanager"})
"""Those whose programs run in pods."""


def module_files() -> tuple[Path, ...]:
    """Every file that decides what is built, in a fixed order."""
    files = [p for m in MODULES for p in sorted(m.folder.iterdir()) if p.is_file()]
    return (*files, PAUSE_SOURCE)


def programs_key(files: tuple[Path, ...] | None = None) -> str:
    """The cache key of the programs, e.g. `k1.37.2-1f0c9a2b`: changes with any pinned version."""
    digest = hashlib.sha256()
    for path in module_files() if files is None else files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"k{KUBERNETES}-{digest.hexdigest()[:8]}"
