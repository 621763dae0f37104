"""Services of a workload: the main one, and the one that the user's serviceSpec adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmoperator.api.embedded import ServiceSpec
from vmoperator.api.storage import EmbeddedObjectMetadata
from vmoperator.base import labels, names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.shapes import objects
from vmoperator.render.workload import Port, Workload

_HEADLESS = "None"


def services(workload: Workload) -> list[Manifest]:
    """The Services of a workload, the main one first; none for one that shares another's."""
    if workload.shares_service:
        return []
    given = workload.service
    replaces = given is None or given.use_as_default
    main = (given if replaces else None) or ServiceSpec()
    first = _internal(workload) if workload.pods_service else _main(workload, main)
    return [first, *([] if given is None or replaces else [_additional(workload, given)])]


def lists_pods(workload: Workload, service: Manifest) -> bool:
    """True if a Service selects just the pods of the workload, or those of all its shards."""
    spec = service["spec"]
    wanted = (workload.selector, workload.service_selector)
    return spec.get("selector") in wanted and spec["type"] != "ExternalName"


def _main(workload: Workload, given: ServiceSpec) -> Manifest:
    spec, field = given.spec or {}, f"{workload.field}.serviceSpec.spec"
    if workload.is_headless:
        _refuse_another_type(spec, field=field)
    own = {
        "type": "ClusterIP",
        "clusterIP": _HEADLESS if workload.is_headless else None,
        "publishNotReadyAddresses": True if workload.publishes_not_ready else None,
    }
    users = objects(spec.get("ports"), field=f"{field}.ports", keys=("name",))
    ports = with_missing(users, _ports(workload))
    made = workload.scope.metadata(workload.app, workload.service_name, extra=given.metadata)
    return engine.manifest(
        "service",
        metadata={**made, "labels": {**made["labels"], **workload.service_labels}},
        spec={**own, **spec, "selector": workload.service_selector, "ports": ports},
    )


def _internal(workload: Workload) -> Manifest:
    """The Service over the pods of a workload whose main one leads to a load balancer."""
    made = workload.scope.metadata(workload.app, workload.pods_service)
    return engine.manifest(
        "service",
        metadata={**made, "labels": {**made["labels"], labels.PROXY_JOB: workload.service_name}},
        spec={
            "type": "ClusterIP",
            "clusterIP": _HEADLESS,
            "selector": workload.service_selector,
            "ports": _ports(workload),
        },
    )


def _additional(workload: Workload, given: ServiceSpec) -> Manifest:
    metadata = given.metadata or EmbeddedObjectMetadata()
    name = metadata.name or names.additional_service(workload.service_name)
    if name == workload.service_name:
        field = f"{workload.field}.serviceSpec.metadata.name"
        message = f"{name} is the main Service; choose another name, or set useAsDefault"
        raise SpecInvalid(field, message)
    own = {"type": "ClusterIP", "selector": workload.service_selector, "ports": _ports(workload)}
    made = workload.scope.metadata(workload.app, name, extra=metadata)
    mark = {labels.ADDITIONAL_SERVICE: "managed"}
    return engine.manifest(
        "service",
        metadata={**made, "labels": {**made["labels"], **mark}},
        spec={**own, **(given.spec or {})},
    )


def _ports(workload: Workload) -> list[dict[str, Any]]:
    _refuse_one_number_twice(workload)
    return [
        {
            "name": port.name,
            "port": port.number,
            "targetPort": _target(port, workload),
            "protocol": port.protocol,
        }
        for port in (workload.http, *workload.ports)
    ]


def _target(port: Port, workload: Workload) -> int | str:
    if workload.listens_locally and port == workload.http:
        return port.container_name
    return port.number if port.target is None else port.target


def with_missing(
    given: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The user's ports, and ours of other names: clients and stages rely on those."""
    named = {port.get("name") for port in given}
    return [*given, *(port for port in own if port["name"] not in named)]


def _refuse_another_type(spec: Mapping[str, Any], *, field: str) -> None:
    # Peers resolve single pods through this Service, which needs a headless one.
    if spec.get("type", "ClusterIP") != "ClusterIP":
        message = f"the main Service stays headless; without useAsDefault a {spec['type']} is added"
        raise SpecInvalid(f"{field}.type", message)
    if spec.get("clusterIP", _HEADLESS) != _HEADLESS:
        raise SpecInvalid(f"{field}.clusterIP", f"the main Service stays headless ({_HEADLESS})")


def _refuse_one_number_twice(workload: Workload) -> None:
    seen: dict[tuple[int, str], str] = {}
    for port in (workload.http, *workload.ports):
        other = seen.setdefault((port.number, port.protocol), port.name)
        if other != port.name:
            message = f"the ports {other} and {port.name} are both {port.number}/{port.protocol}"
            raise SpecInvalid(workload.field, f"{message}: choose another number for one of them")
