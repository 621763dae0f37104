"""What a VMAgent becomes: modes, shards, queues, rights, configuration, status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.render.agents import (
    TARGET,
    args,
    child,
    container,
    files,
    flag,
    kinds,
    planned,
    pod,
)

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.api.unsupported import unsupported
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import plan

ROOT = Path(__file__).parents[3]
CLAIM = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}}
SCALED = {"minReplicas": 1, "maxReplicas": 3}


def test_the_documents_agent_renders_unchanged() -> None:
    text = (ROOT / "examples" / "high-availability" / "vmagent.yaml").read_text()
    manifest = yaml.safe_load(text)
    manifest["metadata"]["namespace"] = "default"
    parent = parsed(manifest)
    made = plan(parent, Settings())
    assert kinds(made) == ["Service", "Secret", "Deployment", "VMServiceScrape"]
    assert pod(made)["serviceAccountName"] == "vmagent"
    (monitors,) = (it.choice for it in made.picked if it.choice.kinds == ("ServiceMonitor",))
    assert (monitors.objects, monitors.namespaces) == ({}, {})
    assert unsupported(parent) == ()


@pytest.mark.parametrize(
    ("spec", "kind", "strategy"),
    [
        ({}, "Deployment", {"maxSurge": 1, "maxUnavailable": 0}),
        ({"statefulMode": True}, "StatefulSet", None),
        ({"daemonSetMode": True}, "DaemonSet", {"maxSurge": 0, "maxUnavailable": 1}),
    ],
    ids=["deployment", "statefulset", "daemonset"],
)
def test_the_mode_decides_about_the_workload(
    spec: dict[str, Any], kind: str, strategy: dict[str, Any] | None
) -> None:
    made = planned(**spec)
    (stage,) = made.stages
    found = stage.workload["spec"]
    update = found.get("updateStrategy") or found.get("strategy")
    assert stage.workload["kind"] == kind
    assert stage.workload["metadata"]["name"] == "vmagent-demo"
    assert update.get("rollingUpdate") == strategy
    assert child(made, "Service")["metadata"]["name"] == "vmagent-demo"


def test_pods_of_a_statefulset_have_names_of_their_own() -> None:
    made = planned(statefulMode=True, shardCount=2)
    assert child(made, "Service")["spec"]["clusterIP"] == "None"
    services = {stage.workload["spec"]["serviceName"] for stage in made.stages}
    assert services == {"vmagent-demo"}


def test_a_daemonset_that_surges_takes_no_pod_away_first() -> None:
    steps = {"maxSurge": "25%"}
    made = planned(daemonSetMode=True, daemonSetRollingUpdateStrategyBehavior=steps)
    update = made.stages[0].workload["spec"]["updateStrategy"]
    assert update["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}


def test_an_agent_on_each_node_knows_its_node() -> None:
    variables = container(planned(daemonSetMode=True))["env"]
    variable = next(it for it in variables if "valueFrom" in it)
    assert variable["name"] == "KUBE_NODE_NAME"
    assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "spec.nodeName"


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        pytest.param({}, {"GOGC": "300", "GOMEMLIMIT": "400MiB"}, id="default limit, 500Mi"),
        pytest.param(
            {"resources": {"limits": {"memory": "1.5Gi"}}},
            {"GOGC": "300", "GOMEMLIMIT": "1228MiB"},
            id="a limit of the user's",
        ),
        pytest.param({"useDefaultResources": False}, {}, id="no limit"),
        pytest.param({"resources": {"limits": {"memory": "1Mi"}}}, {}, id="less than one MiB"),
        pytest.param(
            {"extraEnvs": [{"name": "GOGC", "value": "50"}]}, {"GOGC": "50"}, id="user's variable"
        ),
        pytest.param(
            {"extraEnvsFrom": [{"configMapRef": {"name": "go"}}]}, {}, id="user's variables"
        ),
        pytest.param(
            {"containers": [{"name": "vmagent", "resources": {"limits": {"memory": "64Mi"}}}]},
            {},
            id="user's container",
        ),
        pytest.param(
            {
                "vpa": {
                    "updatePolicy": {"updateMode": "Recreate"},
                    "resourcePolicy": {"containerPolicies": [{"containerName": "*"}]},
                }
            },
            {},
            id="limits in motion",
        ),
    ],
)
def test_garbage_is_collected_rarely_while_memory_is_left(
    spec: dict[str, Any], wanted: dict[str, str]
) -> None:
    variables = container(planned(**spec)).get("env") or ()
    assert {it["name"]: it["value"] for it in variables} == wanted


@pytest.mark.parametrize(
    ("spec", "field", "words"),
    [
        ({"daemonSetMode": True, "statefulMode": True}, "spec.statefulMode", "exclude"),
        ({"daemonSetMode": True, "hpa": SCALED, "shardCount": 1}, "spec.hpa", "exclude"),
        ({"daemonSetMode": True, "vpa": {}}, "spec.vpa", "exclude"),
        (
            {"daemonSetMode": True, "podDisruptionBudget": {"minAvailable": 1}},
            "spec.podDisruptionBudget",
            "exclude",
        ),
        ({"hpa": SCALED}, "spec.hpa", "shardCount to at least 1"),
        ({"hpa": SCALED, "shardCount": 0}, "spec.hpa", "shardCount to at least 1"),
        (
            {
                "daemonSetMode": True,
                "daemonSetRollingUpdateStrategyBehavior": {"maxSurge": 1, "maxUnavailable": 1},
            },
            "spec.daemonSetRollingUpdateStrategyBehavior",
            "either",
        ),
        (
            {
                "daemonSetMode": True,
                "daemonSetUpdateStrategy": "OnDelete",
                "daemonSetRollingUpdateStrategyBehavior": {"maxSurge": 1},
            },
            "spec.daemonSetRollingUpdateStrategyBehavior",
            "OnDelete",
        ),
        ({"remoteWrite": []}, "spec.remoteWrite", ""),
        ({"remoteWrite": [{"url": ""}]}, "spec.remoteWrite[0].url", "empty"),
        (
            {"configReloadAuthKeySecret": {"name": "a", "key": "b"}},
            "spec.configReloadAuthKeySecret",
            "Secret a does not exist",
        ),
        (
            {"additionalScrapeConfigs": {"name": "a", "key": "b"}},
            "spec.additionalScrapeConfigs",
            "Secret a does not exist",
        ),
        ({"inlineScrapeConfig": "a: b"}, "spec.inlineScrapeConfig", "list"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_work_is_refused_by_name(spec: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(**spec)
    assert refused.value.field == field
    assert words in str(refused.value)


def test_shards_are_agents_of_their_own_behind_one_service() -> None:
    made = planned(shardCount=3, podDisruptionBudget={"minAvailable": 1}, replicaCount=2)
    names = [stage.workload["metadata"]["name"] for stage in made.stages]
    assert names == ["vmagent-demo-0", "vmagent-demo-1", "vmagent-demo-2"]
    assert [flag(made, "promscrape.cluster.memberNum", place) for place in range(3)] == [*"012"]
    assert {flag(made, "promscrape.cluster.membersCount", place) for place in range(3)} == {"3"}
    for stage, number in zip(made.stages, "012", strict=True):
        selector = stage.workload["spec"]["selector"]["matchLabels"]
        assert selector["shard-num"] == number
        assert (stage.shard, stage.waits) == (number, False)
    service = child(made, "Service")
    assert "shard-num" not in service["spec"]["selector"]
    budgets = [one for one in made.manifests if one["kind"] == "PodDisruptionBudget"]
    assert [one["metadata"]["name"] for one in budgets] == names
    assert kinds(made).count("Secret") == 1


def test_no_two_budgets_of_shards_cover_one_pod() -> None:
    budget = {"minAvailable": 1, "selectorLabels": {"tier": "agent"}}
    made = planned(shardCount=2, podDisruptionBudget=budget)
    found = [one for one in made.manifests if one["kind"] == "PodDisruptionBudget"]
    selectors = [one["spec"]["selector"]["matchLabels"] for one in found]
    assert selectors == [{"tier": "agent", "shard-num": number} for number in "01"]


def test_a_single_shard_is_named_as_one_of_several() -> None:
    made = planned(shardCount=1)
    assert made.stages[0].workload["metadata"]["name"] == "vmagent-demo-0"
    assert flag(made, "promscrape.cluster.membersCount") == "1"


def test_no_shards_are_one_agent_without_a_number() -> None:
    specs: list[dict[str, Any]] = [{}, {"shardCount": 0}, {"shardCount": 3, "daemonSetMode": True}]
    for spec in specs:
        made = planned(**spec)
        assert [stage.workload["metadata"]["name"] for stage in made.stages] == ["vmagent-demo"]
        assert not [arg for arg in args(made) if "promscrape.cluster" in arg]
        assert made.status["shards"] == 1


def test_flags_of_the_user_cannot_give_all_shards_one_number() -> None:
    extra = {"--promscrape.cluster.memberNum": "7", "promscrape.cluster.replicationFactor": "2"}
    made = planned(shardCount=2, extraArgs=extra)
    assert [flag(made, "promscrape.cluster.memberNum", place) for place in (0, 1)] == ["0", "1"]
    assert flag(made, "promscrape.cluster.replicationFactor") == "2"
    assert flag(planned(extraArgs=extra), "promscrape.cluster.memberNum") == "7"


def test_the_number_of_a_shard_stands_wherever_it_is_asked_for() -> None:
    made = planned(
        shardCount=2,
        podMetadata={"labels": {"shard": "s-%SHARD_NUM%"}},
        extraEnvs=[{"name": "SHARD", "value": "%SHARD_NUM%"}],
        remoteWrite=[{"url": "http://target-%SHARD_NUM%/"}],
    )
    for place in (0, 1):
        template = made.stages[place].workload["spec"]["template"]
        assert template["metadata"]["labels"]["shard"] == f"s-{place}"
        assert {"name": "SHARD", "value": str(place)} in container(made, place)["env"]
        assert flag(made, "remoteWrite.url", place) == f"http://target-{place}/"


def test_autoscalers_change_the_agent_itself() -> None:
    vpa = {
        "updatePolicy": {"updateMode": "Off"},
        "resourcePolicy": {"containerPolicies": [{"containerName": "vmagent"}]},
    }
    made = planned(shardCount=2, hpa=SCALED, vpa=vpa)
    for kind, key in (
        ("HorizontalPodAutoscaler", "scaleTargetRef"),
        ("VerticalPodAutoscaler", "targetRef"),
    ):
        scaler = child(made, kind)
        assert scaler["metadata"]["name"] == "demo"
        assert scaler["spec"][key]["kind"] == "VMAgent"
        assert scaler["spec"][key]["name"] == "demo"
    # The pods of each shard stay as many as the specification says.
    assert [stage.workload["spec"]["replicas"] for stage in made.stages] == [1, 1]
    assert [stage.first_replicas for stage in made.stages] == [None, None]


def test_the_status_feeds_the_scale_subresource() -> None:
    status = planned(shardCount=2, replicaCount=3).status
    assert (status["shards"], status["replicas"]) == (2, 3)
    assert sorted(status["selector"].split(",")) == [
        "app.kubernetes.io/component=monitoring",
        "app.kubernetes.io/instance=demo",
        "app.kubernetes.io/name=vmagent",
        "managed-by=vm-operator",
    ]
    assert "replicas" not in planned(daemonSetMode=True).status


def _queue(**spec: Any) -> tuple[str | None, list[str], list[str]]:
    made = planned(**spec)
    mounts = [m["mountPath"] for m in container(made)["volumeMounts"] if "queue" in m["name"]]
    volumes = [v["name"] for v in pod(made)["volumes"] if "queue" in v["name"]]
    return flag(made, "remoteWrite.tmpDataPath"), mounts, volumes


def test_queues_have_a_volume_at_their_folder() -> None:
    path, mounts, volumes = _queue()
    assert path == "/tmp/vmagent-remotewrite-data"  # noqa: S108  # a path in the container
    assert mounts == [path]
    assert volumes == ["persistent-queue-data"]


def test_the_volume_follows_the_folder_that_the_user_names() -> None:
    path, mounts, _ = _queue(remoteWriteSettings={"tmpDataPath": "queues/here"})
    assert path == "/queues/here"
    assert mounts == ["/queues/here"]


@pytest.mark.parametrize("mount", ["/tmp", "/tmp/vmagent-remotewrite-data/"])  # noqa: S108
def test_a_volume_of_the_user_above_the_queues_is_taken_for_them(mount: str) -> None:
    spec = {
        "volumes": [{"name": "mine", "hostPath": {"path": "/data"}}],
        "volumeMounts": [{"name": "mine", "mountPath": mount}],
    }
    path, mounts, volumes = _queue(**spec)
    assert path == "/tmp/vmagent-remotewrite-data"  # noqa: S108  # a path in the container
    assert (mounts, volumes) == ([], [])


def test_queues_of_a_statefulset_have_a_claim_for_each_pod() -> None:
    made = planned(statefulMode=True, statefulStorage=CLAIM)
    (claim,) = made.stages[0].workload["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "persistent-queue-data"
    (mount,) = (m for m in container(made)["volumeMounts"] if "queue" in m["name"])
    assert mount["mountPath"] == flag(made, "remoteWrite.tmpDataPath")


def test_storage_of_another_mode_makes_no_claim() -> None:
    assert "volumeClaimTemplates" not in planned(statefulStorage=CLAIM).stages[0].workload["spec"]


def test_an_agent_without_an_account_gets_one_with_the_rights_to_discover() -> None:
    made = planned()
    account = child(made, "ServiceAccount")["metadata"]["name"]
    assert pod(made)["serviceAccountName"] == account == "vmagent-demo"
    role, binding = child(made, "ClusterRole"), child(made, "ClusterRoleBinding")
    assert role["metadata"]["name"] == "monitoring:monitoring:vmagent-demo"
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "monitoring"}
    assert binding["subjects"] == [subject]


def test_the_rights_reach_no_secret() -> None:
    rules = child(planned(), "ClusterRole")["rules"]
    resources = {name for rule in rules for name in rule.get("resources", ())}
    assert resources >= {"pods", "nodes", "services", "endpointslices", "namespaces"}
    assert not resources & {"secrets", "configmaps", "*"}
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_an_operator_of_some_namespaces_grants_no_more_than_those() -> None:
    made = planned(settings=Settings(namespaces=("monitoring", "shop")))
    assert "ClusterRole" not in kinds(made)
    roles = [one["metadata"] for one in made.manifests if one["kind"] == "Role"]
    assert [one["namespace"] for one in roles] == ["monitoring", "shop"]
    assert ["ownerReferences" in one for one in roles] == [True, False]


@pytest.mark.parametrize(
    "spec", [{"serviceAccountName": "mine"}, {"ingestOnlyMode": True}], ids=["own", "ingest"]
)
def test_rights_that_nobody_needs_are_not_granted(spec: dict[str, Any]) -> None:
    assert not {"ClusterRole", "ClusterRoleBinding"} & set(kinds(planned(**spec)))


def test_the_longest_name_still_names_a_role() -> None:
    namespace, name = "n" * 63, "a" * 55
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"remoteWrite": [TARGET]},
    }
    made = plan(parsed(manifest), Settings())
    assert len(child(made, "Service")["metadata"]["name"]) == 63
    assert len(child(made, "ClusterRole")["metadata"]["name"]) <= 253
    manifest["metadata"] = {"name": f"{name}a", "namespace": namespace}
    with pytest.raises(SpecInvalid, match=r"^metadata\.name"):
        plan(parsed(manifest), Settings())


def test_a_pod_without_tokens_still_gives_the_agent_its_own() -> None:
    spec: dict[str, Any] = {
        "disableAutomountServiceAccountToken": True,
        "containers": [{"name": "other", "image": "other"}],
    }
    made = planned(**spec)
    assert pod(made)["automountServiceAccountToken"] is False
    holders = [
        one["name"]
        for one in pod(made)["containers"]
        if any("serviceaccount" in m["mountPath"] for m in one.get("volumeMounts", ()))
    ]
    assert holders == ["vmagent"]
    assert "kube-api-access" not in json.dumps(pod(planned(**spec, ingestOnlyMode=True)))


def test_an_agent_that_only_takes_samples_in_scrapes_nothing() -> None:
    made = planned(ingestOnlyMode=True, shardCount=2, inlineScrapeConfig="- job_name: a")
    assert not [arg for arg in args(made) if "promscrape" in arg]
    assert files(made) == {}


def test_replicas_scrape_with_equal_labels() -> None:
    made = planned(replicaCount=3, externalLabels={"cluster": "one"})
    labels = json.loads(files(made)["vmagent.yaml"])["global"]["external_labels"]
    # One file for all pods, and nothing in it or in the flags tells one pod from another.
    assert labels == {"cluster": "one", "prometheus": "monitoring/demo"}
    assert "POD_NAME" not in json.dumps(pod(made))
    assert kinds(made).count("Secret") == 1


def test_a_change_of_configuration_changes_no_pod() -> None:
    before = planned(inlineScrapeConfig="- job_name: a", inlineRelabelConfig=[_drop("a")])
    after = planned(inlineScrapeConfig="- job_name: b", inlineRelabelConfig=[_drop("b")])
    assert before.stages[0].workload == after.stages[0].workload
    old, new = before.stages[0].config, after.stages[0].config
    assert old and new
    assert old.digest != new.digest
    assert new.reload_path == "/-/reload"


def _drop(name: str) -> dict[str, str]:
    return {"action": "labeldrop", "regex": name}


def test_reloads_are_for_whoever_knows_the_key() -> None:
    around = Known(secrets={"reload": {"key": b"hidden"}})
    made = planned(around, configReloadAuthKeySecret={"name": "reload", "key": "key"})
    assert flag(made, "reloadAuthKey") == "file:///etc/vm/credentials/reload/key"
    delivery = made.stages[0].config
    assert delivery and delivery.reload_key == ("reload", "key")
    assert "hidden" not in json.dumps(made.manifests)


def test_legacy_names_are_bare() -> None:
    made = planned(useLegacyNaming=True, shardCount=2)
    assert [stage.workload["metadata"]["name"] for stage in made.stages] == ["demo-0", "demo-1"]
    assert child(made, "ServiceAccount")["metadata"]["name"] == "demo"
