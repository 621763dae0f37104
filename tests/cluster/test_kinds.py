"""Each kind as a user meets it: its example, columns, scaling, rights, credentials, deletion."""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import ROOT, Namespace, until
from tests.cluster.installed import Installed
from tests.cluster.stack import names, pods, small_object
from vmoperator.api import KINDS
from vmoperator.api.selected import OBJECTS

pytestmark = pytest.mark.cluster

COLUMNS = {
    "VMCluster": "NAME INSERT COUNT STORAGE COUNT SELECT COUNT AGE STATUS",
    "VMSingle": "NAME STATUS AGE",
    "VMAgent": "NAME SHARDS COUNT REPLICA COUNT STATUS AGE",
    "VMAlert": "NAME STATUS REPLICACOUNT AGE",
    "VMAlertmanager": "NAME REPLICACOUNT AGE UPDATE STATUS",
}
EXAMPLES = sorted(ROOT / "examples" / f"{kind.lower()}.yaml" for kind in KINDS)
NAMESPACED = (
    "statefulsets,deployments,daemonsets,pods,services,secrets,configmaps,serviceaccounts,"
    "roles,rolebindings,poddisruptionbudgets,horizontalpodautoscalers,networkpolicies"
)
MANAGED = "managed-by=vm-operator"
DISCOVERY = """
- job_name: pods
  kubernetes_sd_configs: [{role: pod}]
"""


def _kind(path: Path) -> str:
    kind: str = next(
        it["kind"] for it in yaml.safe_load_all(path.read_text()) if it["kind"] in KINDS
    )
    return kind


def test_every_kind_has_an_example() -> None:
    assert sorted(_kind(path) for path in EXAMPLES) == sorted(KINDS)


def test_there_is_no_example_of_nothing() -> None:
    known = {kind.lower() for kind in (*KINDS, *OBJECTS)}
    assert {path.stem for path in (ROOT / "examples").glob("*.yaml")} <= known


def left(namespace: Namespace) -> list[str]:
    """What of the operator's children is there still, claims left out."""
    found = namespace.kubectl("get", NAMESPACED, "-l", MANAGED, "-o", "name").split()
    roles = namespace.cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    return found + [it for it in roles.split() if f"monitoring:{namespace.name}:" in it]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_becomes_operational_and_its_deletion_leaves_nothing_but_claims(
    installed: Installed, namespace: Namespace, path: Path
) -> None:
    kind = _kind(path)
    namespace.kubectl("apply", "-f", str(path))
    wait = ("wait", "--for=condition=Ready", f"{kind.lower()}/demo")
    timeout = f"--timeout={drawn_out(150):.0f}s"
    assert "condition met" in namespace.kubectl(*wait, timeout)
    status = namespace.until_status("demo", "operational", kind=kind)
    assert status["observedGeneration"] == 1
    rows = namespace.kubectl("get", f"{kind.lower()}s").splitlines()
    print("\n".join(rows))
    assert rows[0].split() == COLUMNS[kind].split()
    assert "operational" in rows[1]
    claims = namespace.kubectl("get", "pvc", "-o", "name").split()
    namespace.kubectl("delete", kind, "demo")
    until(lambda: not left(namespace), seconds=90, what=f"nothing left of {kind}")
    assert namespace.kubectl("get", "pvc", "-o", "name").split() == claims


@pytest.mark.parametrize("kind", KINDS)
def test_kubectl_explains_it(namespace: Namespace, kind: str) -> None:
    said = namespace.kubectl("explain", f"{kind.lower()}.spec")
    assert "DESCRIPTION" in said
    assert "replicaCount" in said or kind == "VMCluster"


def test_vma_is_short_for_vmalertmanager(installed: Installed, namespace: Namespace) -> None:
    namespace.apply(small_object("VMAlertmanager", "demo", replicaCount=1))
    namespace.until_status("demo", "operational", kind="vma")
    assert "demo" in namespace.kubectl("get", "vma")


def _agent(name: str = "demo", **spec: Any) -> dict[str, Any]:
    return small_object("VMAgent", name, **{"remoteWrite": [{"url": "http://nowhere:1"}], **spec})


def _shards(namespace: Namespace) -> list[str]:
    found = pods(namespace, "vmagent", "demo")
    return sorted(pod["metadata"]["labels"].get("shard-num", "") for pod in found)


