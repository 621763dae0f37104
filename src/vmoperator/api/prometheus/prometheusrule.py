"""PrometheusRule: rules of the Prometheus operator, read as a VMRule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmoperator.api.selected.vmrule import is_rule_time
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import GROUP, VERSION

_SAME = ("name", "interval", "limit", "labels")
# What it says is for Thanos alone: how to go on when some of its stores do not answer.
_WITHOUT_MEANING = ("partial_response_strategy",)
_DELAY = "query_offset"
_RULE = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")


def converted(manifest: Manifest) -> Manifest:
    """The VMRule that means the same: the offset of queries is how far their time lies back.

    Raises SpecInvalid, which names the field, for what is no PrometheusRule (monitoring.coreos.com,
    v1), and for fields that vmalert has nothing for.
    """
    spec = _mapping(manifest.get("spec"), "spec")
    _refuse_unknown(spec, ("groups",), "spec")
    groups = [
        _group(_mapping(it, f"spec.groups[{number}]"), f"spec.groups[{number}]")
        for number, it in enumerate(_entries(spec.get("groups"), "spec.groups"))
    ]
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VMRule",
        "metadata": manifest["metadata"],
        "spec": {"groups": groups},
    }


def _group(group: Mapping[str, Any], field: str) -> Manifest:
    _refuse_unknown(group, (*_SAME, "rules", _DELAY, *_WITHOUT_MEANING), field)
    rules = [
        _rule(_mapping(it, f"{field}.rules[{number}]"), f"{field}.rules[{number}]")
        for number, it in enumerate(_entries(group.get("rules"), f"{field}.rules"))
    ]
    same = {key: group[key] for key in _SAME if key in group}
    return {**same, **_delay(group.get(_DELAY), f"{field}.{_DELAY}"), "rules": rules}


def _delay(offset: Any, field: str) -> Manifest:
    if offset is None:
        return {}
    if not isinstance(offset, str) or not is_rule_time(offset):
        raise SpecInvalid(field, 'must be a time such as "30s" or "1h30m"')
    return {"eval_delay": offset}


def _rule(rule: Mapping[str, Any], field: str) -> Manifest:
    _refuse_unknown(rule, _RULE, field)
    expression = rule.get("expr")
    is_number = isinstance(expression, int) and not isinstance(expression, bool)
    return {**rule, "expr": str(expression)} if is_number else dict(rule)


def _mapping(value: Any, field: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecInvalid(field, "must be an object")
    return value


def _entries(value: Any, field: str) -> Sequence[Any]:
    if value is not None and not isinstance(value, list):
        raise SpecInvalid(field, "must be a list")
    return value or ()


def _refuse_unknown(part: Mapping[str, Any], known: Sequence[str], field: str) -> None:
    unknown = sorted(key for key in part if key not in known and part[key] is not None)
    if unknown:
        raise SpecInvalid(f"{field}.{unknown[0]}", "vmalert has nothing that means the same")
