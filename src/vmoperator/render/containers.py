"""Containers: the user's entries change the operator's of the same name, or stand beside them.

A change is a strategic merge, as `kubectl patch` makes it (Kubernetes' patchMergeKey of each
list of a Container); lists without such a key are replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmoperator.render.probes import HANDLERS
from vmoperator.render.shapes import objects

_KEYS = {
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
}
_DEFAULTS = {"protocol": "TCP"}

Container = Mapping[str, Any]


def merged(
    own: Sequence[Container], given: Sequence[Container], *, field: str
) -> list[dict[str, Any]]:
    """The operator's containers changed by the user's of the same name, then the user's others.

    Raises SpecInvalid, which names the place below `field`, for a list of something else than
    objects.
    """
    for container in given:
        _refuse_other_shapes(container, field=f"{field}[{container['name']}]")
    by_name = {container["name"]: container for container in given}
    names = {container["name"] for container in own}
    changed = [_changed(c, by_name[c["name"]]) if c["name"] in by_name else dict(c) for c in own]
    return [*changed, *(dict(c) for c in given if c["name"] not in names)]


def _refuse_other_shapes(container: Container, *, field: str) -> None:
    for key, names in _KEYS.items():
        objects(container.get(key), field=f"{field}.{key}", keys=("name", *names))


def _changed(own: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    base = _without_rivals(own, patch)
    return {**base, **{key: _value(key, base.get(key), new) for key, new in patch.items()}}


def _value(key: str, old: Any, new: Any) -> Any:
    if key in _KEYS and old and isinstance(new, list):
        return _joined(old, new, _KEYS[key])
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return _changed(old, new)
    return new


def _without_rivals(own: Mapping[str, Any], patch: Mapping[str, Any]) -> Mapping[str, Any]:
    # A probe or hook has one handler: the user's takes the place of ours.
    if not HANDLERS & patch.keys():
        return own
    return {key: value for key, value in own.items() if key not in HANDLERS or key in patch}


def _joined(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], keys: tuple[str, ...]
) -> list[Any]:
    def identity(item: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(item.get(key, _DEFAULTS.get(key)) for key in keys)

    patches = {identity(item): item for item in new}
    known = {identity(item) for item in old}
    changed = [_changed(item, patches.get(identity(item), {})) for item in old]
    return [*changed, *(item for item in new if identity(item) not in known)]
