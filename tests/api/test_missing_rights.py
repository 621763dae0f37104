"""The operator without one of its rights, or a definition: what goes on, and who is told."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.api.room import Room, running
from tests.fake_api import Denied, FakeApi
from tests.fake_api.waiting import until

from vmoperator.apply.rights import READ, RIGHTS, Right
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import GROUP

Tree = dict[str, Any]


def _object(kind: str, spec: Tree) -> Tree:
    metadata = {"name": "demo", "namespace": "default"}
    api_version = f"{GROUP}/v1beta1"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


ONE = {"replicaCount": 1}
OBJECTS = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
    _object("VMServiceScrape", {"selector": {}, "endpoints": [{"port": "http"}]}),
    _object(
        "VMCluster",
        {
            "vmstorage": {**ONE, "podDisruptionBudget": {"maxUnavailable": 1}},
            "vmselect": ONE,
            "vminsert": ONE,
        },
    ),
    _object("VMSingle", {"storage": {"resources": {"requests": {"storage": "1Gi"}}}}),
    _object(
        "VMAgent",
        {
            "remoteWrite": [{"url": "http://vmsingle-demo.default.svc:8429/api/v1/write"}],
            "serviceScrapeSelector": {},
            "serviceScrapeNamespaceSelector": {},
            "serviceMonitorSelector": {},
            "podScrapeSelector": {},
            "podScrapeNamespaceSelector": {"matchLabels": {"team": "a"}},
        },
    ),
)
CLUSTER, SINGLE, AGENT = PARENTS = tuple(map(ref_of, OBJECTS[2:]))


async def _filled(api: FakeApi) -> None:
    for manifest in OBJECTS:
        await api.put(manifest)


async def _settled(room: Room) -> None:
    """Let everybody come to rest, whatever they then say."""
    await until(lambda: not room.obstacles)
    before = -1
    while before != len(room.api.writes):
        before = await room.at_rest(seconds=0.4)
        await room.kubernetes.settle()


def _denied(right: Right) -> list[Denied]:
    # All five kinds of parents at once would leave nobody who could go on.
    own = [it for it in right.resources if it not in ("vmsingles", "vmagents")]
    return [Denied(right.group, resource, right.verbs) for resource in own]


OWN_RIGHTS = [right for right in RIGHTS if not right.urls and "grant" not in right.why]


@pytest.mark.parametrize("right", OWN_RIGHTS, ids=lambda it: f"{it.resources[0]}-{it.verbs[0]}")
async def test_without_a_right_the_operator_lives_and_says_what_it_lacks(
    api: FakeApi, right: Right, caplog: pytest.LogCaptureFixture
) -> None:
    await _filled(api)
    api.denied.extend(_denied(right))
    with caplog.at_level(logging.WARNING):
        async with running(api) as room:
            await _settled(room)
            assert (room.ailments, room.obstacles) == ((), ())
            refused = {
                (one.group, one.resource)
                for one in api.denied
                if room.metric("vmoperator_api_requests_total", code="403", resource=one.resource)
            }
            told = f"{caplog.text}\n{room.told(*PARENTS)}"
            assert [it for it in sorted(refused) if it[1].partition("/")[0] not in told] == []
            assert room.metric("vmoperator_task_restarts_total") == 0
            assert room.metric("vmoperator_reconcile_errors_total", error="TypeError") == 0


CASES = [
    pytest.param(Denied("apps", "statefulsets"), CLUSTER, "nothing of this object", id="workloads"),
    pytest.param(Denied("", "pods"), SINGLE, "whether they are ready is not known", id="pods"),
    pytest.param(Denied("policy", "poddisruptionbudgets"), CLUSTER, "cannot patch", id="budgets"),
    pytest.param(Denied("", "persistentvolumeclaims"), SINGLE, "cannot patch", id="claims"),
    pytest.param(Denied("", "secrets"), AGENT, "cannot patch", id="secrets"),
    pytest.param(Denied(GROUP, "vmservicescrapes"), AGENT, "serviceScrapeSelector", id="selected"),
    pytest.param(Denied("", "namespaces"), AGENT, "watch Namespace", id="namespaces"),
]


@pytest.mark.parametrize(("denied", "concerned", "words"), CASES)
async def test_who_needs_the_right_is_told_the_others_go_on_and_all_is_well_once_it_is_there(
    api: FakeApi, denied: Denied, concerned: Ref, words: str
) -> None:
    await _filled(api)
    api.denied.append(denied)
    others = [it for it in PARENTS if it != concerned and denied.resource != "pods"]
    async with running(api) as room:
        await room.until_said("failed", concerned)
        await room.until_operational(*others)
        assert words in room.status(concerned)["reason"]
        assert room.condition(concerned, "Stalled")["status"] == "True"
        degraded = room.metric("vmoperator_watch_degraded", reason="forbidden")
        # Objects that the operator both selects and makes are watched for either.
        assert degraded == (2 if denied.resource == "vmservicescrapes" else 1)
        api.denied.clear()
        await room.until_operational(*PARENTS)
        # A parent needs no watch to be operational: that and its last word may come later.
        await until(lambda: room.metric("vmoperator_watch_degraded") == 0, seconds=90)
        await until(lambda: "right to list" not in room.told(*PARENTS), seconds=90)


async def test_without_the_right_to_watch_a_child_it_is_kept_all_the_same_and_that_is_told(
    api: FakeApi,
) -> None:
    await _filled(api)
    api.denied.append(Denied("policy", "poddisruptionbudgets", ("list", "watch")))
    async with running(api) as room:
        await room.until_operational(*PARENTS)
        told = room.condition(CLUSTER, "WatchIncomplete")
        assert (told["status"], told["reason"]) == ("True", "Forbidden")
        assert "list and watch poddisruptionbudgets.policy is missing" in told["message"]
        assert room.condition(SINGLE, "WatchIncomplete") == {}
        assert api.find(Ref("PodDisruptionBudget", "default", "vmstorage-demo"))
        writes = await room.at_rest()
        room.machine.queue.add(CLUSTER)
        assert await room.at_rest() == writes


async def test_without_the_right_to_make_scrapes_programs_run_all_the_same_and_that_is_told(
    api: FakeApi,
) -> None:
    await _filled(api)
    api.denied.append(Denied(GROUP, "vmservicescrapes", ("create", "patch")))
    async with running(api) as room:
        await room.until_operational(*PARENTS)
        told = room.condition(SINGLE, "ChildrenIncomplete")
        assert (told["status"], told["reason"]) == ("True", "Forbidden")
        assert "vmservicescrapes" in told["message"]


async def test_a_right_that_is_taken_away_later_costs_no_pod_and_is_told(api: FakeApi) -> None:
    await _filled(api)
    async with running(api) as room:
        await room.until_operational(*PARENTS)
        pods = {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")}
        api.denied.append(Denied("apps", "statefulsets", READ))
        api.cut_streams()
        await room.until_said("failed", CLUSTER)
        cluster = api.find(CLUSTER)
        assert cluster
        changed = {**cluster["spec"], "retentionPeriod": "9"}
        await api.put({**cluster, "spec": changed})
        await room.at_rest()
        workload = api.find(Ref("StatefulSet", "default", "vmstorage-demo"))
        assert workload
        assert "-retentionPeriod=9" not in str(workload["spec"])
        assert {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")} == pods
        api.denied.clear()
        await until(lambda: "-retentionPeriod=9" in str(api.find(ref_of(workload))))


async def test_a_definition_that_is_missing_costs_its_own_kind_alone(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    await _filled(api)
    api.hidden.add("vmclusters")
    async with running(api) as room:
        await room.until_operational(SINGLE, AGENT)
        assert room.status(CLUSTER) == {}
        assert room.metric("vmoperator_watch_degraded", kind="VMCluster", reason="missing") == 1
        assert "vmclusters: the API server does not know them: is the CRD installed" in caplog.text
        assert room.condition(AGENT, "WatchIncomplete") == {}
        api.hidden.clear()
        await room.until_operational(CLUSTER)


async def test_what_other_parents_are_is_not_guessed_while_they_cannot_be_seen(
    api: FakeApi,
) -> None:
    url = "http://vmalertmanager-demo.default.svc:9093"
    single = "http://vmsingle-demo.default.svc:8429"
    alert = _object("VMAlert", {"datasource": {"url": single}, "notifiers": [{"url": url}]})
    await api.put(_object("VMAlertmanager", {"replicaCount": 2}))
    await api.put(alert)
    ref = ref_of(alert)
    async with running(api) as room:
        await room.until_operational(ref, Ref("VMAlertmanager", "default", "demo"))
        before = await room.at_rest()
        api.denied.append(Denied(GROUP, "vmalertmanagers", READ))
        api.cut_streams()
        await room.until_said("failed", ref)
        assert "list and watch vmalertmanagers" in room.status(ref)["reason"]
        await room.at_rest()
        written = {it.path for it in api.writes[before:] if "/status" not in it.path}
        assert {path for path in written if "/events" not in path} == set()
        api.denied.clear()
        await room.until_operational(ref)