def _has_shards(namespace: Namespace, numbers: list[str]) -> bool:
    return _shards(namespace) == numbers


def test_kubectl_scale_changes_the_shards(installed: Installed, namespace: Namespace) -> None:
    namespace.apply(_agent(ingestOnlyMode=False, inlineScrapeConfig=DISCOVERY))
    namespace.until_status("demo", "operational", kind="vmagent")
    assert _shards(namespace) == [""]
    for shards in (2, 1):
        namespace.kubectl("scale", "vmagent", "demo", f"--replicas={shards}")
        status = namespace.until_status("demo", "operational", kind="vmagent")
        assert status["shards"] == shards
        numbers = [str(number) for number in range(shards)]
        until(partial(_has_shards, namespace, numbers), seconds=30, what=f"shards {numbers}")


def test_an_account_that_lacks_or_may_not_discover_is_named_and_heals(
    installed: Installed, namespace: Namespace
) -> None:
    account = f"vmagent-{namespace.name}"
    namespace.apply(
        _agent(serviceAccountName=account, ingestOnlyMode=False, inlineScrapeConfig=DISCOVERY)
    )

    def said(status: str, reason: str, *words: str) -> bool:
        found = namespace.condition("vmagent", "demo", "DiscoveryAllowed")
        text = found.get("message", "")
        is_it = found.get("status") == status and found.get("reason") == reason
        return is_it and all(word in text for word in words)

    until(
        lambda: said("False", "ServiceAccountMissing", account),
        seconds=30,
        what="the account is named as missing",
    )
    namespace.kubectl("create", "serviceaccount", account)
    until(
        lambda: said("False", "RightsMissing", account, "list", "pods"),
        seconds=40,
        what="verbs and resources are named",
    )
    print(namespace.condition("vmagent", "demo", "DiscoveryAllowed")["message"])
    _grant(namespace, account)
    until(lambda: said("True", "Allowed"), seconds=40, what="the rights are seen")
    namespace.until_status("demo", "operational", kind="vmagent")
    namespace.cluster.kubectl("delete", "clusterrole,clusterrolebinding", account)


def _grant(namespace: Namespace, account: str) -> None:
    """The rights of the High Availability example, for this account."""
    text = (ROOT / "examples/high-availability/rbac.yaml").read_text()
    for item in yaml.safe_load_all(text):
        if item["kind"] == "ServiceAccount":
            continue
        item["metadata"]["name"] = account
        if item["kind"] == "ClusterRoleBinding":
            item["roleRef"]["name"] = account
            item["subjects"][0] |= {"name": account, "namespace": namespace.name}
        namespace.cluster.kubectl("apply", "-f", "-", input=json.dumps(item))


SECRETS = {
    "user": "USERNAME-grep-1f7a",
    "password": "PASSWORD-grep-2e8b",
    "token": "TOKEN-grep-3d9c",
    "client": "CLIENT-grep-4cad",
    "key": "RELOADKEY-grep-5bbe",
}


def _key(key: str) -> dict[str, str]:
    return {"name": "credentials", "key": key}


BASIC = {"basicAuth": {"username": _key("user"), "password": _key("password")}}
BEARER = {"bearerTokenSecret": _key("token")}
OAUTH2 = {
    "oauth2": {
        # A name, not a secret: there is no file for it.
        "client_id": {"secret": _key("id")},
        "client_secret": _key("client"),
        "token_url": "http://nowhere:1/token",
    }
}


def _with_credentials() -> list[dict[str, Any]]:
    url = "http://nowhere:1"
    return [
        _agent(
            "demo",
            remoteWrite=[{"url": url, **BASIC}, {"url": url, **BEARER}, {"url": url, **OAUTH2}],
            configReloadAuthKeySecret=_key("key"),
        ),
        small_object(
            "VMAlert",
            "demo",
            datasource={"url": url, **BASIC},
            remoteRead={"url": url, **OAUTH2},
            remoteWrite={"url": url, **BEARER},
            notifiers=[{"url": url, **BASIC}, {"url": url, **BEARER}],
            configReloadAuthKeySecret=_key("key"),
            rulePath=["/nowhere/*.yaml"],
        ),
        small_object("VMSingle", "demo", configReloadAuthKeySecret=_key("key")),
    ]


