"""Rules on a real node: VMRules and PrometheusRules that come, change, are wrong, and go."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.definitions import definition
from tests.cluster.quiet import until_quiet

pytestmark = pytest.mark.cluster

OURS = "operator.victoriametrics.com/v1beta1"
THEIRS = "monitoring.coreos.com/v1"
SMALL = {
    "resources": {
        "limits": {"cpu": "200m", "memory": "100Mi"},
        "requests": {"cpu": "10m", "memory": "20Mi"},
    },
    "terminationGracePeriodSeconds": 2,
}
PORT = 8080
# The operator asks each 10 seconds, and has to start first.
_A_ROUND_SECONDS = 16.0


def _object(kind: str, name: str, spec: dict[str, Any], version: str = OURS) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _rules(name: str, alert: str, expression: str = "vector(1)", **rule: Any) -> dict[str, Any]:
    rules = [{"alert": alert, "expr": expression, **rule}]
    return _object("VMRule", name, {"groups": [{"name": "g", "interval": "1s", "rules": rules}]})


def _foreign(name: str, alert: str) -> dict[str, Any]:
    return {**_rules(name, alert), "kind": "PrometheusRule", "apiVersion": THEIRS}


@pytest.fixture(scope="module")
def stack(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """Two vmalerts that select all rules of the namespaces of one team."""
    name = f"rules-{uuid.uuid4().hex[:8]}"
    one = Namespace(cluster, name)
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, f"team={name}")
    one.apply(_object("VMSingle", "db", SMALL))
    spec = {
        "replicaCount": 2,
        "datasource": {"url": "http://vmsingle-db:8429"},
        "ruleSelector": {},
        "ruleNamespaceSelector": {"matchLabels": {"team": name}},
        "enforcedNamespaceLabel": "namespace",
        "extraArgs": {"group.maxStartDelay": "10ms"},
    }
    one.apply(_object("VMAlert", "demo", {**SMALL, **spec}))
    one.until_status("db", "operational", kind="vmsingle")
    one.until_status("demo", "operational", kind="vmalert")
    yield one
    one.kubectl("delete", "vmalerts,vmsingles,vmrules", "--all", "--wait=false")
    one.clear()
    cluster.kubectl("delete", "crd", "prometheusrules.monitoring.coreos.com", "--ignore-not-found")


def _pods(stack: Namespace) -> dict[str, tuple[str, int]]:
    """Name of every pod of vmalert -> its uid, and how often its program was started again."""
    return {
        pod["metadata"]["name"]: (
            pod["metadata"]["uid"],
            pod["status"]["containerStatuses"][0]["restartCount"],
        )
        for pod in stack.items("pods", "app.kubernetes.io/name=vmalert")
    }


def _page(stack: Namespace, pod: str, path: str) -> str:
    """What a pod shows there; empty if it does not answer."""
    try:
        return stack.get_raw(pod, PORT, path)
    except ClusterError:
        return ""


def _firing(stack: Namespace, pod: str) -> dict[str, str] | None:
    """Alert -> the namespace that it bears, of all that fire; None if the pod does not answer."""
    text = _page(stack, pod, "/api/v1/alerts")
    if not text:
        return None
    page = json.loads(text)
    found = (it["labels"] for it in page["data"]["alerts"] if it["state"] == "firing")
    return {labels["alertname"]: labels["namespace"] for labels in found}


def _until_firing(stack: Namespace, *alerts: str) -> None:
    wanted = dict.fromkeys(alerts, stack.name)
    until(
        lambda: all(_firing(stack, pod) == wanted for pod in _pods(stack)),
        what=f"{', '.join(alerts) or 'nothing'} fires in every pod",
    )


def _is_served(cluster: Cluster) -> bool:
    try:
        cluster.kubectl("get", "prometheusrules", "-A")
    except ClusterError:
        return False
    return True


def _status(stack: Namespace, name: str) -> tuple[str, str]:
    status = stack.status(name, "vmrule")
    return status.get("updateStatus", ""), status.get("reason", "")


def test_rules_of_both_kinds_come_change_and_go_and_nothing_restarts(
    stack: Namespace, cluster: Cluster
) -> None:
    before = _pods(stack)
    assert len(before) == 2
    stack.apply(_rules("ours", "First"))
    _until_firing(stack, "First")
    until(lambda: _status(stack, "ours") == ("operational", ""), what="it says that it is used")
    stack.apply(_rules("ours", "Second"))
    _until_firing(stack, "Second")
    # The definition comes while the operator runs.
    cluster.kubectl("apply", "-f", "-", input=json.dumps(definition("PrometheusRule")))
    until(lambda: _is_served(cluster), what="PrometheusRules are served")
    stack.apply(_foreign("ours", "Third"))
    _until_firing(stack, "Second", "Third")
    stack.kubectl("delete", "vmrule", "ours")
    _until_firing(stack, "Third")
    stack.kubectl("delete", "prometheusrule", "ours")
    _until_firing(stack)
    assert _pods(stack) == before


def test_a_rule_is_loaded_by_every_replica_soon_after_it_is_applied(stack: Namespace) -> None:
    started = time.monotonic()
    stack.apply(_rules("quick", "Quick"))
    until(
        lambda: all("Quick" in _page(stack, pod, "/api/v1/rules") for pod in _pods(stack)),
        seconds=20,
        what="every pod has the rule",
    )
    print(f"in every pod after {time.monotonic() - started:.2f} s")
    stack.kubectl("delete", "vmrule", "quick")
    _until_firing(stack)


def test_an_unsound_object_is_named_and_the_others_are_evaluated(stack: Namespace) -> None:
    before = _pods(stack)
    stack.apply(_rules("unsound", "Unsound", "sum(up"))
    stack.apply(_rules("sound", "Sound"))
    _until_firing(stack, "Sound")
    words = "spec.groups[0].rules[0].expr: ( at character 4 is never closed"
    until(lambda: _status(stack, "unsound") == ("failed", words), what="it says what is wrong")

    def is_named_by_the_parent() -> bool:
        told = stack.condition("vmalert", "demo", "ObjectsSelected")
        is_refused = (told.get("status"), told.get("reason")) == ("False", "Refused")
        return is_refused and f"VMRule {stack.name}/unsound: {words}" in told["message"]

    until(is_named_by_the_parent, what="the parent says it")
    stack.apply(_rules("unsound", "Mended"))
    _until_firing(stack, "Sound", "Mended")
    until(lambda: _status(stack, "unsound") == ("operational", ""), what="it is well again")
    stack.kubectl("delete", "vmrules", "--all")
    _until_firing(stack)
    assert _pods(stack) == before


def test_what_only_the_database_knows_to_be_wrong_is_told_to_the_object(
    stack: Namespace, operator: Operator
) -> None:
    before = _pods(stack)
    stack.apply(_rules("sick", "Sick", "no_such_function(up)"))
    stack.apply(_rules("well", "Well"))
    _until_firing(stack, "Well")
    until(lambda: _status(stack, "sick")[0] == "failed", what="it says that it fails")
    assert "g: alert Sick:" in _status(stack, "sick")[1]
    assert "no_such_function" in _status(stack, "sick")[1]

    def is_named_by_the_parent() -> bool:
        found = stack.condition("vmalert", "demo", "ObjectsSelected")
        is_sick = found.get("reason") == "NotEvaluated"
        return is_sick and f"{stack.name}/sick: " in found["message"]

    until(is_named_by_the_parent, what="the parent names it")
    assert _writes_of_a_restart(stack, operator) == []
    stack.apply(_rules("sick", "Healed"))
    _until_firing(stack, "Well", "Healed")
    until(lambda: _status(stack, "sick") == ("operational", ""), what="it is well again")
    stack.kubectl("delete", "vmrules", "--all")
    assert _pods(stack) == before


def _writes_of_a_restart(stack: Namespace, operator: Operator) -> list[str]:
    """What a new process writes until it has asked every vmalert for sick rules."""
    until_quiet(stack.cluster)
    since = time.time()
    operator.restart()
    audit = stack.cluster.audit
    time.sleep(_A_ROUND_SECONDS)
    return [f"{one.call.verb} {one.name}" for one in audit.writes(since, time.time())]


def test_rules_of_another_namespace_are_followed_by_its_labels(
    stack: Namespace, namespace: Namespace, cluster: Cluster
) -> None:
    namespace.apply(_rules("far", "Far"))
    cluster.kubectl("label", "namespace", namespace.name, f"team={stack.name}")
    until(
        lambda: all(_firing(stack, pod) == {"Far": namespace.name} for pod in _pods(stack)),
        what="its rule fires",
    )
    cluster.kubectl("label", "namespace", namespace.name, "team-")
    _until_firing(stack)
