"""VMAlertmanager: replicas of Alertmanager that know of each other."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from vmoperator.api.auth import ConfigMapKeySelector
from vmoperator.api.component import Budgeted, Component, Stateful, VerticallyScaled
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import Rule
from vmoperator.api.parent import Parent, ParentSpec
from vmoperator.api.pod import SLEEP, sleep_rule
from vmoperator.api.reloading import Reloaded
from vmoperator.api.scalars import Count, GoDuration, Open
from vmoperator.api.scrape import ArbitraryFSAccess
from vmoperator.api.unsupported import MARK
from vmoperator.api.vmalertmanager_web import GossipConfig, TracingConfig, WebConfig

NO_RELOAD_KEY = "Alertmanager knows no key for reloads; webConfig.basic_auth_users protects it"


class VMAlertmanagerSpec(ParentSpec, Component, Budgeted, VerticallyScaled, Stateful, Reloaded):
    """What the Alertmanagers are to be."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.disableNamespaceMatcher) || !self.disableNamespaceMatcher"
            " || !has(self.enforcedNamespaceLabel) || self.enforcedNamespaceLabel == ''",
            "disableNamespaceMatcher and enforcedNamespaceLabel exclude each other",
            ".enforcedNamespaceLabel",
            reason="FieldValueForbidden",
        ),
        sleep_rule(120),
    )
    lifted: ClassVar[tuple[Rule, ...]] = (SLEEP,)

    termination_grace_period_seconds: Count | None = None
    """Seconds between SIGTERM and SIGKILL; 120 when unset."""
    config_secret: str | None = None
    """Secret whose key alertmanager.yaml is the configuration; wins over configRawYaml."""
    config_raw_yaml: str | None = None
    """The configuration itself; with neither, every alert is taken and nobody is notified."""
    templates: list[ConfigMapKeySelector] | None = None
    """ConfigMaps with templates of notifications; each lies at /etc/vm/templates/NAME/KEY and is
    added to the configuration."""
    tracing_config: TracingConfig | None = None
    """Where Alertmanager sends traces of its own work; added to the configuration."""

    log_level: (
        Literal["debug", "info", "warn", "error", "DEBUG", "INFO", "WARN", "ERROR"] | None
    ) = None
    """Smallest level that is logged (--log.level)."""
    log_format: Literal["logfmt", "json"] | None = None
    """Format of the log (--log.format)."""
    retention: GoDuration | None = None
    """How long silences and past notifications are kept (--data.retention); 120h when unset."""
    external_url: str | None = Field(default=None, alias="externalURL")
    """Address under which people reach Alertmanager, for links in notifications
    (--web.external-url)."""
    route_prefix: str | None = None
    """What stands before every path (--web.route-prefix); / when unset."""
    listen_local: bool | None = None
    """Whether Alertmanager listens at the loopback address alone, behind a container of yours that
    offers the port portName. A change of the configuration then replaces the pods one by one
    instead of reloading, for the operator cannot reach them."""
    port_name: Annotated[str, Field(max_length=15)] | None = None
    """Name of the HTTP port in the pods; web when unset."""
    web_config: WebConfig | None = None
    """TLS, users and headers of the web server (--web.config.file)."""

    cluster_domain_name: str | None = None
    """DNS suffix of the Kubernetes cluster, for the address of the other replicas."""
    additional_peers: list[str] | None = None
    """Further Alertmanagers to gossip with, each as host:port (--cluster.peer)."""
    cluster_advertise_address: str | None = None
    """Address as host:port that is told to the others (--cluster.advertise-address)."""
    gossip_config: GossipConfig | None = None
    """TLS between the replicas (--cluster.tls-config)."""
    config_reload_auth_key_secret: SecretKeySelector | None = Field(
        default=None, json_schema_extra={MARK: NO_RELOAD_KEY}
    )
    """Taken for the sake of older manifests; has no effect."""

    select_all_by_default: bool | None = None
    """Whether unset selectors select everything."""
    config_selector: Open | None = None
    """Labels of the VMAlertmanagerConfigs, and AlertmanagerConfigs of monitoring.coreos.com, to
    use."""
    config_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMAlertmanagerConfigs are used."""
    disable_namespace_matcher: bool | None = None
    """Whether routes of a VMAlertmanagerConfig also take alerts of other namespaces."""
    enforced_namespace_label: str | None = None
    """Label that tells the namespace of an alert; namespace when unset."""
    disable_route_continue_enforce: bool | None = None
    """Whether the top route of a VMAlertmanagerConfig may end the search for routes."""
    enforced_top_route_matchers: list[str] | None = None
    """Matchers that are added to the top route of every VMAlertmanagerConfig."""
    arbitrary_fs_access_through_sms: ArbitraryFSAccess | None = Field(
        default=None, alias="arbitraryFSAccessThroughSMs"
    )
    """Whether VMAlertmanagerConfigs may name files of the container."""


class VMAlertmanager(Parent):
    """Replicas of Alertmanager, which gossip silences and notifications among each other."""

    kind: Literal["VMAlertmanager"]
    spec: VMAlertmanagerSpec
    """What the Alertmanagers are to be."""
