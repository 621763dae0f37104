"""What lists of values for several targets look like."""

from __future__ import annotations

import pytest

from vmoperator.render.positional import positional


def test_a_flag_that_no_target_sets_is_left_out() -> None:
    assert positional([None, None]) is None
    assert positional([]) is None


@pytest.mark.parametrize(
    ("values", "want"),
    [
        (["a"], "a"),
        (["a", None], "a,"),
        ([None, "a", None], ",a,"),
        (["a", "b"], "a,b"),
    ],
    ids=["one", "first", "middle", "all"],
)
def test_a_list_is_as_long_as_the_targets_are_many(values: list[str | None], want: str) -> None:
    assert positional(values) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("a,b", '"a,b"'),
        ('say "x"', r'"say \"x\""'),
        ("it's", '"it\'s"'),
        ("(a", '"(a"'),
        ("a\nb", r'"a\nb"'),
        ('{"k":"v\\"}', r'"{\"k\":\"v\\\"}"'),
        ("a b;c=d", "a b;c=d"),
        ("C:\\x", "C:\\x"),
        ("grün", "grün"),
    ],
    ids=["comma", "double", "single", "bracket", "line", "json", "plain", "backslash", "letters"],
)
def test_a_value_that_would_be_split_is_quoted(value: str, want: str) -> None:
    assert positional([value]) == want
