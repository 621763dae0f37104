"""Service discovery by the machines of clouds."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.relabeling import Texts
from vmoperator.api.selected.discovery import Filter, HTTPDiscovery, Name, SDPort, TLSDiscovery


class EC2SDConfig(SpecModel):
    """Targets from the instances of Amazon EC2."""

    region: str | None = None
    """Region; that of the agent when unset."""
    access_key: SecretKeySelector | None = None
    """Secret that holds the access key; from the environment when unset."""
    secret_key: SecretKeySelector | None = None
    """Secret that holds the secret key."""
    role_arn: str | None = Field(default=None, alias="roleARN")
    """Role to take on."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""
    filters: list[Filter] | None = None
    """Conditions on the instances."""


class AzureSDConfig(HTTPDiscovery):
    """Targets from the virtual machines of Azure."""

    environment: str | None = None
    """Cloud environment; AzurePublicCloud when unset."""
    authentication_method: Literal["OAuth", "ManagedIdentity"] | None = None
    """How the agent proves who it is; OAuth when unset."""
    subscription_id: Name = Field(alias="subscriptionID")
    """Id of the subscription."""
    tenant_id: str | None = Field(default=None, alias="tenantID")
    """Id of the tenant; for OAuth."""
    client_id: str | None = Field(default=None, alias="clientID")
    """Id of the client; for OAuth."""
    client_secret: SecretKeySelector | None = None
    """Secret that holds the client's secret; for OAuth."""
    resource_group: str | None = None
    """Resource group; all when unset."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""


class GCESDConfig(SpecModel):
    """Targets from the instances of Google Compute Engine."""

    project: Name
    """Project."""
    zone: Texts
    """Zone, or a list of zones."""
    filter: str | None = None
    """Expression that picks instances."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""
    tag_separator: str | None = None
    """What stands between the tags in a label; a comma when unset."""


class OpenStackSDConfig(TLSDiscovery):
    """Targets from OpenStack."""

    role: Literal["Instance", "instance", "Hypervisor", "hypervisor"]
    """What becomes targets."""
    region: Name
    """Region."""
    identity_endpoint: str | None = None
    """URL of the identity service."""
    username: str | None = None
    """User, by name."""
    userid: str | None = None
    """User, by id."""
    password: SecretKeySelector | None = None
    """Secret that holds the password."""
    domain_name: str | None = None
    """Domain, by name."""
    domain_id: str | None = Field(default=None, alias="domainID")
    """Domain, by id."""
    project_name: str | None = None
    """Project, by name."""
    project_id: str | None = Field(default=None, alias="projectID")
    """Project, by id."""
    application_credential_name: str | None = None
    """Application credential, by name."""
    application_credential_id: str | None = None
    """Application credential, by id."""
    application_credential_secret: SecretKeySelector | None = None
    """Secret that holds the secret of the application credential."""
    all_tenants: bool | None = None
    """Whether instances of all projects are listed, which takes an administrator."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""
    availability: Literal["Public", "public", "Admin", "admin", "Internal", "internal"] | None = (
        None
    )
    """Which endpoint of the service catalogue is used; public when unset."""


class DigitalOceanSDConfig(HTTPDiscovery):
    """Targets from the droplets of DigitalOcean."""

    server: str | None = None
    """URL of the API; https://api.digitalocean.com when unset."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""


class HetznerSDConfig(HTTPDiscovery):
    """Targets from the servers of Hetzner."""

    # Cloud is what the Go operator's definition takes; nothing is known by that name.
    role: Literal["robot", "Robot", "hcloud", "Cloud"]
    """Which API is asked: robot or hcloud."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""


class VultrSDConfig(HTTPDiscovery):
    """Targets from the instances of Vultr."""

    label: str | None = None
    """Label that instances must have."""
    main_ip: str | None = Field(default=None, alias="mainIP")
    """Main address of the instance."""
    region: str | None = None
    """Region of the instances."""
    firewall_group_id: str | None = Field(default=None, alias="firewallGroupID")
    """Firewall group of the instances."""
    hostname: str | None = None
    """Host name of the instance."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""


class OVHCloudSDConfig(HTTPDiscovery):
    """Targets from the servers of OVHcloud."""

    endpoint: str | None = None
    """API endpoint; ovh-eu when unset."""
    application_key: Name
    """Key of the application."""
    application_secret: SecretKeySelector
    """Secret that holds the application's secret."""
    consumer_key: SecretKeySelector
    """Secret that holds the consumer's key."""
    service: Literal["vps", "VPS", "dedicated_server", "DedicatedServer"]
    """What becomes targets."""


class YandexCloudSDConfig(TLSDiscovery):
    """Targets from Yandex Cloud."""

    service: Literal["compute", "ydb"]
    """What becomes targets."""
    yandex_passport_oauth_token: SecretKeySelector | None = Field(
        default=None, alias="yandexPassportOAuthToken"
    )
    """Secret that holds the token; the service account of the machine when unset."""
    api_endpoint: str | None = None
    """URL of the API; https://api.cloud.yandex.net when unset."""
    folder_ids: list[str] | None = Field(default=None, alias="folderIDs")
    """Ids of the folders; all when unset."""
