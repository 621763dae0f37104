"""Label and annotation keys, selectors, and owner references: the only place that spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base.resource import GROUP

MANAGER = "vm-operator"
"""Field manager of server-side apply and value of the label managed-by."""
STATUS_MANAGER = "vm-operator-status"
"""Field manager of everything below /status of the parents."""

MANAGED_BY = "managed-by"
NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"

ADDITIONAL_SERVICE = f"{GROUP}/additional-service"
"""Marks the extra Service of a serviceSpec, so that scrapes need not take its pods twice."""

HASH = f"{GROUP}/rendered-hash"
"""Annotation of every child: hash of the manifest as it was sent."""

CONTENT_HASH = f"{GROUP}/content-hash"
"""Annotation of a Secret with generated configuration: hash of its data, which may be large."""

OWNER = f"{GROUP}/owner"
"""Annotation KIND/NAMESPACE/NAME/UID of a child that can have no owner reference, because it
lives in no namespace."""
LEFT_BY = f"{GROUP}/left-by"
"""Annotation of a pod, not of its template: uid of the parent whose StatefulSet was made anew
around it. In between it has no owner, and nobody but us would take it if the parent went."""
CONFIG_HASH = f"{GROUP}/config-hash"
"""Annotation of a pod, not of its template: hash of the configuration it was told to load."""
STARTED_WITH = f"{GROUP}/started-with"
"""Annotation of a pod template: hash of the configuration that is read only when a pod starts."""
PROXY = f"{GROUP}/vmauthlb-proxy-name"
"""Label of a Service that leads to a cluster's load balancer: for whose clients it does so."""
PROXY_JOB = f"{GROUP}/vmauthlb-proxy-job-name"
"""Label of the Service over pods behind a cluster's load balancer: the Service that clients know,
after which the jobs that scrape those pods are named."""
DEDUPLICATE_RULES = f"{GROUP}/vmalert-deduplicate-rules"
"""Annotation of a VMAlert: equal rules of a group count once instead of being refused."""
ASKED_AGAIN = f"{GROUP}/asked-again"
"""Annotation of a workload: when its controller was last asked to try again at once."""
ROLLOUT = f"{GROUP}/rollout"
"""Annotation of a parent, written by its users: another value than that of the last rollout sends
out what was held back. A workload keeps the value with which that was asked for."""
INPUTS_HASH = f"{GROUP}/inputs-hash"
"""Annotation of a workload: hash of what its users asked for when its pod template was sent."""
RENDERED_BY = f"{GROUP}/rendered-by"
"""Annotation of a workload: the build of the operator that rendered its pod template."""
TEMPLATE_HASH = f"{GROUP}/template-hash"
"""Annotation of a workload: hash of its pod template as it was rendered."""
HELD_BACK = f"{GROUP}/held-back"
"""Annotation of a workload: the build whose pod template is held back, hashes of that template and
of the fields of the live one that are ours."""
KEPT_KEYS = f"{GROUP}/kept-keys"
"""Annotation of a Secret or ConfigMap: keys that only pods of an earlier build read."""
ALLOW_SCALE_DOWN = f"{GROUP}/allow-scale-down"
"""Annotation of a VMCluster: to this number of pods vmstorage may shrink, at once."""
DRAIN = f"{GROUP}/drain"
"""Annotation of a VMCluster: to this number of pods vmstorage shrinks once the retention of the
samples on the others has passed."""
ALLOW_RETENTION_CUT = f"{GROUP}/allow-retention-cut"
"""Annotation of a VMCluster or VMSingle: a retention as short as this may delete samples."""
ALLOW_STORAGE_CHANGE = f"{GROUP}/allow-storage-change"
"""Annotation of a VMCluster or VMSingle: the data at this place may stay behind."""
ALLOW_STORAGE_CLASS = f"{GROUP}/allow-storage-class"
"""Annotation of a parent: claims to come may be of this StorageClass, unlike those there are."""
SKIP_VALIDATION = f"{GROUP}/skip-validation"
"""Annotation of an object: `true` has webhooks let it pass unjudged, as with the Go operator."""
GROW = f"{GROUP}/pvc-allow-volume-expansion"
"""Annotation of a claim or its template: `false` leaves its size to others, `true` lets it grow
whatever its StorageClass says; as the Go operator has it."""
DRAINING = f"{GROUP}/draining"
"""Annotation of the StatefulSet of vmstorage: which pods take no samples, and since when."""
SHARD = "shard-num"
"""Label of the pods of one shard."""


_OWN_KEYS = frozenset({NAME, INSTANCE, COMPONENT, PART_OF, MANAGED_BY, SHARD})
"""Keys by which objects are selected and told apart."""

FORMER_FINALIZER = "apps.victoriametrics.com/finalizer"
"""Finalizer that the Go operator puts on its parents, and once put on children."""
FORMER_OPERATOR = "another-operator"
"""Value of HASH and RENDERED_BY of a workload whose pod template another operator rendered."""


def is_own(key: str) -> bool:
    """Whether a label or annotation of this key means something to the operator."""
    return key in _OWN_KEYS or key.startswith(f"{GROUP}/")


def selector(app: str, instance: str, *, part_of: str = "") -> dict[str, str]:
    """Selector labels of a component, as the Go operator sets them (they are immutable).

    What it is a part of stands on the objects of a component, and in no selector.
    """
    labels = {NAME: app, INSTANCE: instance, COMPONENT: "monitoring", MANAGED_BY: MANAGER}
    return {**labels, PART_OF: part_of} if part_of else labels


CLUSTER_PROGRAMS = ("vmstorage", "vmselect", "vminsert", "vmclusterlb-vmauth-balancer")
"""Values of NAME for the components of a VMCluster, whose pods carry no PART_OF."""


def controller(*, api_version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    """The controlling owner reference to the object of this identity."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owner_reference(parent: Mapping[str, Any]) -> dict[str, Any]:
    """The controlling owner reference to a live parent, given as its manifest with a uid."""
    metadata = parent["metadata"]
    return controller(
        api_version=parent["apiVersion"],
        kind=parent["kind"],
        name=metadata["name"],
        uid=metadata["uid"],
    )


def owner_mark(owner: Mapping[str, Any], namespace: str) -> str:
    """Value of the annotation OWNER for the object that an owner reference names."""
    return f"{owner['kind']}/{namespace}/{owner['name']}/{owner['uid']}"
