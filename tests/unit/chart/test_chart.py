"""The chart without a cluster: what helm makes of it for a dozen ways to install it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from tests.unit.chart.helm import (
    CHART,
    CRDS_CHART,
    WITHOUT_CRDS,
    Manifest,
    Refused,
    helm,
    only,
    rendered,
    template,
)

from chart.documents import rows_of
from chart.root import Root
from vmoperator.api import parsed
from vmoperator.api.crd import definitions
from vmoperator.api.unknown import unknown
from vmoperator.api.vmcluster import VMCluster
from vmoperator.apply.rights import RIGHTS
from vmoperator.base.resource import PARENTS, SELECTED

FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))
SECRET_LIMIT_BYTES = 400_000
CLUSTER_SCOPED = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"}
FOREIGN = ("operator.victoriametrics.com/", "monitoring.coreos.com/", "apiextensions.k8s.io/")


def objects(text: str) -> list[Manifest]:
    return [it for it in yaml.load_all(text, Loader=yaml.CSafeLoader) if it]


@pytest.mark.parametrize("chart", [CHART, CRDS_CHART], ids=lambda path: path.name)
def test_helm_finds_nothing_to_complain_of(chart: Path) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", str(chart))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_object_is_what_kubernetes_takes_and_is_the_same_each_time(path: Path) -> None:
    values = path.read_text()
    text = template(values=values)
    assert text == template(values=values)
    for manifest in objects(text):
        if not manifest["apiVersion"].startswith(FOREIGN):
            kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("chart", [CHART, CRDS_CHART], ids=lambda path: path.name)
def test_the_definitions_are_those_of_the_code_and_outlive_the_release(chart: Path) -> None:
    found = [it for it in objects(template(chart=chart)) if it["kind"].startswith("CustomResource")]
    assert [it["spec"] for it in found] == sorted(
        (it["spec"] for it in definitions()), key=lambda spec: spec["names"]["plural"]
    )
    for it in found:
        assert it["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_definitions_may_go_with_the_release_and_may_be_left_to_others() -> None:
    assert "resource-policy" not in template("crds.keep=false")
    assert "CustomResourceDefinition" not in template("crds.enabled=false")


def test_the_release_fits_into_its_secret_with_room_to_spare() -> None:
    files = [it for it in CHART.rglob("*") if it.is_file()]
    chart = b"".join(base64.b64encode(it.read_bytes()) for it in files)
    whole = gzip.compress(chart + template().encode())
    assert len(base64.b64encode(whole)) < SECRET_LIMIT_BYTES


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("imag: {tag: x}", "imag"),
        ("image: {taag: x}", "taag"),
        ("replicas: two", "replicas"),
        ("log: {level: loud}", "level"),
        ("watchNamespaces: team", "watchNamespaces"),
        ("{watchOwnNamespace: true, watchNamespaces: [a], crds: {enabled: false}}", "give one"),
        ("watchOwnNamespace: true", "crds.enabled=false"),
        ("{webhook: {enabled: true}, watchNamespaces: [a]}", "the whole cluster's"),
    ],
)
def test_a_wrong_value_is_refused_by_name(values: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        template(values=values)


def test_every_value_that_a_template_reads_is_one_of_the_chart() -> None:
    text = "\n".join(it.read_text() for it in (CHART / "templates").iterdir())
    known = {path for path, _, _ in rows_of(Root())}
    groups = {path.rpartition(".")[0] for path in known} - {""}
    used = {it.rstrip(".") for it in re.findall(r"\.Values\.([A-Za-z.]+)", text)}
    assert used <= known | groups
    assert "webhook.port" in used


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ((), "default"),
        (("watchNamespaces={a,b}",), "a"),
        (("watchOwnNamespace=true", WITHOUT_CRDS), "monitoring"),
        (("watchOwnNamespace=true", WITHOUT_CRDS, "namespaceOverride=elsewhere"), "elsewhere"),
    ],
    ids=["all", "some", "its own", "its own, by another name"],
)
def test_the_notes_hold_a_vmcluster_that_the_operator_will_look_after(
    settings: tuple[str, ...], place: str
) -> None:
    given = [word for setting in settings for word in ("--set", setting)]
    where = ("vmoperator", str(CHART), "-n", "monitoring", "--dry-run=client")
    text = helm("install", *where, *given).partition("\nNOTES:\n")[2]
    found = re.search(r"kubectl apply -f - <<'EOF'\n(.*?)\nEOF\n", text, re.DOTALL)
    assert found is not None
    manifest = yaml.safe_load(found[1])
    assert manifest["metadata"]["namespace"] == place
    assert isinstance(parsed(manifest), VMCluster)
    assert unknown(manifest, VMCluster) == ()
    assert f"kubectl -n {place} get vmclusters --watch" in text
    assert ("vmoperator-crds" in text) == (WITHOUT_CRDS in settings)


def test_by_default_a_cluster_role_and_it_grants_what_the_code_needs() -> None:
    found = rendered()
    role = only("ClusterRoleBinding", found)["roleRef"]["name"]
    rules = next(
        it["rules"]
        for it in found
        if it["kind"] == "ClusterRole" and it["metadata"]["name"] == role
    )
    assert rules == [json.loads(json.dumps(right.rule)) for right in RIGHTS]


def test_its_own_namespace_needs_nothing_of_the_cluster() -> None:
    found = rendered("watchOwnNamespace=true")
    assert not {it["kind"] for it in found} & CLUSTER_SCOPED
    roles = {it["metadata"]["name"]: it for it in found if it["kind"] == "Role"}
    assert set(roles) == {"monitoring-vmoperator", "vmoperator-lease"}
    assert {it["metadata"]["namespace"] for it in roles.values()} == {"monitoring"}
    args = _container(found)["args"]
    assert {"--namespace=monitoring", "--confined"} <= set(args)
    assert "--confined" not in _container(rendered("watchNamespaces={a}"))["args"]


def _spread(values: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = only("Deployment", rendered(values=values))["spec"]["template"]["spec"]
    spread: list[dict[str, Any]] = found.get("topologySpreadConstraints", [])
    return spread


def test_several_pods_go_to_several_nodes_where_they_can() -> None:
    (found,) = _spread("replicas: 2")
    assert found["topologyKey"] == "kubernetes.io/hostname"
    assert found["whenUnsatisfiable"] == "ScheduleAnyway"
    pod = only("Deployment", rendered("replicas=2"))["spec"]["template"]["metadata"]["labels"]
    assert found["labelSelector"]["matchLabels"].items() <= pod.items()


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ("replicas: 1", []),
        ("{replicas: 2, affinity: {podAntiAffinity: {}}}", []),
        (
            "{replicas: 2, topologySpreadConstraints: [{maxSkew: 2, topologyKey: zone,"
            " whenUnsatisfiable: DoNotSchedule}]}",
            ["zone"],
        ),
    ],
    ids=["one pod", "an affinity of the user's", "a spread of the user's"],
)
def test_pods_are_not_spread_otherwise_than_asked(values: str, keys: list[str]) -> None:
    assert [it["topologyKey"] for it in _spread(values)] == keys


def test_a_list_of_namespaces_gets_a_role_in_each_and_little_of_the_cluster() -> None:
    found = rendered("watchNamespaces={a,b}")
    roles = [it["metadata"]["namespace"] for it in found if it["kind"] == "Role"]
    assert sorted(roles) == ["a", "b", "monitoring"]
    rules = only("ClusterRole", found)["rules"]
    granted = {resource for rule in rules for resource in rule["resources"]}
    assert granted <= {"storageclasses", "subjectaccessreviews"}
    for role in (it for it in found if it["kind"] == "Role"):
        for rule in role["rules"]:
            assert not {"clusterroles", "namespaces", "nodes"} & set(rule["resources"])
            assert "nonResourceURLs" not in rule


def test_webhooks_judge_our_kinds_but_not_in_the_namespaces_of_operator_and_system() -> None:
    assert not [it for it in rendered() if "webhook" in it["metadata"]["name"]]
    found = rendered("webhook.enabled=true")
    (hook,) = only("ValidatingWebhookConfiguration", found)["webhooks"]
    assert (hook["failurePolicy"], hook["sideEffects"]) == ("Ignore", "None")
    assert hook["timeoutSeconds"] <= 5
    excluded = hook["namespaceSelector"]["matchExpressions"][0]
    assert (excluded["operator"], excluded["values"]) == ("NotIn", ["kube-system", "monitoring"])
    kinds = {it.plural for it in (*PARENTS, *SELECTED)}
    assert set(hook["rules"][0]["resources"]) == kinds
    service = next(it for it in found if it["kind"] == "Service" and "webhook" in str(it["spec"]))
    assert service["metadata"]["name"] == hook["clientConfig"]["service"]["name"]
    assert "caBundle" not in hook["clientConfig"]


def test_for_webhooks_the_operator_may_change_their_one_configuration() -> None:
    found = rendered("webhook.enabled=true")
    name = only("ValidatingWebhookConfiguration", found)["metadata"]["name"]
    role = next(it for it in found if it["metadata"]["name"] == f"{name}-webhook")
    (rule,) = role["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == ([name], ["get", "patch"])
    assert f"--webhook-configuration={name}" in _container(found)["args"]


def test_people_who_may_view_and_edit_may_view_and_edit_the_kinds() -> None:
    found = {it["metadata"]["name"]: it for it in rendered() if it["kind"] == "ClusterRole"}
    view, edit = (found[f"monitoring-vmoperator-{it}"] for it in ("view", "edit"))
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert "rbac.authorization.k8s.io/aggregate-to-view" not in edit["metadata"]["labels"]
    assert {verb for rule in view["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}


def test_a_long_name_is_cut_where_kubernetes_takes_no_longer_one() -> None:
    given = ("--set", "webhook.enabled=true", "--set", WITHOUT_CRDS)
    found = objects(helm("template", "a" * 53, str(CHART), "-n", "b" * 63, *given))
    for it in found:
        assert len(it["metadata"]["name"]) <= (63 if it["kind"] == "Service" else 253)
        assert all(len(value) <= 63 for value in it["metadata"]["labels"].values())
    (hook,) = only("ValidatingWebhookConfiguration", found)["webhooks"]
    secret = only("Secret", found)["metadata"]["name"]
    assert hook["clientConfig"]["service"]["name"] == secret
    assert f"--webhook-secret={'b' * 63}/{secret}" in _container(found)["args"]


def test_an_image_by_its_digest_from_a_registry_of_ones_own() -> None:
    digest = f"sha256:{'0' * 64}"
    found = _container(rendered("global.imageRegistry=r.example", f"image.digest={digest}"))
    assert found["image"] == f"r.example/vmoperator/vmoperator@{digest}"


def test_labels_for_all_objects_stand_on_all_objects_and_on_the_pods() -> None:
    found = rendered("commonLabels.team=a", "commonAnnotations.note=b", values=_everything())
    for it in found:
        if it["metadata"]["name"] == "extra":
            continue
        assert it["metadata"]["labels"]["team"] == "a", it["kind"]
        assert it["metadata"]["annotations"]["note"] == "b", it["kind"]
    assert only("Deployment", found)["spec"]["template"]["metadata"]["labels"]["team"] == "a"


def test_objects_of_ones_own_are_templates() -> None:
    values = "extraObjects: ['{kind: ConfigMap, metadata: {name: {{ .Release.Name }}-x}}']"
    assert only("ConfigMap", rendered(values=values))["metadata"]["name"] == "vmoperator-x"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_pod_is_restricted_however_it_is_installed(path: Path) -> None:
    spec = only("Deployment", rendered(values=path.read_text()))["spec"]["template"]["spec"]
    assert spec.get("hostNetwork", False) is ("hostNetwork" in path.read_text())
    volumes = {kind for it in spec["volumes"] for kind in it if kind != "name"}
    assert volumes <= {"configMap", "emptyDir", "projected", "secret"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    security = spec["containers"][0]["securityContext"]
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}


def _everything() -> str:
    flags = ("monitor", "rules", "podDisruptionBudget", "networkPolicy")
    return yaml.safe_dump({flag: {"enabled": True} for flag in flags})


def _container(found: list[Manifest]) -> dict[str, Any]:
    container: dict[str, Any] = only("Deployment", found)["spec"]["template"]["spec"]["containers"][
        0
    ]
    return container
