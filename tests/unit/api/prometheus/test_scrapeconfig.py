"""ScrapeConfigs, read as VMScrapeConfigs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.prometheus.monitors import METADATA, scrape_config

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

KEY = {"name": "credentials", "key": "value"}


def converted(**spec: Any) -> dict[str, Any]:
    """The specification of ours, which our own door has taken."""
    found = CONVERTERS["ScrapeConfig"](scrape_config(**spec))
    assert (found["kind"], found["metadata"]) == ("VMScrapeConfig", METADATA)
    assert selected(found).kind == "VMScrapeConfig"
    taken: dict[str, Any] = found["spec"]
    return taken


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"metricsPath": "/m"}, {"path": "/m"}),
        ({"scrapeInterval": "30s"}, {"scrape_interval": "30s"}),
        ({"scrapeInterval": "0"}, {}),
        ({"scrapeTimeout": "5s"}, {"scrapeTimeout": "5s"}),
        ({"honorLabels": True}, {"honorLabels": True}),
        ({"honorTimestamps": False}, {"honorTimestamps": False}),
        ({"params": {"a": ["b"]}}, {"params": {"a": ["b"]}}),
        ({"scheme": "HTTPS"}, {"scheme": "https"}),
        ({"proxyUrl": "http://p"}, {"proxyURL": "http://p"}),
        ({"sampleLimit": 5}, {"sampleLimit": 5}),
        ({"bodySizeLimit": "1KB"}, {"max_scrape_size": "1024"}),
        ({"enableCompression": False}, {"vm_scrape_params": {"disable_compression": True}}),
        ({"enableCompression": True}, {}),
        ({"scrapeClass": "mesh"}, {"scrapeClass": "mesh"}),
        ({"basicAuth": {"username": KEY}}, {"basicAuth": {"username": KEY}}),
        ({"authorization": {"credentials": KEY}}, {"authorization": {"credentials": KEY}}),
        ({"tlsConfig": {"serverName": "a"}}, {"tlsConfig": {"serverName": "a"}}),
    ],
    ids=str,
)
def test_a_job_is_spelled_our_way(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    assert converted(**theirs) == ours


def test_the_name_of_a_job_becomes_the_label_before_any_other_rule() -> None:
    rule = {"action": "replace", "targetLabel": "a", "replacement": "b"}
    assert converted(jobName="cost $5", relabelings=[rule])["relabelConfigs"] == [
        {"target_label": "job", "replacement": "cost $$5"},
        {"action": "replace", "target_label": "a", "replacement": "b"},
    ]


def test_a_job_without_a_name_has_only_its_own_rules() -> None:
    assert converted(jobName="", relabelings=[]) == {"relabelConfigs": []}


HTTP = {
    "authorization": {"credentials": KEY},
    "basicAuth": {"username": {"key": ""}},
    "oauth2": {"clientId": {"secret": KEY}, "clientSecret": KEY, "tokenUrl": "http://t"},
    "tlsConfig": {"ca": {"secret": KEY}},
    "proxyUrl": "http://proxy",
    "followRedirects": False,
    "enableHTTP2": False,
}
OUR_HTTP = {
    "authorization": {"credentials": KEY},
    "oauth2": {"client_id": {"secret": KEY}, "client_secret": KEY, "token_url": "http://t"},
    "tlsConfig": {"ca": {"secret": KEY}},
    "proxyURL": "http://proxy",
    "followRedirects": False,
}
FILTERS = [{"name": "tag", "values": ["a"]}]
SAME: dict[str, dict[str, Any]] = {
    "staticConfigs": {"targets": ["a:1"], "labels": {"a": "b"}},
    "dnsSDConfigs": {"names": ["a"], "type": "A", "port": 80},
    "ec2SDConfigs": {
        "region": "r",
        "accessKey": KEY,
        "secretKey": KEY,
        "roleARN": "a",
        "port": 80,
        "filters": FILTERS,
    },
    "gceSDConfigs": {
        "project": "p",
        "zone": "z",
        "filter": "f",
        "port": 80,
        "tagSeparator": "",
    },
    "openstackSDConfigs": {
        "role": "Instance",
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
        "availability": "Public",
        "tlsConfig": {"serverName": "a"},
    },
    "ovhcloudSDConfigs": {
        "applicationKey": "k",
        "applicationSecret": KEY,
        "consumerKey": KEY,
        "service": "DedicatedServer",
        "endpoint": "ovh-eu",
    },
}
WITH_HTTP: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "httpSDConfigs": ({"url": "https://a"}, {}),
    "kubernetesSDConfigs": (
        {
            "apiServer": "https://a",
            "role": "EndpointSlice",
            "namespaces": {"ownNamespace": True, "names": ["a"]},
            "attachMetadata": {"node": True},
            "selectors": [{"role": "Pod", "label": "a=b", "field": "c=d"}],
        },
        {
            "role": "endpointslice",
            "attach_metadata": {"node": True},
            "selectors": [{"role": "pod", "label": "a=b", "field": "c=d"}],
        },
    ),
    "consulSDConfigs": (
        {
            "server": "consul:8500",
            "tokenRef": KEY,
            "datacenter": "dc",
            "namespace": "n",
            "partition": "p",
            "scheme": "HTTPS",
            "services": ["a"],
            "tags": ["b"],
            "tagSeparator": "",
            "nodeMeta": {"a": "b"},
            "filter": "f",
            "allowStale": False,
        },
        {"scheme": "https"},
    ),
    "azureSDConfigs": (
        {
            "environment": "e",
            "authenticationMethod": "OAuth",
            "subscriptionID": "s",
            "tenantID": "t",
            "clientID": "c",
            "clientSecret": KEY,
            "resourceGroup": "g",
            "port": 80,
        },
        {},
    ),
    "digitalOceanSDConfigs": ({"port": 80}, {}),
    "kumaSDConfigs": ({"server": "https://k", "clientID": "c"}, {}),
    "eurekaSDConfigs": ({"server": "https://e"}, {}),
    "dockerSDConfigs": (
        {
            "host": "tcp://d",
            "port": 80,
            "filters": FILTERS,
            "hostNetworkingHost": "h",
            "matchFirstNetwork": False,
        },
        {},
    ),
    "dockerSwarmSDConfigs": (
        {"host": "tcp://d", "role": "Tasks", "port": 80, "filters": FILTERS},
        {"role": "tasks"},
    ),
    "hetznerSDConfigs": ({"role": "Robot", "port": 80}, {"role": "robot"}),
    "nomadSDConfigs": (
        {
            "server": "https://n",
            "namespace": "n",
            "region": "r",
            "tagSeparator": ";",
            "allowStale": True,
        },
        {},
    ),
    "puppetDBSDConfigs": (
        {"url": "https://p", "query": "q", "includeParameters": True, "port": 80},
        {},
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_a_discovery_of_the_same_spelling_is_kept(name: str) -> None:
    assert converted(**{name: [SAME[name]]}) == {name: [SAME[name]]}


@pytest.mark.parametrize("name", WITH_HTTP)
def test_a_discovery_over_http_is_kept_with_its_credentials(name: str) -> None:
    theirs, changed = WITH_HTTP[name]
    want = {key: value for key, value in theirs.items() if key != "attachMetadata"}
    found = converted(**{name: [{**theirs, **HTTP, "refreshInterval": "30s"}]})
    assert found == {name: [{**want, **changed, **OUR_HTTP}]}


def test_files_of_targets_lie_where_agents_mount_them() -> None:
    files = ["/etc/prometheus/configmaps/targets/*.json", "/elsewhere.yml"]
    found = converted(fileSDConfigs=[{"files": files, "refreshInterval": "5m"}])
    assert found["fileSDConfigs"] == [
        {"files": ["/etc/vm/configs/targets/*.json", "/elsewhere.yml"]}
    ]


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        ({"linodeSDConfigs": [{}]}, "spec.linodeSDConfigs", "has no such discovery"),
        ({"scalewaySDConfigs": [{}]}, "spec.scalewaySDConfigs", "has no such discovery"),
        ({"ionosSDConfigs": [{}]}, "spec.ionosSDConfigs", "has no such discovery"),
        ({"lightSailSDConfigs": [{}]}, "spec.lightSailSDConfigs", "has no such discovery"),
        ({"somedaySDConfigs": [{}]}, "spec.somedaySDConfigs", "is not known to this operator"),
        (
            {"hetznerSDConfigs": [{"role": "robot", "labelSelector": "a=b"}]},
            "spec.hetznerSDConfigs[0].labelSelector",
            "would scrape more than is asked for",
        ),
        (
            {"consulSDConfigs": [{"server": "a", "healthFilter": "b"}]},
            "spec.consulSDConfigs[0].healthFilter",
            "would scrape more than is asked for",
        ),
        (
            {"consulSDConfigs": [{"server": "a"}, {"server": "b", "pathPrefix": "/c"}]},
            "spec.consulSDConfigs[1].pathPrefix",
            "cannot reach the service in this way",
        ),
        (
            {"ec2SDConfigs": [{"region": "a", "proxyUrl": "http://p"}]},
            "spec.ec2SDConfigs[0].proxyUrl",
            "cannot reach the service in this way",
        ),
        (
            {"kubernetesSDConfigs": [{"role": "pod", "someday": 1}]},
            "spec.kubernetesSDConfigs[0].someday",
            "is not known to this operator",
        ),
        ({"fileSDConfigs": [{"files": "a"}]}, "spec.fileSDConfigs[0].files", "must be a list"),
        (
            {"fileSDConfigs": [{"files": ["a", 1]}]},
            "spec.fileSDConfigs[0].files[1]",
            "must be a string",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_find_other_targets_is_refused_by_its_name(
    spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(SpecInvalid, match=says) as refused:
        CONVERTERS["ScrapeConfig"](scrape_config(**spec))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"dnsSDConfigs": [{"names": ["a"], "type": "NS"}]}, "spec.dnsSDConfigs[0].type"),
        (
            {"openstackSDConfigs": [{"role": "LoadBalancer", "region": "r"}]},
            "spec.openstackSDConfigs[0].role",
        ),
        (
            {"azureSDConfigs": [{"subscriptionID": "s", "authenticationMethod": "SDK"}]},
            "spec.azureSDConfigs[0].authenticationMethod",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_word_that_our_agents_do_not_know_is_refused_by_our_own_door(
    spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid, match="must be '") as refused:
        selected(CONVERTERS["ScrapeConfig"](scrape_config(**spec)))
    assert refused.value.field == field
