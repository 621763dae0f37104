"""Webhooks on a real API server: what `kubectl apply` itself refuses, warns of, and lets pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from chart.webhook import CONDITIONS, RULES
from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.stack import API_VERSION, small_object
from vmoperator.base import labels

pytestmark = pytest.mark.cluster

NAME = "webhooks"
"""Of everything that is made for them: namespace, configuration, role."""
PORT = 19443
_RBAC = "rbac.authorization.k8s.io"


@dataclass
class Judge:
    """The operator with webhooks, in the place of the one that other tests run."""

    cluster: Cluster
    log_path: Path
    process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = None

    def start(self) -> None:
        options = (
            *("--kubeconfig", str(self.cluster.operator_kubeconfig)),
            *("--http-address", "127.0.0.1:0", "--log-format", "json"),
            *(f"--webhook-address=127.0.0.1:{PORT}", f"--webhook-configuration={NAME}"),
            f"--webhook-secret={NAME}/certificates",
        )
        before = self.log.count("judging objects on")
        self._log = self.log_path.open("ab")
        self.process = self.cluster.popen_inside(
            [sys.executable, "-m", "vmoperator", "run", *options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        until(
            lambda: self.log.count("judging objects on") > before,
            what=f"it judges: {self.log_path}",
        )
        until(self._is_told, what="the API server knows whom to trust")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None
        if self._log:
            self._log.close()

    @property
    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    def _is_told(self) -> bool:
        found = self.cluster.kubectl("get", "validatingwebhookconfiguration", NAME, "-o", "json")
        return "caBundle" in json.loads(found)["webhooks"][0]["clientConfig"]


@pytest.fixture(scope="module")
def judge(
    cluster: Cluster, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judge]:
    one = Judge(cluster, tmp_path_factory.mktemp("judge") / "log.jsonl")
    operator.stop()
    cluster.kubectl("create", "namespace", NAME)
    for manifest in (_configuration(), *_rights()):
        cluster.kubectl("apply", "-f", "-", input=json.dumps(manifest))
    try:
        one.start()
        yield one
    finally:
        one.stop()
        cluster.kubectl("delete", "validatingwebhookconfiguration", NAME, "--ignore-not-found")
        operator.start()


@pytest.fixture(scope="module")
def stand(cluster: Cluster, judge: Judge) -> Iterator[Namespace]:
    one = Namespace(cluster, NAME)
    yield one
    one.clear()


def _configuration() -> dict[str, Any]:
    hook = {
        "name": "objects.vmoperator.operator.victoriametrics.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "timeoutSeconds": 30,
        "clientConfig": {"url": f"https://127.0.0.1:{PORT}/validate"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAME}},
        "matchConditions": CONDITIONS,
        "rules": RULES,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": NAME},
        "webhooks": [hook],
    }


def _rights() -> tuple[dict[str, Any], dict[str, Any]]:
    """As the chart gives them: one object, to be read and patched."""
    rule = {
        "apiGroups": ["admissionregistration.k8s.io"],
        "resources": ["validatingwebhookconfigurations"],
        "resourceNames": [NAME],
        "verbs": ["get", "patch"],
    }
    about = {"apiVersion": f"{_RBAC}/v1", "metadata": {"name": NAME}}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": NAME}
    user = {"apiGroup": _RBAC, "kind": "User", "name": "vmoperator"}
    return (
        {**about, "kind": "ClusterRole", "rules": [rule]},
        {**about, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [user]},
    )


def scrape(name: str = "app", **endpoint: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "VMServiceScrape",
        "metadata": {"name": name},
        "spec": {"selector": {}, "endpoints": [{"port": "http", **endpoint}]},
    }


BROKEN = scrape("broken", relabelConfigs=[{"action": "drop", "regex": "a"}])


def single(retention: str, **annotations: str) -> dict[str, Any]:
    made = small_object("VMSingle", "demo", retentionPeriod=retention, replicaCount=0)
    made["metadata"]["annotations"] = annotations
    return made


def _said(stand: Namespace, manifest: dict[str, Any]) -> str:
    """What kubectl prints beside what it did."""
    command = stand.cluster.kubectl_command("-n", stand.name, "apply", "-f", "-")
    done = subprocess.run(
        command, input=json.dumps(manifest), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_bad_rule_is_refused_at_kubectl_apply_with_object_and_field(stand: Namespace) -> None:
    with pytest.raises(ClusterError) as refused:
        stand.apply(BROKEN)
    words = f"VMServiceScrape {NAME}/broken: spec.endpoints[0].relabelConfigs[0]"
    assert words in str(refused.value)
    with pytest.raises(ClusterError, match="source_labels"):
        stand.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(BROKEN))
    assert stand.items("vmservicescrapes") == []


def test_a_good_object_passes_without_a_word(stand: Namespace) -> None:
    assert _said(stand, scrape()) == ""


def test_older_names_and_missing_secrets_are_warnings(stand: Namespace) -> None:
    agent = small_object(
        "VMAgent",
        "demo",
        paused=True,
        remoteWrite=[{"url": "http://x"}],
        vmAgentExternalLabelName="a",
    )
    assert "Warning: VMAgent webhooks/demo: spec.vmAgentExternalLabelName is deprec" in _said(
        stand, agent
    )
    told = _said(stand, scrape("later", bearerTokenSecret={"name": "later", "key": "token"}))
    assert "Secret later does not exist" in told


def test_a_shorter_retention_is_refused_until_it_is_asked_for_by_name(stand: Namespace) -> None:
    stand.apply(single("4"))
    until(lambda: stand.items("deployments"), what="the VMSingle is carried out")

    def refused() -> str:
        # The operator may see its own Deployment a moment after we do.
        try:
            stand.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(single("1")))
        except ClusterError as error:
            return str(error)
        return ""

    words = until(refused, what="the shorter retention is refused")
    assert f"VMSingle {NAME}/demo: spec.retentionPeriod stays 4" in words
    assert f'{labels.ALLOW_RETENTION_CUT}: "1"' in words
    stand.apply(single("1", **{labels.ALLOW_RETENTION_CUT: "1"}))
    assert stand.get("vmsingle", "demo")["spec"]["retentionPeriod"] == "1"


def test_without_an_operator_objects_are_stored_and_can_be_changed_and_deleted_later(
    judge: Judge, stand: Namespace
) -> None:
    judge.stop()
    stand.apply(BROKEN)
    judge.start()
    # Neither labels nor another field of what is wrong already are anybody's to hold up.
    stand.kubectl("label", "vmservicescrape", "broken", "a=b")
    other = {**BROKEN, "spec": {**BROKEN["spec"], "sampleLimit": 7}}
    assert "Warning: VMServiceScrape webhooks/broken: spec.endpoints[0]" in _said(stand, other)
    stand.kubectl("delete", "vmservicescrape", "broken")
    with pytest.raises(ClusterError, match="denied the request"):
        stand.apply(BROKEN)
