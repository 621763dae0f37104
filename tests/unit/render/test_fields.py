"""Every field acts: what is taken away from an object takes its effect away."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from tests.unit.render.clusters import CASES, case, planned
from tests.unit.render.golden import around, golden_plan

from vmoperator.api import parsed
from vmoperator.api.model import SpecModel
from vmoperator.api.parent import Parent
from vmoperator.api.unsupported import MARK
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import Plan

Path = tuple[str, ...]

WITHOUT_EFFECT = {
    "paused": "the whole pass is left out, before anything is rendered",
    "podMetadata.name": "pods are named by their controllers",
    "volumeClaimTemplate.apiVersion": "a claim template has one API version",
    "volumeClaimTemplate.kind": "a claim template has one kind",
    "volumeClaimTemplate.status": "a template has no status",
    "resources.claims": "the API server refuses it: pods have no claims here that it could name",
    "keyRef.optional": "a licence that may be missing is no licence",
}
"""Ends of the paths of fields that change nothing on purpose, and why."""

SHADOWED = {
    ("everything", "spec.useStrictSecurity"): "each component says it itself",
    ("everything", "spec.clusterVersion"): "componentVersion wins",
    ("everything", "spec.vmstorage.componentVersion"): "image.tag wins",
    ("everything", "spec.vmselect.componentVersion"): "image.tag wins",
    ("everything", "spec.vminsert.componentVersion"): "image.tag wins",
    ("everything", "spec.vminsert.updateStrategy"): "it is the default",
    ("sidecars", "spec.vminsert.extraEnvs"): "the container of the same name replaces it",
    ("autoscaled", "spec.vmstorage.replicaCount"): "the autoscaler's minReplicas is larger",
    ("autoscaled", "spec.vmselect.replicaCount"): "the autoscaler's minReplicas is as large",
    ("autoscaled", "spec.vmselect.networkPolicy.egress"): "no rule closes no way",
    (
        "balanced",
        "spec.requestsLoadBalancer.spec.replicaCount",
    ): "the autoscaler's minReplicas is as large",
    (
        "native-rollout",
        "spec.vmstorage.rollingUpdateStrategyBehavior.maxUnavailable",
    ): "it is the default",
}
"""Fields of a case that another field of it, or the default, makes ineffective, and why."""


def _is_unsupported(model: type[SpecModel], name: str) -> bool:
    extra = model.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and MARK in extra


def _set_leaves(part: SpecModel, path: Path = ()) -> Iterator[Path]:
    for name, field in type(part).model_fields.items():
        value, here = getattr(part, name), (*path, str(field.alias))
        first = value[0] if isinstance(value, list) and value else value
        if value is None or _is_unsupported(type(part), name):
            continue
        if isinstance(first, SpecModel):
            place = ("0",) if isinstance(value, list) else ()
            yield from _set_leaves(first, (*here, *place))
        else:
            yield here


def _without(manifest: Manifest, path: Path, *, null: bool = False) -> Manifest:
    changed = copy.deepcopy(manifest)
    place: Any = changed
    for key in path[:-1]:
        place = place[int(key)] if isinstance(place, list) else place[key]
    if null:
        place[path[-1]] = None
    else:
        del place[path[-1]]
    return changed


def _has_no_effect(path: Path) -> bool:
    return any(".".join(path).endswith(end) for end in WITHOUT_EFFECT if end != "paused") or (
        path == ("spec", "paused")
    )


@cache
def _whole(name: str) -> Plan:
    return golden_plan(f"vmcluster/{name}")


def _read(manifest: Manifest) -> Parent | str:
    try:
        return parsed(manifest)
    except SpecInvalid as error:
        return str(error)


def _outcome(name: str, manifest: Manifest) -> Plan | str:
    try:
        return planned(manifest, around=around(f"vmcluster/{name}"))
    except SpecInvalid as error:
        return str(error)


CHECKED = [
    (name, ("spec", *path))
    for name in CASES
    for path in _set_leaves(parsed(case(name)).spec)
    if not _has_no_effect(("spec", *path))
]


@pytest.mark.parametrize(
    ("name", "path"), CHECKED, ids=[f"{name}: {'.'.join(path)}" for name, path in CHECKED]
)
def test_a_field_that_is_removed_loses_its_effect(name: str, path: Path) -> None:
    manifest, whole = case(name), _whole(name)
    without = _without(manifest, path)
    assert _read(_without(manifest, path, null=True)) == _read(without)
    if (name, ".".join(path)) in SHADOWED:
        assert _outcome(name, without) == whole
    else:
        assert _outcome(name, without) != whole
