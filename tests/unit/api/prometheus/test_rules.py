"""PrometheusRules as VMRules."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.api.selected.vmrule import VMRule
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest

RULE = {"alert": "A", "expr": "up == 0", "for": "5m", "annotations": {"a": "b"}}


def _manifest(*groups: Manifest, **spec: Any) -> Manifest:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "rules", "namespace": "team", "labels": {"a": "b"}},
        "spec": {"groups": list(groups), **spec},
    }


def _read(*groups: Manifest) -> VMRule:
    found = selected(CONVERTERS["PrometheusRule"](_manifest(*groups)))
    assert isinstance(found, VMRule)
    return found


def test_a_prometheus_rule_is_read_as_a_vmrule_of_the_same_name_and_labels() -> None:
    group = {"name": "g", "interval": "1m", "limit": 5, "labels": {"c": "d"}, "rules": [RULE]}
    found = _read(group)
    metadata = found.metadata
    assert (metadata.name, metadata.namespace, metadata.labels) == ("rules", "team", {"a": "b"})
    assert [it.manifest() for it in found.spec.groups] == [group]


def test_the_offset_of_queries_is_a_delay_and_no_point_in_the_interval() -> None:
    (group,) = _read({"name": "g", "query_offset": "30s", "rules": [RULE]}).spec.groups
    assert (group.eval_delay, group.eval_offset) == ("30s", None)


def test_an_expression_may_be_a_number() -> None:
    (group,) = _read({"name": "g", "rules": [{**RULE, "expr": 1}]}).spec.groups
    assert group.rules[0].expr == "1"


def test_what_is_for_thanos_alone_changes_nothing() -> None:
    (group,) = _read(
        {"name": "g", "partial_response_strategy": "warn", "rules": [RULE]}
    ).spec.groups
    assert group.manifest() == {"name": "g", "rules": [RULE]}


def test_fields_of_a_newer_definition_change_nothing() -> None:
    strange = {"name": "g", "source_tenants": ["a"], "rules": [{**RULE, "severity": "a"}]}
    (group,) = _read(strange).spec.groups
    assert group.manifest() == {"name": "g", "rules": [RULE]}


REFUSED: dict[str, tuple[Manifest, str]] = {
    "an offset": ({"name": "g", "query_offset": "soon"}, "spec.groups[0].query_offset"),
    "a time": ({"name": "g", "rules": [{**RULE, "for": "soon"}]}, "spec.groups[0].rules[0].for"),
    "no list": ({"name": "g", "rules": {}}, "spec.groups[0].rules"),
    "no name": ({"rules": []}, "spec.groups[0].name"),
    "no expression": ({"name": "g", "rules": [{"alert": "A"}]}, "spec.groups[0].rules[0].expr"),
}


@pytest.mark.parametrize(("group", "field"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_named_by_the_field_of_the_prometheus_rule(
    group: Manifest, field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        _read(group)
    assert refused.value.field == field


@pytest.mark.parametrize("spec", [None, [], "groups"], ids=str)
def test_what_is_no_prometheus_rule_is_refused(spec: Any) -> None:
    with pytest.raises(SpecInvalid, match="spec: must be an object"):
        CONVERTERS["PrometheusRule"]({**_manifest(), "spec": spec})
