"""Parts that several components share: images, services, budgets, scaling, licence, retention."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.scalars import Count, Interval, IntOrString, Open, Port, Quantities, Share
from vmoperator.api.storage import EmbeddedObjectMetadata


class Image(SpecModel):
    """Image of a container."""

    repository: str | None = None
    """Repository, with its registry if it is not the default one."""
    tag: str | None = None
    """Tag or digest; wins over componentVersion and clusterVersion."""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When to pull the image; IfNotPresent when unset."""


class Resources(SpecModel):
    # A core type (ResourceRequirements), spelled out so that quantities are checked at the door.
    limits: Quantities | None = None
    requests: Quantities | None = None
    claims: list[Open] | None = None


class SecretKeySelector(SpecModel):
    """One key of a Secret in the namespace of the parent."""

    name: str | None = None
    """Name of the Secret."""
    key: str
    """Key in it."""
    optional: bool | None = None
    """Whether the Secret or its key may be missing."""


class ManagedMetadata(SpecModel):
    """Labels and annotations of every object that the operator makes for the parent."""

    labels: dict[str, str] | None = None
    """Labels to add; the operator's own labels win."""
    annotations: dict[str, str] | None = None
    """Annotations to add."""


class ServiceSpec(SpecModel):
    """A Service of the user's own form, beside the main one or in its place."""

    use_as_default: bool | None = None
    """Whether this replaces the main Service instead of standing beside it."""
    metadata: EmbeddedObjectMetadata | None = None
    """Name (by default with the ending -additional-service), labels and annotations."""
    spec: Open | None = None
    """Specification of the Service; ports, selector and type are those of the main Service
    when unset."""


class DisruptionBudget(SpecModel):
    """PodDisruptionBudget of a component."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.minAvailable) || !has(self.maxUnavailable)",
            "minAvailable and maxUnavailable exclude each other",
            reason="FieldValueForbidden",
        ),
    )

    min_available: IntOrString | None = None
    """Number or share of pods that an eviction must leave running."""
    max_unavailable: IntOrString | None = None
    """Number or share of pods that may be gone at once."""
    selector_labels: dict[str, str] | None = None
    """Labels of the pods that the budget covers; by default those of the component."""
    unhealthy_pod_eviction_policy: Literal["IfHealthyBudget", "AlwaysAllow"] | None = None
    """Whether pods that are not ready may always be evicted."""


class HorizontalScaling(SpecModel):
    """HorizontalPodAutoscaler of a component."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.maxReplicas) && self.maxReplicas > 0",
            "is required: the largest number of pods",
            ".maxReplicas",
            reason="FieldValueRequired",
        ),
        Rule(
            "!has(self.minReplicas) || !has(self.maxReplicas)"
            " || self.minReplicas <= self.maxReplicas",
            "must not be larger than maxReplicas",
            ".minReplicas",
        ),
    )

    min_replicas: Count | None = None
    """Smallest number of pods."""
    max_replicas: Count | None = None
    """Largest number of pods."""
    metrics: list[Open] | None = None
    """Metrics that decide about the number of pods."""
    behaviour: Open | None = None
    """How fast it scales up and down."""


class VerticalScaling(SpecModel):
    """VerticalPodAutoscaler of a component."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.updatePolicy)",
            "is required: updatePolicy.updateMode says how recommendations are applied",
            ".updatePolicy",
            reason="FieldValueRequired",
        ),
        Rule(
            "has(self.resourcePolicy)",
            "is required: resourcePolicy.containerPolicies names the containers",
            ".resourcePolicy",
            reason="FieldValueRequired",
        ),
    )

    update_policy: Open | None = None
    """How recommendations are applied."""
    resource_policy: Open | None = None
    """Bounds of the recommendations for each container."""
    recommenders: list[Open] | None = None
    """Recommenders to ask."""


class NetworkPolicy(SpecModel):
    """NetworkPolicy of a component's pods."""

    ingress: list[Open] | None = None
    """Who may connect to the pods."""
    egress: list[Open] | None = None
    """What the pods may connect to."""


class RollingBehavior(SpecModel):
    """How the operator replaces the pods of a StatefulSet."""

    max_unavailable: Share | None = None
    """Number or share of pods that a rollout takes away at once; 1 when unset."""


class RollingUpdate(SpecModel):
    """How a Deployment replaces its pods."""

    max_unavailable: IntOrString | None = None
    """Number or share of pods that may be missing during a rollout; none when unset."""
    max_surge: IntOrString | None = None
    """Number or share of pods that a rollout may add; 1 when unset."""


class InsertPorts(SpecModel):
    """Extra ports for other protocols of writing."""

    graphite_port: Port | None = None
    """Port of the Graphite plaintext protocol, TCP and UDP (-graphiteListenAddr)."""
    influx_port: Port | None = None
    """Port of the InfluxDB line protocol, TCP and UDP (-influxListenAddr)."""
    open_tsdb_port: Port | None = Field(default=None, alias="openTSDBPort")
    """Port of OpenTSDB's telnet protocol, TCP and UDP (-opentsdbListenAddr)."""
    open_tsdb_http_port: Port | None = Field(default=None, alias="openTSDBHTTPPort")
    """Port of OpenTSDB's HTTP protocol (-opentsdbHTTPListenAddr)."""


class License(SpecModel):
    """Licence of the enterprise version."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.key) || !has(self.keyRef)",
            "key and keyRef exclude each other",
            reason="FieldValueForbidden",
        ),
        Rule(
            "!has(self.reloadInterval) || has(self.keyRef)",
            "needs keyRef: a key in the specification is not read again",
            ".reloadInterval",
        ),
    )

    key: str | None = None
    """The key itself (-license); a Secret, named by keyRef, is the safer place."""
    key_ref: SecretKeySelector | None = None
    """Secret that holds the key (-licenseFile)."""
    force_offline: bool | None = None
    """Whether the key is checked without the network (-license.forceOffline)."""
    reload_interval: str | None = None
    """How often the file of the key is read again (-licenseFile.reloadInterval)."""


class DownsamplingPeriod(SpecModel):
    """One step of downsampling."""

    offset: str
    """Age from which samples are thinned out, such as 30d."""
    interval: str
    """Interval of which one sample is kept, such as 5m."""


class DownsamplingRule(SpecModel):
    """Steps of downsampling for the series that a filter selects."""

    filter: str | None = None
    """Series selector; all series when unset."""
    periods: list[DownsamplingPeriod] | None = None
    """Steps, each with an age and an interval."""


class Downsampling(SpecModel):
    """Thinning out of old samples; needs a licence."""

    rules: list[DownsamplingRule] | None = None
    """What is thinned out (-downsampling.period)."""
    dedup_interval: str | None = None
    """Interval of which one sample is kept, whatever its age (-dedup.minScrapeInterval)."""


class RetentionFilter(SpecModel):
    """Retention of the series that a filter selects."""

    filter: str
    """Series selector."""
    retention: str
    """How long their samples are kept."""


class Discovery(SpecModel):
    """Discovery of storage nodes by DNS SRV records; needs a licence."""

    enabled: bool | None = None
    """Whether storage nodes are discovered instead of listed."""
    interval: Interval | None = None
    """How often the records are read (-storageNode.discoveryInterval)."""
    filter: str | None = None
    """Regular expression that addresses must match (-storageNode.filter)."""
