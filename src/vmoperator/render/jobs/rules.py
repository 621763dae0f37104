"""Rules of relabelling, and what may stand in those of users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmoperator.api.relabeling import RelabelConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import relabel
from vmoperator.render.jobs.matching import META, sanitized
from vmoperator.render.re2 import re2_problem
from vmoperator.render.series_selector import series_selector_problem

Rule = dict[str, Any]
_DEFAULTS: Mapping[str, Any] = {
    "action": "replace",
    "separator": ";",
    "regex": "(.*)",
    "replacement": "$1",
}


def copied(source: str, target: str) -> Rule:
    """The rule that gives a label the value of another one."""
    return {"source_labels": [source], "target_label": target}


def copied_if_set(source: str, target: str) -> Rule:
    """The same where the other one has a value."""
    return {"source_labels": [source], "regex": "(.+)", "target_label": target}


def said(target: str, value: str) -> Rule:
    """The rule that gives a label a value."""
    return {"target_label": target, "replacement": value.replace("$", "$$")}


def object_labels(role: str, labels: Sequence[str] | None) -> list[Rule]:
    """Rules that copy labels of the discovered object."""
    names = [sanitized(label) for label in labels or ()]
    return [copied_if_set(f"{META}{role}_label_{name}", name) for name in names]


def job_label(role: str, label: str | None) -> list[Rule]:
    """The rule that takes the label job from a label of the discovered object."""
    return [copied_if_set(f"{META}{role}_label_{sanitized(label)}", "job")] if label else []


def users(configs: Sequence[RelabelConfig] | None, *, field: str) -> list[Rule]:
    """Rules of a user, without what holds anyway. Raises SpecInvalid for what no agent takes."""
    found = relabel.rules(configs or (), field=field)
    for place, rule in enumerate(found):
        _refuse_expressions(rule, field=f"{field}[{place}]")
    return [brief(rule) for rule in found]


def _refuse_expressions(rule: Rule, *, field: str) -> None:
    """Of a whole agent one odd expression may be a matter of its own; here it is all jobs of a
    file, of other people."""
    for selector in _texts(rule.get("if")):
        problem = series_selector_problem(selector)
        if problem:
            raise SpecInvalid(f"{field}.if", f"{selector!r} {problem}")
    if rule.get("regex") in (None, "", []):
        return
    if rule["regex"] == [""] and str(rule.get("action")).endswith("_metrics"):
        raise SpecInvalid(f"{field}.regex", "is empty")
    regex = "|".join(_texts(rule["regex"]))
    # Agents take the ends of the text for granted.
    bare = regex if regex.endswith("\\$") else regex.removesuffix("$")
    problem = re2_problem(bare.removeprefix("^"))
    if problem:
        raise SpecInvalid(f"{field}.regex", problem)


def _texts(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return [str(it) for it in listed]


def brief(rule: Mapping[str, Any]) -> Rule:
    """The rule without what holds anyway."""
    action = str(rule.get("action", ""))
    empty = ("regex",) if action.endswith(("equal", "contains")) and not rule.get("regex") else ()
    return {
        key: value
        for key, value in rule.items()
        if _DEFAULTS.get(key) != value and key not in empty
    }
