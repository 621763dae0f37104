"""Every field of a VMAlertmanagerConfig: what it is set to shows in what an Alertmanager reads, and
the real amtool takes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.render.leaves import Leaf, leaves
from tests.unit.render.real_programs import answer
from tests.unit.render.route_samples import AROUND, BASES, NEEDS, SAMPLES, WITHOUT_EFFECT
from tests.unit.render.selected_leaves import Trial, recipes

from vmoperator.api.selected.vmalertmanagerconfig import Receiver, Route

_KIND = "VMAlertmanagerConfig"


def _trial(**spec: Any) -> Trial:
    return Trial(
        recipes=recipes("VMAlertmanager", **spec),
        around=AROUND,
        bases=BASES,
        needs=NEEDS,
        samples=SAMPLES,
        without_effect=WITHOUT_EFFECT,
    )


def _part(leaf: Leaf) -> str:
    """The part of the object in which a field stands: a kind of receivers, or another list."""
    return next((it for it in leaf.path if it in Receiver.model_fields), leaf.path[1])


TRIAL = _trial(image={"tag": "v0.32.0"})
BELOW = leaves(Route, ("spec", "route", "routes", "0"))
EVERY = [*(leaf for _, fields in TRIAL.groups().values() for leaf in fields), *BELOW]
PARTS = {part: [it for it in EVERY if _part(it) == part] for part in map(_part, EVERY)}


@pytest.mark.parametrize("fields", PARTS.values(), ids=PARTS)
def test_every_field_acts_when_it_is_set(fields: list[Leaf]) -> None:
    assert TRIAL.faults(_KIND, fields) == []


@pytest.mark.parametrize("fields", PARTS.values(), ids=PARTS)
def test_a_field_that_is_null_is_as_one_that_was_never_set(fields: list[Leaf]) -> None:
    assert [it.dotted for it in fields if TRIAL.leaves_a_trace(_KIND, it)] == []


@pytest.mark.parametrize("fields", PARTS.values(), ids=PARTS)
def test_amtool_takes_every_field(fields: list[Leaf], tmp_path: Path) -> None:
    trial = _trial()
    pieces = [it for leaf in fields for it in trial.pieces(_KIND, leaf)]
    assert len(pieces) > len(fields) / 2
    file = tmp_path / "alertmanager.yaml"
    file.write_text(json.dumps(_document(pieces)))
    code, output = answer("amtool", "check-config", str(file))
    assert (code, output if code else "") == (0, "")


def test_what_is_said_to_have_no_effect_is_a_field_and_has_none() -> None:
    assert TRIAL.needless() == []


def _document(pieces: list[bytes]) -> dict[str, Any]:
    """What an Alertmanager gets of as many objects, each under a name of its own."""
    found = [
        json.loads(piece.replace(b'"shop-sample-', f'"shop-n{number}-'.encode()))
        for number, piece in enumerate(pieces)
    ]
    whole = {
        part: [entry for it in found for entry in it.get(part, ())]
        for part in ("receivers", "inhibit_rules", "time_intervals")
    }
    routes = [it["route"] for it in found if "route" in it]
    whole["receivers"].append({"name": "none"})
    return {"route": {"receiver": "none", "routes": routes}, **whole}
