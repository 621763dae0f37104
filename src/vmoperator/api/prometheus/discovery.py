"""Service discovery in the words of monitoring.coreos.com/v1alpha1, as a ScrapeConfig has it."""

from __future__ import annotations

from vmoperator.api.prometheus.credentials import PROXY, files, http, key
from vmoperator.api.prometheus.scraping import attached
from vmoperator.api.prometheus.translation import (
    CLOSED,
    Step,
    Table,
    idle,
    kept,
    lowered,
    part,
    parts,
    refused,
    same_anyway,
    verbatim,
)

_NO_PICK = "our agents cannot pick by it, and would scrape more than is asked for: remove it"
_NO_WAY = "our agents cannot reach the service in this way: remove it"
_ABSENT = "VMScrapeConfig has no such discovery, so its targets would not be scraped: remove it"

# How often a discovery asks is a flag of the agent (-promscrape.consulSDCheckInterval, ...).
_PACE: Table = {"refreshInterval": idle, "fetchTimeout": idle}
_HTTP: Table = {**http("followRedirects"), **PROXY, **_PACE}
_FILTERS: Table = {"name": kept(), "values": kept(), **CLOSED}


def _same(*names: str) -> Table:
    """Fields that are called the same and mean the same."""
    return dict.fromkeys(names, kept())


_EC2: Table = {
    **_same("region", "roleARN", "port"),
    "accessKey": key(),
    "secretKey": key(),
    "filters": parts(_FILTERS),
    "proxyUrl": refused(_NO_WAY),
    "noProxy": same_anyway,
    "proxyFromEnvironment": idle,
    "proxyConnectHeader": idle,
    "tlsConfig": refused(_NO_WAY),
    "followRedirects": same_anyway,
    "enableHTTP2": same_anyway,
    **_PACE,
}
_CONSUL: Table = {
    **_same("server", "datacenter", "namespace", "partition", "services", "tags", "nodeMeta"),
    **_same("filter", "allowStale"),
    "pathPrefix": refused(_NO_WAY),
    "healthFilter": refused(_NO_PICK),
    "tokenRef": key(),
    "scheme": lowered(),
    "tagSeparator": verbatim,
    **_HTTP,
}
_KUBERNETES: Table = {
    "apiServer": kept(),
    "role": lowered(),
    "namespaces": part({**_same("ownNamespace", "names"), **CLOSED}),
    "attachMetadata": attached,
    "selectors": parts({"role": lowered(), **_same("label", "field"), **CLOSED}),
    **_HTTP,
}
_AZURE: Table = {
    **_same("environment", "authenticationMethod", "subscriptionID", "tenantID", "clientID"),
    **_same("resourceGroup", "port"),
    "clientSecret": key(),
    **_HTTP,
}
_OPENSTACK: Table = {
    **_same("role", "region", "identityEndpoint", "username", "userid", "domainName", "domainID"),
    **_same("projectName", "projectID", "applicationCredentialName", "applicationCredentialId"),
    **_same("allTenants", "port", "availability"),
    "password": key(),
    "applicationCredentialSecret": key(),
    "tlsConfig": http("")["tlsConfig"],
    **_PACE,
}
_OVHCLOUD: Table = {
    **_same("applicationKey", "service", "endpoint"),
    "applicationSecret": key(),
    "consumerKey": key(),
    **_PACE,
}
_HETZNER: Table = {
    "role": lowered(),
    **_same("port"),
    "labelSelector": refused(_NO_PICK),
    **_HTTP,
}
_SWARM: Table = {
    "role": lowered(),
    **_same("host", "port"),
    "filters": parts(_FILTERS),
    **_HTTP,
}
_DOCKER: Table = {
    **_same("host", "port", "hostNetworkingHost", "matchFirstNetwork"),
    "filters": parts(_FILTERS),
    **_HTTP,
}
_GCE: Table = {**_same("project", "zone", "filter", "port"), "tagSeparator": verbatim, **_PACE}
_NOMAD: Table = {
    **_same("server", "namespace", "region", "allowStale"),
    "tagSeparator": verbatim,
    **_HTTP,
}


def _asked(table: Table) -> Step:
    """A list of discoveries of one sort: whatever stands in them may say what they find."""
    return parts({**table, **CLOSED})


DISCOVERIES: Table = {
    "staticConfigs": _asked(_same("targets", "labels")),
    "fileSDConfigs": _asked({"files": files, **_PACE}),
    "httpSDConfigs": _asked({**_same("url"), **_HTTP}),
    "kubernetesSDConfigs": _asked(_KUBERNETES),
    "consulSDConfigs": _asked(_CONSUL),
    "dnsSDConfigs": _asked({**_same("names", "type", "port"), **_PACE}),
    "ec2SDConfigs": _asked(_EC2),
    "azureSDConfigs": _asked(_AZURE),
    "gceSDConfigs": _asked(_GCE),
    "openstackSDConfigs": _asked(_OPENSTACK),
    "digitalOceanSDConfigs": _asked({**_same("port"), **_HTTP}),
    "kumaSDConfigs": _asked({**_same("server", "clientID"), **_HTTP}),
    "eurekaSDConfigs": _asked({**_same("server"), **_HTTP}),
    "dockerSDConfigs": _asked(_DOCKER),
    "dockerSwarmSDConfigs": _asked(_SWARM),
    "hetznerSDConfigs": _asked(_HETZNER),
    "nomadSDConfigs": _asked(_NOMAD),
    "puppetDBSDConfigs": _asked({**_same("url", "query", "includeParameters", "port"), **_HTTP}),
    "ovhcloudSDConfigs": _asked(_OVHCLOUD),
    "linodeSDConfigs": refused(_ABSENT),
    "lightSailSDConfigs": refused(_ABSENT),
    "scalewaySDConfigs": refused(_ABSENT),
    "ionosSDConfigs": refused(_ABSENT),
}
"""Every discovery of a ScrapeConfig."""
