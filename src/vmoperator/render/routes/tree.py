"""Trees of routes: one object's own, under full names, kept to its namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from vmoperator.api.refusals import first_refusal
from vmoperator.api.selected.vmalertmanagerconfig import InhibitRule, Route
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render.routes import matchers
from vmoperator.render.routes.forms import period_seconds
from vmoperator.render.routes.options import Options

_DEEPEST = 50
_ALL_LABELS = "..."
_FIELDS = frozenset(info.alias or name for name, info in Route.model_fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What the routes of one object may refer to, and how they are kept to its namespace."""

    namespace: str
    prefix: str
    receivers: frozenset[str]
    times: frozenset[str]
    options: Options

    def top(self, given: Route) -> dict[str, Any]:
        """The top route: with the namespace's matcher, and going on to the routes behind it."""
        field = "spec.route"
        if not given.receiver:
            raise SpecInvalid(f"{field}.receiver", "is required: who gets all other alerts")
        made = self._route(given, field=field, depth=0)
        own = [*made.get("matchers", ()), *self._namespace(), *self.options.top_matchers]
        if own:
            made["matchers"] = own
        if self.options.forces_continue:
            made["continue"] = True
        return made

    def inhibition(self, given: InhibitRule, *, field: str) -> dict[str, Any]:
        """A rule that neither starts from alerts of other namespaces nor silences them."""
        made: dict[str, Any] = {}
        for name in ("target_matchers", "source_matchers"):
            lines = getattr(given, name) or []
            matchers.refuse_broken(lines, self.options.mode, field=f"{field}.{name}")
            if every := [*lines, *self._namespace()]:
                made[name] = every
        if given.equal:
            self._refuse_labels(given.equal, field=f"{field}.equal")
            made["equal"] = given.equal
        return made

    def _namespace(self) -> list[str]:
        label = self.options.namespace_label
        return [matchers.matcher(label, self.namespace)] if label else []

    def _route(self, given: Route, *, field: str, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise SpecInvalid(field, f"routes lie in each other more than {_DEEPEST} deep")
        matchers.refuse_broken(given.matchers or (), self.options.mode, field=f"{field}.matchers")
        self._refuse_groups(given.group_by or (), field=f"{field}.group_by")
        routes = [
            self._route(_below(it, field=place), field=place, depth=depth + 1)
            for n, it in enumerate(given.routes or ())
            for place in (f"{field}.routes[{n}]",)
        ]
        made = {
            "routes": routes,
            "matchers": given.matchers,
            "group_by": given.group_by,
            "active_time_intervals": self._times(given, "active_time_intervals", field=field),
            "mute_time_intervals": self._times(given, "mute_time_intervals", field=field),
            **_periods(given, field=field),
            "receiver": self._receiver(given.receiver, field=f"{field}.receiver"),
            "continue": given.continue_,
        }
        return {key: value for key, value in made.items() if value}

    def _receiver(self, name: str | None, *, field: str) -> str | None:
        if not name:
            return None
        if name not in self.receivers:
            raise SpecInvalid(field, f"{name!r} is none of spec.receivers")
        return f"{self.prefix}{name}"

    def _times(self, given: Route, key: str, *, field: str) -> list[str]:
        names = [name for name in getattr(given, key) or () if name]
        for place, name in enumerate(names):
            if name not in self.times:
                message = f"{name!r} is none of spec.time_intervals"
                raise SpecInvalid(f"{field}.{key}[{place}]", message)
        return [f"{self.prefix}{name}" for name in names]

    def _refuse_labels(self, names: Sequence[str], *, field: str) -> None:
        for place, name in enumerate(names):
            problem = matchers.label_problem(name, self.options.mode)
            if problem:
                raise SpecInvalid(f"{field}[{place}]", problem)

    def _refuse_groups(self, names: Sequence[str], *, field: str) -> None:
        if _ALL_LABELS in names and len(set(names)) > 1:
            raise SpecInvalid(field, f"{_ALL_LABELS} stands for all labels, and alone")
        labels = [name for name in names if name != _ALL_LABELS]
        self._refuse_labels(labels, field=field)
        if len(set(labels)) < len(labels):
            raise SpecInvalid(field, "names a label twice")


def _below(raw: Mapping[str, Any], *, field: str) -> Route:
    for name in raw:
        if name not in _FIELDS:
            raise SpecInvalid(f"{field}.{name}", "is no field of a route")
    try:
        return Route.model_validate(pruned(raw), by_alias=True, by_name=False)
    except ValidationError as error:
        refused = first_refusal(error)
        message = str(refused).removeprefix(f"{refused.field}: ")
        raise SpecInvalid(f"{field}.{refused.field}", message) from None


def _periods(given: Route, *, field: str) -> dict[str, str]:
    made = {}
    for key in ("group_interval", "group_wait", "repeat_interval"):
        text = getattr(given, key)
        if not text:
            continue
        seconds = period_seconds(text, field=f"{field}.{key}")
        if not seconds and key != "group_wait":
            raise SpecInvalid(f"{field}.{key}", "must be longer than nothing")
        made[key] = text
    return made
