"""What the operator says of an object before it is stored: refusals, warnings, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.apply.admission import Stand, manifest
from tests.unit.render.golden import EVERY_CASE, documents

from vmoperator.api import KINDS
from vmoperator.api.selected import OBJECTS
from vmoperator.apply.foresight import PLACEHOLDERS, Foresight
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, ref_of

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.yaml"))
RELABEL = {"action": "replce", "targetLabel": "x"}
BROKEN = {"regex": "(", "sourceLabels": ["a"], "targetLabel": "b"}
NEAR = {"matchExpressions": [{"key": "a", "operator": "Near", "values": ["b"]}]}
WRITE = {"remoteWrite": [{"url": "http://x"}]}
GI = {"resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"}
CLAIM = {"volumeClaimTemplate": {"spec": GI}}


def scrape(**spec: Any) -> Manifest:
    return manifest("VMServiceScrape", {"selector": {}, "endpoints": [{"port": "http"}], **spec})


def endpoint(**more: Any) -> Manifest:
    return scrape(endpoints=[{"port": "http", **more}])


def rule(expr: str) -> Manifest:
    group = {"name": "g", "rules": [{"alert": "A", "expr": expr}]}
    return manifest("VMRule", {"groups": [group]})


def agent(name: str = "demo", **spec: Any) -> Manifest:
    return manifest("VMAgent", {**WRITE, **spec}, name=name)


def cluster(nodes: int, annotations: dict[str, str] | None = None, **spec: Any) -> Manifest:
    storage = {"replicaCount": nodes, "storage": CLAIM, **spec.pop("vmstorage", {})}
    spec = {"retentionPeriod": "4", "vmstorage": storage, **spec}
    return manifest("VMCluster", spec, annotations)


@pytest.mark.parametrize(
    ("one", "field"),
    [
        (endpoint(relabelConfigs=[RELABEL]), "spec.endpoints[0].relabelConfigs[0].action"),
        (
            endpoint(metricRelabelConfigs=[BROKEN]),
            "spec.endpoints[0].metricRelabelConfigs[0].regex",
        ),
        (endpoint(interval="soon"), "spec.endpoints[0].interval"),
        (scrape(selector=NEAR), "spec.selector"),
        (rule("sum(rate(x[5m])"), "spec.groups[0].rules[0].expr"),
        (
            manifest("VMAlertmanagerConfig", {"route": {"receiver": "gone"}, "receivers": []}),
            "spec.route.receiver",
        ),
        (agent(remoteWrite=[{"url": "http://x", "inlineUrlRelabelConfig": [RELABEL]}]), "[0]"),
        (agent(inlineRelabelConfig=[RELABEL]), "spec.inlineRelabelConfig[0]"),
        (agent(serviceScrapeSelector=NEAR), "spec.serviceScrapeSelector"),
        (manifest("VMCluster", {"retentionPeriod": "4 months"}), "spec.retentionPeriod"),
        (manifest("VMAlert", {"datasource": {"url": "http://x"}, "notifiers": 3}), "notifiers"),
    ],
    ids=lambda it: it["kind"] if isinstance(it, dict) else it,
)
def test_what_rendering_refuses_is_refused_with_object_and_field(one: Manifest, field: str) -> None:
    said = Stand().refused(one)
    assert said.startswith(f"{one['kind']} ns/demo: ")
    assert field in said


@pytest.mark.parametrize("name", EVERY_CASE)
def test_what_rendering_takes_is_not_refused(name: str) -> None:
    stand, (one, *others) = Stand(), documents(name)
    for other in others:
        if other["kind"] in (*KINDS, "Secret", "ConfigMap"):
            stand.put(other)
    assert stand.judged(one).refusals == ()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda it: it.name)
def test_an_example_is_stored_without_a_word(path: Path) -> None:
    for one in yaml.safe_load_all(path.read_text()):
        if one["kind"] in (*KINDS, *OBJECTS):
            one["metadata"].setdefault("namespace", "ns")
            assert Stand().judged(one).refusals == ()


def test_a_secret_that_does_not_exist_yet_may_come_later() -> None:
    secret = {"name": "later", "key": "password"}
    one = agent(remoteWrite=[{"url": "http://x", "basicAuth": {"password": secret}}])
    assert "Secret later does not exist" in Stand().warned(one)
    one = endpoint(bearerTokenSecret=secret)
    assert "Secret later does not exist" in Stand().warned(one)


def test_an_object_whose_secret_nobody_reads_is_judged_by_all_the_rest() -> None:
    stand, secret = Stand(), {"name": "there", "key": "token"}
    stand.secret("there")
    assert stand.judged(endpoint(bearerTokenSecret=secret)).outcome == "allowed"
    said = stand.refused(endpoint(bearerTokenSecret=secret, relabelConfigs=[RELABEL]))
    assert "spec.endpoints[0].relabelConfigs[0].action" in said


def test_a_secret_that_holds_a_whole_configuration_is_nobodys_fault() -> None:
    stand = Stand()
    stand.secret("there")
    one = manifest("VMAlertmanager", {"configSecret": "there"})
    assert stand.judged(one).outcome == "allowed"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (cluster(2), f'spec.vmstorage.replicaCount stays 3.*{labels.ALLOW_SCALE_DOWN}: "2"'),
        (cluster(3, retentionPeriod="1"), "spec.retentionPeriod stays 4"),
        (
            cluster(3, vmstorage={"storage": {"volumeClaimTemplate": {"spec": {"resources": {}}}}}),
            "storage",
        ),
        (
            cluster(
                3,
                vmstorage={
                    "storage": {"volumeClaimTemplate": {"spec": {**GI, "storageClassName": "big"}}}
                },
            ),
            f"spec.storageClassName stays fast.*{labels.ALLOW_STORAGE_CLASS}",
        ),
        (cluster(3, vmstorage={"storage": {"emptyDir": {}}}), labels.ALLOW_STORAGE_CHANGE),
    ],
    ids=["scale-down", "retention", "size", "class", "place"],
)
def test_what_would_lose_data_is_refused(after: Manifest, words: str) -> None:
    stand, before = Stand(), cluster(3)
    stand.run(before)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(stand.refused(after, before))


def test_what_would_lose_data_is_stored_once_it_is_asked_for_by_name() -> None:
    stand, before = Stand(), cluster(3)
    stand.run(before)
    after = cluster(2, {labels.ALLOW_SCALE_DOWN: "2"})
    assert stand.judged(after, before).outcome == "allowed"
    wrong = cluster(2, {labels.ALLOW_SCALE_DOWN: "1"})
    assert "stays 3" in stand.refused(wrong, before)


SKIPS = {labels.SKIP_VALIDATION: "true"}


def test_who_has_an_object_pass_unjudged_loses_no_data_by_it() -> None:
    stand, before = Stand(), cluster(3)
    stand.run(before)
    assert "stays 3" in stand.refused(cluster(2, SKIPS), before)
    big = {"volumeClaimTemplate": {"spec": {**GI, "storageClassName": "big"}}}
    classes = cluster(3, SKIPS, vmstorage={"storage": big})
    assert "spec.storageClassName stays fast" in stand.refused(classes, before)
    asked = cluster(2, {**SKIPS, labels.ALLOW_SCALE_DOWN: "2"})
    assert "not judged" in stand.warned(asked, before)
    # What cannot be rendered is carried out by nobody.
    assert "not judged" in stand.warned(cluster(2, SKIPS, retentionPeriod="4 months"), before)
    # What was so before does not keep anybody from changing other things.
    assert "stays 3" in stand.warned(cluster(2, SKIPS, logLevel="WARN"), cluster(2, SKIPS))


def test_of_what_is_not_judged_nothing_else_is_said() -> None:
    one = agent(vmAgentExternalLabelName="a", useVMConfigReloader=True)
    one["metadata"]["annotations"] = SKIPS
    assert Stand().warned(one).count("VMAgent ns/demo: ") == 1


def test_what_is_judged_again_was_wrong_before() -> None:
    before, after = agent(inlineRelabelConfig=[RELABEL]), agent(inlineRelabelConfig=[RELABEL])
    before["metadata"]["annotations"] = SKIPS
    assert "spec.inlineRelabelConfig[0]" in Stand().warned(after, before)


def test_an_allowance_that_allows_nothing_is_told() -> None:
    stand, before = Stand(), cluster(3)
    stand.run(before)
    said = stand.warned(cluster(3, {labels.ALLOW_SCALE_DOWN: "2"}), before)
    assert "allows nothing now" in said


def test_what_was_wrong_before_does_not_keep_anybody_from_changing_other_things() -> None:
    before, after = agent(inlineRelabelConfig=[RELABEL]), agent(inlineRelabelConfig=[RELABEL])
    after["spec"]["replicaCount"] = 2
    assert "spec.inlineRelabelConfig[0]" in Stand().warned(after, before)
    stand, old = Stand(), cluster(3)
    stand.run(old)
    assert "stays 3" in stand.warned(cluster(2, logLevel="WARN"), cluster(2))


def test_what_only_the_parents_of_today_have_against_an_object_is_told() -> None:
    stand = Stand()
    stand.put(agent("one", selectAllByDefault=True))
    stand.put(agent("two", selectAllByDefault=True, scrapeClasses=[{"name": "known"}]))
    stand.put(agent("three"))
    said = stand.warned(scrape(scrapeClass="known"))
    assert "VMAgent ns/one would leave it out: spec.scrapeClass: there is no class known" in said
    assert "two" not in said
    assert "three" not in said


def test_files_of_an_agent_that_denies_them_are_told() -> None:
    stand = Stand()
    stand.put(agent(selectAllByDefault=True, arbitraryFSAccessThroughSMs={"deny": True}))
    said = stand.warned(endpoint(bearerTokenFile="/etc/token"))
    assert "VMAgent ns/demo would leave it out: spec.endpoints[0].bearerTokenFile" in said


def test_what_some_parent_takes_is_not_refused_because_the_default_would_not() -> None:
    stand = Stand()
    url = {"name": "there", "key": "url"}
    receiver = {"name": "r", "slack_configs": [{"api_url": url, "update_message": True}]}
    one = manifest("VMAlertmanagerConfig", {"route": {"receiver": "r"}, "receivers": [receiver]})
    stand.secret("there")
    assert "update_message: needs Alertmanager 0.32" in stand.refused(one)
    newer = {"selectAllByDefault": True, "image": {"tag": "v0.33.0"}}
    stand.put(manifest("VMAlertmanager", newer))
    assert stand.judged(one).outcome == "allowed"


def test_fields_that_do_nothing_and_older_names_are_told() -> None:
    one = agent(vmAgentExternalLabelName="a", configReloaderImageTag="v1", useVMConfigReloader=True)
    said = Stand().warned(one)
    assert "spec.vmAgentExternalLabelName is deprecated: its newer name is externalLabel" in said
    assert "spec.useVMConfigReloader does not act yet" in said


def test_a_judgement_leaves_no_trace() -> None:
    stand = Stand()
    stand.put(agent(selectAllByDefault=True))
    stand.judged(endpoint(relabelConfigs=[RELABEL]))
    stand.judged(agent(inlineRelabelConfig=[RELABEL]))
    world = stand.world
    assert (len(world.contents), world.typed, world.held) == (0, {}, {})
    assert world.choosers.of(ref_of(agent())) == {}
    assert world.objects.all() == {}


def test_of_a_secret_nothing_but_a_placeholder_is_seen() -> None:
    stand = Stand()
    stand.secret("there")
    foresight = Foresight(stand.world, agent())
    found = foresight.secret("there")
    assert found is not None
    assert (foresight.has_looked, found["any"]) == (False, PLACEHOLDERS[0].encode())
    assert foresight.has_looked
    assert foresight.secret("gone") is None
