"""Kubernetes' own types in the schema of the values: a key that they lack is refused anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import WithJsonSchema

VERSION = "1.37"
"""Of Kubernetes, whose fields are known; a later one's are refused until it is raised here."""
_MARK = "kubernetes"
_PREFIX = "#/$defs/"


def _type(name: str) -> WithJsonSchema:
    return WithJsonSchema({_MARK: f"io.k8s.{name}"})


_Map = dict[str, Any]
Affinity = Annotated[_Map, _type("api.core.v1.Affinity")]
Containers = list[Annotated[_Map, _type("api.core.v1.Container")]]
ContainerSecurity = Annotated[_Map, _type("api.core.v1.SecurityContext")]
DnsConfig = Annotated[_Map, _type("api.core.v1.PodDNSConfig")]
HostAliases = list[Annotated[_Map, _type("api.core.v1.HostAlias")]]
LabelSelector = Annotated[_Map, _type("apimachinery.pkg.apis.meta.v1.LabelSelector")]
Lifecycle = Annotated[_Map, _type("api.core.v1.Lifecycle")]
PodSecurity = Annotated[_Map, _type("api.core.v1.PodSecurityContext")]
Probe = Annotated[_Map, _type("api.core.v1.Probe")]
Resources = Annotated[_Map, _type("api.core.v1.ResourceRequirements")]
Strategy = Annotated[_Map, _type("api.apps.v1.DeploymentStrategy")]
Environment = list[Annotated[_Map, _type("api.core.v1.EnvVar")]]
EnvironmentSources = list[Annotated[_Map, _type("api.core.v1.EnvFromSource")]]
MatchConditions = list[Annotated[_Map, _type("api.admissionregistration.v1.MatchCondition")]]
Mounts = list[Annotated[_Map, _type("api.core.v1.VolumeMount")]]
Peers = list[Annotated[_Map, _type("api.networking.v1.NetworkPolicyPeer")]]
References = list[Annotated[_Map, _type("api.core.v1.LocalObjectReference")]]
Spread = list[Annotated[_Map, _type("api.core.v1.TopologySpreadConstraint")]]
Tolerations = list[Annotated[_Map, _type("api.core.v1.Toleration")]]
Volumes = list[Annotated[_Map, _type("api.core.v1.Volume")]]


def with_kubernetes_types(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with these types in its `$defs`, and a reference to one in each place."""
    wanted = set(_marked(schema))
    known: dict[str, Any] = {}
    while wanted - known.keys():
        for name in wanted - known.keys():
            known[name] = _bare(_definitions()[name])
            wanted |= set(_referred(known[name]))
    placed: dict[str, Any] = _placed(schema)
    return {**placed, "$defs": {**placed["$defs"], **dict(sorted(known.items()))}}


@cache
def _definitions() -> dict[str, Any]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema"
    text = (folder / f"v{VERSION}.0-local-strict" / "_definitions.json").read_text()
    found: dict[str, Any] = json.loads(text)["$defs"]
    return found


def _marked(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and _MARK in value:
        yield value[_MARK]
    yield from (it for below in _below(value) for it in _marked(below))


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and "$ref" in value:
        yield value["$ref"].removeprefix(_PREFIX)
    yield from (it for below in _below(value) for it in _referred(below))


def _below(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _placed(value: Any) -> Any:
    if isinstance(value, dict):
        placed = {key: _placed(it) for key, it in value.items() if key != _MARK}
        return {"$ref": _PREFIX + value[_MARK], **placed} if _MARK in value else placed
    return [_placed(it) for it in value] if isinstance(value, list) else value


def _bare(value: Any) -> Any:
    """Without words, which Kubernetes' documents have, and what only its own programs read."""
    if isinstance(value, dict):
        return {
            key: _bare(it)
            for key, it in value.items()
            if not (key == "description" and isinstance(it, str)) and not key.startswith("x-")
        }
    return [_bare(it) for it in value] if isinstance(value, list) else value
