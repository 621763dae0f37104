"""The Service alertmanager-operated: one name for all Alertmanagers of a namespace."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.alertmanagers import alertmanager, child, planned

from vmoperator.api.around import Known
from vmoperator.api.parent import Parent
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import plan


def _operated(parent: Parent, around: Known) -> dict[str, Any]:
    return child(plan(parent, Settings(), around), "Service", "alertmanager-operated")


def _leaving(parent: Parent) -> Parent:
    metadata = parent.metadata.model_copy(update={"deletion_timestamp": "2026-01-02T03:04:05Z"})
    return parent.model_copy(update={"metadata": metadata})


def test_all_alertmanagers_of_a_namespace_stand_behind_one_service_that_each_owns() -> None:
    one, two = alertmanager("one"), alertmanager("two")
    around = Known(parents=(one, two, alertmanager("three", namespace="default")))
    service = _operated(one, around)
    assert service == _operated(two, around)
    assert [it["name"] for it in service["metadata"]["ownerReferences"]] == ["one", "two"]
    assert not any("controller" in it for it in service["metadata"]["ownerReferences"])
    assert service["metadata"]["labels"] == {"managed-by": "vm-operator"}
    assert service["spec"]["selector"] == {
        "app.kubernetes.io/name": "vmalertmanager",
        "managed-by": "vm-operator",
    }
    assert "publishNotReadyAddresses" not in service["spec"]
    assert [(it["name"], it["port"]) for it in service["spec"]["ports"]] == [
        ("web", 9093),
        ("tcp-mesh", 9094),
        ("udp-mesh", 9094),
    ]


def test_an_alertmanager_that_is_being_deleted_owns_the_common_service_no_longer() -> None:
    one, two = alertmanager("one"), alertmanager("two")
    service = _operated(one, Known(parents=(one, _leaving(two))))
    assert [it["name"] for it in service["metadata"]["ownerReferences"]] == ["one"]


@pytest.mark.parametrize(
    ("names", "target"),
    [
        pytest.param(("alerts", "alerts"), "alerts", id="all the same"),
        pytest.param(("alerts", "other"), "web", id="different ones"),
    ],
)
def test_the_common_service_leads_to_the_port_that_all_have(
    names: tuple[str, str], target: str
) -> None:
    one, two = (alertmanager(name, portName=port) for name, port in zip("ab", names, strict=True))
    service = _operated(one, Known(parents=(one, two)))
    assert service["spec"]["ports"][0]["targetPort"] == target


def test_a_service_of_the_common_services_name_is_refused() -> None:
    with pytest.raises(SpecInvalid, match="all VMAlertmanagers") as refused:
        planned(serviceSpec={"metadata": {"name": "alertmanager-operated"}, "spec": {}})
    assert refused.value.field == "spec.serviceSpec.metadata.name"
