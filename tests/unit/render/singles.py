"""VMSingles to render, and short ways to the parts of a plan."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from vmoperator.api import parsed
from vmoperator.api.around import NOTHING, Around
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

GI = {"resources": {"requests": {"storage": "1Gi"}}}


def planned(around: Around = NOTHING, settings: Settings | None = None, /, **spec: Any) -> Plan:
    """The plan of a VMSingle `demo` in `monitoring`."""
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMSingle",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": spec,
    }
    return plan(parsed(manifest), settings or Settings(), around)


def child(kind: str, around: Around = NOTHING, /, **spec: Any) -> Manifest | None:
    """The first child of a kind, if there is one."""
    found = (it for it in planned(around, **spec).manifests if it["kind"] == kind)
    return next(found, None)


def pod(around: Around = NOTHING, /, **spec: Any) -> Manifest:
    """The pod spec."""
    (stage,) = planned(around, None, **spec).stages
    found: Manifest = stage.workload["spec"]["template"]["spec"]
    return found


def container(around: Around = NOTHING, name: str = "vmsingle", /, **spec: Any) -> Manifest:
    """A container of the pod, among those that run and those that run before."""
    made = pod(around, **spec)
    every = [*made["containers"], *(made.get("initContainers") or ())]
    return next(it for it in every if it["name"] == name)


def args(around: Around = NOTHING, /, **spec: Any) -> list[str]:
    """The arguments of the program."""
    found: list[str] = container(around, **spec)["args"]
    return found


def files(around: Around = NOTHING, /, **spec: Any) -> dict[str, str]:
    """The files that the program loads."""
    secret = child("Secret", around, **spec)
    return (
        {name: b64decode(text).decode() for name, text in secret["data"].items()} if secret else {}
    )
