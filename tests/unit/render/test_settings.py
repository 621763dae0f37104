"""Settings: each variable of the environment changes what some object becomes."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from tests.unit.base.test_environment import sample, settings

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.base.environment import variables
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

CLUSTER = {
    "retentionPeriod": "1",
    "vmstorage": {},
    "vmselect": {},
    "vminsert": {},
    "requestsLoadBalancer": {"enabled": True},
}
BACKED_UP = {
    "license": {"key": "k"},
    "vmBackup": {
        "destination": "s3://backups/demo",
        "credentialsSecret": {"name": "keys", "key": "s3"},
    },
}
SPECS: dict[str, Any] = {
    "VMCluster": CLUSTER,
    "VMSingle": BACKED_UP,
    "VMAgent": {"remoteWrite": [{"url": "http://a"}], "shardCount": 8},
    "VMAlert": {"datasource": {"url": "http://a"}},
    "VMAlertmanager": {},
}
AROUND = Known(secrets={"keys": {"s3": b"x"}})
BESIDE = ("VM_FORCERESYNCINTERVAL", "VM_ENABLEDPROMETHEUSCONVERTER_")
"""What is about when and what is read, not about what it becomes."""
RENDERED = [it.name for it in variables() if not it.name.startswith(BESIDE)]


def plans(chosen: Settings) -> list[Plan]:
    metadata = {"name": "demo", "namespace": "monitoring", "uid": "u"}
    api = "operator.victoriametrics.com/v1beta1"
    found = (
        {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}
        for kind, spec in SPECS.items()
    )
    return [plan(parsed(it), chosen, AROUND) for it in found]


@cache
def usual() -> list[Plan]:
    return plans(Settings())


@pytest.mark.parametrize("name", RENDERED)
def test_a_variable_changes_what_an_object_becomes(name: str) -> None:
    assert plans(settings(**{name: sample(name)})) != usual()


def test_without_variables_everything_is_rendered_alike() -> None:
    assert plans(settings()) == usual()
