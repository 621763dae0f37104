"""What vmalert would refuse in a group of rules, and with it all the other groups.

Its rules: app/vmalert/config of VictoriaMetrics v1.150, Group.Validate and Rule.Validate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from vmoperator.api.selected.vmrule import GroupRule, RuleGroup
from vmoperator.base.duration import LONGEST_SECONDS, LONGEST_YEARS, duration_seconds
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.rules.logsql import logs_problem
from vmoperator.render.rules.metricsql import shape_problem
from vmoperator.render.rules.templates import template_problem

# Wider than Prometheus', for VictoriaMetrics keeps names of OpenTelemetry as they are.
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:/-]*")
# YAML has no longer keys of mappings that stand on one line.
_LONGEST_KEY = 200


def check_groups(groups: Iterable[RuleGroup], *, field: str, language: str = "prometheus") -> None:
    """Raises SpecInvalid, which names the field, for what vmalert would refuse.

    `language` is that of groups which name none.
    """
    seen: set[str] = set()
    for number, group in enumerate(groups):
        place = f"{field}[{number}]"
        if group.name in seen:
            raise SpecInvalid(f"{place}.name", f"another group is named {group.name!r}")
        seen.add(group.name)
        _check_times(group, place)
        _check_labels(group.labels, f"{place}.labels")
        _check_keys(group.params or {}, f"{place}.params")
        for position, rule in enumerate(group.rules):
            _check_rule(rule, f"{place}.rules[{position}]", language=group.type or language)


def is_label(name: str) -> bool:
    """Whether rules may set a label of this name."""
    return name != "__name__" and _LABEL.fullmatch(name) is not None


def _check_times(group: RuleGroup, field: str) -> None:
    if _seconds(group.interval or "0") > LONGEST_SECONDS:
        raise SpecInvalid(f"{field}.interval", f"must be shorter than {LONGEST_YEARS} years")
    if not group.eval_offset:
        return
    if group.eval_delay:
        raise SpecInvalid(f"{field}.eval_offset", "excludes eval_delay: set one of them")
    if abs(_seconds(group.eval_offset)) > _seconds(group.interval or "0"):
        message = f"needs an interval of the group that is longer than {group.eval_offset}"
        raise SpecInvalid(f"{field}.eval_offset", message)


def _seconds(text: str) -> Decimal:
    """Seconds of a time as the model takes it: also a bare number, and with a sign."""
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
    is_bare = plain.replace(".", "").isdigit()
    return sign * (Decimal(plain) if is_bare else duration_seconds(plain))


def _check_rule(rule: GroupRule, field: str, *, language: str) -> None:
    if bool(rule.record) == bool(rule.alert):
        raise SpecInvalid(field, "set either record or alert")
    problem = _expression_problem(rule.expr, language)
    if problem:
        raise SpecInvalid(f"{field}.expr", problem)
    _check_labels(rule.labels, f"{field}.labels")
    _check_keys(rule.annotations or {}, f"{field}.annotations")
    for place, texts in (("labels", rule.labels), ("annotations", rule.annotations)):
        for name, text in (texts or {}).items():
            if (wrong := template_problem(text)) and rule.alert:
                raise SpecInvalid(f"{field}.{place}.{name}", wrong)


def _expression_problem(expression: str, language: str) -> str:
    if language == "prometheus":
        return shape_problem(expression)
    if not expression.strip():
        return "is empty"
    return logs_problem(expression) if language == "vlogs" else ""


def _check_labels(labels: Mapping[str, str] | None, field: str) -> None:
    for name in labels or {}:
        if not is_label(name):
            raise SpecInvalid(field, f"{_short(name)!r} is not the name of a label")
    _check_keys(labels or {}, field)


def _check_keys(texts: Iterable[str], field: str) -> None:
    for name in texts:
        if not name or len(name.encode()) > _LONGEST_KEY:
            message = f"{_short(name)!r}: a name has 1 to {_LONGEST_KEY} characters"
            raise SpecInvalid(field, message)


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:40]}..."
