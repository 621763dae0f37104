"""Volumes: where a program's data, Secrets, ConfigMaps and the user's own volumes are mounted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vmoperator.base import names
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.claims import data, further
from vmoperator.render.shapes import objects
from vmoperator.render.source import Source
from vmoperator.render.workload import Workload

SECRETS = "/etc/vm/secrets"
CONFIG_MAPS = "/etc/vm/configs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volumes:
    """Volumes of a pod, mounts of its program's container, claim templates of its StatefulSet."""

    volumes: tuple[dict[str, Any], ...]
    mounts: tuple[dict[str, Any], ...]
    claims: tuple[dict[str, Any], ...]

    @property
    def names(self) -> frozenset[str]:
        """What a container may mount."""
        templates = (claim["metadata"]["name"] for claim in self.claims)
        return frozenset((*templates, *(volume["name"] for volume in self.volumes)))


def volumes(workload: Workload) -> Volumes:
    """Everything that a workload's pod may mount.

    Raises SpecInvalid for a volume named twice, and for two mounts at one path.
    """
    sources = (
        *data(workload),
        *further(workload),
        *_secrets(workload),
        *_config_maps(workload),
        *_licence(workload),
        *([workload.config.source] if workload.config else ()),
        *workload.mounts,
        *_users(workload),
    )
    named = ((it.field, it.name) for it in sources if it.volume or it.claim)
    for field, name in _repeated(named):
        raise SpecInvalid(field, f"{name!r} is the name of another volume already")
    return Volumes(
        volumes=tuple({"name": it.name, **it.volume} for it in sources if it.volume),
        mounts=tuple(_mounts(workload, sources)),
        claims=tuple(dict(source.claim) for source in sources if source.claim),
    )


def _secrets(workload: Workload) -> list[Source]:
    return [
        Source(
            field=f"{workload.field}.secrets",
            name=names.volume("secret", name),
            volume={"secret": {"secretName": name}},
            mount_path=f"{SECRETS}/{name}",
            is_read_only=True,
        )
        for name in dict.fromkeys(workload.spec.secrets or ())
    ]


def _config_maps(workload: Workload) -> list[Source]:
    return [
        Source(
            field=f"{workload.field}.configMaps",
            name=names.volume("configmap", name),
            volume={"configMap": {"name": name}},
            mount_path=f"{CONFIG_MAPS}/{name}",
            is_read_only=True,
        )
        for name in dict.fromkeys(workload.spec.config_maps or ())
    ]


def _licence(workload: Workload) -> list[Source]:
    licence = workload.scope.licence
    if licence is None or licence.key_ref is None:
        return []
    secret = licence.key_ref.name
    if secret in (workload.spec.secrets or ()):
        return []
    return [
        Source(
            field=f"{workload.scope.licence_field}.keyRef",
            name="license",
            volume={"secret": {"secretName": secret}},
            mount_path=f"{SECRETS}/{secret}",
            is_read_only=True,
        )
    ]


def _users(workload: Workload) -> list[Source]:
    return [
        Source(
            field=f"{workload.field}.volumes[{place}].name",
            name=volume["name"],
            volume={key: value for key, value in volume.items() if key != "name"},
        )
        for place, volume in enumerate(workload.spec.volumes or ())
    ]


def _mounts(workload: Workload, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Mounts of the program; the user's own take the place of ours at the same path."""
    field = f"{workload.field}.volumeMounts"
    given = objects(workload.spec.volume_mounts, field=field, keys=("name",))
    paths = [(f"{field}[{i}].mountPath", mount["mountPath"]) for i, mount in enumerate(given)]
    claimed = [(s.field, s.mount_path) for s in sources if s.claim and s.mount_path]
    for place, path in _repeated([*claimed, *paths]):
        raise SpecInvalid(place, f"something else is mounted at {path} already")
    taken = {path for _, path in paths}
    own = [source.mount for source in sources if source.mount_path not in (None, *taken)]
    return [*own, *(dict(mount) for mount in given)]


def _repeated(named: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for field, name in named:
        if name in seen:
            yield field, name
        seen.add(name)
