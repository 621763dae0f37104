"""Scrape objects to render, and the jobs that an agent gets of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tests.unit.render.agents import planned

from vmoperator.api.around import Known
from vmoperator.api.selected import selected
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.names import JOB_MARKER
from vmoperator.base.settings import Settings
from vmoperator.render import Plan

Job = dict[str, Any]
META = "__meta_kubernetes_"


def scrape(kind: str, spec: Mapping[str, Any], name: str = "web") -> SelectedObject:
    """An object in the namespace `shop`, which has no Secrets but those of `shop/`."""
    return selected(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "shop"},
            "spec": dict(spec),
        }
    )


def around(*objects: SelectedObject, **secrets: Mapping[str, bytes]) -> Known:
    """A world of these objects, and of Secrets beside them."""
    return Known(objects=objects, secrets={f"shop/{name}": data for name, data in secrets.items()})


def jobs_of(made: Plan) -> list[Job]:
    """All jobs in the Secrets of a plan that come of objects."""
    lines = [
        line
        for name, data in secrets_of(made).items()
        if "-jobs-" in name
        for line in data["jobs.yaml"].decode().splitlines()
        if JOB_MARKER not in line
    ]
    assert all(line.startswith("- {") for line in lines)
    return sorted((json.loads(line[2:]) for line in lines), key=lambda job: str(job["job_name"]))


def secrets_of(made: Plan) -> dict[str, dict[str, bytes]]:
    """Secrets of a plan: name -> key -> content."""
    return {
        it["metadata"]["name"]: {
            key: base64.b64decode(text) for key, text in (it.get("data") or {}).items()
        }
        for it in made.manifests
        if it["kind"] == "Secret"
    }


def jobs(
    kind: str, spec: Mapping[str, Any], world: Known | None = None, /, **agent: Any
) -> list[Job]:
    """The jobs of one object at an agent of this specification. None may be refused."""
    given = world or Known()
    known = Known(
        secrets=given.secrets, config_maps=given.config_maps, objects=(scrape(kind, spec),)
    )
    made = planned(known, **agent)
    assert refusals(made) == []
    return jobs_of(made)


def job(kind: str, spec: Mapping[str, Any], world: Known | None = None, /, **agent: Any) -> Job:
    """The only job of one object."""
    (found,) = jobs(kind, spec, world, **agent)
    return found


def refusal(kind: str, spec: Mapping[str, Any], world: Known | None = None, /, **agent: Any) -> str:
    """Why an object is refused; it leaves no job."""
    given = world or Known()
    known = Known(
        secrets=given.secrets, config_maps=given.config_maps, objects=(scrape(kind, spec),)
    )
    made = planned(known, **agent)
    assert jobs_of(made) == []
    (why,) = refusals(made)
    return why


def refusals(made: Plan) -> list[str]:
    """Why objects are refused."""
    return [it.refusal for one in made.picked for it in one.fragments if it.refusal]


def rules(found: Job) -> list[Job]:
    """Relabelling of the targets of a job."""
    listed: list[Job] = found.get("relabel_configs", [])
    return listed


def labels(found: Job) -> dict[str, str]:
    """Label -> where its value comes from: another label, or the text itself; of two rules for one
    label the later one counts."""
    return {
        rule["target_label"]: rule["source_labels"][0]
        if "source_labels" in rule
        else rule["replacement"]
        for rule in rules(found)
        if "target_label" in rule
    }


def condition(found: Job) -> str:
    """What targets must fulfil to be kept."""
    (rule,) = (rule for rule in rules(found) if rule.get("action") == "keep")
    text: str = rule["if"]
    return text


def restricted(namespaces: tuple[str, ...], spec: Mapping[str, Any], kind: str) -> Plan:
    """The plan of an agent of an operator that looks after some namespaces."""
    return planned(around(scrape(kind, spec)), Settings(namespaces=namespaces))
