"""The chart with webhooks and two pods: what is judged, when nobody judges, and who takes over."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.installed import (
    ACCOUNT,
    HOME,
    SELECTOR,
    SHARED,
    Installed,
    process_of,
    upgraded,
)
from tests.cluster.stack import small_object
from tests.cluster.test_webhooks import BROKEN

pytestmark = pytest.mark.cluster

WITH_WEBHOOKS = (*SHARED, "replicas=2", "webhook.enabled=true", "webhook.timeoutSeconds=10")
FIELD = "spec.endpoints[0].relabelConfigs[0]"
SECRET = f"{HOME}-webhook"
CONFIGURATION = f"{HOME}-{HOME}"
TAKEOVER_SECONDS = 20


@pytest.fixture(scope="module")
def began() -> float:
    """Before the release had webhooks."""
    return time.time()


@pytest.fixture(scope="module")
def release(operator: Operator, began: float) -> Iterator[Installed]:
    with upgraded(operator, *WITH_WEBHOOKS) as one:
        yield one


@pytest.fixture(scope="module")
def team(release: Installed) -> Iterator[Namespace]:
    one = Namespace(release.cluster, "judged")
    release.kubectl("create", "namespace", one.name)
    yield one
    one.clear()


def refusal(team: Namespace) -> str:
    """What `kubectl apply` says to a broken object; empty if it would be stored."""
    try:
        team.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(BROKEN))
    except ClusterError as error:
        return str(error)
    return ""


def until_judged(team: Namespace) -> None:
    until(lambda: FIELD in refusal(team), seconds=90, what="a broken object is refused")


def both_judge(release: Installed) -> bool:
    """Whether none but two pods are there, and each answers, not the leader alone."""
    pods = [it["metadata"]["name"] for it in release.all_pods()]
    return (
        len(pods) == 2
        and sorted(pods) == release.ready_pods()
        and all("judging objects on" in release.kubectl("-n", HOME, "logs", pod) for pod in pods)
    )


def bundle(release: Installed) -> str:
    """Whom the API server trusts; empty before the operator has told it."""
    kind = "validatingwebhookconfiguration"
    found = json.loads(release.kubectl("get", kind, CONFIGURATION, "-o", "json"))
    told: str = found["webhooks"][0]["clientConfig"].get("caBundle", "")
    return told


def scale(release: Installed, number: int) -> None:
    release.kubectl("-n", HOME, "scale", f"deployment/{HOME}", f"--replicas={number}")
    if number:
        release.until_ready(number)
    else:
        until(lambda: not release.all_pods(), seconds=120, what="no pod of the operator is left")


def test_a_broken_object_in_another_namespace_is_refused_by_field(
    release: Installed, team: Namespace
) -> None:
    until(lambda: both_judge(release), seconds=90, what="both pods judge")
    until_judged(team)
    with pytest.raises(ClusterError) as refused:
        team.apply(BROKEN)
    assert f"VMServiceScrape {team.name}/broken: {FIELD}" in str(refused.value)
    assert team.items("vmservicescrapes") == []


def test_certificates_that_were_deleted_are_made_anew_and_judging_goes_on(
    release: Installed, team: Namespace
) -> None:
    before = bundle(release)
    assert before
    release.kubectl("-n", HOME, "delete", "secret", SECRET)
    until(lambda: bundle(release) not in ("", before), seconds=120, what="new certificates")
    until_judged(team)
    names = release.kubectl("-n", HOME, "get", "secrets", "-o", "name").split()
    assert f"secret/{SECRET}" in names


def test_without_a_pod_objects_are_stored_and_told_of_when_they_are_rendered(
    release: Installed, team: Namespace
) -> None:
    scale(release, 0)
    team.apply(BROKEN)
    target = [{"url": "http://nowhere:8428/api/v1/write"}]
    team.apply(small_object("VMAgent", "demo", remoteWrite=target, selectAllByDefault=True))
    scale(release, 2)

    def told() -> dict[str, Any]:
        return team.status("broken", "vmservicescrape")

    until(lambda: told().get("updateStatus") == "failed", seconds=90, what="it is told")
    assert FIELD in json.dumps(told())
    team.kubectl("delete", "vmservicescrape", "broken")
    team.kubectl("delete", "vmagent", "demo")
    until_judged(team)


def test_where_the_policy_is_fail_nothing_is_stored_unjudged(
    release: Installed, team: Namespace
) -> None:
    release.upgrade(*WITH_WEBHOOKS, "webhook.failurePolicy=Fail")
    scale(release, 0)
    until(lambda: "failed calling webhook" in refusal(team), what="it is refused, unjudged")
    # The way out: no pod has to run for it, and the next upgrade puts it back.
    release.kubectl("delete", "validatingwebhookconfiguration", CONFIGURATION)
    until(lambda: refusal(team) == "", what="it would be stored")
    scale(release, 2)
    release.upgrade(*WITH_WEBHOOKS, "webhook.failurePolicy=Fail")
    until_judged(team)


def seconds_of(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def lease(release: Installed) -> dict[str, Any]:
    text = release.kubectl("-n", HOME, "get", "lease", HOME, "-o", "json")
    found: dict[str, Any] = json.loads(text)["spec"]
    return found


def taken_over(release: Installed, before: dict[str, Any]) -> float:
    """When somebody else, a new process of that pod maybe, came to lead (seconds since 1970)."""
    former = ("", before["holderIdentity"])

    def found() -> dict[str, Any] | None:
        now = lease(release)
        return now if now.get("holderIdentity", "") not in former else None

    spec: dict[str, Any] = until(found, seconds=90, what="another process leads")
    return seconds_of(spec["acquireTime"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda it: it.name)
def test_another_process_leads_soon_after_the_leaders_end(
    release: Installed, number: signal.Signals
) -> None:
    pods = release.until_ready(2)
    until(lambda: release.holder in pods, seconds=60, what="a leader among them")
    before = lease(release)
    lasts = before["leaseDurationSeconds"]
    assert lasts <= 15
    pod = release.holder
    container = status_of(release, pod)["containerID"]
    process, began = process_of(pod), time.time()
    os.kill(process, number)
    until(lambda: not Path(f"/proc/{process}").exists(), what="the process has ended")
    print(f"{number.name}: it ended after {time.time() - began:.1f} s")
    took = taken_over(release, before) - began
    print(f"{number.name}: another process leads after {took:.1f} s, the lease lasts {lasts} s")
    if number == signal.SIGKILL:
        # Nobody may lead before the time of the one that has vanished is over.
        assert took + began > seconds_of(before["renewTime"]) + lasts
        assert took < drawn_out(TAKEOVER_SECONDS)
    else:
        # It was given back: nobody had to wait until it ran out.
        assert took < drawn_out(lasts - 4)
    # The kubelet tells of the end a moment after it: until then the pod still counts as ready.
    ended = until(lambda: end_of(release, pod, container), seconds=60, what="its end is told")
    assert ended["exitCode"] == (137 if number == signal.SIGKILL else 0)
    release.until_ready(2)


def status_of(release: Installed, name: str) -> dict[str, Any]:
    """The status of the container of a pod."""
    (pod,) = (it for it in release.pods() if it["metadata"]["name"] == name)
    (found,) = pod["status"]["containerStatuses"]
    one: dict[str, Any] = found
    return one


def end_of(release: Installed, name: str, container: str) -> dict[str, Any] | None:
    """How that container of a pod ended; None until another one runs after it."""
    ended: dict[str, Any] = status_of(release, name)["lastState"].get("terminated", {})
    return ended if ended.get("containerID") == container else None


def test_no_request_was_refused_for_want_of_a_right(release: Installed, began: float) -> None:
    events = release.cluster.audit.events(began, user=ACCOUNT)
    assert {(it.call, it.namespace, it.name) for it in events if it.is_forbidden} == set()


def test_switched_off_they_leave_nothing_behind(release: Installed, team: Namespace) -> None:
    release.upgrade(*SHARED, "replicas=2")
    kinds = "validatingwebhookconfigurations,secrets,services,clusterroles,clusterrolebindings"
    command = ("-n", HOME, "get", kinds, "-l", SELECTOR, "-o", "name")
    assert "webhook" not in release.kubectl(*command)
    everywhere = release.kubectl("get", "validatingwebhookconfigurations", "-o", "name")
    assert CONFIGURATION not in everywhere
    team.apply(BROKEN)
    team.kubectl("delete", "vmservicescrape", "broken")
