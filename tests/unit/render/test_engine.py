"""Whatever users write arrives unchanged: no content can change the shape of a manifest."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.render.clusters import container, service, workload

from vmoperator.base.errors import SpecInvalid
from vmoperator.render import engine
from vmoperator.render.flags import arguments, extended, is_true
from vmoperator.render.flags import given as given_flags

HOSTILE = [
    "yes",
    "on",
    "null",
    "~",
    "1e3",
    "0x10",
    "012",
    "2001-01-01",
    "key: value",
    "- item",
    "# comment",
    "a #b",
    'it\'s "quoted"',
    "back\\slash \\u0041",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{# note #}",
    "<&>",
    "line\nbreak\ttab\r\n",
    "*alias &anchor !tag",
    "---",
    "...",
    "…äöü→",
    "\U0001f600",
    "\u0085\u2028\u2029\ufeff",
    "\x7f\x80\x9f",
    "%",
    "@at`tick",
    " leading and trailing ",
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_survives_in_arguments_labels_and_keys(text: str) -> None:
    component = {
        "extraArgs": {"search.x": text},
        "podMetadata": {"annotations": {"note": text}},
        "extraEnvs": [{"name": "A", "value": text}],
        "nodeSelector": {f"key {text}": text},
    }
    spec = {"managedMetadata": {"annotations": {"a": text}}, "vmselect": component}
    template = workload("vmselect", **spec)["spec"]["template"]
    assert f"-search.x={text}" in container("vmselect", **spec)["args"]
    assert container("vmselect", **spec)["env"] == [{"name": "A", "value": text}]
    assert template["metadata"]["annotations"] == {"note": text}
    assert template["spec"]["nodeSelector"] == {f"key {text}": text}
    assert service("vmselect-demo", **spec)["metadata"]["annotations"] == {"a": text}


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_value_comes_back_as_it_was(value: object) -> None:
    assert engine.manifest("service", metadata={"x": value}, spec={})["metadata"] == {"x": value}


def test_a_template_does_not_render_without_its_values() -> None:
    with pytest.raises(jinja2.UndefinedError, match="spec"):
        engine.manifest("service", metadata={})


def test_nulls_are_left_out_and_empty_values_stay() -> None:
    made = engine.manifest("service", metadata={"a": None, "b": {}, "c": [{"d": None}]}, spec="")
    assert made["metadata"] == {"b": {}, "c": [{}]}


def test_arguments_are_sorted_and_carry_one_dash() -> None:
    flags = given_flags({"--b": "", "-a": "1", "c": "x=y"}, field="f")
    assert arguments({**flags, "d": None, "e": ("2", "1")}) == [
        "-a=1",
        "-b=",
        "-c=x=y",
        "-e=1",
        "-e=2",
    ]


@pytest.mark.parametrize("name", ["", "-", "--", "a b", "a=b"])
def test_what_cannot_be_a_flag_is_refused(name: str) -> None:
    with pytest.raises(SpecInvalid, match="is not the name of a flag"):
        given_flags({name: "1"}, field="f")


@pytest.mark.parametrize(
    ("value", "want"),
    [("true", True), ("1", True), ("T", True), ("true,false", True), ("false,true", False)]
    + [("", False), ("yes", False), (None, False), (("true", "false"), True)],
)
def test_the_first_value_of_a_switch_counts(
    value: str | tuple[str, ...] | None, want: bool
) -> None:
    assert is_true({"tls": value}, "tls") is want


def test_appended_values_stand_behind_what_is_there() -> None:
    flags = extended({"a": "1", "b": "2"}, {"a": ("3",), "b": (), "c": ("4", "5")})
    assert flags == {"a": "1,3", "b": "2", "c": "4,5"}
