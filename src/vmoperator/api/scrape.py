"""Scraping, as VMAgent and VMSingle have it in common."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field

from vmoperator.api.auth import Authorization, BasicAuth, OAuth2, TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.relabeling import RelabelConfig
from vmoperator.api.scalars import Checked, Count, Labels, Open

_PERIOD = r"([0-9]+(\.[0-9]+)?(ms|[smhdwy]))+"

Period: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    Checked(
        lambda value: re.fullmatch(_PERIOD, value) is not None,
        f"self.matches(r'^({_PERIOD})$')",
        'must be a time such as "30s" or "1m30s"',
    ),
]
"""A length of time, as VictoriaMetrics' configuration files have it."""


class APIServerConfig(SpecModel):
    """The API server that targets are discovered from, where it is not that of the pod."""

    host: str = Field(min_length=1)
    """Address of the API server."""
    basic_auth: BasicAuth | None = None
    """User name and password."""
    bearer_token: str | None = None
    """A token; a file is the safer place."""
    bearer_token_file: str | None = None
    """A token as a file in the container."""
    tls_config: TLSConfig | None = None
    """How the API server's certificate is checked, and the certificate to show it."""
    authorization: Authorization | None = None
    """The header Authorization."""


class AttachMetadata(SpecModel):
    """Labels of other objects that targets get."""

    node: bool | None = None
    """Whether targets get the labels of their node."""
    namespace: bool | None = None
    """Whether targets get the labels of their namespace."""


class ScrapeClass(SpecModel):
    """Credentials and relabelling that scrape objects share by naming it."""

    name: str = Field(min_length=1)
    """Name of the class."""
    default: bool | None = None
    """Whether objects that name no class get this one."""
    oauth2: OAuth2 | None = None
    """OAuth 2.0 at the targets."""
    tls_config: TLSConfig | None = None
    """TLS at the targets."""
    bearer_token_file: str | None = None
    """A token for the targets as a file in the container."""
    bearer_token_secret: SecretKeySelector | None = None
    """A token for the targets."""
    basic_auth: BasicAuth | None = None
    """User name and password for the targets."""
    authorization: Authorization | None = None
    """The header Authorization for the targets."""
    metric_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the scraped series."""
    relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the targets."""
    attach_metadata: AttachMetadata | None = None
    """Labels of other objects that targets get."""


class ArbitraryFSAccess(SpecModel):
    """Whether scrape objects may name files of the container."""

    deny: bool | None = None
    """Whether objects that name files are refused."""


class ScrapeFields(SpecModel):
    """What is scraped, and how."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.externalLabelName) || !has(self.vmAgentExternalLabelName)"
            " || self.externalLabelName == self.vmAgentExternalLabelName",
            "is the newer name of vmAgentExternalLabelName; set just this one",
            ".externalLabelName",
        ),
    )

    ingest_only_mode: bool | None = None
    """Whether nothing is scraped at all (then there is no -promscrape.config)."""
    scrape_interval: Period | None = None
    """Time between two scrapes of a target; 30s when unset."""
    scrape_timeout: Period | None = None
    """Longest time that a scrape may take."""
    sample_limit: Count | None = None
    """Largest number of samples of one scrape; a larger one is dropped. 0 for no limit."""
    global_scrape_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of all targets."""
    global_scrape_metric_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of all scraped series."""
    external_labels: Labels | None = None
    """Labels that all scraped series get unless they have them."""
    external_label_name: str | None = None
    """Label that says NAMESPACE/NAME of this object on all scraped series; prometheus when unset,
    none when empty."""
    vm_agent_external_label_name: str | None = None
    """Older name of externalLabelName."""
    inline_scrape_config: str | None = None
    """Jobs of scraping as YAML: a list as below scrape_configs in the file of Prometheus."""
    additional_scrape_configs: SecretKeySelector | None = None
    """Key of a Secret with jobs of scraping, in the same form."""

    select_all_by_default: bool | None = None
    """Whether selectors that are unset select everything."""
    service_scrape_selector: Open | None = None
    """Labels of the VMServiceScrapes to use."""
    service_scrape_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMServiceScrapes are used."""
    service_monitor_selector: Open | None = None
    """Labels of the ServiceMonitors (monitoring.coreos.com) to use."""
    service_monitor_namespace_selector: Open | None = None
    """Labels of the namespaces whose ServiceMonitors are used."""
    service_scrape_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMServiceScrapes and ServiceMonitors."""
    pod_scrape_selector: Open | None = None
    """Labels of the VMPodScrapes to use."""
    pod_scrape_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMPodScrapes are used."""
    pod_monitor_selector: Open | None = None
    """Labels of the PodMonitors (monitoring.coreos.com) to use."""
    pod_monitor_namespace_selector: Open | None = None
    """Labels of the namespaces whose PodMonitors are used."""
    pod_scrape_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMPodScrapes and PodMonitors."""
    probe_selector: Open | None = None
    """Labels of the VMProbes, and of the Probes of monitoring.coreos.com, to use."""
    probe_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMProbes and Probes are used."""
    probe_scrape_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMProbes and Probes."""
    node_scrape_selector: Open | None = None
    """Labels of the VMNodeScrapes to use."""
    node_scrape_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMNodeScrapes are used."""
    node_scrape_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMNodeScrapes."""
    static_scrape_selector: Open | None = None
    """Labels of the VMStaticScrapes to use."""
    static_scrape_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMStaticScrapes are used."""
    static_scrape_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMStaticScrapes."""
    scrape_config_selector: Open | None = None
    """Labels of the VMScrapeConfigs, and of the ScrapeConfigs of monitoring.coreos.com, to use."""
    scrape_config_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMScrapeConfigs and ScrapeConfigs are used."""
    scrape_config_relabel_template: list[RelabelConfig] | None = None
    """Relabelling of all targets of VMScrapeConfigs and ScrapeConfigs."""
    min_scrape_interval: str | None = None
    """Shortest interval that a scrape object may ask for; a shorter one is raised to it."""
    max_scrape_interval: str | None = None
    """Longest interval that a scrape object may ask for; a longer one is cut to it."""
    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    scrape_classes: list[ScrapeClass] | None = Field(
        default=None,
        max_length=64,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    )
    """Credentials and relabelling that scrape objects share by naming them."""
    api_server_config: APIServerConfig | None = None
    """The API server that the targets of scrape objects are discovered from."""
    enable_kubernetes_api_selectors: bool | None = Field(
        default=None, alias="enableKubernetesAPISelectors"
    )
    """Whether the API server rather than the program picks the targets of scrape objects."""
    override_honor_labels: bool | None = None
    """Whether scrape objects may not let labels of a target win."""
    override_honor_timestamps: bool | None = None
    """Whether scrape objects may not let timestamps of a target count."""
    ignore_namespace_selectors: bool | None = None
    """Whether scrape objects find targets in their own namespace alone."""
    enforced_namespace_label: str | None = None
    """Label that says the namespace of the scrape object on all its series."""
    arbitrary_fs_access_through_sms: ArbitraryFSAccess | None = Field(
        default=None, alias="arbitraryFSAccessThroughSMs"
    )
    """Whether scrape objects may name files of the container."""
