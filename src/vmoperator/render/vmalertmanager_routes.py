"""Routes of an Alertmanager configuration: what they name must be there, as Alertmanager asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vmoperator.base.errors import SpecInvalid

_MATCHERS = ("match", "match_re", "matchers")
_SHOWN = 20
_MUTES = ("active_time_intervals", "mute_time_intervals")


def refuse_broken(document: Mapping[str, Any], *, field: str) -> None:
    """Raises SpecInvalid, which names the place, for routes that Alertmanager would not start with.

    Receivers and time intervals have names of their own, routes name only such, and the root route
    takes every alert.
    """
    receivers = _names(document, "receivers", field=field)
    times = _names(document, "mute_time_intervals", "time_intervals", field=field)
    root = document.get("route")
    if not isinstance(root, Mapping):
        raise SpecInvalid(field, "route: must be a mapping: receiver, routes, ...")
    _refuse_choosy(root, field=field)
    for place, route in _tree(root, "route", field=field):
        named = [route["receiver"]] if route.get("receiver") else []
        _refuse_unknown(named, receivers, f"{place}.receiver", field=field)
        for key in _MUTES:
            listed = _list(route.get(key), f"{place}.{key}", field=field)
            _refuse_unknown(listed, times, f"{place}.{key}", field=field)


def _refuse_choosy(root: Mapping[str, Any], *, field: str) -> None:
    if not root.get("receiver"):
        raise SpecInvalid(field, "route.receiver: name the receiver of all other alerts")
    for key in (*_MATCHERS, *_MUTES):
        if root.get(key):
            raise SpecInvalid(field, f"route.{key}: the root route takes every alert")
    if str(root.get("continue", "")).lower() in {"true", "yes", "on"}:
        raise SpecInvalid(field, "route.continue: nothing comes after the root route")


def _tree(
    route: Mapping[str, Any], place: str, *, field: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield place, route
    for number, below in enumerate(_list(route.get("routes"), f"{place}.routes", field=field)):
        if not isinstance(below, Mapping):
            raise SpecInvalid(field, f"{place}.routes[{number}]: must be a mapping")
        yield from _tree(below, f"{place}.routes[{number}]", field=field)


def _names(document: Mapping[str, Any], *keys: str, field: str) -> Mapping[str, str]:
    """The names that lists of the document give, each to be given once; in their order."""
    found: dict[str, str] = {}
    for key in keys:
        for number, entry in enumerate(_list(document.get(key), key, field=field)):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if not isinstance(name, str) or not name:
                raise SpecInvalid(field, f"{key}[{number}]: needs a name")
            if name in found:
                raise SpecInvalid(field, f"{key}: the name {name!r} stands there twice")
            found[name] = key
    return found


def _list(value: Any, place: str, *, field: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SpecInvalid(field, f"{place}: must be a list")
    return value


def _refuse_unknown(
    named: Sequence[Any], known: Mapping[str, str], place: str, *, field: str
) -> None:
    for name in named:
        if not isinstance(name, str) or name not in known:
            there = ", ".join(list(known)[:_SHOWN]) or "none"
            more = ", ..." if len(known) > _SHOWN else ""
            raise SpecInvalid(field, f"{place}: {name!r} does not exist; there are: {there}{more}")
