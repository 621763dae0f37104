"""VMRules to select, and the files that become of them."""

from __future__ import annotations

import base64
import json
from typing import Any

from vmoperator.api.around import Known
from vmoperator.api.selected import selected
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.manifest import Manifest
from vmoperator.render import Plan

ALERT = {"alert": "Always", "expr": "vector(1)"}
RECORD = {"record": "one", "expr": "vector(1)"}


def group(*rules: Manifest, name: str = "group", **given: Any) -> Manifest:
    """A group of rules; one alert if none is given."""
    return {"name": name, "rules": list(rules or (ALERT,)), **given}


def vmrule(*groups: Manifest, name: str = "rules", namespace: str = "monitoring") -> SelectedObject:
    """A VMRule; one group if none is given."""
    return selected(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMRule",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"groups": list(groups or (group(),))},
        }
    )


def selecting(*objects: SelectedObject) -> Known:
    """The surroundings of a VMAlert that has these objects to select."""
    return Known(objects=objects)


def rule_texts(plan: Plan) -> dict[str, str]:
    """File -> text of all rules."""
    secrets = (it for it in plan.shared if "-rules-" in it["metadata"]["name"])
    return {
        name: base64.b64decode(text).decode() for it in secrets for name, text in it["data"].items()
    }


def rule_groups(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """File -> its groups."""
    return {name: json.loads(text)["groups"] for name, text in rule_texts(plan).items()}


def refusals(plan: Plan) -> dict[str, str]:
    """Object -> why it was refused."""
    fragments = (it for picked in plan.picked for it in picked.fragments)
    return {f"{it.ref.namespace}/{it.ref.name}": it.refusal for it in fragments if it.refusal}
