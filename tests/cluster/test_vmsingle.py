"""VMSingle on a real node: its data outlives it, and its files change while it runs."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, until
from tests.cluster.installed import Installed

pytestmark = pytest.mark.cluster

QUICK = {
    "resources": {
        "limits": {"cpu": "300m", "memory": "200Mi"},
        "requests": {"cpu": "10m", "memory": "50Mi"},
    },
    "terminationGracePeriodSeconds": 5,
    "storage": {"resources": {"requests": {"storage": "100Mi"}}},
}
SERVICE = "app.kubernetes.io/name=vmsingle"


def _single(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMSingle",
        "metadata": {"name": "demo"},
        "spec": {**QUICK, **spec},
    }


def _jobs(name: str) -> str:
    targets = [{"targets": ["localhost:8429"]}]
    return json.dumps([{"job_name": name, "scrape_interval": "1s", "static_configs": targets}])


def _curl(namespace: Namespace, path: str, *more: str) -> str:
    """What the Service answers at the port that people know."""
    url = f"http://vmsingle-demo.{namespace.name}.svc:8428{path}"
    process = namespace.cluster.popen_inside(
        ["curl", "-gsS", "--max-time", "5", *more, url], stdout=subprocess.PIPE
    )
    return str(process.communicate()[0])


def _write(namespace: Namespace, lines: str) -> None:
    """Writes samples, as soon as DNS and kube-proxy have heard that the Service has a pod."""
    command = ("/api/v1/import/prometheus", "-d", lines, "-w", "%{http_code}")
    until(lambda: _curl(namespace, *command) == "204", what="the samples are taken")


def _series(namespace: Namespace, selector: str) -> list[dict[str, str]]:
    """The series of a selector; none while nobody answers."""
    _curl(namespace, "/internal/force_flush")
    answer = _curl(namespace, f"/api/v1/series?match[]={selector}")
    found: list[dict[str, str]] = json.loads(answer)["data"] if answer.startswith("{") else []
    return found


def _pods(namespace: Namespace) -> list[str]:
    return [
        pod["metadata"]["uid"]
        for pod in namespace.items("pods", SERVICE)
        if "deletionTimestamp" not in pod["metadata"]
    ]


def _up(namespace: Namespace, **spec: Any) -> None:
    namespace.apply(_single(**spec))
    namespace.until_status("demo", "operational", kind="vmsingle")


def test_data_is_found_again_by_an_object_of_the_same_name(
    installed: Installed, namespace: Namespace
) -> None:
    _up(namespace)
    _write(namespace, "kept 1")
    until(lambda: _series(namespace, "kept") == [{"__name__": "kept"}], what="the sample is there")
    namespace.kubectl("delete", "vmsingle", "demo")
    until(lambda: not namespace.items("deployments"), what="the Deployment goes")
    until(lambda: not namespace.items("pods"), what="the pod goes")
    assert [it["metadata"]["name"] for it in namespace.items("pvc")] == ["vmsingle-demo"]
    _up(namespace)
    until(lambda: _series(namespace, "kept"), what="the sample is found again")


def test_data_goes_with_the_object_when_it_shall(
    installed: Installed, namespace: Namespace
) -> None:
    _up(namespace)
    _up(namespace, removePvcAfterDelete=True)
    namespace.kubectl("delete", "vmsingle", "demo")
    until(lambda: not namespace.items("pvc"), what="the claim goes")


def test_a_claim_grows_and_never_shrinks(installed: Installed, namespace: Namespace) -> None:
    _up(namespace)
    _up(namespace, storage={"resources": {"requests": {"storage": "200Mi"}}})

    def capacity() -> str:
        status = namespace.items("pvc")[0]["status"]
        return str(status.get("capacity", {}).get("storage"))

    until(lambda: capacity() == "200Mi", what="the volume grows")
    namespace.apply(_single())
    status = namespace.until_status("demo", "failed", kind="vmsingle")
    assert "storage stays 200Mi" in status["reason"]


def test_jobs_and_rules_change_while_it_runs(installed: Installed, namespace: Namespace) -> None:
    _up(namespace, ingestOnlyMode=False, inlineScrapeConfig=_jobs("first"))
    before = _pods(namespace)
    until(lambda: _series(namespace, 'up{job="first"}'), what="the first job is scraped")
    drop = [{"action": "drop", "if": '{__name__=~"unwanted.*"}'}]
    total = {"match": "in_total", "interval": "1s", "without": ["a"], "outputs": ["total"]}
    _up(
        namespace,
        ingestOnlyMode=False,
        inlineScrapeConfig=_jobs("second"),
        inlineRelabelConfig=drop,
        streamAggrConfig={"rules": [total]},
    )
    until(lambda: _series(namespace, 'up{job="second"}'), what="the second job is scraped")
    # The flags -relabelConfig and -streamAggr.config are new: with them the pod is.
    after = _pods(namespace)
    assert after != before
    _write(namespace, "unwanted 1\nwanted 1")
    until(lambda: _series(namespace, "wanted"), what="a wanted sample is stored")
    assert _series(namespace, "unwanted") == []
    started = time.monotonic()
    _up(
        namespace,
        ingestOnlyMode=False,
        inlineScrapeConfig=_jobs("third"),
        inlineRelabelConfig=[{"action": "drop", "if": '{__name__="other"}'}],
        streamAggrConfig={"rules": [{**total, "outputs": ["last"]}]},
    )
    until(lambda: _series(namespace, 'up{job="third"}'), what="the third job is scraped")
    assert time.monotonic() - started < drawn_out(25), "not by the program's own look every 30 s"
    _write(namespace, "unwanted_now 1")
    until(lambda: _series(namespace, "unwanted_now"), what="what is no longer dropped is stored")
    assert _pods(namespace) == after


def test_a_secret_with_jobs_that_goes_and_returns(
    installed: Installed, namespace: Namespace
) -> None:
    def secret(job: str) -> str:
        data = {"metadata": {"name": "jobs"}, "stringData": {"a.yaml": _jobs(job)}}
        return json.dumps({"apiVersion": "v1", "kind": "Secret", **data})

    selector = {"name": "jobs", "key": "a.yaml"}
    namespace.apply(_single(ingestOnlyMode=False, additionalScrapeConfigs=selector))
    status = namespace.until_status("demo", "failed", kind="vmsingle")
    assert "Secret jobs does not exist" in status["reason"]
    namespace.kubectl("apply", "-f", "-", stdin=secret("first"))
    namespace.until_status("demo", "operational", kind="vmsingle")
    before = _pods(namespace)
    namespace.kubectl("apply", "-f", "-", stdin=secret("second"))
    until(lambda: _series(namespace, 'up{job="second"}'), what="the changed job is scraped")
    assert _pods(namespace) == before


def test_nothing_privileged_is_needed(installed: Installed, namespace: Namespace) -> None:
    pods = [
        {"job_name": "pods", "scrape_interval": "1s", "kubernetes_sd_configs": [{"role": "pod"}]}
    ]
    _up(
        namespace,
        useStrictSecurity=True,
        disableAutomountServiceAccountToken=True,
        ingestOnlyMode=False,
        inlineScrapeConfig=json.dumps(pods),
    )
    # It discovers itself, so it has its token, and it writes to its volume.
    until(lambda: _series(namespace, 'up{job="pods"}'), what="pods are discovered and scraped")
