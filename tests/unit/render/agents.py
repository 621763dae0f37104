"""VMAgents to render, and short ways to the parts of a plan."""

from __future__ import annotations

import base64
from typing import Any

from vmoperator.api import parsed
from vmoperator.api.around import NOTHING, Around
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

TARGET = {"url": "http://vmsingle-demo:8428/api/v1/write"}


def agent(**spec: Any) -> Manifest:
    """A VMAgent `demo` in `monitoring` with one target unless the spec says otherwise."""
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {"remoteWrite": [TARGET], **spec},
    }


def planned(around: Around = NOTHING, settings: Settings | None = None, **spec: Any) -> Plan:
    """The plan of such a VMAgent."""
    return plan(parsed(agent(**spec)), settings or Settings(), around)


def args(made: Plan, place: int = 0) -> list[str]:
    """Arguments of the agent of a stage."""
    found: list[str] = container(made, place)["args"]
    return found


def flag(made: Plan, name: str, place: int = 0) -> str | None:
    """Value of a flag; None if it is not given."""
    prefix = f"-{name}="
    found = [arg.removeprefix(prefix) for arg in args(made, place) if arg.startswith(prefix)]
    assert len(found) < 2
    return found[0] if found else None


def pod(made: Plan, place: int = 0) -> Manifest:
    """Specification of the pods of a stage."""
    found: Manifest = made.stages[place].workload["spec"]["template"]["spec"]
    return found


def container(made: Plan, place: int = 0) -> Manifest:
    """The agent's container of a stage."""
    return next(one for one in pod(made, place)["containers"] if one["name"] == "vmagent")


def child(made: Plan, kind: str) -> Manifest:
    """The only child of a kind."""
    (found,) = (one for one in made.manifests if one["kind"] == kind)
    return found


def kinds(made: Plan) -> list[str]:
    """Kinds of all children, as often as they are there."""
    return [one["kind"] for one in made.manifests]


def files(made: Plan) -> dict[str, str]:
    """The configuration files, by name."""
    config = made.stages[0].config
    return secret_files(made, config.secret) if config else {}


def secret_files(made: Plan, name: str) -> dict[str, str]:
    """Content of one of the Secrets of a plan."""
    (data,) = (
        one["data"]
        for one in made.manifests
        if one["kind"] == "Secret" and one["metadata"]["name"] == name
    )
    return {key: base64.b64decode(text).decode() for key, text in data.items()}
