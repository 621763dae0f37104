"""Every field of every scrape kind: what it is set to shows in the jobs of the object.

The fields come from the models, so that a new one is tested as soon as it is there.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.render.agents import agent
from tests.unit.render.jobs.leaf_samples import AROUND, BASES, NEEDS, SAMPLES, WITHOUT_EFFECT
from tests.unit.render.leaves import Leaf, add, leaves, with_leaf, with_place

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.vmagent import VMAgent
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render.jobs.selection import selected_jobs
from vmoperator.render.jobs.terms import Place, terms

_AGENT = parsed(
    agent(scrapeClasses=[{"name": "mesh", "relabelConfigs": [{"action": "drop", "if": "{a='b'}"}]}])
)
assert isinstance(_AGENT, VMAgent)
SPEC = _AGENT.spec
TERMS = terms(SPEC, _AGENT.metadata, Place(folder="/certs"), AROUND)


def _groups() -> dict[str, tuple[str, list[Leaf]]]:
    """Kind and first part of the path -> the leaves there."""
    found = [
        (f"{kind} {leaf.dotted.split('.')[1]}", kind, leaf)
        for kind in BASES
        for leaf in leaves(OBJECTS[kind].model_fields["spec"].annotation)  # type: ignore[arg-type]  # a model
    ]
    by_name = itertools.groupby(found, key=lambda one: one[0])
    return {name: (name.split()[0], [leaf for *_, leaf in group]) for name, group in by_name}


GROUPS = _groups()


def _manifest(kind: str, leaf: Leaf) -> Manifest:
    """An object of the kind in which the field would act but is not set."""
    manifest: Manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": kind,
        "metadata": {"name": "sample", "namespace": "shop"},
        "spec": copy.deepcopy(BASES[kind]),
    }
    placed = with_place(manifest, leaf)
    for name, needed in NEEDS:
        for path in leaf.places(name):
            add(placed, path, needed)
    return with_place(placed, leaf)


def _outcome(manifest: Manifest) -> bytes | str:
    """The jobs, or why there are none."""
    try:
        known = Known(
            secrets=AROUND.secrets, config_maps=AROUND.config_maps, objects=(selected(manifest),)
        )
    except SpecInvalid as error:
        return str(error)
    found = selected_jobs(SPEC, TERMS, base="demo", around=known)
    (fragment,) = (it for one in found.picked for it in one.fragments)
    return fragment.refusal or fragment.content


def _values(leaf: Leaf) -> Sequence[Any]:
    named = (SAMPLES[name] for name in leaf.names if name in SAMPLES)
    return next(named, None) or leaf.values


def _fault(kind: str, leaf: Leaf) -> str | None:
    """What is wrong with a field; None if it acts."""
    without = _manifest(kind, leaf)
    base = _outcome(without)
    found = [_outcome(with_leaf(without, leaf, value)) for value in _values(leaf)]
    made = [it for it in found if isinstance(it, bytes)]
    if not made:
        return f"{leaf.dotted}: no sample is valid: {found}"
    if not any(one != other for one in made for other in (base, *made)):
        return f"{leaf.dotted}: does nothing"
    return None


def _excuses(leaf: Leaf) -> set[str]:
    """Entries of the list that tell why a field does nothing."""
    above = {name for name in WITHOUT_EFFECT if leaf.dotted.startswith(f"{name}.")}
    return above | (WITHOUT_EFFECT.keys() & {*leaf.names})


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_every_field_acts_when_it_is_set(kind: str, fields: list[Leaf]) -> None:
    acting = (leaf for leaf in fields if not _excuses(leaf))
    assert [fault for leaf in acting if (fault := _fault(kind, leaf))] == []


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_a_field_that_is_null_is_as_one_that_was_never_set(kind: str, fields: list[Leaf]) -> None:
    for leaf in fields:
        without = _manifest(kind, leaf)
        assert _outcome(with_leaf(without, leaf, None)) == _outcome(without), leaf.dotted


def test_what_is_said_to_have_no_effect_is_a_field_and_has_none() -> None:
    excused = [
        (kind, leaf, _excuses(leaf))
        for kind, fields in GROUPS.values()
        for leaf in fields
        if _excuses(leaf)
    ]
    assert {name for *_, names in excused for name in names} == {*WITHOUT_EFFECT}
    assert [leaf.dotted for kind, leaf, _ in excused if not _fault(kind, leaf)] == []
