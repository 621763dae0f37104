"""Last words of programs: read once for each start, told without a write for each restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault
from tests.unit.observe.live import pod

from vmoperator.apply.client import Client
from vmoperator.apply.last_words import LastWords
from vmoperator.observe.pods import Speaker

ENDS = "container main ends with code 1 (Error)"
FAILING = replace(pod("p-0", ready=False, trouble=ENDS), speaker=Speaker("main", 2, has_ended=True))


@pytest.fixture
def log(api: FakeApi) -> list[str]:
    """What the log of the pod holds; the API server passes it on as text."""
    lines = ["2026-01-01T00:00:00Z it starts", "2026-01-01T00:00:01Z it cannot"]
    api.logs["p-0"] = lines
    return lines


@pytest.mark.usefixtures("log")
async def test_the_last_line_is_read_once_for_each_start(api: FakeApi, client: Client) -> None:
    words = LastWords()
    for _ in range(3):
        await words.ask(client, FAILING)
    assert words.line(FAILING.uid) == "it cannot"
    asked = api.requests("GET", "/log")
    assert [it.query["previous"] for it in asked] == ["true"]
    await words.ask(client, replace(FAILING, speaker=Speaker("main", 3)))
    assert len(api.requests("GET", "/log")) == 2


@pytest.mark.usefixtures("log")
async def test_of_a_program_that_runs_its_own_log_is_read(api: FakeApi, client: Client) -> None:
    await LastWords().ask(client, replace(FAILING, speaker=Speaker("main", 0)))
    assert "previous" not in api.requests("GET", "/log")[0].query


async def test_without_the_right_there_is_just_no_line(api: FakeApi, client: Client) -> None:
    api.faults.append(Fault(status=403, times=9, path="/log"))
    words = LastWords()
    assert not await words.ask(client, FAILING)
    assert not await words.ask(client, FAILING)
    assert words.line(FAILING.uid) == ""
    assert len(api.requests("GET", "/log")) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(["at 10.0.0.1:80 no"] * 2, ["at 10.0.0.1:80 no"] * 2, id="the same"),
        pytest.param(["pid 7 fails", "pid 8 fails"], ["pid 7 fails"] * 2, id="other numbers"),
        pytest.param(["no disk", "no net"], ["no disk", "no net"], id="something else"),
        pytest.param(
            ["no disk", "no net", "no disk"], ["no disk", "no net", "no net"], id="in turns"
        ),
        pytest.param(["a", "b", "c", "d", "e"], ["a", "b", "c", "c", "c"], id="never the same"),
    ],
)
def test_a_program_that_fails_again_is_told_steadily(said: list[str], told: list[str]) -> None:
    words = LastWords()
    heard = [words.steady("u", f"{ENDS}: {one}") for one in said]
    assert heard == [f"{ENDS}: {one}" for one in told]


def test_another_end_or_another_pod_is_told_at_once() -> None:
    words = LastWords()
    words.steady("u", f"{ENDS}: pid 7 fails")
    assert words.steady("other", f"{ENDS}: pid 8 fails") == f"{ENDS}: pid 8 fails"
    assert words.steady("u", "container main: ImagePullBackOff: i:1").endswith("i:1")


async def test_a_program_that_runs_for_long_without_getting_ready_is_told(
    api: FakeApi, client: Client
) -> None:
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(vmcluster())
    await lab.settle()
    live = lab.kubernetes.pods("vmstorage")[0]
    name = live["metadata"]["name"]
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    container = {"name": "vmstorage", "ready": False, "state": {"running": {}}, "restartCount": 0}
    status = {"conditions": [unready], "containerStatuses": [container]}
    await api.put({**live, "status": status})
    api.logs[name] = ["2026-01-01T00:00:01Z it opens its data"]
    await api.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": "e", "namespace": "default"},
            "involvedObject": {"uid": live["metadata"]["uid"]},
            "type": "Warning",
            "reason": "Unhealthy",
            "message": "Readiness probe failed: status 500",
        }
    )
    await lab.run()
    words = f"pod {name}: Unhealthy: Readiness probe failed: status 500: it opens its data"
    assert words in lab.status["reason"]
    assert await lab.writes() == []
