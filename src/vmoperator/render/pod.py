"""Pod: the template of a workload's pods, from what every component's user may say about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.containers import merged
from vmoperator.render.flags import arguments
from vmoperator.render.images import image
from vmoperator.render.probes import probes
from vmoperator.render.resources import resources
from vmoperator.render.security import container_context, pod_context
from vmoperator.render.volumes import Volumes
from vmoperator.render.workload import Workload

_ACROSS_NODES = {
    "maxSkew": 1,
    "topologyKey": "kubernetes.io/hostname",
    "whenUnsatisfiable": "ScheduleAnyway",
}


def pod_template(workload: Workload, volumes: Volumes) -> Manifest:
    """Template of a workload's pods: labels, annotations and the complete pod spec.

    Raises SpecInvalid for a mount without a volume and a preStop sleep as long as the grace.
    """
    spec, metadata = workload.spec, workload.pod_metadata
    containers = merged(
        [container(workload, volumes), *workload.beside],
        spec.containers or (),
        field=f"{workload.field}.containers",
    )
    init_containers = merged(
        workload.before, spec.init_containers or (), field=f"{workload.field}.initContainers"
    )
    _refuse_unknown_mounts(workload, containers, volumes, key="containers")
    _refuse_unknown_mounts(workload, init_containers, volumes, key="initContainers")
    return engine.manifest(
        "pod",
        labels={**((metadata and metadata.labels) or {}), **workload.selector},
        annotations=(metadata and metadata.annotations) or None,
        containers=containers,
        init_containers=init_containers or None,
        volumes=list(volumes.volumes) or None,
        service_account=workload.scope.service_account,
        automounts_token=False if spec.disable_automount_service_account_token else None,
        pull_secrets=_pull_secrets(workload),
        grace_seconds=_grace_seconds(workload),
        security_context=pod_context(workload),
        host_aliases=spec.host_aliases_underscore or spec.host_aliases,
        dns_policy=spec.dns_policy or ("ClusterFirstWithHostNet" if spec.host_network else None),
        spread=_spread(workload),
        fields=spec,
    )


def container(workload: Workload, volumes: Volumes) -> Manifest:
    """The container of a workload's program, before the user's changes."""
    spec = workload.spec
    wanted = spec.image
    own = () if workload.listens_locally else (workload.http,)
    ports = (*own, *workload.ports)
    has_env = workload.takes_env_flags and bool(spec.extra_envs or spec.extra_envs_from)
    flags = {"envflag.enable": "true" if has_env else None, **workload.flags}
    return engine.manifest(
        "container",
        name=workload.container_name,
        image=image(workload),
        pull_policy=(wanted and wanted.pull_policy) or "IfNotPresent",
        args=arguments(flags, dashes=workload.dashes),
        env=[*workload.env, *(spec.extra_envs or ())] or None,
        env_from=spec.extra_envs_from or None,
        ports=[
            {
                "name": port.container_name or port.name,
                "containerPort": port.number,
                "protocol": port.protocol,
            }
            for port in ports
            if port.target is None
        ],
        resources=resources(workload),
        probes=probes(workload),
        lifecycle=_lifecycle(workload),
        security_context=container_context(workload),
        mounts=list(volumes.mounts) or None,
    )


def _grace_seconds(workload: Workload) -> int:
    given = workload.spec.termination_grace_period_seconds
    return workload.builtin.grace_seconds if given is None else given


def _lifecycle(workload: Workload) -> dict[str, Any] | None:
    """A native sleep before SIGTERM, in which the pod leaves its Services and goes on serving."""
    given, grace = workload.spec.pre_stop_sleep_seconds, _grace_seconds(workload)
    if given and grace <= given:
        message = f"{given} s leave nothing of the {grace} s of terminationGracePeriodSeconds"
        raise SpecInvalid(f"{workload.field}.preStopSleepSeconds", message)
    default = workload.scope.settings.pre_stop_sleep_seconds if workload.sleeps_before_stop else 0
    seconds = min(default, grace // 2) if given is None else given
    return {"preStop": {"sleep": {"seconds": seconds}}} if seconds else None


def _pull_secrets(workload: Workload) -> list[Mapping[str, Any]] | None:
    every = (*workload.scope.pull_secrets, *(workload.spec.image_pull_secrets or ()))
    return list({secret["name"]: secret for secret in every}.values()) or None


def _spread(workload: Workload) -> list[dict[str, Any]] | None:
    """Spread constraints; one without a selector counts the pods of its own component.

    Where the user says nothing about places, pods go to different nodes if there are any.
    """
    selector = {"matchLabels": workload.selector}
    given = workload.spec.topology_spread_constraints
    if given is None and workload.spec.affinity is None and workload.kind != "DaemonSet":
        given = [_ACROSS_NODES]
    return [{"labelSelector": selector, **constraint} for constraint in given or ()] or None


def _refuse_unknown_mounts(
    workload: Workload, containers: Sequence[Mapping[str, Any]], volumes: Volumes, *, key: str
) -> None:
    for container in containers:
        is_own = key == "containers" and container["name"] == workload.container_name
        field = workload.field if is_own else f"{workload.field}.{key}[{container['name']}]"
        for name in _mounted(container):
            if name not in volumes.names:
                known = ", ".join(sorted(volumes.names)) or "none"
                message = f"there is no volume {name!r} to mount; there are: {known}"
                raise SpecInvalid(f"{field}.volumeMounts", message)


def _mounted(container: Mapping[str, Any]) -> Iterable[str]:
    return (mount.get("name", "") for mount in container.get("volumeMounts") or ())
