"""Groups of rules as vmalert reads them: one line of JSON, which is YAML, for each group."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vmoperator.api.selected.vmrule import GroupRule, RuleGroup, VMRule
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.documents import dumped
from vmoperator.render.rules.checks import check_groups

FIELD = "spec.groups"
_PLACEHOLDER = re.compile(r"%\{(?:(?P<name>[A-Za-z0-9_]+)\})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a VMAlert says about the rules of all objects."""

    namespace_label: str = ""
    """Label by which every rule gets the namespace of its object; none if empty."""
    merges_duplicates: bool = False
    """Equal rules of a group become one; else they are refused."""
    has_remote_write: bool = False
    """Results of recording rules are written somewhere."""
    has_tenants: bool = False
    """It is an enterprise version that tells tenants apart."""
    language: str = "prometheus"
    """Language of the expressions of groups that name none."""
    variables: Collection[str] = ()
    """Environment variables that rules may name as %{NAME}."""


def content(selected: VMRule, terms: Terms) -> bytes:
    """The groups of an object, one line each.

    Raises SpecInvalid, which names the field, for what vmalert would refuse: it would do so with
    all groups of all objects.
    """
    groups = selected.spec.groups
    check_groups(groups, field=FIELD, language=terms.language)
    forced = {terms.namespace_label: selected.metadata.namespace} if terms.namespace_label else {}
    lines = (
        dumped(_group(group, f"{FIELD}[{number}]", terms, forced))
        for number, group in enumerate(groups)
    )
    return _disarmed("".join(lines), terms.variables).encode()


def _group(group: RuleGroup, field: str, terms: Terms, forced: Mapping[str, str]) -> dict[str, Any]:
    if group.tenant and not terms.has_tenants:
        message = (
            "the VMAlert tells no tenants apart: that takes the enterprise version (spec.license)"
            " and extraArgs clusterMode"
        )
        raise SpecInvalid(f"{field}.tenant", message)
    rules = list(_rules(group, field, terms, forced))
    given = {**group.manifest(), **_headers(group)}
    return {**{key: it for key, it in given.items() if it not in ("", [], {})}, "rules": rules}


def _headers(group: RuleGroup) -> dict[str, list[str]]:
    # An empty one would be sent as a header without a name.
    return {
        "headers": [it for it in group.headers or () if it],
        "notifier_headers": [it for it in group.notifier_headers or () if it],
    }


def _rules(
    group: RuleGroup, field: str, terms: Terms, forced: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    seen: dict[tuple[object, ...], int] = {}
    for number, rule in enumerate(group.rules):
        place = f"{field}.rules[{number}]"
        if rule.record and not terms.has_remote_write:
            message = "the VMAlert has no spec.remoteWrite, so its result would go nowhere"
            raise SpecInvalid(f"{place}.record", message)
        made = _rule(rule, forced)
        identity = _identity(made)
        if identity not in seen:
            seen[identity] = number
            yield made
        elif not terms.merges_duplicates:
            message = f"is the same as rules[{seen[identity]}]: name, expression and labels"
            raise SpecInvalid(place, message)


def _rule(rule: GroupRule, forced: Mapping[str, str]) -> dict[str, Any]:
    labels = {**(rule.labels or {}), **forced}
    given = {**rule.manifest(), "labels": labels}
    return {key: value for key, value in given.items() if value not in ("", {})}


def _identity(rule: Mapping[str, Any]) -> tuple[object, ...]:
    """What vmalert tells the rules of a group apart by (config.HashRule)."""
    labels = sorted((rule.get("labels") or {}).items())
    return (rule.get("record"), rule.get("alert"), rule["expr"], *labels)


def _disarmed(text: str, variables: Collection[str]) -> str:
    """The JSON with every %{ escaped that names none of the variables.

    vmalert puts the values of its environment in before it reads the file (lib/envtemplate): a
    secret of its own might come out of a rule, or a quote in it make the file unreadable.
    """

    def kept(found: re.Match[str]) -> str:
        return found[0] if found["name"] in variables else f"\\u0025{found[0][1:]}"

    return _PLACEHOLDER.sub(kept, text) if "%{" in text else text
