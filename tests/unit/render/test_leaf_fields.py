"""Every field of every kind: what it is set to shows in the children, and unset it leaves no trace.

The fields come from the models, so that a new one is tested as soon as it is there.
"""

from __future__ import annotations

import copy

import pytest
from tests.unit.render.leaf_samples import AROUND, BASES, NEEDS, WITHOUT_EFFECT
from tests.unit.render.leaves import Leaf, add, leaves, with_leaf, with_place

from vmoperator.api import KINDS, parsed
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

EVERY = [
    (kind, leaf)
    for kind, model in KINDS.items()
    for leaf in leaves(model.model_fields["spec"].annotation)  # type: ignore[arg-type]  # a model
]
ACTING = [(kind, leaf) for kind, leaf in EVERY if not WITHOUT_EFFECT.keys() & {*leaf.names}]


def _manifest(kind: str, leaf: Leaf) -> Manifest:
    """An object of the kind in which the field would act but is not set."""
    manifest: Manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": kind,
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": copy.deepcopy(BASES[kind]),
    }
    placed = with_place(manifest, leaf)
    for name, needed in NEEDS:
        for path in leaf.places(name):
            add(placed, path, needed)
    return with_place(placed, leaf)


def _outcome(manifest: Manifest) -> Plan | str:
    try:
        return plan(parsed(manifest), Settings(), AROUND)
    except SpecInvalid as error:
        return str(error)


@pytest.mark.parametrize(
    ("kind", "leaf"), ACTING, ids=[f"{kind} {leaf.dotted}" for kind, leaf in ACTING]
)
def test_a_field_acts_when_it_is_set(kind: str, leaf: Leaf) -> None:
    without = _manifest(kind, leaf)
    outcomes = [_outcome(with_leaf(without, leaf, value)) for value in leaf.values]
    plans = [outcome for outcome in outcomes if isinstance(outcome, Plan)]
    assert plans, f"no sample is valid: {outcomes}"
    assert any(one != other for one in plans for other in (_outcome(without), *plans))


@pytest.mark.parametrize(
    ("kind", "leaf"), EVERY, ids=[f"{kind} {leaf.dotted}" for kind, leaf in EVERY]
)
def test_a_field_that_is_null_is_as_one_that_was_never_set(kind: str, leaf: Leaf) -> None:
    without = _manifest(kind, leaf)
    nulled = with_leaf(without, leaf, None)
    assert _outcome(nulled) == _outcome(without)


def test_what_is_said_to_have_no_effect_is_a_field() -> None:
    known = {name for _, leaf in EVERY for name in leaf.names}
    assert [name for name in WITHOUT_EFFECT if name not in known] == []
