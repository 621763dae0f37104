"""Passes over a VMAgent whose pods run: configuration, Secrets and rights, in its status."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab, Tree
from tests.api.program import Program
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.access import Access
from vmoperator.apply.aftercare import Aides
from vmoperator.apply.client import Client
from vmoperator.apply.delivery import Deliveries
from vmoperator.apply.programs import Programs
from vmoperator.base.labels import CONFIG_HASH
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.observe.loading import Standing
from vmoperator.observe.objects import selectable

AGENT = Ref("VMAgent", "default", "demo")
JOBS = "- {job_name: a, static_configs: []}"


def agent(**spec: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "demo", "namespace": "default"},
        "spec": {"replicaCount": 2, "remoteWrite": [{"url": "http://a/"}], **spec},
    }


def secret(name: str, **data: str) -> Tree:
    encoded = {key: b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def static_scrape() -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMStaticScrape",
        "metadata": {"name": "one", "namespace": "default", "uid": "1", "generation": 1},
        "spec": {"targetEndpoints": [{"targets": ["a:1"]}]},
    }


def aides(client: Client, programs: Programs) -> Aides:
    return Aides(Deliveries(client, programs, lambda ref: None), Access(client))


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with Program(prefix="", runs="") as found:
        yield found


@pytest.fixture
async def lab(api: FakeApi, client: Client, program: Program) -> AsyncIterator[Lab]:
    async with Programs() as programs:
        shared = aides(client, programs)
        found = Lab(api, client, Kubernetes(api), AGENT, aides=shared)
        found.kubernetes.address = "127.0.0.1"
        yield found
        await shared.deliveries.close()


def condition(lab: Lab, kind: str) -> tuple[str, str, str]:
    """Status, reason and message; empty where there is none."""
    conditions = lab.status.get("conditions") or ()
    found: Tree = next((one for one in conditions if one["type"] == kind), {})
    return (found.get("status", ""), found.get("reason", ""), found.get("message", ""))


def is_delivered(lab: Lab) -> bool:
    assert lab.aides is not None
    under_way = {Standing.PENDING, Standing.LOADING}
    return under_way.isdisjoint(it.standing for it in lab.aides.deliveries.loadings(AGENT))


async def settled(lab: Lab) -> None:
    """Until all passes, errands and controllers are done."""
    for _ in range(3):
        await lab.settle()
        await until(lambda: is_delivered(lab), seconds=8)


async def test_the_status_says_that_all_pods_have_their_configuration(
    lab: Lab, program: Program
) -> None:
    await lab.apply(agent(port=str(program.port)))
    await settled(lab)
    assert lab.message == "operational"
    assert condition(lab, "ConfigLoaded") == ("True", "Loaded", "loaded by 2 of 2 replicas")
    assert await lab.writes() == []


async def test_a_changed_secret_is_three_writes_and_no_status(lab: Lab, program: Program) -> None:
    given = {"name": "jobs", "key": "jobs"}
    await lab.api.put(secret("jobs", jobs=JOBS))
    await lab.apply(agent(port=str(program.port), additionalScrapeConfigs=given))
    await settled(lab)
    before = len(lab.api.writes)
    await lab.api.put(secret("jobs", jobs=JOBS.replace("a,", "b,")))
    program.file = "new"
    await settled(lab)
    assert program.runs == "new"
    written = [f"{one.method} {one.path}" for one in lab.api.writes[before:]]
    pods = "PATCH /api/v1/namespaces/default/pods/vmagent-demo-"
    assert sorted(written) == [
        f"{pods}0",
        f"{pods}1",
        "PATCH /api/v1/namespaces/default/secrets/vmagent-demo",
    ]
    assert condition(lab, "ConfigLoaded")[2] == "loaded by 2 of 2 replicas"


async def test_a_change_of_configuration_touches_no_pod_template(
    lab: Lab, program: Program
) -> None:
    await lab.apply(agent(port=str(program.port)))
    await settled(lab)
    before = lab.child("Deployment", "vmagent-demo")["spec"]
    await lab.apply(agent(port=str(program.port), externalLabels={"a": "b"}))
    await settled(lab)
    assert lab.child("Deployment", "vmagent-demo")["spec"] == before


async def test_a_restarted_operator_writes_nothing(
    lab: Lab, client: Client, program: Program
) -> None:
    await lab.apply(agent(port=str(program.port)))
    await settled(lab)
    assert lab.aides is not None
    await lab.aides.deliveries.close()
    async with Programs() as programs:
        lab.aides = aides(client, programs)
        before = len(lab.api.writes)
        reloads = program.reloads
        await settled(lab)
        assert lab.api.writes[before:] == []
        assert program.reloads == reloads
        await lab.aides.deliveries.close()


async def test_a_refused_configuration_does_not_fail_the_agent(lab: Lab, program: Program) -> None:
    await lab.apply(agent(port=str(program.port)))
    await settled(lab)
    program.file = "bad"
    await lab.apply(agent(port=str(program.port), externalLabels={"a": "b"}))
    await settled(lab)
    assert lab.message == "operational"
    assert condition(lab, "ConfigLoaded")[:2] == ("False", "Refused")
    assert await lab.writes() == []


async def test_a_pod_that_dies_quotes_nothing_of_its_files_in_the_status(
    lab: Lab, program: Program
) -> None:
    jobs = "- {job_name: a, proxy_url: 'http://hunter2%zz', static_configs: []}"
    await lab.apply(agent(port=str(program.port), inlineScrapeConfig=jobs))
    await settled(lab)
    name = lab.kubernetes.pods("vmagent")[0]["metadata"]["name"]
    await lab.kubernetes.fail(name, "CrashLoopBackOff", said='cannot parse "http://hunter2%zz"')
    await lab.run()
    assert 'ends with code 1 (Error): cannot parse "…"' in lab.message


async def test_a_configuration_that_could_not_be_written_is_not_announced_to_pods(
    lab: Lab, program: Program
) -> None:
    await lab.apply(agent(port=str(program.port)))
    await settled(lab)
    name = lab.kubernetes.pods("vmagent")[0]["metadata"]["name"]
    before = lab.child("Pod", name)["metadata"]["annotations"][CONFIG_HASH]
    lab.api.faults.append(Fault(status=403, path="/secrets/vmagent-demo", method="PATCH"))
    await lab.apply(agent(port=str(program.port), externalLabels={"a": "b"}))
    await lab.run()
    assert lab.child("Pod", name)["metadata"]["annotations"][CONFIG_HASH] == before


async def test_jobs_that_could_not_be_written_are_not_announced_to_pods(
    lab: Lab, program: Program
) -> None:
    selecting = agent(port=str(program.port), staticScrapeSelector={})
    await lab.apply(selecting)
    await settled(lab)
    name = lab.kubernetes.pods("vmagent")[0]["metadata"]["name"]
    before = lab.child("Pod", name)["metadata"]["annotations"][CONFIG_HASH]
    lab.api.faults.append(
        Fault(status=403, path="/secrets/vmagent-demo-jobs-", times=99, message="no jobs")
    )
    one = static_scrape()
    lab.world.objects.put(ref_of(one), selectable(one))
    await lab.run()
    assert lab.message == "failed no jobs"
    assert lab.child("Pod", name)["metadata"]["annotations"][CONFIG_HASH] == before
    lab.api.faults.clear()
    await lab.run()
    assert lab.child("Pod", name)["metadata"]["annotations"][CONFIG_HASH] != before


async def test_the_key_of_reloads_is_read_and_sent(lab: Lab, program: Program) -> None:
    program.key = "hunter2"
    await lab.api.put(secret("reload", key="hunter2\n"))
    selector = {"name": "reload", "key": "key"}
    await lab.apply(agent(port=str(program.port), configReloadAuthKeySecret=selector))
    await settled(lab)
    program.file = "new"
    await lab.apply(
        agent(
            port=str(program.port),
            configReloadAuthKeySecret=selector,
            externalLabels={"a": "b"},
        )
    )
    await settled(lab)
    assert program.runs == "new"
    assert "hunter2" not in str(lab.live(AGENT))


async def test_a_secret_that_may_not_be_read_is_a_finding_that_names_the_right(lab: Lab) -> None:
    await lab.api.put(secret("jobs", jobs=JOBS))
    message = 'secrets "jobs" is forbidden: User "o" cannot get resource "secrets"'
    lab.api.faults.append(Fault(status=403, path="/secrets/jobs", message=message))
    await lab.apply(agent(additionalScrapeConfigs={"name": "jobs", "key": "jobs"}))
    assert await lab.run() == 60
    assert lab.message == f"failed {message}"
    await settled(lab)
    assert lab.message == "operational"


SELECTS: Tree = {"serviceMonitorSelector": {}, "serviceAccountName": "vmagent"}


def account() -> Tree:
    metadata = {"name": "vmagent", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


async def test_a_missing_account_then_missing_rights_are_told_and_heal(
    lab: Lab, client: Client, program: Program
) -> None:
    assert lab.aides is not None
    denied = {(verb, what) for verb in ("get", "list", "watch") for what in ("pods", "services")}
    lab.api.objects.denied |= denied
    await lab.apply(agent(port=str(program.port), **SELECTS))
    await settled(lab)
    status, reason, message = condition(lab, "DiscoveryAllowed")
    assert (status, reason) == ("False", "ServiceAccountMissing")
    assert "default/vmagent does not exist" in message
    again = await lab.run()
    assert again is not None
    assert again <= 10
    for one in lab.kubernetes.all("Pod"):  # without the account there are none
        await lab.api.remove(ref_of(one))
    await lab.run()
    await lab.api.put(account())
    lab.aides = Aides(lab.aides.deliveries, Access(client))
    assert await lab.writes() == [
        *["POST /apis/authorization.k8s.io/v1/subjectaccessreviews"] * 9,
        "PATCH deployments/vmagent-demo",
        "PATCH vmagents/demo/status",
    ]
    await settled(lab)
    assert condition(lab, "DiscoveryAllowed")[1:] == (
        "RightsMissing",
        "service account default/vmagent may not get, list, watch pods, services:"
        " bind a role with these rights to it, see docs/discovery-rights.md",
    )
    assert lab.message == "operational"
    lab.api.objects.denied.clear()
    lab.aides = Aides(lab.aides.deliveries, Access(client))
    await settled(lab)
    assert condition(lab, "DiscoveryAllowed")[:2] == ("True", "Allowed")
    assert await lab.run() is None


async def test_a_controller_that_has_made_its_pods_is_not_asked_to(
    lab: Lab, client: Client
) -> None:
    assert lab.aides is not None
    await lab.apply(agent(**SELECTS))
    await settled(lab)
    assert condition(lab, "DiscoveryAllowed")[1] == "ServiceAccountMissing"
    await lab.api.put(account())
    lab.aides = Aides(lab.aides.deliveries, Access(client))
    written = await lab.writes()
    assert condition(lab, "DiscoveryAllowed")[1] == "Allowed"
    assert [it for it in written if "deployments" in it] == []


async def test_rights_are_asked_for_once_in_a_while_not_in_every_pass(lab: Lab) -> None:
    await lab.api.put(account())
    await lab.apply(agent(**SELECTS))
    await lab.run()
    asked = len(lab.api.requests("POST", "subjectaccessreviews"))
    assert asked == 9
    await lab.run()
    assert len(lab.api.requests("POST", "subjectaccessreviews")) == asked


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"serviceMonitorSelector": {}}, id="with an account of ours"),
        pytest.param({"serviceAccountName": "vmagent"}, id="that discovers nothing"),
        pytest.param({**SELECTS, "ingestOnlyMode": True}, id="that only takes in"),
    ],
)
async def test_rights_are_not_asked_for_an_agent(lab: Lab, spec: Tree) -> None:
    await lab.apply(agent(**spec))
    await lab.run()
    assert lab.api.requests("POST", "subjectaccessreviews") == []
    assert condition(lab, "DiscoveryAllowed") == ("", "", "")


async def test_an_operator_that_may_not_ask_says_so(lab: Lab) -> None:
    lab.api.faults.append(Fault(status=403, path="/subjectaccessreviews", times=99, message="no"))
    await lab.api.put(account())
    await lab.apply(agent(**SELECTS))
    await settled(lab)
    assert condition(lab, "DiscoveryAllowed")[:2] == ("Unknown", "NotAsked")
