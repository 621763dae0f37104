"""Fields that every component shares: image, replicas, resources, flags, everything of its pods."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vmoperator.api.embedded import Image, Resources
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.scalars import Count, Labels, ListMap, Open, Port

Named = Annotated[list[Open], ListMap("name")]
"""Core objects that are told apart by their name."""


def sleep_rule(grace_seconds: int) -> Rule:
    """A pod that still sleeps when its grace is over is killed; so long is the grace if unset."""
    return Rule(
        "!has(self.preStopSleepSeconds) || self.preStopSleepSeconds == 0"
        " || self.preStopSleepSeconds < (has(self.terminationGracePeriodSeconds)"
        f" ? self.terminationGracePeriodSeconds : {grace_seconds})",
        f"must be smaller than terminationGracePeriodSeconds ({grace_seconds} if unset)",
        ".preStopSleepSeconds",
    )


SLEEP = sleep_rule(30)


class PodFields(SpecModel):
    """What may be said about the pods of any component."""

    cel: ClassVar[tuple[Rule, ...]] = (SLEEP,)

    replica_count: Count | None = None
    """Number of pods; 1 when unset."""
    image: Image | None = None
    """Image of the main container."""
    resources: Resources | None = None
    """Requests and limits of the main container; a cpu or memory that is named nowhere gets the
    operator's default."""
    use_default_resources: bool | None = None
    """Whether the operator adds its default requests and limits; true when unset."""
    port: Port | None = None
    """HTTP port (-httpListenAddr)."""
    extra_args: dict[str, str] | None = None
    """Flags by name without dashes; they win over the operator's own."""
    extra_envs: list[Open] | None = None
    """Environment variables of the main container (adds -envflag.enable)."""
    extra_envs_from: list[Open] | None = None
    """Secrets and ConfigMaps whose keys become environment variables (adds -envflag.enable)."""

    containers: Named | None = None
    """Containers: one with the name of an operator's own is merged into it, others run beside."""
    init_containers: Named | None = None
    """Containers that run before the main one, merged by name like containers."""
    volumes: Named | None = None
    """Volumes to add to the pods."""
    volume_mounts: Annotated[list[Open], ListMap("mountPath")] | None = None
    """Mounts to add to the main container."""
    secrets: list[str] | None = None
    """Secrets to mount at /etc/vm/secrets/NAME."""
    config_maps: list[str] | None = None
    """ConfigMaps to mount at /etc/vm/configs/NAME."""

    liveness_probe: Open | None = None
    """Liveness probe; what it leaves out is filled in by the operator."""
    readiness_probe: Open | None = None
    """Readiness probe; what it leaves out is filled in by the operator."""
    startup_probe: Open | None = None
    """Startup probe; what it leaves out is filled in by the operator."""
    termination_grace_period_seconds: Count | None = None
    """Seconds between SIGTERM and SIGKILL; 30 when unset."""
    pre_stop_sleep_seconds: Count | None = None
    """Seconds that a pod keeps serving after it left its Services; 0 for none."""
    min_ready_seconds: Count | None = None
    """Seconds that a pod must be ready before it counts as available."""
    revision_history_limit_count: Count | None = None
    """Number of old revisions to keep; 10 when unset."""
    readiness_gates: list[Open] | None = None
    """Conditions of the pod that must hold before it counts as ready."""

    affinity: Open | None = None
    """Rules for the nodes that pods are put on, and for pods that they stay near to or away
    from."""
    tolerations: list[Open] | None = None
    """Taints of nodes that the pods put up with."""
    node_selector: Labels | None = None
    """Labels of the nodes that pods may run on."""
    topology_spread_constraints: list[Open] | None = None
    """How pods spread over nodes and zones; the selector of the component is filled in."""
    scheduler_name: str | None = None
    """Scheduler of the pods."""
    priority_class_name: str | None = None
    """Priority class of the pods."""
    runtime_class_name: str | None = None
    """Container runtime of the pods."""

    host_network: bool | None = None
    """Whether the pods use the network of their node."""
    host_aliases: list[Open] | None = None
    """Entries for /etc/hosts of the pods."""
    host_aliases_underscore: list[Open] | None = Field(default=None, alias="host_aliases")
    """Older spelling of hostAliases; wins over it."""
    dns_policy: Literal["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"] | None = None
    """How the pods resolve names; ClusterFirst when unset."""
    dns_config: Open | None = None
    """Name servers, search list and options of the pods' resolver."""
    enable_service_links: bool | None = None
    """Whether Services appear as environment variables."""

    security_context: Open | None = None
    """Security context of the pod; privileged, capabilities, readOnlyRootFilesystem,
    allowPrivilegeEscalation and procMount go to its containers."""
    use_strict_security: bool | None = None
    """Whether pods run without root, capabilities and a writable root file system."""
    disable_automount_service_account_token: bool | None = None
    """Whether the token of the service account is kept out of the pods."""
    image_pull_secrets: Named | None = None
    """Secrets for pulling the images."""

    paused: bool | None = None
    """Whether the operator leaves this part alone."""
    disable_self_service_scrape: bool | None = None
    """Whether the operator makes no VMServiceScrape of the component's own metrics; as the
    operator's VM_DISABLESELFSERVICESCRAPECREATION says when unset."""
