"""Wrong shapes inside core types, which the schema passes through: refused by name, no crash."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import cluster, planned

from vmoperator.base.errors import SpecInvalid

SIZE = {"resources": {"requests": {"storage": "1Gi"}}}
NAMED = {"metadata": {"name": "wal"}}


def _own(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "vmstorage", **fields}]}


def _claim(**fields: Any) -> dict[str, Any]:
    return {"claimTemplates": [fields]}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a bare number as a port of a Service": (
        {"serviceSpec": {"useAsDefault": True, "spec": {"ports": [8482]}}},
        "serviceSpec.spec.ports[0]",
        "must be an object",
    ),
    "ports of a Service that are no list": (
        {"serviceSpec": {"useAsDefault": True, "spec": {"ports": 8482}}},
        "serviceSpec.spec.ports",
        "must be a list",
    ),
    "text as a mount of a container": (
        _own(volumeMounts=["x"]),
        "containers[vmstorage].volumeMounts[0]",
        "must be an object",
    ),
    "text as a port of a container": (
        _own(ports=["x"]),
        "containers[vmstorage].ports[0]",
        "must be an object",
    ),
    "an object as the number of a port": (
        _own(ports=[{"containerPort": {}}]),
        "containers[vmstorage].ports[0].containerPort",
        "must be a string or a number",
    ),
    "mounts of an init container that are no list": (
        {"initContainers": [{"name": "i", "volumeMounts": "x"}]},
        "initContainers[i].volumeMounts",
        "must be a list",
    ),
    "a list as the name of a mounted volume": (
        {"volumeMounts": [{"name": ["x"], "mountPath": "/x"}]},
        "volumeMounts[0].name",
        "must be a string or a number",
    ),
    "text as the metadata of a claim template": (
        _claim(metadata="x", spec=SIZE),
        "claimTemplates[0].metadata",
        "must be an object",
    ),
    "text as the spec of a claim template": (
        _claim(**NAMED, spec="x"),
        "claimTemplates[0].spec",
        "must be an object",
    ),
    "text as the requests of a claim template": (
        _claim(**NAMED, spec={"resources": {"requests": "storage"}}),
        "claimTemplates[0].spec.resources.requests",
        "must be an object",
    ),
    "a list as the name of a claim template": (
        _claim(metadata={"name": ["x"]}, spec=SIZE),
        "claimTemplates[0].metadata.name",
        "needs a name",
    ),
    "an exponent beyond every number": (
        {"resources": {"limits": {"cpu": "1e999999999"}}},
        "resources.limits.cpu",
        "must be a quantity",
    ),
}


@pytest.mark.parametrize(("storage", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_shape_is_refused_with_its_place(
    storage: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(SpecInvalid, match=message) as refused:
        planned(cluster(vmstorage=storage))
    assert refused.value.field == f"spec.vmstorage.{field}"


def test_a_shape_that_no_check_foresaw_is_the_fault_of_the_spec() -> None:
    storage = {"extraEnvs": [{"name": ["x"]}], **_own(env=[{"name": "A"}])}
    with pytest.raises(SpecInvalid, match="cannot be rendered") as refused:
        planned(cluster(vmstorage=storage))
    assert refused.value.field == "spec"
    assert "unhashable" in str(refused.value)
    assert isinstance(refused.value.__cause__, TypeError)
