"""VMAlerts to render, what may stand around them, and short ways to the parts of a plan."""

from __future__ import annotations

import base64
import json
from typing import Any

from vmoperator.api.around import NOTHING, Around
from vmoperator.api.vmalert import VMAlert
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, vmalert

API_VERSION = "operator.victoriametrics.com/v1beta1"
DATASOURCE = {"url": "http://vmselect-demo.monitoring.svc:8481/select/0/prometheus"}


def manifest(**spec: Any) -> Manifest:
    """A VMAlert `demo` in `monitoring`, with a datasource unless the spec says otherwise."""
    return {
        "apiVersion": API_VERSION,
        "kind": "VMAlert",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {"datasource": DATASOURCE, **spec},
    }


def planned(around: Around = NOTHING, settings: Settings | None = None, **spec: Any) -> Plan:
    """The plan of such a VMAlert."""
    parent = VMAlert.model_validate(manifest(**spec), by_alias=True, by_name=False)
    return vmalert.plan(parent, settings or Settings(), around)


def alertmanager(name: str = "main", namespace: str = "monitoring", **given: Any) -> VMAlertmanager:
    """A VMAlertmanager; `metadata` adds to its metadata, everything else is its spec."""
    metadata = {"name": name, "namespace": namespace, "uid": name, **given.pop("metadata", {})}
    made = {
        "apiVersion": API_VERSION,
        "kind": "VMAlertmanager",
        "metadata": metadata,
        "spec": given,
    }
    return VMAlertmanager.model_validate(made, by_alias=True, by_name=False)


def static_configs(plan: Plan) -> list[dict[str, Any]]:
    """The notifiers in the file that vmalert reads."""
    secret = next(one for one in plan.shared if one["kind"] == "Secret")
    text = base64.b64decode(secret["data"]["notifiers.yaml"])
    found: list[dict[str, Any]] = json.loads(text)["static_configs"]
    return found


def deployment(plan: Plan) -> Manifest:
    """The Deployment."""
    return plan.stages[0].workload


def pod(plan: Plan) -> Manifest:
    """The pod spec."""
    found: Manifest = deployment(plan)["spec"]["template"]["spec"]
    return found


def args(plan: Plan) -> list[str]:
    """The arguments of vmalert."""
    found: list[str] = pod(plan)["containers"][0]["args"]
    return found
