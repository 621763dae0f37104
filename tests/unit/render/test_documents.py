"""Documents of users: read as they stand, refused where they would hold up the operator."""

from __future__ import annotations

import pytest

from vmoperator.base.errors import SpecInvalid
from vmoperator.render import documents


def _bomb(levels: int) -> str:
    """A document of a few lines that written out has 10 ** levels values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        inner = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} [{inner}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &x [*x]", id="a list that holds itself"),
        pytest.param("a: &x {b: {c: *x}}", id="a mapping that holds itself"),
        pytest.param(_bomb(9), id="anchors of anchors"),
        pytest.param("[" * 200_000, id="lists in lists"),
    ],
)
def test_a_document_without_end_is_refused_and_holds_nobody_up(text: str) -> None:
    with pytest.raises(SpecInvalid, match="cannot be parsed") as refused:
        documents.loaded(text, field="spec.configRawYaml")
    assert refused.value.field == "spec.configRawYaml"


def test_anchors_that_end_are_taken() -> None:
    found = documents.loaded(_bomb(4), field="spec")
    assert found["a1"] == [found["a0"]] * 10


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("", {"a": ["1"], "b": "2"}, id="nothing"),
        pytest.param("b: 7\nc: 8", {"b": "2", "c": "8", "a": ["1"]}, id="a key that is replaced"),
        pytest.param("a: [x]", {"a": ["x", "1"], "b": "2"}, id="a list that grows"),
        pytest.param("a:", {"a": ["1"], "b": "2"}, id="an empty place for a list"),
        pytest.param("a: [&x {y: z}]\nd: *x", None, id="an anchor in a list that grows"),
    ],
)
def test_a_document_is_amended(text: str, found: dict[str, object] | None) -> None:
    made = documents.amended(text, replaced={"b": 2}, appended={"a": [1]})
    wanted = found or {"a": [{"y": "z"}, "1"], "d": {"y": "z"}, "b": "2"}
    assert documents.loaded(made, field="spec") == wanted
