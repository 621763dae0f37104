"""Webhooks on a real API server: what `kubectl apply` itself refuses, warns of, and lets pass."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.installed import SHARED, upgraded
from tests.cluster.stack import API_VERSION, small_object
from vmoperator.base import labels

pytestmark = pytest.mark.cluster

NAME = "webhooks"
"""The namespace whose objects are judged."""
JUDGING = (
    *SHARED,
    "webhook.enabled=true",
    "webhook.timeoutSeconds=30",
    rf"webhook.namespaceSelector.matchLabels.kubernetes\.io/metadata\.name={NAME}",
)


@pytest.fixture(scope="module")
def judge(operator: Operator) -> Iterator[Operator]:
    """The operator with webhooks."""
    with upgraded(operator, *JUDGING):
        yield operator


@pytest.fixture(scope="module")
def stand(cluster: Cluster, judge: Operator) -> Iterator[Namespace]:
    one = Namespace(cluster, NAME)
    cluster.kubectl("create", "namespace", NAME)
    _until_judged(one)
    yield one
    one.clear()


def _until_judged(stand: Namespace) -> None:
    def is_refused() -> bool:
        try:
            stand.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(OTHER))
        except ClusterError as error:
            return "denied the request" in str(error)
        return False

    until(is_refused, seconds=90, what="a broken object is refused")


def scrape(name: str = "app", **endpoint: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "VMServiceScrape",
        "metadata": {"name": name},
        "spec": {"selector": {}, "endpoints": [{"port": "http", **endpoint}]},
    }


WRONG = {"relabelConfigs": [{"action": "drop", "regex": "a"}]}
BROKEN, OTHER = scrape("broken", **WRONG), scrape("other", **WRONG)


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


def test_an_object_passes_unjudged_where_it_asks_for_it(stand: Namespace) -> None:
    annotations = {labels.SKIP_VALIDATION: "true"}
    skipped = {**BROKEN, "metadata": {**BROKEN["metadata"], "annotations": annotations}}
    assert "Warning: VMServiceScrape webhooks/broken: not judged" in _said(stand, skipped)
    stand.kubectl("delete", "vmservicescrape", "broken")


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
    judge: Operator, stand: Namespace
) -> None:
    judge.stop()
    stand.apply(BROKEN)
    judge.start()
    _until_judged(stand)
    # Neither labels nor another field of what is wrong already are anybody's to hold up.
    stand.kubectl("label", "vmservicescrape", "broken", "a=b")
    other = {**BROKEN, "spec": {**BROKEN["spec"], "sampleLimit": 7}}
    assert "Warning: VMServiceScrape webhooks/broken: spec.endpoints[0]" in _said(stand, other)
    stand.kubectl("delete", "vmservicescrape", "broken")
    with pytest.raises(ClusterError, match="denied the request"):
        stand.apply(BROKEN)
