"""A load balancer is put in front of a VMCluster that is in use, and taken away again."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, small, until
from tests.cluster.installed import Installed

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FRONT = "vmclusterlb-vmauth-balancer"
PROBER = Path(__file__).with_name("prober.py")
GAP_SECONDS = 10.0
"""How long a side may be out of reach while its Service is made anew: DNS remembers denials 5 s."""
TINY = {"limits": {"cpu": "200m", "memory": "100Mi"}, "requests": {"cpu": "10m", "memory": "20Mi"}}


def _cluster(**spec: Any) -> dict[str, Any]:
    """A small cluster whose pods serve on for as long as it takes to be noticed that they go."""
    gentle = {"preStopSleepSeconds": 15, "terminationGracePeriodSeconds": 20}
    return small(
        vmselect={"replicaCount": 2, **gentle}, vminsert={"replicaCount": 2, **gentle}, **spec
    )


def _balanced() -> dict[str, Any]:
    front = {"replicaCount": 2, "resources": TINY}
    return _cluster(requestsLoadBalancer={"enabled": True, "spec": front})


@contextmanager
def _asked(namespace: Namespace) -> Iterator[list[dict[str, Any]]]:
    """The answers that both sides give while the context lasts; complete only after it."""
    suffix = f"{namespace.name}.svc.cluster.local"
    urls = [
        f"http://vmselect-demo.{suffix}:8481/select/0/prometheus/api/v1/query?query=1",
        f"http://vminsert-demo.{suffix}:8480/insert/0/prometheus/api/v1/import/prometheus",
    ]
    answers: list[dict[str, Any]] = []
    # Into a file: a pipe that nobody reads yet is full after half a minute, and then it waits.
    with tempfile.TemporaryFile("w+") as lines:
        process = namespace.cluster.popen_inside(
            [sys.executable, str(PROBER), *urls], stdin=subprocess.PIPE, stdout=lines
        )
        yield answers
        process.communicate(timeout=drawn_out(20))
        lines.seek(0)
        answers.extend(json.loads(line) for line in lines if line.endswith("}\n"))


def _gap_seconds(answers: list[dict[str, Any]], side: str) -> float:
    """The longest time during which a side gave no good answer."""
    good = [it["at"] + it["seconds"] for it in answers if side in it["url"] and not it["wrong"]]
    assert good, [it["wrong"] for it in answers][:3]
    return max((after - before for before, after in zip(good, good[1:], strict=False)), default=0)


def _tell(what: str, answers: list[dict[str, Any]], since: float) -> None:
    for side in ("vmselect", "vminsert"):
        asked = [it for it in answers if side in it["url"]]
        wrong = [it["wrong"] for it in asked if it["wrong"]]
        gap = _gap_seconds(answers, side)
        print(
            f"{what} {side}: {len(asked)} asked, {len(wrong)} failed, gap {gap:.1f} s, {set(wrong)}"
        )
    print(f"{what}: {time.time() - since:.1f} s")


def _leads_to(namespace: Namespace, service: str) -> str:
    app: str = namespace.get("service", service)["spec"]["selector"]["app.kubernetes.io/name"]
    return app


def test_clients_go_on_while_a_load_balancer_comes_and_goes(
    namespace: Namespace, installed: Installed
) -> None:
    namespace.apply(_cluster())
    namespace.until_status("demo", "operational")
    assert namespace.get("service", "vmselect-demo")["spec"]["clusterIP"] == "None"
    for what, manifest in (("on", _balanced()), ("off", _cluster())):
        since = time.time()
        with _asked(namespace) as answers:
            namespace.apply(manifest)
            namespace.until_status("demo", "operational", seconds=240)
            time.sleep(6)
            is_on = what == "on"
            if is_on:
                until(lambda: _goes_through_vmauth(namespace), what="vmauth is asked")
        _tell(what, answers, since)
        assert _gap_seconds(answers, "vmselect") < drawn_out(GAP_SECONDS)
        assert _gap_seconds(answers, "vminsert") < drawn_out(GAP_SECONDS)
        assert _leads_to(namespace, "vmselect-demo") == (FRONT if is_on else "vmselect")
        assert _leads_to(namespace, "vminsert-demo") == (FRONT if is_on else "vminsert")
        address = namespace.get("service", "vmselect-demo")["spec"]["clusterIP"]
        assert (address != "None") is is_on
    until(lambda: not namespace.items("pods", f"app.kubernetes.io/name={FRONT}"), seconds=60)

    def services() -> set[str]:
        return {it["metadata"]["name"] for it in namespace.items("services")}

    left = {"vmstorage-demo", "vmselect-demo", "vminsert-demo"}
    until(lambda: services() == left, what="its Services are gone")


def _goes_through_vmauth(namespace: Namespace) -> bool:
    pods = namespace.items("pods", f"app.kubernetes.io/name={FRONT}")
    metrics = [namespace.get_raw(pod["metadata"]["name"], 8427, "/metrics") for pod in pods]
    lines = [line for text in metrics for line in text.splitlines()]
    count = sum(
        float(line.split()[-1])
        for line in lines
        if line.startswith("vmauth_unauthorized_user_requests_total")
    )
    return count > 0
