"""VMAlertmanagers to render, and short ways to the parts of a plan."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from vmoperator.api import parsed
from vmoperator.api.around import NOTHING, Around
from vmoperator.api.parent import Parent
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan


def alertmanager(name: str = "demo", namespace: str = "monitoring", **spec: Any) -> Parent:
    """A VMAlertmanager; its uid is made of its name."""
    return parsed(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAlertmanager",
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid of {name}"},
            "spec": spec,
        }
    )


def planned(around: Around = NOTHING, settings: Settings | None = None, **spec: Any) -> Plan:
    """The plan of a VMAlertmanager `demo` in `monitoring`."""
    return plan(alertmanager(**spec), settings or Settings(), around)


def child(made: Plan, kind: str, name: str) -> Manifest:
    """The child of that kind and name."""
    return next(
        it for it in made.manifests if it["kind"] == kind and it["metadata"]["name"] == name
    )


def template(made: Plan) -> Manifest:
    """The pod template."""
    found: Manifest = made.stages[0].workload["spec"]["template"]
    return found


def container(made: Plan) -> Manifest:
    """The container of Alertmanager."""
    containers = template(made)["spec"]["containers"]
    found: Manifest = next(it for it in containers if it["name"] == "alertmanager")
    return found


def args(around: Around = NOTHING, settings: Settings | None = None, **spec: Any) -> list[str]:
    """The arguments of Alertmanager."""
    found: list[str] = container(planned(around, settings, **spec))["args"]
    return found


def written(made: Plan, file: str = "alertmanager.yaml") -> str:
    """A file that the operator writes for Alertmanager."""
    (secret,) = (it for it in made.manifests if it["kind"] == "Secret")
    return b64decode(secret["data"][file]).decode()
