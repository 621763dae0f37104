"""Workload: one program to run, the narrow waist between the kinds and Kubernetes' objects.

A kind's module (vmcluster.py) says what is special; pod.py and objects.py know the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any, Literal

from vmoperator.api.embedded import (
    DisruptionBudget,
    HorizontalScaling,
    License,
    NetworkPolicy,
    RollingBehavior,
    ServiceSpec,
    VerticalScaling,
)
from vmoperator.api.pod import PodFields
from vmoperator.api.storage import ClaimRetentionPolicy, EmbeddedObjectMetadata, StorageSpec
from vmoperator.base import labels, names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Defaults, Settings
from vmoperator.render import flags
from vmoperator.render.config import Config
from vmoperator.render.source import Source

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port that a program listens at, under the same number in pod and Service."""

    name: str
    number: int
    protocol: Literal["TCP", "UDP"] = "TCP"
    container_name: str = ""
    """Name in the pod where it is another than in the Service."""
    target: int | None = None
    """Port of the pod that a port of the Service alone leads to."""


def port_number(text: str, *, field: str) -> int:
    """The port that a field names. Raises SpecInvalid unless it is a number from 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        raise SpecInvalid(field, f"{text!r} is not a port: a number from 1 to {_HIGHEST_PORT}")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The volume in which a program keeps its data, and further claims of its StatefulSet."""

    volume: str
    """Name of the volume unless the user's claim template names another."""
    mount_path: str
    spec: StorageSpec | None
    claims: tuple[Mapping[str, Any], ...] = ()
    retention: ClaimRetentionPolicy | None = None
    field: str = ""
    """Path of the field, where it is not `storage` of the component."""
    is_elsewhere: bool = False
    """Whether a volume of the user's own holds the data, so that there is none of ours."""
    sub_path: str = ""
    """Folder of a claim's volume in which the data lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What all workloads of one parent have in common."""

    name: str
    namespace: str
    owner: Mapping[str, Any]
    part_of: str
    settings: Settings
    service_account: str
    labels: Mapping[str, str] = _field(default_factory=dict)
    """managedMetadata.labels"""
    annotations: Mapping[str, str] = _field(default_factory=dict)
    """managedMetadata.annotations"""
    pull_secrets: tuple[Mapping[str, Any], ...] = ()
    version: str | None = None
    licence: License | None = None
    licence_field: str = "spec.license"
    use_strict_security: bool = False
    is_legacy_named: bool = False
    domain: str = ""

    def named(self, app: str) -> str:
        """Name of the objects of a program."""
        legacy = self.is_legacy_named
        if legacy and not self.part_of:
            return self.name
        return names.component(app, self.name, legacy=legacy)

    def selector(self, app: str) -> dict[str, str]:
        """Labels that tell the pods of a program."""
        return labels.selector(app, self.name)

    def metadata(
        self, app: str, name: str, *, extra: EmbeddedObjectMetadata | None = None
    ) -> dict[str, Any]:
        """Metadata of a child in the parent's namespace; our labels win over the user's."""
        own = extra or EmbeddedObjectMetadata()
        annotations = {**self.annotations, **(own.annotations or {})}
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": {
                **self.labels,
                **(own.labels or {}),
                **labels.selector(app, self.name, part_of=self.part_of),
            },
            "annotations": annotations or None,
            "ownerReferences": [dict(self.owner)],
        }

    def cluster_metadata(self, app: str, name: str) -> dict[str, Any]:
        """Metadata of a child that lives in no namespace, marked with its owner."""
        made = self.metadata(app, name)
        mark = {labels.OWNER: labels.owner_mark(self.owner, self.namespace)}
        annotations = {**(made["annotations"] or {}), **mark}
        return {"name": name, "labels": made["labels"], "annotations": annotations}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One program with everything that decides about its objects."""

    scope: Scope
    kind: Literal["StatefulSet", "Deployment", "DaemonSet"]
    app: str
    field: str
    """Path of the component in the parent, for messages: `spec.vmstorage`."""
    spec: PodFields
    """What the user set for the component and every component knows."""
    defaults: flags.Flags
    """Flags that the operator sets; the user's extraArgs win."""
    appended: Mapping[str, tuple[str, ...]] = _field(default_factory=dict)
    """Values that go behind those of a comma-separated flag, whoever sets it."""
    update: Mapping[str, Any]
    """updateStrategy of the StatefulSet or DaemonSet, or strategy of the Deployment."""
    ports: tuple[Port, ...] = ()
    """Ports besides `http`."""
    version: str | None = None
    pod_metadata: EmbeddedObjectMetadata | None = None
    storage: Storage | None = None
    mounts: tuple[Source, ...] = ()
    """Further volumes of the operator, with or without a mount in the program's container."""
    config: Config | None = None
    beside: tuple[Mapping[str, Any], ...] = ()
    """Containers of the operator that run beside the program."""
    before: tuple[Mapping[str, Any], ...] = ()
    """Init containers of the operator."""
    env: tuple[Mapping[str, Any], ...] = ()
    """Environment variables of the operator."""
    service: ServiceSpec | None = None
    scrape: Mapping[str, Any] | None = None
    """The user's serviceScrapeSpec."""
    service_labels: Mapping[str, str] = _field(default_factory=dict)
    """Further labels of its main Service."""
    pods_service: str = ""
    """Name of the headless Service over its pods where the main one leads to a load balancer."""
    fronts: tuple[Mapping[str, Any], ...] = ()
    """Services of other programs that lead to this one's pods."""
    budget: DisruptionBudget | None = None
    hpa: HorizontalScaling | None = None
    vpa: VerticalScaling | None = None
    scale_target: Mapping[str, str] | None = None
    """What autoscalers change where it is not the workload: apiVersion, kind, name."""
    network_policy: NetworkPolicy | None = None
    rolling: RollingBehavior | None = None
    """How many pods the operator replaces at once."""
    looks_up: tuple[str, ...] = ()
    """Apps whose pods the program looks up by name when it starts."""
    waits: bool = True
    """Whether a change of it waits for the workloads before it."""
    shard: int | None = None
    """Number of the shard, from 0; it takes the place of %SHARD_NUM% wherever that stands."""
    base: str = ""
    """What its objects are named after where it is not the app."""
    shares_service: bool = False
    """A shard but the first: the Services are the first one's."""
    governing: str = ""
    """Service that gives a StatefulSet's pods their names, where it is not its own."""
    container: str = ""
    """Name of the program's container where it is not the app's."""
    dashes: str = "-"
    """What stands before the name of a flag."""
    takes_env_flags: bool = True
    """Whether the program knows -envflag.enable."""
    health_path: str = "/health"
    path_prefix_flag: str = "http.pathPrefix"
    is_tls: bool = False
    """Served over TLS whatever the flags say."""
    http_port_name: str = "http"
    """Name of the HTTP port in the pod; in the Service it is `http`."""
    listens_locally: bool = False
    """Whether that port is one of the user's own container, for the program keeps to loopback."""
    probed_port: int | None = None
    """Port that probes connect to, where the answer to a plain request would be a refusal."""
    fs_group: int | None = None
    """Group that volumes are given to when the user says nothing."""
    is_headless: bool = False
    publishes_not_ready: bool = False
    has_liveness: bool = True
    sleeps_before_stop: bool = True
    """Whether the operator's own preStop sleep applies when the user sets none."""

    @property
    def name(self) -> str:
        """Name of the workload and its budget."""
        return self.service_name if self.shard is None else f"{self.service_name}-{self.shard}"

    @property
    def stage_name(self) -> str:
        """Name in messages."""
        return self.app if self.shard is None else f"{self.app}-{self.shard}"

    @property
    def service_name(self) -> str:
        """Name of its main Service, which it shares with other shards."""
        return self.scope.named(self.base or self.app)

    @property
    def container_name(self) -> str:
        """Name of the program's container."""
        return self.container or self.app

    @property
    def service_selector(self) -> dict[str, str]:
        """Labels that tell the pods of its Services: those of all shards."""
        return self.scope.selector(self.app)

    @property
    def selector(self) -> dict[str, str]:
        """Labels that tell its pods."""
        return {**self.service_selector, **self.shard_label}

    @property
    def shard_label(self) -> dict[str, str]:
        """Label that tells the pods of its shard from those of others; none without shards."""
        return {} if self.shard is None else {labels.SHARD: str(self.shard)}

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata of the workload, and of what belongs to it and to no other shard."""
        made = self.scope.metadata(self.app, self.name)
        return {**made, "labels": {**made["labels"], **self.selector}}

    @property
    def builtin(self) -> Defaults:
        """What the operator takes where the object says nothing."""
        return self.scope.settings.components[self.app]

    @property
    def replicas(self) -> int:
        """Wanted pods; 1 when unset."""
        return 1 if self.spec.replica_count is None else self.spec.replica_count

    @property
    def max_unavailable(self) -> int:
        """Pods that a rollout may take away at once; a share is rounded down, to at least 1."""
        given = (self.rolling and self.rolling.max_unavailable) or 1
        if isinstance(given, int):
            return given
        return max(1, self.replicas * int(given.removesuffix("%")) // 100)

    @property
    def flags(self) -> flags.Flags:
        """All flags: the operator's, under the user's extraArgs."""
        extra = flags.given(self.spec.extra_args, field=f"{self.field}.extraArgs")
        return flags.extended({**self.defaults, **extra}, self.appended)

    @property
    def http(self) -> Port:
        """The port of its HTTP API and health check."""
        text = self.spec.port or self.builtin.port
        number = port_number(text, field=f"{self.field}.port")
        return Port(name="http", number=number, container_name=self.http_port_name)
