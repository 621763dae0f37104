"""Clusters to render, and short ways to the parts of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.unit.render.golden import documents

from vmoperator.api import parsed
from vmoperator.api.around import NOTHING, Around
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "vmcluster"
CASES = sorted(folder.name for folder in GOLDEN.iterdir())


def cluster(**spec: Any) -> Manifest:
    """A VMCluster `demo` in `monitoring`; all three components unless the spec says otherwise."""
    components: Manifest = {"vmstorage": {}, "vmselect": {}, "vminsert": {}}
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMCluster",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {k: v for k, v in {**components, **spec}.items() if v is not None},
    }


def case(name: str) -> Manifest:
    """The object of a golden case."""
    return dict(documents(f"vmcluster/{name}")[0])


def planned(manifest: Manifest, settings: Settings | None = None, around: Around = NOTHING) -> Plan:
    """The plan of a manifest."""
    return plan(parsed(manifest), settings or Settings(), around)


def workload(app: str, settings: Any = None, **spec: Any) -> Manifest:
    """The StatefulSet or Deployment of a component."""
    stages = planned(cluster(**spec), settings).stages
    return next(stage.workload for stage in stages if stage.name == app)


def pod(app: str, settings: Any = None, **spec: Any) -> Manifest:
    """The pod spec of a component."""
    found: Manifest = workload(app, settings, **spec)["spec"]["template"]["spec"]
    return found


def container(app: str, settings: Any = None, **spec: Any) -> Manifest:
    """The program's own container of a component."""
    containers = pod(app, settings, **spec)["containers"]
    return next(one for one in containers if one["name"] == app)


def args(app: str, settings: Any = None, **spec: Any) -> list[str]:
    """The arguments of a component's program."""
    found: list[str] = container(app, settings, **spec)["args"]
    return found


def service(name: str, **spec: Any) -> Manifest:
    """The Service of that name."""
    shared = planned(cluster(**spec)).shared
    return next(it for it in shared if it["kind"] == "Service" and it["metadata"]["name"] == name)


def programs(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """The containers of all workloads."""
    for manifest in manifests:
        template = manifest["spec"].get("template") if "spec" in manifest else None
        yield from template["spec"]["containers"] if template else ()
