"""Remains: what pods of an earlier build use stays there until they have been replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.observe.facts import Child
from vmoperator.observe.ownership import owned

_WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")
_CONTENTS = ("Secret", "ConfigMap")
# Identities, rights and addresses change with the spec or with the operator alone.
_SUPPORTS = (
    *("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"),
    "Service",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A pod template that is held back, and the live one in its place."""

    live: Mapping[str, Any]
    rendered: Mapping[str, Any]


def is_kept(live: Child, templates: Iterable[Held]) -> bool:
    """Whether a child that is no longer wanted may be of use to pods whose template stays.

    Secrets and ConfigMaps: those that the live template names and the held one does not, for all
    others come and go with what users select.
    """
    if live.ref.kind in _SUPPORTS:
        return True
    if live.ref.kind not in _CONTENTS:
        return False
    return any(_is_of_the_past(live.ref.name, one) for one in templates)


def keeping(manifest: Manifest, live: Child | None, templates: Iterable[Held]) -> Manifest:
    """A Secret or ConfigMap, marked with the keys of the live one that only live templates name.

    They get their values when it is sent, see `completed`.
    """
    if live is None or manifest["kind"] not in _CONTENTS:
        return manifest
    fields = orjson.loads(live.fields or b"{}")
    there = {key.partition(":")[2] for key in fields.get("f:data") or ()}
    gone = sorted(there - {".", ""} - set(manifest.get("data") or ()))
    held = list(templates)
    kept = [key for key in gone if any(_is_of_the_past(key, one) for one in held)]
    if not kept:
        return manifest
    metadata = manifest["metadata"]
    annotations = {**(metadata.get("annotations") or {}), labels.KEPT_KEYS: ",".join(kept)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def is_foreseen(service: Manifest, templates: Iterable[Held]) -> bool:
    """Whether a Service asks for ports that held templates have and live ones lack: with it, the
    pods as they are would get no traffic."""
    asked = {it.get("targetPort", it["port"]) for it in service["spec"].get("ports") or ()}
    return any(asked & (_ports(one.rendered) - _ports(one.live)) for one in templates)


def reads_ahead(files: Iterable[str], templates: Iterable[Held]) -> bool:
    """Whether files name folders that only held templates mount: to the pods as they are, what
    the files lead to is not there."""
    texts = list(files)
    for one in templates:
        there = _mounts(one.live)
        for path in _mounts(one.rendered):
            is_new = not any(f"{known}/".startswith(f"{path}/") for known in there)
            if is_new and any(f"{path}/" in text for text in texts):
                return True
    return False


def is_incomplete(manifest: Mapping[str, Any]) -> bool:
    """Whether something of the live object has to be put in before the manifest is sent."""
    if manifest["kind"] in _WORKLOADS:
        return "template" not in manifest["spec"]
    return labels.KEPT_KEYS in (manifest["metadata"].get("annotations") or {})


def completed(manifest: Manifest, live: Manifest) -> Manifest:
    """The manifest with what it keeps of the live object: what is ours of the pod template, or
    the marked keys. Both are refused by the API server if the object has changed meanwhile."""
    version = {"resourceVersion": live["metadata"]["resourceVersion"]}
    whole = {**manifest, "metadata": {**manifest["metadata"], **version}}
    if manifest["kind"] in _WORKLOADS:
        template = owned(live, ("f:spec", "f:template"))
        return {**whole, "spec": {**manifest["spec"], "template": template}}
    keys = manifest["metadata"]["annotations"][labels.KEPT_KEYS].split(",")
    data = live.get("data") or {}
    kept = {key: data[key] for key in keys if key in data}
    return {**whole, "data": {**kept, **(manifest.get("data") or {})}}


def _is_of_the_past(name: str, held: Held) -> bool:
    return _is_named(name, held.live) and not _is_named(name, held.rendered)


def _is_named(name: str, template: Mapping[str, Any]) -> bool:
    return any(text == name or f"/{name}" in text for text in _texts(template))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _ports(template: Mapping[str, Any]) -> set[Any]:
    listed = list(_listed(template, "ports"))
    return {name for port in listed for name in (port.get("name"), port["containerPort"]) if name}


def _mounts(template: Mapping[str, Any]) -> set[str]:
    return {str(mount["mountPath"]).rstrip("/") for mount in _listed(template, "volumeMounts")}


def _listed(template: Mapping[str, Any], field: str) -> Iterator[Mapping[str, Any]]:
    for container in (template.get("spec") or {}).get("containers") or ():
        yield from container.get(field) or ()
