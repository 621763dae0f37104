"""The Service alertmanager-operated: all Alertmanagers of a namespace under one name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.parent import Parent
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import engine

NAME = "alertmanager-operated"
MESH_PORT = 9094
_WEB_PORT = 9093
_PORT_NAME = "web"


def operated_service(
    parent: VMAlertmanager, settings: Settings, around: Around, *, app: str
) -> Manifest:
    """The headless Service over the pods of every VMAlertmanager of the namespace.

    Each of them renders the same, and owns it without controlling it, so it goes with the last.
    Only pods that serve are listed, for notifiers find them by it; replicas find each other by
    the Service of their own.
    """
    together = _together(parent, around)
    owners = [_owner(one) for one in together]
    names = {_port_name(one) for one in together}
    return engine.manifest(
        "service",
        metadata={
            "name": NAME,
            "namespace": parent.metadata.namespace,
            "labels": {**settings.common_labels, labels.MANAGED_BY: labels.MANAGER},
            "annotations": dict(settings.common_annotations) or None,
            "ownerReferences": owners,
        },
        spec={
            "type": "ClusterIP",
            "clusterIP": "None",
            "selector": {labels.NAME: app, labels.MANAGED_BY: labels.MANAGER},
            "ports": list(_ports(names.pop() if len(names) == 1 else _PORT_NAME)),
        },
    )


def _together(parent: VMAlertmanager, around: Around) -> list[VMAlertmanager]:
    others = around.neighbours(parent.kind, parent.metadata.namespace)
    live = {it.metadata.name: it for it in others if isinstance(it, VMAlertmanager)}
    every = {**live, parent.metadata.name: parent}
    return [every[name] for name in sorted(every) if _is_staying(every[name])]


def _is_staying(parent: Parent) -> bool:
    # The garbage collector takes such an owner out; written again, the two would never end.
    return parent.metadata.deletion_timestamp is None


def _owner(parent: Parent) -> dict[str, Any]:
    return {
        "apiVersion": parent.api_version,
        "kind": parent.kind,
        "name": parent.metadata.name,
        "uid": parent.metadata.uid,
    }


def _port_name(parent: VMAlertmanager) -> str:
    return parent.spec.port_name or _PORT_NAME


def _ports(web: str) -> Iterator[dict[str, Any]]:
    yield {"name": "web", "port": _WEB_PORT, "targetPort": web, "protocol": "TCP"}
    for name, protocol in (("tcp-mesh", "TCP"), ("udp-mesh", "UDP")):
        yield {"name": name, "port": MESH_PORT, "targetPort": MESH_PORT, "protocol": protocol}
