"""Relabelling: rules of the specification and of ConfigMaps, checked, as a file for a program.

A program ends at its start over one rule that it cannot take (lib/promrelabel), so what is known
to be wrong is refused here, with the name of the field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from vmoperator.api.around import Around
from vmoperator.api.auth import ConfigMapKeySelector
from vmoperator.api.refusals import first_refusal
from vmoperator.api.relabeling import RelabelConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import is_given, text
from vmoperator.render.documents import dumped, entries
from vmoperator.render.expressions import regex_problem, selector_problem

_FIELDS = {field.alias or name for name, field in RelabelConfig.model_fields.items()}
_SOURCE = frozenset({"source_labels"})
_TARGET = frozenset({"target_label"})
_NEEDS: Mapping[str, frozenset[str]] = {
    "replace": _TARGET,
    "replace_all": _SOURCE | _TARGET,
    "keep": frozenset(),
    "drop": frozenset(),
    "keep_if_contains": _SOURCE | _TARGET,
    "drop_if_contains": _SOURCE | _TARGET,
    "keep_if_equal": _SOURCE,
    "drop_if_equal": _SOURCE,
    "keepequal": _TARGET,
    "dropequal": _TARGET,
    "hashmod": _SOURCE | _TARGET | {"modulus"},
    "keep_metrics": frozenset(),
    "drop_metrics": frozenset(),
    "uppercase": _SOURCE | _TARGET,
    "lowercase": _SOURCE | _TARGET,
    "labelmap": frozenset(),
    "labelmap_all": frozenset(),
    "labeldrop": frozenset(),
    "labelkeep": frozenset(),
    "graphite": frozenset({"match", "labels"}),
}
"""Actions of relabelling, and the fields that each cannot do without."""
_REFUSES: Mapping[str, frozenset[str]] = {
    "keep_if_contains": frozenset({"regex"}),
    "drop_if_contains": frozenset({"regex"}),
    "keep_if_equal": frozenset({"regex", "target_label"}),
    "drop_if_equal": frozenset({"regex", "target_label"}),
    "keepequal": frozenset({"regex"}),
    "dropequal": frozenset({"regex"}),
    "keep_metrics": _SOURCE,
    "drop_metrics": _SOURCE,
    "graphite": frozenset({"source_labels", "target_label", "regex", "replacement"}),
}
_PAIRED = frozenset({"keep_if_equal", "drop_if_equal"})


def relabeling(
    config_map: ConfigMapKeySelector | None,
    inline: Sequence[RelabelConfig] | None,
    *,
    fields: tuple[str, str],
    around: Around,
) -> str | None:
    """The file with the rules of the specification and then those of a ConfigMap's key.

    `fields` are the paths of both. None if there is no rule. Raises SpecInvalid for rules that the
    program would not take, and for a ConfigMap or key that is not there unless it is optional.
    """
    named, own = fields
    found = rules(inline or (), field=own)
    if is_given(config_map) and config_map is not None:
        found += _rules_of_config_map(config_map, field=named, around=around)
    return dumped(found) if found else None


def rules(configs: Sequence[RelabelConfig], *, field: str) -> list[dict[str, Any]]:
    """The rules as data, in the words of Prometheus.

    Raises SpecInvalid for what no program takes.
    """
    found = [_rule(config) for config in configs]
    for place, rule in enumerate(found):
        _refuse_misfit(rule, field=f"{field}[{place}]")
    return found


def parsed_rules(given: Sequence[Mapping[str, Any]], *, field: str) -> list[RelabelConfig]:
    """Rules that came as a document, with text for every scalar. Raises SpecInvalid."""
    return [_parsed(rule, field=f"{field}[{place}]") for place, rule in enumerate(given)]


def _rules_of_config_map(
    selector: ConfigMapKeySelector, *, field: str, around: Around
) -> list[dict[str, Any]]:
    content = optional_text(selector, field=field, around=around)
    source = f"{field} (key {selector.key} of ConfigMap {selector.name})"
    return rules(parsed_rules(entries(content, field=source), field=source), field=source)


def optional_text(selector: ConfigMapKeySelector, *, field: str, around: Around) -> str:
    """The content of a ConfigMap's key, empty for one that is missing and may be.

    Raises SpecInvalid for a ConfigMap or key that is not there and not optional.
    """
    if selector.optional and selector.key not in (around.config_map(selector.name or "") or {}):
        return ""
    return text(selector, field=field, around=around)


def _parsed(rule: Mapping[str, Any], *, field: str) -> RelabelConfig:
    unknown = sorted(rule.keys() - _FIELDS)
    if unknown:
        raise SpecInvalid(f"{field}.{unknown[0]}", "is no field of a relabelling rule")
    given = {key: value for key, value in rule.items() if value is not None}
    modulus = given.get("modulus")
    if isinstance(modulus, str) and modulus.isdecimal():
        given["modulus"] = int(modulus)
    try:
        return RelabelConfig.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as refused:
        raise below(first_refusal(refused), field=field) from None


def below(refused: SpecInvalid, *, field: str) -> SpecInvalid:
    """The same refusal, of a field below another one."""
    message = str(refused).removeprefix(f"{refused.field}: ")
    return SpecInvalid(f"{field}.{refused.field}", message)


def _rule(config: RelabelConfig) -> dict[str, Any]:
    given = config.manifest()
    camel = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    renamed = {camel[key]: value for key, value in given.items() if key in camel}
    return {**renamed, **{key: value for key, value in given.items() if key not in camel}}


def _refuse_misfit(rule: Mapping[str, Any], *, field: str) -> None:
    action = rule.get("action", "replace").lower() or "replace"
    if action not in _NEEDS:
        known = ", ".join(sorted(_NEEDS))
        raise SpecInvalid(f"{field}.action", f"{rule['action']!r} is no action; there are: {known}")
    for needed in sorted(_NEEDS[action]):
        if not rule.get(needed):
            raise SpecInvalid(f"{field}.{needed}", f"is required for action {action}")
    refused = _REFUSES.get(action, frozenset())
    for key in ("match", "labels") if action != "graphite" else ():
        if rule.get(key):
            raise SpecInvalid(f"{field}.{key}", f"goes with action graphite, not with {action}")
    for key in sorted(refused):
        if rule.get(key) not in (None, "", []):
            raise SpecInvalid(f"{field}.{key}", f"does not go with action {action}")
    _refuse_missing_matter(rule, action, field=field)
    _refuse_expressions(rule, field=field)


def _refuse_missing_matter(rule: Mapping[str, Any], action: str, *, field: str) -> None:
    sources = rule.get("source_labels") or []
    if action in _PAIRED and len(sources) < 2:
        raise SpecInvalid(f"{field}.source_labels", f"action {action} compares at least two")
    if action in ("keep", "drop") and not sources and not rule.get("if"):
        raise SpecInvalid(f"{field}.source_labels", f"action {action} needs source_labels or if")
    if action.endswith("_metrics") and not rule.get("regex") and not rule.get("if"):
        raise SpecInvalid(f"{field}.regex", f"action {action} needs regex or if")


def _refuse_expressions(rule: Mapping[str, Any], *, field: str) -> None:
    problem = regex_problem("|".join(_texts(rule.get("regex"))))
    if problem:
        raise SpecInvalid(f"{field}.regex", problem)
    for selector in _texts(rule.get("if")):
        problem = selector_problem(selector)
        if problem:
            raise SpecInvalid(f"{field}.if", f"{selector!r} {problem}")


def _texts(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [str(entry) for entry in listed]
