"""VMScrapeConfig: one job of scraping, with any of the discoveries that the agent knows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.selected import discovery as general
from vmoperator.api.selected import discovery_clouds as clouds
from vmoperator.api.selected import discovery_services as services
from vmoperator.api.selected.endpoint import Endpoint
from vmoperator.api.selected.object import SelectedObject

# A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
_MOST = 64


class VMScrapeConfigSpec(Endpoint):
    """Where targets are found, and how they are scraped."""

    static_configs: list[general.StaticConfig] | None = Field(
        default=None, alias="staticConfigs", max_length=_MOST
    )
    """Targets that are written down."""
    file_sd_configs: list[general.FileSDConfig] | None = Field(
        default=None, alias="fileSDConfigs", max_length=_MOST
    )
    """Targets from files."""
    http_sd_configs: list[general.HTTPSDConfig] | None = Field(
        default=None, alias="httpSDConfigs", max_length=_MOST
    )
    """Targets from URLs."""
    kubernetes_sd_configs: list[general.KubernetesSDConfig] | None = Field(
        default=None, alias="kubernetesSDConfigs", max_length=_MOST
    )
    """Targets from Kubernetes."""
    consul_sd_configs: list[services.ConsulSDConfig] | None = Field(
        default=None, alias="consulSDConfigs", max_length=_MOST
    )
    """Targets from Consul."""
    dns_sd_configs: list[general.DNSSDConfig] | None = Field(
        default=None, alias="dnsSDConfigs", max_length=_MOST
    )
    """Targets from DNS."""
    ec2_sd_configs: list[clouds.EC2SDConfig] | None = Field(
        default=None, alias="ec2SDConfigs", max_length=_MOST
    )
    """Targets from Amazon EC2."""
    azure_sd_configs: list[clouds.AzureSDConfig] | None = Field(
        default=None, alias="azureSDConfigs", max_length=_MOST
    )
    """Targets from Azure."""
    gce_sd_configs: list[clouds.GCESDConfig] | None = Field(
        default=None, alias="gceSDConfigs", max_length=_MOST
    )
    """Targets from Google Compute Engine."""
    openstack_sd_configs: list[clouds.OpenStackSDConfig] | None = Field(
        default=None, alias="openstackSDConfigs", max_length=_MOST
    )
    """Targets from OpenStack."""
    digital_ocean_sd_configs: list[clouds.DigitalOceanSDConfig] | None = Field(
        default=None, alias="digitalOceanSDConfigs", max_length=_MOST
    )
    """Targets from DigitalOcean."""
    hetzner_sd_configs: list[clouds.HetznerSDConfig] | None = Field(
        default=None, alias="hetznerSDConfigs", max_length=_MOST
    )
    """Targets from Hetzner."""
    eureka_sd_configs: list[services.EurekaSDConfig] | None = Field(
        default=None, alias="eurekaSDConfigs", max_length=_MOST
    )
    """Targets from Eureka."""
    puppet_db_sd_configs: list[services.PuppetDBSDConfig] | None = Field(
        default=None, alias="puppetDBSDConfigs", max_length=_MOST
    )
    """Targets from PuppetDB."""
    vultr_sd_configs: list[clouds.VultrSDConfig] | None = Field(
        default=None, alias="vultrSDConfigs", max_length=_MOST
    )
    """Targets from Vultr."""
    kuma_sd_configs: list[services.KumaSDConfig] | None = Field(
        default=None, alias="kumaSDConfigs", max_length=_MOST
    )
    """Targets from Kuma."""
    ovhcloud_sd_configs: list[clouds.OVHCloudSDConfig] | None = Field(
        default=None, alias="ovhcloudSDConfigs", max_length=_MOST
    )
    """Targets from OVHcloud."""
    nomad_sd_configs: list[services.NomadSDConfig] | None = Field(
        default=None, alias="nomadSDConfigs", max_length=_MOST
    )
    """Targets from Nomad."""
    consul_agent_sd_configs: list[services.ConsulAgentSDConfig] | None = Field(
        default=None, alias="consulAgentSDConfigs", max_length=_MOST
    )
    """Targets from local agents of Consul."""
    docker_sd_configs: list[services.DockerSDConfig] | None = Field(
        default=None, alias="dockerSDConfigs", max_length=_MOST
    )
    """Targets from Docker."""
    docker_swarm_sd_configs: list[services.DockerSwarmSDConfig] | None = Field(
        default=None, alias="dockerSwarmSDConfigs", max_length=_MOST
    )
    """Targets from Docker Swarm."""
    marathon_sd_configs: list[services.MarathonSDConfig] | None = Field(
        default=None, alias="marathonSDConfigs", max_length=_MOST
    )
    """Targets from Marathon."""
    yandex_cloud_sd_configs: list[clouds.YandexCloudSDConfig] | None = Field(
        default=None, alias="yandexCloudSDConfigs", max_length=_MOST
    )
    """Targets from Yandex Cloud."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMScrapeConfig(SelectedObject):
    """One job of scraping, with any of the discoveries that the agent knows."""

    kind: Literal["VMScrapeConfig"]
    spec: VMScrapeConfigSpec
    """Where targets are found, and how they are scraped."""
