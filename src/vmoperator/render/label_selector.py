"""Label selectors (metav1.LabelSelector), as the operator itself applies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from vmoperator.base.errors import SpecInvalid
from vmoperator.render.shapes import mapping, objects

_OPERATORS: Mapping[str, Callable[[str | None, list[str]], bool]] = MappingProxyType(
    {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
)


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str], *, field: str) -> bool:
    """True if the labels fulfil all of a selector; one that says nothing selects everything.

    Raises SpecInvalid, which names the place below `field`, for what is no label selector.
    """
    given = mapping(selector, field=field)
    wanted = mapping(given.get("matchLabels"), field=f"{field}.matchLabels")
    place = f"{field}.matchExpressions"
    expressions = objects(given.get("matchExpressions"), field=place)
    holds = [
        _holds(expression, labels, field=f"{place}[{number}]")
        for number, expression in enumerate(expressions)
    ]
    return all(labels.get(key) == value for key, value in wanted.items()) and all(holds)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str], *, field: str) -> bool:
    key, operator = expression.get("key"), expression.get("operator")
    values = expression.get("values") or []
    if not isinstance(key, str) or not key:
        raise SpecInvalid(f"{field}.key", "name the label")
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise SpecInvalid(f"{field}.operator", f"must be one of {', '.join(_OPERATORS)}")
    if not isinstance(values, list):
        raise SpecInvalid(f"{field}.values", "must be a list")
    if bool(values) != (operator in ("In", "NotIn")):
        raise SpecInvalid(f"{field}.values", "In and NotIn need values, the others take none")
    return _OPERATORS[operator](labels.get(key), values)