def test_credentials_stay_in_their_secret(installed: Installed, namespace: Namespace) -> None:
    literals = [f"--from-literal={key}={value}" for key, value in SECRETS.items()]
    namespace.kubectl(
        "create", "secret", "generic", "credentials", *literals, "--from-literal=id=agent"
    )
    began = len(installed.log)
    for manifest in _with_credentials():
        namespace.apply(manifest)
    for kind in ("vmagent", "vmalert", "vmsingle"):
        namespace.until_status("demo", "operational", kind=kind)
    places = {
        "objects": namespace.kubectl(
            "get", f"{NAMESPACED},events,vmagents,vmalerts,vmsingles,replicasets", "-o", "json"
        ),
        "the operator's log": installed.log[began:],
        "the programs' logs": _logs(namespace),
    }
    own = json.loads(namespace.kubectl("get", "secret", "credentials", "-o", "json"))
    for place, text in places.items():
        for key, value in SECRETS.items():
            encoded = own["data"][key]
            assert value not in text, f"{key} in {place}"
            # Once: in the Secret itself.
            assert text.count(encoded) <= (place == "objects"), f"{key} encoded in {place}"
            assert encoded == base64.b64encode(value.encode()).decode()


def test_credentials_open_what_they_are_for(installed: Installed, namespace: Namespace) -> None:
    literals = [f"--from-literal={key}={value}" for key, value in SECRETS.items()]
    namespace.kubectl("create", "secret", "generic", "credentials", *literals)
    rules = "groups: [{name: g, interval: 1s, rules: [{record: one, expr: vector(1)}]}]"
    namespace.kubectl("create", "configmap", "rules", f"--from-literal=rules.yaml={rules}")
    store = f"http://vmsingle-store.{namespace.name}.svc:8429"
    locked = {
        "httpAuth.username": SECRETS["user"],
        "httpAuth.password": "file:///etc/vm/secrets/credentials/password",
    }
    jobs = 'job_name: "self"\n  static_configs: [{targets: ["localhost:8429"]}]'
    for manifest in (
        small_object("VMSingle", "store", secrets=["credentials"], extraArgs=locked),
        _agent(
            ingestOnlyMode=False,
            scrapeInterval="2s",
            inlineScrapeConfig=f"- {jobs}",
            remoteWrite=[{"url": f"{store}/api/v1/write", **BASIC}],
        ),
        small_object(
            "VMAlert",
            "demo",
            datasource={"url": store, **BASIC},
            remoteWrite={"url": store, **BASIC},
            extraArgs={"notifier.blackhole": "true"},
            configMaps=["rules"],
            rulePath=["/etc/vm/configs/rules/*.yaml"],
        ),
    ):
        namespace.apply(manifest)
    for kind, name in (("vmsingle", "store"), ("vmagent", "demo"), ("vmalert", "demo")):
        namespace.until_status(name, "operational", kind=kind)
    until(partial(_has_delivered, namespace), seconds=40, what="the agent's samples are taken")
    until(partial(_has_evaluated, namespace), seconds=40, what="the rule is evaluated")


def _has_delivered(namespace: Namespace) -> bool:
    """Whether the store took a block of the agent, which it does not without a password."""
    lines = _said(namespace, "vmagent", 8429, "/metrics").splitlines()
    sent = [line for line in lines if line.startswith("vmagent_remotewrite_requests_total{")]
    return any('status_code="2' in line and float(line.split()[-1]) > 0 for line in sent)


def _has_evaluated(namespace: Namespace) -> bool:
    answer = _said(namespace, "vmalert", 8080, "/api/v1/rules")
    groups = json.loads(answer)["data"]["groups"] if answer else []
    rules = [rule for group in groups for rule in group["rules"]]
    return [(rule["health"], rule["lastError"]) for rule in rules] == [("ok", "")]


def _said(namespace: Namespace, app: str, port: int, path: str) -> str:
    """What the pod of the object `demo` answers; empty while it does not."""
    try:
        return "".join(
            namespace.get_raw(pod, port, path) for pod in names(pods(namespace, app, "demo"))[:1]
        )
    except ClusterError:
        return ""


def _logs(namespace: Namespace) -> str:
    found = names(namespace.items("pods", MANAGED))
    assert len(found) >= 3
    texts = []
    for pod in found:
        try:
            texts.append(namespace.kubectl("logs", pod, "--all-containers"))
        except ClusterError:
            continue  # it has just been replaced
    return "\n".join(texts)
