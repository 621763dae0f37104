"""Every value does what its words say: a table of values, and of where each is seen."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from tests.unit.chart.helm import Manifest, Refused, rendered, template
from tests.unit.chart.seen import holds, nested, seen

from chart.documents import rows_of
from chart.root import Root
from vmoperator.base.environment import settings_of
from vmoperator.base.settings import Settings

DIGEST = f"sha256:{'0' * 64}"
POD = "Deployment spec.template.spec"
CONTAINER = f"{POD}.containers.0"
JUDGES = "ValidatingWebhookConfiguration webhooks.0"
SCRAPE = "VMServiceScrape"
PEER = {"podSelector": {"matchLabels": {"a": "b"}}}
REFERENCE = {"name": "pull"}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
SIDECAR = {"name": "beside", "image": "a:1"}
VOLUME = {"name": "ca", "configMap": {"name": "ca"}}
MOUNT = {"name": "ca", "mountPath": "/ca"}
SPREAD = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
Seen = tuple[Any, str, Any]

TOGETHER: dict[str, Seen] = {
    "global.imagePullSecrets": ([REFERENCE], f"{POD}.imagePullSecrets", REFERENCE),
    "imagePullSecrets": ([{"name": "own"}], f"{POD}.imagePullSecrets", {"name": "own"}),
    "nameOverride": ("n", "Deployment metadata.labels.app~kubernetes~io/name", "n"),
    "fullnameOverride": ("full", "Deployment metadata.name", "full"),
    "namespaceOverride": ("there", "Deployment metadata.namespace", "there"),
    "commonLabels": ({"c": "l"}, "Service metadata.labels.c", "l"),
    "commonAnnotations": ({"c": "a"}, "Service metadata.annotations.c", "a"),
    "replicas": (2, "Deployment spec.replicas", 2),
    "image.registry": ("r.example", f"{CONTAINER}.image", re.compile("r.example/a/b:1")),
    "image.repository": ("a/b", f"{CONTAINER}.image", re.compile("r.example/a/b:1")),
    "image.tag": ("1", f"{CONTAINER}.image", re.compile("r.example/a/b:1")),
    "image.pullPolicy": ("Always", f"{CONTAINER}.imagePullPolicy", "Always"),
    "workers": (3, f"{CONTAINER}.args", "--workers=3"),
    "log.level": ("debug", f"{CONTAINER}.args", "--log-level=debug"),
    "log.format": ("text", f"{CONTAINER}.args", "--log-format=text"),
    "operands.imageRegistry": (
        "o.example",
        f"{CONTAINER}.env",
        {"name": "VM_CONTAINERREGISTRY", "value": "o.example"},
    ),
    "operands.clusterDomain": (
        "k8s.example",
        f"{CONTAINER}.env",
        {"name": "VM_CLUSTERDOMAINNAME", "value": "k8s.example"},
    ),
    "resyncSeconds": (60, f"{CONTAINER}.args", "--resync-seconds=60"),
    "operands.version": (
        "v1.2.3",
        f"{CONTAINER}.env",
        {"name": "VM_METRICS_VERSION", "value": "v1.2.3"},
    ),
    "operands.commonLabels": (
        {"team": "a", "cost": "b"},
        f"{CONTAINER}.env",
        {"name": "VM_COMMON_LABELS", "value": "cost=b,team=a"},
    ),
    "operands.commonAnnotations": (
        {"note": "a"},
        f"{CONTAINER}.env",
        {"name": "VM_COMMON_ANNOTATIONS", "value": "note=a"},
    ),
    "operands.useStrictSecurity": (
        True,
        f"{CONTAINER}.env",
        {"name": "VM_ENABLESTRICTSECURITY", "value": "true"},
    ),
    "operands.useDefaultResources": (
        False,
        f"{CONTAINER}.env",
        {"name": "VM_USEDEFAULTRESOURCES", "value": "false"},
    ),
    "operands.resources": (
        {"vmagent": {"limits": {"memory": "1Gi"}}},
        f"{CONTAINER}.env",
        {"name": "VM_VMAGENTDEFAULT_RESOURCE_LIMIT_MEM", "value": "1Gi"},
    ),
    "serviceAccount.name": ("who", f"{POD}.serviceAccountName", "who"),
    "serviceAccount.labels": ({"s": "l"}, "ServiceAccount metadata.labels.s", "l"),
    "serviceAccount.annotations": ({"s": "a"}, "ServiceAccount metadata.annotations.s", "a"),
    "serviceAccount.automount": (False, f"{POD}.automountServiceAccountToken", False),
    "service.labels": ({"v": "l"}, "Service metadata.labels.v", "l"),
    "service.annotations": ({"v": "a"}, "Service metadata.annotations.v", "a"),
    "service.port": (9090, "Service spec.ports.0.port", 9090),
    "monitor.enabled": (True, f"{SCRAPE} metadata.name", "full"),
    "monitor.labels": ({"m": "l"}, f"{SCRAPE} metadata.labels.m", "l"),
    "monitor.interval": ("1m30s", f"{SCRAPE} spec.endpoints.0.interval", "1m30s"),
    "rules.enabled": (True, "VMRule metadata.name", "full"),
    "rules.labels": ({"r": "l"}, "VMRule metadata.labels.r", "l"),
    "dashboards.enabled": (True, "ConfigMap metadata.name", "full-dashboard-vmoperator"),
    "dashboards.labels": ({"d": "l"}, "ConfigMap metadata.labels.d", "l"),
    "podDisruptionBudget.minAvailable": (
        "50%",
        "PodDisruptionBudget spec.minAvailable",
        "50%",
    ),
    "networkPolicy.enabled": (True, "NetworkPolicy metadata.name", "full"),
    "networkPolicy.ingressFrom": ([PEER], "NetworkPolicy spec.ingress.0.from", PEER),
    "webhook.enabled": (True, f"{JUDGES}.clientConfig.service.name", "full-webhook"),
    "webhook.failurePolicy": ("Fail", f"{JUDGES}.failurePolicy", "Fail"),
    "webhook.timeoutSeconds": (7, f"{JUDGES}.timeoutSeconds", 7),
    "webhook.port": (10443, f"{CONTAINER}.args", "--webhook-address=:10443"),
    "webhook.excludedNamespaces": (
        ["quiet"],
        f"{JUDGES}.namespaceSelector.matchExpressions.0.values",
        "quiet",
    ),
    "webhook.namespaceSelector": (
        {"matchLabels": {"n": "s"}},
        f"{JUDGES}.namespaceSelector.matchLabels.n",
        "s",
    ),
    "webhook.objectSelector": (
        {"matchLabels": {"o": "s"}},
        f"{JUDGES}.objectSelector.matchLabels.o",
        "s",
    ),
    "webhook.matchConditions": (
        [{"name": "m", "expression": "true"}],
        f"{JUDGES}.matchConditions",
        {"name": "m", "expression": "true"},
    ),
    "webhook.annotations": (
        {"w": "a"},
        "ValidatingWebhookConfiguration metadata.annotations.w",
        "a",
    ),
    "security.pod": ({"fsGroup": 7}, f"{POD}.securityContext.fsGroup", 7),
    "security.container": (
        {"runAsUser": 8},
        f"{CONTAINER}.securityContext.runAsUser",
        8,
    ),
    "resources": (
        {"limits": {"memory": "1Gi"}},
        f"{CONTAINER}.resources.limits.memory",
        "1Gi",
    ),
    "podLabels": ({"p": "l"}, "Deployment spec.template.metadata.labels.p", "l"),
    "podAnnotations": ({"p": "a"}, "Deployment spec.template.metadata.annotations.p", "a"),
    "deploymentAnnotations": ({"e": "a"}, "Deployment metadata.annotations.e", "a"),
    "strategy": ({"type": "Recreate"}, "Deployment spec.strategy.type", "Recreate"),
    "minReadySeconds": (4, "Deployment spec.minReadySeconds", 4),
    "revisionHistoryLimit": (0, "Deployment spec.revisionHistoryLimit", 0),
    "terminationGracePeriodSeconds": (60, f"{POD}.terminationGracePeriodSeconds", 60),
    "nodeSelector": ({"disk": "ssd"}, f"{POD}.nodeSelector.disk", "ssd"),
    "tolerations": ([{"operator": "Exists"}], f"{POD}.tolerations", {"operator": "Exists"}),
    "affinity": ({"podAffinity": {}}, f"{POD}.affinity", {"podAffinity": {}}),
    "topologySpreadConstraints": (
        [SPREAD],
        f"{POD}.topologySpreadConstraints.0.topologyKey",
        "zone",
    ),
    "priorityClassName": ("urgent", f"{POD}.priorityClassName", "urgent"),
    "runtimeClassName": ("gvisor", f"{POD}.runtimeClassName", "gvisor"),
    "hostNetwork": (True, f"{POD}.hostNetwork", True),
    "dnsPolicy": ("Default", f"{POD}.dnsPolicy", "Default"),
    "dnsConfig": ({"searches": ["x"]}, f"{POD}.dnsConfig.searches", "x"),
    "hostAliases": ([{"ip": "192.0.2.1"}], f"{POD}.hostAliases", {"ip": "192.0.2.1"}),
    "port": (18080, f"{CONTAINER}.args", "--http-address=:18080"),
    "lifecycle": (
        {"preStop": {"sleep": {"seconds": 3}}},
        f"{CONTAINER}.lifecycle.preStop.sleep.seconds",
        3,
    ),
    "initContainers": ([SIDECAR], f"{POD}.initContainers", SIDECAR),
    "extraContainers": ([SIDECAR], f"{POD}.containers", SIDECAR),
    "extraArgs": (["--lease-seconds=9"], f"{CONTAINER}.args", "--lease-seconds=9"),
    "env": ([{"name": "A", "value": "b"}], f"{CONTAINER}.env", {"name": "A", "value": "b"}),
    "envFrom": (
        [{"configMapRef": {"name": "a"}}],
        f"{CONTAINER}.envFrom",
        {"configMapRef": {"name": "a"}},
    ),
    "extraVolumes": ([VOLUME], f"{POD}.volumes", VOLUME),
    "extraVolumeMounts": ([MOUNT], f"{CONTAINER}.volumeMounts", MOUNT),
    "livenessProbe": ({"failureThreshold": 9}, f"{CONTAINER}.livenessProbe.failureThreshold", 9),
    "readinessProbe": ({"periodSeconds": 3}, f"{CONTAINER}.readinessProbe.periodSeconds", 3),
    "startupProbe": ({"failureThreshold": 6}, f"{CONTAINER}.startupProbe.failureThreshold", 6),
}
"""Value -> what it is set to, where that is seen (kind and path), and what is seen there."""
ALONE: dict[str, Seen] = {
    "global.imageRegistry": ("g.example", f"{CONTAINER}.image", re.compile("g.example/.+")),
    "image.digest": (DIGEST, f"{CONTAINER}.image", re.compile(f".+/vmoperator@{DIGEST}")),
    "watchNamespaces": (["a"], f"{CONTAINER}.args", "--namespace=a"),
    "watchOwnNamespace": (True, f"{CONTAINER}.args", "--confined"),
    "rbac.create": (False, "ClusterRole", None),
    "serviceAccount.create": (False, "ServiceAccount", None),
    "monitor.kind": ("ServiceMonitor", "ServiceMonitor", None),
    "rules.kind": ("PrometheusRule", "PrometheusRule", None),
    "podDisruptionBudget.enabled": (False, "PodDisruptionBudget", None),
    "podDisruptionBudget.maxUnavailable": (
        1,
        "PodDisruptionBudget spec",
        {"maxUnavailable": 1},
    ),
    "rbac.aggregate": (False, "ClusterRole", 1),
    "extraObjects": ([CONFIG_MAP], "ConfigMap metadata.name", "mine"),
}
"""Those that would hide others; None: whether there are such objects; a number: how many."""
DEFINITIONS = {"crds.enabled", "crds.keep", "crds.annotations"}
"""Seen on the definitions: tests of test_chart.py and the last one here."""


def test_each_value_of_the_chart_stands_in_one_of_the_tables() -> None:
    known = {path for path, _, _ in rows_of(Root())}
    assert known == TOGETHER.keys() | ALONE.keys() | DEFINITIONS
    assert len(known) == len(TOGETHER) + len(ALONE) + len(DEFINITIONS)


@pytest.mark.parametrize("path", TOGETHER)
def test_a_value_is_seen_where_it_belongs(path: str) -> None:
    _, where, expected = TOGETHER[path]
    assert not any(holds(it, expected) for it in seen(_by_default(), where))
    assert any(holds(it, expected) for it in seen(_with_all(), where))


@pytest.mark.parametrize("path", ALONE)
def test_a_value_that_hides_others_is_seen_by_itself(path: str) -> None:
    value, where, expected = ALONE[path]
    switch = f"{path.partition('.')[0]}.enabled"
    settings = ["replicas=2", *([f"{switch}=true"] if switch in _PATHS - {path} else [])]
    plain = seen(rendered(*settings), where)
    found = seen(rendered(*settings, values=json.dumps(nested({path: value}))), where)
    if expected is None:
        assert bool(plain) != bool(found)
    elif isinstance(expected, int):
        assert len(found) == expected < len(plain)
    else:
        assert not any(holds(it, expected) for it in plain)
        assert any(holds(it, expected) for it in found)


def test_annotations_of_the_definitions_stand_on_each_of_them() -> None:
    text = template(values="crds: {annotations: {argocd.argoproj.io/sync-wave: '-1'}}")
    assert text.count('"argocd.argoproj.io/sync-wave":"-1"') == text.count('"listKind"')


def test_a_pod_of_its_nodes_network_still_resolves_services() -> None:
    (found,) = seen(rendered("hostNetwork=true"), POD)
    assert (found["hostNetwork"], found["dnsPolicy"]) == (True, "ClusterFirstWithHostNet")
    (found,) = seen(rendered(), POD)
    assert not {"hostNetwork", "dnsPolicy"} & found.keys()


def test_a_budget_comes_with_the_second_pod_and_never_holds_up_a_drain_before() -> None:
    kind = "PodDisruptionBudget"
    assert seen(rendered(), kind) == seen(rendered("replicas=0"), kind) == []
    (found,) = seen(rendered("replicas=2"), f"{kind} spec")
    assert found["minAvailable"] == 1
    assert found["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_the_user_may_be_left_to_the_platform() -> None:
    values = "security: {pod: {runAsUser: null, runAsGroup: null, fsGroup: null}}"
    (found,) = seen(rendered(values=values), f"{POD}.securityContext")
    assert found == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    (found,) = seen(rendered(values="security: {pod: {runAsUser: 1000660000}}"), POD)
    assert found["securityContext"]["runAsUser"] == 1000660000


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("image: {digest: latest}", "digest"),
        ("monitor: {interval: thirty}", "interval"),
        ("dnsPolicy: Default1", "dnsPolicy"),
        ("port: 80", "port"),
        ("lifecycle: {preStop: {exec: {comand: [a]}}}", "comand"),
        ("extraContainers: [{name: a, imag: b}]", "imag"),
        ("watchNamespaces: ['']", "/watchNamespaces/0"),
        ("watchNamespaces: [Team_A]", "/watchNamespaces/0"),
        ("resyncSeconds: 5", "/resyncSeconds"),
        ("operands: {imageRegistry: 'https://r.example'}", "/operands/imageRegistry"),
        ("operands: {imageRegistry: r.example/}", "/operands/imageRegistry"),
        ("operands: {clusterDomain: cluster_local}", "/operands/clusterDomain"),
        ("operands: {version: 'a b'}", "/operands/version"),
        ("operands: {commonLabels: {team: a b}}", "/operands/commonLabels"),
        ("operands: {commonAnnotations: {note: 'a, b'}}", "/operands/commonAnnotations"),
        ("operands: {resources: {vmagnet: {}}}", "'vmagnet'"),
        ("operands: {resources: {vmagent: {limit: {}}}}", "'limit'"),
        ("operands: {resources: {vmagent: {limits: {mem: 1Gi}}}}", "'mem'"),
        (
            "operands: {resources: {vmagent: {limits: {memory: 1GB}}}}",
            "/operands/resources/vmagent/limits/memory",
        ),
        (
            "operands: {resources: {vmstorage: {requests: {cpu: -1}}}}",
            "/operands/resources/vmstorage/requests/cpu",
        ),
        ("{webhook: {enabled: true, port: 8080}}", "webhook.port"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(values: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        template(values=values)


def test_lists_and_maps_that_are_left_blank_are_empty() -> None:
    switched = {"webhook.enabled": True, "monitor.enabled": True, "replicas": 2}
    empty = {path: value for path, value, _ in rows_of(Root()) if value in ([], {})}
    empty["webhook.excludedNamespaces"] = []
    written, blank = ({**switched, **it} for it in (empty, dict.fromkeys(empty)))
    assert template(values=json.dumps(nested(blank))) == template(
        values=json.dumps(nested(written))
    )
    # As one goes back from a list of namespaces to all of them.
    assert template("watchNamespaces=null", values="watchNamespaces: [a]") == template()


@pytest.mark.parametrize("registry", ["r.example", "R.example:5000/mirror/hub-1", "localhost:5000"])
def test_what_the_operator_takes_is_no_wrong_value(registry: str) -> None:
    taken = settings_of(
        {
            "VM_CONTAINERREGISTRY": registry,
            "VM_CLUSTERDOMAINNAME": "k8s.example.",
            "VM_METRICS_VERSION": "v1.150.0_x-1",
            "VM_COMMON_LABELS": "team=A.b_c-1,empty=",
            "VM_COMMON_ANNOTATIONS": "note=a = b; c",
            "VM_FORCERESYNCINTERVAL": "10s",
        },
        Settings(),
    )
    given = {
        "imageRegistry": taken.container_registry,
        "clusterDomain": taken.cluster_domain,
        "version": "v1.150.0_x-1",
        "commonLabels": dict(taken.common_labels),
        "commonAnnotations": dict(taken.common_annotations),
    }
    assert template(values=json.dumps({"operands": given, "resyncSeconds": taken.resync_seconds}))


_PATHS = {path for path, _, _ in rows_of(Root())}


@cache
def _by_default() -> list[Manifest]:
    return rendered()


@cache
def _with_all() -> list[Manifest]:
    values = nested({path: value for path, (value, _, _) in TOGETHER.items()})
    return rendered(values=json.dumps(values))
