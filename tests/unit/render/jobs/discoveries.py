"""Every discovery of a VMScrapeConfig with all that it can say, and what an agent gets of it.

The names on the right are those of the agent (yaml tags of lib/promscrape/discovery).
"""

from __future__ import annotations

from typing import Any

KEY = {"name": "cloud", "key": "token"}
"""Key of a Secret that holds `sesame`."""
TLS: dict[str, Any] = {
    "ca": {"secret": {"name": "cloud", "key": "ca.crt"}},
    "serverName": "api",
    "insecureSkipVerify": True,
}
TLS_MADE = {
    "ca_file": "/etc/vmagent-tls/certs/shop_cloud_ca.crt",
    "server_name": "api",
    "insecure_skip_verify": True,
}
_FILTERS = [{"name": "tag", "values": ["a", "b"]}]

Discovery = tuple[str, str, dict[str, Any], dict[str, Any]]
"""Field, key of the job, what the field says, what the agent is told."""

GENERAL: tuple[Discovery, ...] = (
    (
        "staticConfigs",
        "static_configs",
        {"targets": ["a:1", "b:2"], "labels": {"a": "b"}},
        {"targets": ["a:1", "b:2"], "labels": {"a": "b"}},
    ),
    (
        "fileSDConfigs",
        "file_sd_configs",
        {"files": ["/lists/*.json"]},
        {"files": ["/lists/*.json"]},
    ),
    ("httpSDConfigs", "http_sd_configs", {"url": "https://targets"}, {"url": "https://targets"}),
    (
        "kubernetesSDConfigs",
        "kubernetes_sd_configs",
        {
            "apiServer": "https://api",
            "role": "endpointslice",
            "namespaces": {"ownNamespace": True, "names": ["a"]},
            "attach_metadata": {"node": True, "namespace": True},
            "selectors": [{"role": "pod", "label": "a=b", "field": "spec.nodeName=c"}],
        },
        {
            "api_server": "https://api",
            "role": "endpointslice",
            "namespaces": {"own_namespace": True, "names": ["a"]},
            "attach_metadata": {"node": True, "namespace": True},
            "selectors": [{"role": "pod", "label": "a=b", "field": "spec.nodeName=c"}],
        },
    ),
    (
        "dnsSDConfigs",
        "dns_sd_configs",
        {"names": ["a.example.com"], "type": "A", "port": 9100},
        {"names": ["a.example.com"], "type": "A", "port": 9100},
    ),
)
SERVICES: tuple[Discovery, ...] = (
    (
        "consulSDConfigs",
        "consul_sd_configs",
        {
            "server": "consul:8500",
            "tokenRef": KEY,
            "datacenter": "dc",
            "namespace": "ns",
            "partition": "p",
            "scheme": "HTTPS",
            "services": ["a"],
            "tags": ["b"],
            "tagSeparator": ";",
            "nodeMeta": {"a": "b"},
            "allowStale": False,
            "filter": "a == b",
        },
        {
            "server": "consul:8500",
            "token": "sesame",
            "datacenter": "dc",
            "namespace": "ns",
            "partition": "p",
            "scheme": "https",
            "services": ["a"],
            "tags": ["b"],
            "tag_separator": ";",
            "node_meta": {"a": "b"},
            "allow_stale": False,
            "filter": "a == b",
        },
    ),
    (
        "eurekaSDConfigs",
        "eureka_sd_configs",
        {"server": "https://eureka"},
        {"server": "https://eureka"},
    ),
    (
        "puppetDBSDConfigs",
        "puppetdb_sd_configs",
        {"url": "https://db", "query": "q", "includeParameters": True, "port": 80},
        {"url": "https://db", "query": "q", "include_parameters": True, "port": 80},
    ),
    (
        "kumaSDConfigs",
        "kuma_sd_configs",
        {"server": "https://kuma", "clientID": "c"},
        {"server": "https://kuma", "client_id": "c"},
    ),
    (
        "nomadSDConfigs",
        "nomad_sd_configs",
        {
            "server": "https://nomad",
            "namespace": "n",
            "region": "r",
            "tagSeparator": ";",
            "allowStale": False,
        },
        {
            "server": "https://nomad",
            "namespace": "n",
            "region": "r",
            "tag_separator": ";",
            "allow_stale": False,
        },
    ),
    (
        "consulAgentSDConfigs",
        "consulagent_sd_configs",
        {
            "server": "localhost:8500",
            "tokenRef": KEY,
            "datacenter": "dc",
            "namespace": "ns",
            "scheme": "HTTP",
            "services": ["a"],
            "tagSeparator": ";",
            "filter": "f",
        },
        {
            "server": "localhost:8500",
            "token": "sesame",
            "datacenter": "dc",
            "namespace": "ns",
            "scheme": "http",
            "services": ["a"],
            "tag_separator": ";",
            "filter": "f",
        },
    ),
    (
        "dockerSDConfigs",
        "docker_sd_configs",
        {
            "host": "unix:///docker.sock",
            "port": 80,
            "filters": _FILTERS,
            "hostNetworkingHost": "h",
            "matchFirstNetwork": False,
        },
        {
            "host": "unix:///docker.sock",
            "port": 80,
            "filters": _FILTERS,
            "host_networking_host": "h",
            "match_first_network": False,
        },
    ),
    (
        "dockerSwarmSDConfigs",
        "dockerswarm_sd_configs",
        {"host": "tcp://swarm", "role": "tasks", "port": 80, "filters": _FILTERS},
        {"host": "tcp://swarm", "role": "tasks", "port": 80, "filters": _FILTERS},
    ),
    (
        "marathonSDConfigs",
        "marathon_sd_configs",
        {"servers": ["https://marathon"]},
        {"servers": ["https://marathon"]},
    ),
)
CLOUDS: tuple[Discovery, ...] = (
    (
        "ec2SDConfigs",
        "ec2_sd_configs",
        {
            "region": "eu",
            "accessKey": KEY,
            "secretKey": KEY,
            "roleARN": "arn",
            "port": 80,
            "filters": _FILTERS,
        },
        {
            "region": "eu",
            "access_key": "sesame",
            "secret_key": "sesame",
            "role_arn": "arn",
            "port": 80,
            "filters": _FILTERS,
        },
    ),
    (
        "azureSDConfigs",
        "azure_sd_configs",
        {
            "environment": "AzurePublicCloud",
            "authenticationMethod": "ManagedIdentity",
            "subscriptionID": "s",
            "tenantID": "t",
            "clientID": "c",
            "clientSecret": KEY,
            "resourceGroup": "g",
            "port": 80,
        },
        {
            "environment": "AzurePublicCloud",
            "authentication_method": "ManagedIdentity",
            "subscription_id": "s",
            "tenant_id": "t",
            "client_id": "c",
            "client_secret": "sesame",
            "resource_group": "g",
            "port": 80,
        },
    ),
    (
        "gceSDConfigs",
        "gce_sd_configs",
        {"project": "p", "zone": ["a", "b"], "filter": "f", "port": 80, "tagSeparator": ";"},
        {"project": "p", "zone": ["a", "b"], "filter": "f", "port": 80, "tag_separator": ";"},
    ),
    (
        "openstackSDConfigs",
        "openstack_sd_configs",
        {
            "role": "Hypervisor",
            "region": "r",
            "identityEndpoint": "https://id",
            "username": "u",
            "userid": "i",
            "password": KEY,
            "domainName": "d",
            "domainID": "di",
            "projectName": "p",
            "projectID": "pi",
            "applicationCredentialName": "n",
            "applicationCredentialId": "ni",
            "applicationCredentialSecret": KEY,
            "allTenants": True,
            "port": 80,
            "availability": "Internal",
            "tlsConfig": TLS,
        },
        {
            "role": "hypervisor",
            "region": "r",
            "identity_endpoint": "https://id",
            "username": "u",
            "userid": "i",
            "password": "sesame",
            "domain_name": "d",
            "domain_id": "di",
            "project_name": "p",
            "project_id": "pi",
            "application_credential_name": "n",
            "application_credential_id": "ni",
            "application_credential_secret": "sesame",
            "all_tenants": True,
            "port": 80,
            "availability": "internal",
            "tls_config": TLS_MADE,
        },
    ),
    (
        "digitalOceanSDConfigs",
        "digitalocean_sd_configs",
        {"server": "https://api", "port": 80},
        {"server": "https://api", "port": 80},
    ),
    (
        "hetznerSDConfigs",
        "hetzner_sd_configs",
        {"role": "hcloud", "port": 80},
        {"role": "hcloud", "port": 80},
    ),
    (
        "vultrSDConfigs",
        "vultr_configs",
        {
            "label": "l",
            "mainIP": "10.0.0.1",
            "region": "r",
            "firewallGroupID": "f",
            "hostname": "h",
            "port": 80,
        },
        {
            "label": "l",
            "main_ip": "10.0.0.1",
            "region": "r",
            "firewall_group_id": "f",
            "hostname": "h",
            "port": 80,
        },
    ),
    (
        "ovhcloudSDConfigs",
        "ovhcloud_sd_configs",
        {
            "endpoint": "ovh-eu",
            "applicationKey": "k",
            "applicationSecret": KEY,
            "consumerKey": KEY,
            "service": "VPS",
        },
        {
            "endpoint": "ovh-eu",
            "application_key": "k",
            "application_secret": "sesame",
            "consumer_key": "sesame",
            "service": "vps",
        },
    ),
    (
        "yandexCloudSDConfigs",
        "yandexcloud_sd_configs",
        {
            "service": "compute",
            "yandexPassportOAuthToken": KEY,
            "apiEndpoint": "https://api",
            "folderIDs": ["f"],
            "tlsConfig": TLS,
        },
        {
            "service": "compute",
            "yandex_passport_oauth_token": "sesame",
            "api_endpoint": "https://api",
            "folder_ids": ["f"],
            "tls_config": TLS_MADE,
        },
    ),
)
EVERY = (*GENERAL, *SERVICES, *CLOUDS)
ORDER = (
    *("static_configs", "file_sd_configs", "http_sd_configs", "kubernetes_sd_configs"),
    *("consul_sd_configs", "dns_sd_configs", "ec2_sd_configs", "azure_sd_configs"),
    *("gce_sd_configs", "openstack_sd_configs", "digitalocean_sd_configs", "hetzner_sd_configs"),
    *("eureka_sd_configs", "puppetdb_sd_configs", "vultr_configs", "kuma_sd_configs"),
    *("ovhcloud_sd_configs", "nomad_sd_configs", "consulagent_sd_configs", "docker_sd_configs"),
    *("dockerswarm_sd_configs", "marathon_sd_configs", "yandexcloud_sd_configs"),
)
"""The sections of a job as they follow each other."""
