"""What users are told about objects of monitoring.coreos.com: their own fields, what is lost."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.prometheus.monitors import (
    pod_monitor,
    probe,
    scrape_config,
    service_monitor,
)

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import original, without_effect
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

BAD = {"action": "replace", "modulus": "x"}
LEFT_OUT = {"action": "keep"}
ENDPOINT = "spec.endpoints[0]"


def receiver(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """An AlertmanagerConfig with a receiver of one kind."""
    spec = {"receivers": [{"name": "a", f"{kind}Configs": [given]}]}
    return {**probe(), "kind": "AlertmanagerConfig", "spec": spec}


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (service_monitor({"relabelings": [BAD]}), f"{ENDPOINT}.relabelings[0].modulus"),
        (service_monitor({"relabelings": [LEFT_OUT, BAD]}), f"{ENDPOINT}.relabelings[1].modulus"),
        (
            pod_monitor({"metricRelabelings": [{}, LEFT_OUT, BAD]}),
            "spec.podMetricsEndpoints[0].metricRelabelings[2].modulus",
        ),
        (scrape_config(jobName="a", relabelings=[BAD]), "spec.relabelings[0].modulus"),
        (scrape_config(relabelings=[{}, BAD]), "spec.relabelings[1].modulus"),
        (scrape_config(metricsPath=5), "spec.metricsPath"),
        (scrape_config(scrapeInterval="5"), "spec.scrapeInterval"),
        (service_monitor({"proxyUrl": "ftp://a"}), f"{ENDPOINT}.proxyUrl"),
        (
            service_monitor({"oauth2": {"clientId": {}, "tokenUrl": "a"}}),
            f"{ENDPOINT}.oauth2.clientId",
        ),
        (service_monitor({"followRedirects": 1}), f"{ENDPOINT}.followRedirects"),
        (service_monitor(attachMetadata={"node": 1}), "spec.attachMetadata.node"),
        (service_monitor(serviceDiscoveryRole="Ingress"), "spec.serviceDiscoveryRole"),
        (probe(prober={"scheme": "http"}), "spec.prober.url"),
        (probe(prober={"url": "a", "proxyUrl": "b"}), "spec.prober.proxyUrl"),
        (probe(targets={"staticConfig": {"static": "a"}}), "spec.targets.staticConfig.static"),
        (
            probe(targets={"ingress": {"namespaceSelector": {"any": "a"}}}),
            "spec.targets.ingress.namespaceSelector.any",
        ),
        (probe(jobName=5), "spec.jobName"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_of_our_door_names_the_field_that_its_author_wrote(
    manifest: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        selected(CONVERTERS[manifest["kind"]](manifest))
    told = original(manifest, refused.value)
    assert told.field == field
    assert str(told) == str(refused.value).replace(refused.value.field, field, 1)


@pytest.mark.parametrize(
    ("manifest", "ours", "theirs"),
    [
        ({**probe(), "spec": {"jobName": "a"}}, "spec.vmProberSpec", "spec.prober"),
        (
            probe(targets={"staticConfig": {"labels": {"a": "b"}}}),
            "spec.targets.static.targets",
            "spec.targets.staticConfig.static",
        ),
        (
            receiver("pagerduty", {"pagerDutyImageConfigs": [{"alt": "a"}]}),
            "spec.receivers[0].pagerduty_configs[0].images[0].source",
            "spec.receivers[0].pagerdutyConfigs[0].pagerDutyImageConfigs[0].src",
        ),
        (
            receiver("discord", {"apiURL": {"key": ""}}),
            "spec.receivers[0].discord_configs[0].webhook_url",
            "spec.receivers[0].discordConfigs[0].apiURL",
        ),
        (
            receiver("msteams", {"title": "a"}),
            "spec.receivers[0].msteams_configs[0].webhook_url",
            "spec.receivers[0].msteamsConfigs[0].webhookUrl",
        ),
        (
            receiver("msteamsv2", {"title": "a"}),
            "spec.receivers[0].msteamsv2_configs[0].webhook_url",
            "spec.receivers[0].msteamsv2Configs[0].webhookURL",
        ),
        (
            receiver("slack", {"title": "a"}),
            "spec.receivers[0].slack_configs[0].api_url",
            "spec.receivers[0].slackConfigs[0].apiURL",
        ),
        (
            receiver("wechat", {"message": "a"}),
            "spec.receivers[0].wechat_configs[0].corp_id",
            "spec.receivers[0].wechatConfigs[0].corpID",
        ),
    ],
    ids=["prober", "static", "image", "discord", "msteams", "msteamsv2", "slack", "wechat"],
)
def test_what_is_missing_is_named_as_its_author_would_write_it(
    manifest: dict[str, Any], ours: str, theirs: str
) -> None:
    assert original(manifest, SpecInvalid(ours, "is required")).field == theirs


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (f"{ENDPOINT}.relabelConfigs[0].target_label", f"{ENDPOINT}.relabelings[1].targetLabel"),
        (
            f"{ENDPOINT}.oauth2.client_secret.name",
            f"{ENDPOINT}.oauth2.clientSecret.name",
        ),
        (f"{ENDPOINT}.port", f"{ENDPOINT}.port"),
        ("metadata.name", "metadata.name"),
    ],
)
def test_a_later_refusal_is_told_in_the_same_words(ours: str, theirs: str) -> None:
    rules = [LEFT_OUT, {"action": "replace", "sourceLabels": ["a"]}]
    oauth2 = {"clientId": {}, "clientSecret": {"name": "a", "key": "b"}, "tokenUrl": "a"}
    manifest = service_monitor({"relabelings": rules, "oauth2": oauth2})
    told = original(manifest, SpecInvalid(ours, "is missing: see metadata.name"))
    assert str(told) == f"{theirs}: is missing: see metadata.name"


def test_a_refusal_by_the_translation_itself_is_told_as_it_is() -> None:
    manifest = service_monitor({"relabelings": [{"if": "a"}]})
    with pytest.raises(SpecInvalid) as refused:
        CONVERTERS["ServiceMonitor"](manifest)
    assert str(original(manifest, refused.value)) == str(refused.value)


@pytest.mark.parametrize("kind", ["VMServiceScrape", "PrometheusRule"])
def test_a_refusal_of_any_other_kind_is_told_as_it_is(kind: str) -> None:
    refused = SpecInvalid("spec.endpoints[0].attach_metadata", "must be an object")
    assert original({**service_monitor(), "kind": kind}, refused) is refused


IDLE: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "limits": (
        service_monitor(targetLimit=5, labelLimit=6, labelNameLengthLimit=7, sampleLimit=8),
        ("spec.labelLimit", "spec.labelNameLengthLimit", "spec.targetLimit"),
    ),
    "native histograms": (
        pod_monitor(scrapeNativeHistograms=True, convertClassicHistogramsToNHCB=False),
        ("spec.scrapeNativeHistograms",),
    ),
    "versions of TLS": (
        service_monitor({"tlsConfig": {"minVersion": "TLS12"}}),
        (f"{ENDPOINT}.tlsConfig.minVersion",),
    ),
    "headers of a proxy": (
        probe(prober={"url": "a", "proxyConnectHeader": {"a": []}, "noProxy": "b"}),
        ("spec.prober.noProxy", "spec.prober.proxyConnectHeader"),
    ),
    "the pace of a discovery": (
        scrape_config(kumaSDConfigs=[{"server": "a", "refreshInterval": "5s"}]),
        ("spec.kumaSDConfigs[0].refreshInterval",),
    ),
    "limits of 0, which mean none": (service_monitor(targetLimit=0, labelLimit=0), ()),
    "protocols, which bring the same series": (
        service_monitor(scrapeProtocols=["OpenMetricsText1.0.0"], selectorMechanism="RoleSelector"),
        (),
    ),
    "fields of a newer definition": (
        service_monitor({"prot": "http", "tlsConfig": {"minVersion": "TLS12", "someday": False}}),
        (
            f"{ENDPOINT}.prot (unknown to this version)",
            f"{ENDPOINT}.tlsConfig.minVersion",
            f"{ENDPOINT}.tlsConfig.someday (unknown to this version)",
        ),
    ),
    "fields of rules": (
        {"kind": "PrometheusRule", "spec": {"groups": [{"name": "g", "source_tenants": ["a"]}]}},
        ("spec.groups[0].source_tenants (unknown to this version)",),
    ),
    "another kind": ({**service_monitor(), "kind": "VMServiceScrape"}, ()),
}


@pytest.mark.parametrize(("manifest", "fields"), IDLE.values(), ids=IDLE)
def test_fields_without_effect_are_named(manifest: dict[str, Any], fields: tuple[str, ...]) -> None:
    assert without_effect(manifest) == fields
