"""Service discovery by catalogues of services and by container engines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.scalars import Labels
from vmoperator.api.selected.discovery import Filter, HTTPDiscovery, Name, SDPort
from vmoperator.api.selected.endpoint import Scheme


class ConsulSDConfig(HTTPDiscovery):
    """Targets from the catalogue of Consul."""

    server: Name
    """Address of Consul as HOST:PORT."""
    token_ref: SecretKeySelector | None = None
    """Secret that holds the token."""
    datacenter: str | None = None
    """Datacentre; that of the server when unset."""
    namespace: str | None = None
    """Namespace of Consul Enterprise."""
    partition: str | None = None
    """Admin partition of Consul Enterprise."""
    scheme: Scheme | None = None
    """Scheme of the URL; http when unset."""
    services: list[str] | None = None
    """Names of the services; all when unset."""
    tags: list[str] | None = None
    """Tags that services must have."""
    tag_separator: str | None = None
    """What stands between the tags in a label; a comma when unset."""
    node_meta: Labels | None = None
    """Metadata that nodes must have."""
    allow_stale: bool | None = None
    """Whether answers may be stale, which spares the servers; true when unset."""
    filter: str | None = None
    """Expression that picks services in the catalogue."""


class ConsulAgentSDConfig(HTTPDiscovery):
    """Targets from a local agent of Consul."""

    server: str | None = None
    """Address of the agent as HOST:PORT; localhost:8500 when unset."""
    token_ref: SecretKeySelector | None = None
    """Secret that holds the token."""
    datacenter: str | None = None
    """Datacentre; that of the agent when unset."""
    namespace: str | None = None
    """Namespace of Consul Enterprise."""
    scheme: Scheme | None = None
    """Scheme of the URL; http when unset."""
    services: list[str] | None = None
    """Names of the services; all when unset."""
    tag_separator: str | None = None
    """What stands between the tags in a label; a comma when unset."""
    filter: str | None = None
    """Expression that picks services."""


class NomadSDConfig(HTTPDiscovery):
    """Targets from the services of Nomad."""

    server: Name
    """Address of Nomad."""
    namespace: str | None = None
    """Namespace; default when unset."""
    region: str | None = None
    """Region; global when unset."""
    tag_separator: str | None = None
    """What stands between the tags in a label; a comma when unset."""
    allow_stale: bool | None = None
    """Whether answers may be stale; true when unset."""


class KumaSDConfig(HTTPDiscovery):
    """Targets from the control plane of Kuma."""

    server: Name
    """URL of the monitoring service of the control plane."""
    client_id: str | None = Field(default=None, alias="clientID")
    """Name by which the agent is known there."""


class EurekaSDConfig(HTTPDiscovery):
    """Targets from Eureka."""

    server: str | None = None
    """URL of Eureka; http://localhost:8080/eureka/v2 when unset."""


class MarathonSDConfig(HTTPDiscovery):
    """Targets from the applications of Marathon."""

    servers: list[str] = Field(min_length=1)
    """URLs of the servers."""


class PuppetDBSDConfig(HTTPDiscovery):
    """Targets from PuppetDB."""

    url: str
    """URL of PuppetDB."""
    query: str
    """Query in PQL that finds the resources."""
    include_parameters: bool | None = None
    """Whether parameters of the resources become labels, which may hold secrets."""
    port: SDPort | None = None
    """Port of the targets; 80 when unset."""


class DockerSDConfig(HTTPDiscovery):
    """Targets from the containers of Docker."""

    host: str | None = None
    """Address of the engine; unix:///var/run/docker.sock when unset."""
    port: SDPort | None = None
    """Port of targets that tell none; 80 when unset."""
    filters: list[Filter] | None = None
    """Conditions on the containers."""
    host_networking_host: str | None = None
    """Host of containers in the network of the host; localhost when unset."""
    match_first_network: bool | None = None
    """Whether only the first network of a container counts; true when unset."""


class DockerSwarmSDConfig(HTTPDiscovery):
    """Targets from Docker Swarm."""

    host: str
    """Address of the engine."""
    role: Literal["services", "tasks", "nodes"]
    """What becomes targets."""
    port: SDPort | None = None
    """Port of targets that tell none; 80 when unset."""
    filters: list[Filter] | None = None
    """Conditions on what is listed."""
