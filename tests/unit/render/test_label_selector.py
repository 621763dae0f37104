"""Which labels a selector selects."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base.errors import SpecInvalid
from vmoperator.render.label_selector import selects

LABELS = {"app": "web", "tier": "front"}


def _expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    expression = {"key": key, "operator": operator, **({"values": [*values]} if values else {})}
    return {"matchExpressions": [expression]}


@pytest.mark.parametrize(
    ("selector", "want"),
    [
        pytest.param(None, True, id="no selector"),
        pytest.param({}, True, id="an empty one"),
        pytest.param({"matchLabels": {"app": "web"}}, True, id="a label"),
        pytest.param({"matchLabels": {"app": "web", "tier": "back"}}, False, id="all labels"),
        pytest.param({"matchLabels": {"gone": "x"}}, False, id="a missing label"),
        pytest.param(_expression("app", "In", "api", "web"), True, id="in"),
        pytest.param(_expression("app", "In", "api"), False, id="not in"),
        pytest.param(_expression("gone", "In", "x"), False, id="a missing label in"),
        pytest.param(_expression("app", "NotIn", "web"), False, id="excluded"),
        pytest.param(_expression("gone", "NotIn", "web"), True, id="a missing label excluded"),
        pytest.param(_expression("app", "Exists"), True, id="exists"),
        pytest.param(_expression("gone", "Exists"), False, id="does not exist"),
        pytest.param(_expression("app", "DoesNotExist"), False, id="shall not exist"),
        pytest.param(_expression("gone", "DoesNotExist"), True, id="rightly does not exist"),
        pytest.param(
            {"matchLabels": {"app": "web"}, **_expression("tier", "In", "back")},
            False,
            id="both parts must hold",
        ),
    ],
)
def test_a_selector_selects_what_fulfils_all_of_it(
    selector: dict[str, Any] | None, want: bool
) -> None:
    assert selects(selector, LABELS, field="spec.s") is want


@pytest.mark.parametrize(
    ("selector", "field"),
    [
        pytest.param("web", "spec.s", id="text"),
        pytest.param({"matchLabels": []}, "spec.s.matchLabels", id="labels as a list"),
        pytest.param({"matchExpressions": {}}, "spec.s.matchExpressions", id="no list"),
        pytest.param(_expression("", "Exists"), "spec.s.matchExpressions[0].key", id="no key"),
        pytest.param(
            _expression("a", "Like", "b"), "spec.s.matchExpressions[0].operator", id="operator"
        ),
        pytest.param(_expression("a", "In"), "spec.s.matchExpressions[0].values", id="no values"),
        pytest.param(
            _expression("a", "Exists", "b"), "spec.s.matchExpressions[0].values", id="values"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "In", "values": "b"}]},
            "spec.s.matchExpressions[0].values",
            id="values as text",
        ),
    ],
)
def test_what_is_no_selector_is_refused_by_name(selector: Any, field: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        selects(selector, LABELS, field="spec.s")
    assert refused.value.field == field
