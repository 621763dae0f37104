"""What a VMAlert selects, and what it says about the rules of all objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.vmrule import VMRule
from vmoperator.api.vmalert import VMAlert, VMAlertSpec
from vmoperator.base import labels
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import digest
from vmoperator.render.buckets import Bucket
from vmoperator.render.copies import without_copies
from vmoperator.render.flags import given, is_true
from vmoperator.render.rules.checks import is_label
from vmoperator.render.rules.files import rule_files
from vmoperator.render.rules.groups import Terms, content

KINDS = ("VMRule", "PrometheusRule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What came of the objects that a VMAlert selects."""

    buckets: tuple[Bucket, ...]
    picked: Picked


def selects(spec: VMAlertSpec) -> bool:
    """Whether a VMAlert selects rules at all."""
    selectors = (spec.rule_selector, spec.rule_namespace_selector)
    return bool(spec.select_all_by_default) or any(it is not None for it in selectors)


def selected_rules(parent: VMAlert, around: Around, *, base: str) -> Rules | None:
    """The rules of all objects that a VMAlert selects; None where it selects none at all.

    Raises SpecInvalid for options of its own that no rule can follow.
    """
    if not selects(parent.spec):
        return None
    found = around.picked(_choice(parent.spec), _recipe(_terms(parent)))
    (picked,) = without_copies([found], _is_copy)
    packed = rule_files(picked.fragments, base=base, namespace=parent.metadata.namespace)
    return Rules(buckets=packed.buckets, picked=picked.without(packed.refused))


def _is_copy(ours: Fragment, theirs: Fragment) -> bool:
    """Whether both make the same rules. The Go operator takes the offset of queries for that of
    the evaluation."""
    content = ours.content
    return theirs.content in (content, content.replace(b'"eval_offset"', b'"eval_delay"'))


def _choice(spec: VMAlertSpec) -> Choice:
    return Choice(
        kinds=KINDS,
        field="spec.ruleSelector",
        objects=spec.rule_selector,
        namespaces=spec.rule_namespace_selector,
        takes_all=bool(spec.select_all_by_default),
    )


def _recipe(terms: Terms) -> Recipe:
    def make(selected: SelectedObject, _: Around) -> bytes:
        if not isinstance(selected, VMRule):
            raise TypeError(f"{selected.kind} holds no rules")
        return content(selected, terms)

    return Recipe(key=digest(asdict(terms)), make=make)


def _terms(parent: VMAlert) -> Terms:
    spec = parent.spec
    label = spec.enforced_namespace_label or ""
    if label and not is_label(label):
        raise SpecInvalid("spec.enforcedNamespaceLabel", f"{label!r} is not the name of a label")
    extra = given(spec.extra_args, field="spec.extraArgs")
    has_licence = spec.license is not None or "license" in extra or "licenseFile" in extra
    merges = parent.metadata.annotations.get(labels.DEDUPLICATE_RULES, "false")
    return Terms(
        namespace_label=label,
        merges_duplicates=merges.lower() not in ("", "false"),
        has_remote_write=spec.remote_write is not None or "remoteWrite.url" in extra,
        has_tenants=has_licence and is_true(extra, "clusterMode"),
        language=extra.get("rule.defaultRuleType") or "prometheus",
        variables=tuple(sorted(_plain_variables(spec.extra_envs or ()))),
    )


def _plain_variables(variables: list[dict[str, Any]] | tuple[()]) -> Iterator[str]:
    """Variables whose value stands in the spec, and that fit into any text."""
    for variable in variables:
        name, value = variable.get("name"), variable.get("value")
        if isinstance(name, str) and isinstance(value, str) and _is_plain(value):
            yield name


def _is_plain(value: str) -> bool:
    return value.isprintable() and not set(value) & set('"\\%')
