"""Objects: a Workload as Kubernetes' kinds, each through the template of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from vmoperator.api.picking import Picked
from vmoperator.base import names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest, digest
from vmoperator.render import engine
from vmoperator.render.companions import companions, numbered
from vmoperator.render.config import Config
from vmoperator.render.plan import Delivery, Plan, Stage
from vmoperator.render.pod import pod_template
from vmoperator.render.probes import path_prefix, scheme
from vmoperator.render.self_scrape import self_scrapes
from vmoperator.render.services import lists_pods, services
from vmoperator.render.volumes import volumes
from vmoperator.render.workload import Scope, Workload

_REVISIONS = 10
_LONGEST_STATEFUL_SET = 52
"""The label controller-revision-hash holds this name and 11 characters more, 63 in all."""


def plan(
    workloads: Sequence[Workload],
    *,
    shared: Sequence[Manifest] = (),
    status: Mapping[str, Any] | None = None,
    picked: Sequence[Picked] = (),
) -> Plan:
    """The plan of these workloads in rollout order; `shared` is applied before everything.

    Raises SpecInvalid for names that Kubernetes cannot take, and for a Service made twice.
    """
    made: dict[str, Workload] = {}
    listing: list[Manifest] = [child for child in shared if child["kind"] == "Service"]
    children, scrapes = list(shared), list[Manifest]()
    for workload in workloads:
        own = services(workload)
        for service in (*own, *workload.fronts):
            _refuse_name_of_another(service["metadata"]["name"], workload, made)
            made[service["metadata"]["name"]] = workload
        listing += own
        children += [*own, *companions(workload)]
        scrapes += [it for main in own[:1] for it in self_scrapes(workload, main)]
    stages = tuple(stage(workload, services=listing) for workload in workloads)
    return Plan(
        shared=tuple(children),
        stages=stages,
        scrapes=tuple(scrapes),
        status=status or {},
        picked=tuple(picked),
    )


def stage(workload: Workload, *, services: Sequence[Manifest]) -> Stage:
    """One workload, behind its Services, as a step of the rollout."""
    listing = (service for service in services if lists_pods(workload, service))
    return Stage(
        name=workload.stage_name,
        app=workload.app,
        shard="" if workload.shard is None else str(workload.shard),
        workload=numbered(_MADE[workload.kind](workload), workload.shard),
        services=tuple(service["metadata"]["name"] for service in listing),
        max_unavailable=workload.max_unavailable,
        looks_up=workload.looks_up,
        waits=workload.waits,
        shards_at_once=workload.scope.settings.shards_at_once,
        first_replicas=_first_replicas(workload),
        config=delivery(workload),
        fronts=tuple(map(dict, workload.fronts)),
        is_paused=bool(workload.spec.paused),
    )


def stateful_set(workload: Workload) -> Manifest:
    """The StatefulSet of a workload, behind the headless Service of the same name."""
    _refuse_long_name(workload)
    disks = volumes(workload)
    retention = workload.storage.retention if workload.storage else None
    return engine.manifest(
        "statefulset",
        metadata=workload.metadata,
        service_name=workload.governing or workload.service_name,
        replicas=_replicas(workload),
        selector=workload.selector,
        update=workload.update,
        revisions=_revisions(workload),
        claim_retention=retention.manifest() if retention else None,
        claims=list(disks.claims) or None,
        pod=pod_template(workload, disks),
        fields=workload.spec,
    )


def deployment(workload: Workload) -> Manifest:
    """The Deployment of a workload."""
    return engine.manifest(
        "deployment",
        metadata=workload.metadata,
        replicas=_replicas(workload),
        selector=workload.selector,
        update=workload.update,
        revisions=_revisions(workload),
        pod=pod_template(workload, volumes(workload)),
        fields=workload.spec,
    )


def daemon_set(workload: Workload) -> Manifest:
    """The DaemonSet of a workload: one pod on each node."""
    return engine.manifest(
        "daemonset",
        metadata=workload.metadata,
        selector=workload.selector,
        update=workload.update,
        revisions=_revisions(workload),
        pod=pod_template(workload, volumes(workload)),
        fields=workload.spec,
    )


_MADE: Mapping[str, Callable[[Workload], Manifest]] = MappingProxyType(
    {"StatefulSet": stateful_set, "Deployment": deployment, "DaemonSet": daemon_set}
)


_SHOWING = ("vmagent", "vmsingle", "vmalert")
"""Programs that show their jobs or rules."""


def delivery(workload: Workload) -> Delivery | None:
    """How the pods of a workload come to load their configuration."""
    config = workload.config
    if config is None or not config.reload_path:
        return None
    key = config.reload_key
    return Delivery(
        secret=config.secret,
        digest=_digest(config),
        size_bytes=_size_bytes(config),
        buckets=frozenset(bucket.secret for bucket in config.buckets),
        markers=_markers(workload, config),
        files=config.files,
        port=workload.http.number,
        scheme=scheme(workload),
        reload_path=f"{path_prefix(workload)}{config.reload_path}",
        program=workload.container_name,
        reload_key=(key.name or "", key.key) if key else None,
    )


def _digest(config: Config) -> str:
    buckets = {bucket.secret: bucket.digest for bucket in config.buckets}
    return digest({"files": dict(config.files), "buckets": buckets} if buckets else config.files)


def _markers(workload: Workload, config: Config) -> frozenset[str] | None:
    if workload.container_name not in _SHOWING:
        return None
    known = [bucket.markers for bucket in config.buckets if bucket.markers is not None]
    return frozenset().union(*known) if len(known) == len(config.buckets) else None


def _size_bytes(config: Config) -> int:
    encoded = sum(len(text) for bucket in config.buckets for text in bucket.data.values())
    return sum(map(len, config.files.values())) + encoded * 3 // 4


def _replicas(workload: Workload) -> int | None:
    return None if _first_replicas(workload) is not None else workload.replicas


def _first_replicas(workload: Workload) -> int | None:
    """With so many pods a workload starts that an autoscaler looks after."""
    if workload.hpa is None or workload.scale_target is not None:
        return None
    return max(workload.replicas, workload.hpa.min_replicas or 0)


def service_account(scope: Scope, app: str) -> Manifest:
    """The ServiceAccount of all pods of a parent."""
    return engine.manifest("serviceaccount", metadata=scope.metadata(app, scope.named(app)))


def _revisions(workload: Workload) -> int:
    given = workload.spec.revision_history_limit_count
    return _REVISIONS if given is None else given


def _refuse_name_of_another(name: str, workload: Workload, made: Mapping[str, Workload]) -> None:
    fronts = (front["metadata"]["name"] for front in workload.fronts)
    is_main = name in (workload.service_name, workload.pods_service, *fronts)
    if name in made:
        field = f"{(made[name] if is_main else workload).field}.serviceSpec.metadata.name"
        raise SpecInvalid(field, f"another component has a Service {name}")
    if not names.is_dns_label(name):
        field = "metadata.name" if is_main else f"{workload.field}.serviceSpec.metadata.name"
        message = f"{name} is no name for a Service: lower-case letters, digits and -, at most 63"
        raise SpecInvalid(field, message)


def _refuse_long_name(workload: Workload) -> None:
    if len(workload.name) > _LONGEST_STATEFUL_SET:
        message = f"{workload.name} is longer than {_LONGEST_STATEFUL_SET} characters"
        raise SpecInvalid("metadata.name", f"{message}, and its pods could not be labelled")
