"""The chart on a real node: install, use, upgrade, roll back, uninstall; two pods, one leader."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.rights import CLUSTER_SCOPED
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import ROOT, Namespace, small, until
from tests.cluster.installed import ACCOUNT, CHART, HOME, Installed, a_team, alone
from tests.cluster.stack import small_object
from tests.pages import as_shown, shown

pytestmark = pytest.mark.cluster

LEASE_SECONDS = 4
MOST_MEMORY_BYTES = 90e6
"""At rest with one VMCluster, an eighth more than what was seen (80 MB): a guard, no figure."""


@pytest.fixture(scope="module")
def release() -> Iterator[Installed]:
    with alone("chart", "replicas=2", f"extraArgs={{--lease-seconds={LEASE_SECONDS}}}") as one:
        yield one


@pytest.fixture
def team(release: Installed) -> Iterator[Namespace]:
    with a_team(release) as one:
        yield one


def test_two_restricted_pods_are_ready_and_one_leads(release: Installed) -> None:
    # A pod is ready before it asks for the lease.
    leader, pods = _leader(release), release.until_ready(2)
    leads = {pod: release.metric(pod, "vmoperator_leader") for pod in pods}
    assert sorted(leads.values()) == [0.0, 1.0]
    assert leads[leader] == 1.0


def test_the_object_in_the_notes_becomes_operational(release: Installed) -> None:
    notes = release.helm("get", "notes", HOME)
    found = re.search(r"<<'EOF'\n(.*?)\nEOF\n", notes, re.DOTALL)
    assert found is not None, notes
    release.kubectl("apply", "-f", "-", stdin=found[1])
    within = f"--timeout={drawn_out(180):.0f}s"
    wait = ("wait", "--for=condition=Ready", "vmcluster/demo", within)
    assert "condition met" in release.kubectl("-n", "default", *wait)
    holder = _leader(release)
    time.sleep(5)
    memory = release.metric(holder, "process_resident_memory_bytes")
    print(f"resident memory of the leader: {memory / 1e6:.0f} MB")
    assert memory < MOST_MEMORY_BYTES
    release.kubectl("-n", "default", "delete", "vmcluster", "demo")


def test_another_pod_leads_at_once_after_a_good_end(release: Installed, team: Namespace) -> None:
    before = _leader(release)
    began = time.monotonic()
    release.kubectl("-n", HOME, "delete", "pod", before, "--wait=false")
    until(lambda: release.holder not in ("", before), seconds=30, what="another leader")
    print(f"another leader after {time.monotonic() - began:.1f} s")
    team.apply(small_object("VMSingle", "demo"))
    team.until_status("demo", "operational", kind="vmsingle")
    release.until_ready(2)


def _leader(release: Installed) -> str:
    pods = release.until_ready(2)

    def found() -> str:
        holder = release.holder
        return holder if holder in pods else ""

    leader: str = until(found, seconds=60, what="a leader among them")
    return leader


def test_no_request_was_refused(release: Installed) -> None:
    assert _refused(release, ACCOUNT) == set()


def _refused(release: Installed, account: str) -> set[tuple[str, str, str, str]]:
    """What a right lacked for: verb, resource, namespace and name."""
    return {
        (it.call.verb, f"{it.call.resource}/{it.call.subresource}", it.namespace, it.name)
        for it in release.cluster.audit.events(user=account)
        if it.is_forbidden
    }


def test_the_definitions_move_to_the_chart_of_their_own_and_back(
    release: Installed, team: Namespace
) -> None:
    team.apply(small_object("VMSingle", "demo"))
    team.until_status("demo", "operational", kind="vmsingle")
    uids = _definitions(release)
    mine = ("upgrade", HOME, str(CHART), "--reuse-values", "--wait", "--timeout=300s")
    theirs = ("upgrade", "--install", CRDS_CHART.name, str(CRDS_CHART))
    with pytest.raises(AssertionError, match="release-name"):
        release.helm(*theirs)
    release.helm(*mine, "--set", "crds.enabled=false")
    release.helm(*theirs, "--take-ownership")
    with pytest.raises(AssertionError, match="release-name"):
        release.helm(*mine, "--set", "crds.enabled=true")
    release.helm("uninstall", CRDS_CHART.name)
    release.helm(*mine, "--set", "crds.enabled=true", "--take-ownership")
    assert _definitions(release) == uids
    assert team.status("demo", "vmsingle")["updateStatus"] == "operational"


def _definitions(release: Installed) -> dict[str, str]:
    """Name and uid of each."""
    found = json.loads(release.kubectl("get", "crd", "-o", "json"))["items"]
    return {it["metadata"]["name"]: it["metadata"]["uid"] for it in found}


def test_upgrade_and_rollback_restart_no_pod_of_the_users_and_uninstall_leaves_the_objects(
    release: Installed, team: Namespace
) -> None:
    team.apply(small_object("VMSingle", "demo"))
    team.until_status("demo", "operational", kind="vmsingle")
    before = {it["metadata"]["uid"] for it in team.items("pods")}
    # An id that the image does not know, as where the platform gives them out.
    release.upgrade("replicas=1", "security.pod.runAsUser=1000670000", "security.pod.runAsGroup=0")
    (pod,) = release.until_ready(1)
    until(lambda: release.holder == pod, seconds=60, what="it leads as another user")
    release.helm("rollback", HOME, "--wait", "--timeout=300s")
    release.until_ready(2)
    release.helm("uninstall", HOME, "--wait")
    assert {it["metadata"]["uid"] for it in team.items("pods")} == before
    assert team.status("demo", "vmsingle")["updateStatus"] == "operational"
    assert "vmsingles.operator" in release.kubectl("get", "crd", "-o", "name")


OLD = "0.0.9"
CRDS_CHART = CHART.with_name("vmoperator-crds")
NEW_FIELD = "clusterDomainName"
CRD = "vmclusters.operator.victoriametrics.com"


def _older_chart(release: Installed, folder: Path) -> Path:
    """A package of the chart as an older version may have been: other defaults, a field less."""
    old = folder / "vmoperator"
    shutil.copytree(CHART, old)
    tag = yaml.safe_load((old / "Chart.yaml").read_text())["appVersion"]
    _edit(old / "Chart.yaml", lambda it: {**it, "version": OLD, "appVersion": OLD})
    other = {"workers": 3, "revisionHistoryLimit": 1}
    _edit(
        old / "values.yaml",
        lambda it: {**it, **other, "image": {**it["image"], "tag": str(tag)}},
    )
    definition = old / "files/crds/vmclusters.json"
    known = json.loads(definition.read_text())
    del _fields(known)[NEW_FIELD]
    definition.write_text(json.dumps(known, separators=(",", ":")))
    release.helm("package", str(old), "-d", str(folder))
    return folder / f"vmoperator-{OLD}.tgz"


def _edit(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(yaml.safe_dump(change(yaml.safe_load(path.read_text()))))


def _fields(definition: dict[str, Any]) -> dict[str, Any]:
    """The fields of a VMCluster's spec."""
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    found: dict[str, Any] = schema["properties"]["spec"]["properties"]
    return found


def _seen(release: Installed) -> tuple[bool, bool]:
    """Whether the definition has the new field, and whether the operator runs as it used to."""
    definition = json.loads(release.kubectl("get", "crd", CRD, "-o", "json"))
    text = release.kubectl("-n", HOME, "get", "deployment", HOME, "-o", "json")
    arguments = json.loads(text)["spec"]["template"]["spec"]["containers"][0]["args"]
    return NEW_FIELD in _fields(definition), "--workers=3" in arguments


def _runs(team: Namespace) -> set[tuple[str, int]]:
    """uid of each pod, and how often its container was started again."""
    return {
        (it["metadata"]["uid"], it["status"]["containerStatuses"][0]["restartCount"])
        for it in team.items("pods")
    }


def _until_looked_at(release: Installed, team: Namespace) -> None:
    """Until whoever leads now has passed over the VMCluster."""
    _leader(release)

    def has_looked() -> bool:
        try:
            return 'vmoperator_reconcile_total{kind="VMCluster"' in release.page(release.holder)
        except ClusterError:  # that pod has just gone
            return False

    until(has_looked, what="the leader looks at the VMCluster")
    team.until_status("demo", "operational")


def test_an_older_release_is_upgraded_and_rolled_back_under_a_running_vmcluster(
    release: Installed, team: Namespace, tmp_path: Path
) -> None:
    release.helm("uninstall", HOME, "--wait", "--ignore-not-found")
    two = ("--set", "replicas=2", "--wait", "--timeout=300s")
    release.helm("install", HOME, str(_older_chart(release, tmp_path)), *two)
    assert _seen(release) == (False, True)
    team.apply(small())
    team.until_status("demo", "operational")
    before = _runs(team)
    release.upgrade("replicas=2")
    assert _seen(release) == (True, False)
    _until_looked_at(release, team)
    assert _runs(team) == before
    release.helm("rollback", HOME, "--wait", "--timeout=300s")
    assert _seen(release) == (False, True)
    _until_looked_at(release, team)
    assert _runs(team) == before
    release.upgrade("replicas=2")
    release.helm("uninstall", HOME, "--wait")


def test_the_commands_of_the_page_work_in_the_order_shown(release: Installed) -> None:
    release.kubectl("delete", "namespace", HOME, "--ignore-not-found")
    commands = shown((ROOT / "docs/install.md").read_text())
    assert len(commands) >= 4
    for it in commands:
        print(as_shown(it, release.shell))


def test_the_quick_start_does_what_it_shows(release: Installed) -> None:
    commands = shown((ROOT / "docs/quick-start.md").read_text())
    assert len(commands) >= 12
    release.kubectl("delete", "namespace", HOME, "--ignore-not-found")
    _forget_the_claims_of_demo(release)
    try:
        for it in commands:
            print(f"{it.command}\n{as_shown(it, release.shell)}")
    finally:
        release.kubectl("-n", "default", "delete", "vmcluster", "demo", "--ignore-not-found")
        _forget_the_claims_of_demo(release)
        release.helm("uninstall", HOME, "--wait", "--ignore-not-found")


def _forget_the_claims_of_demo(release: Installed) -> None:
    release.kubectl("-n", "default", "delete", "pvc", "-l", "app.kubernetes.io/instance=demo")


def test_in_its_own_namespace_it_asks_for_nothing_else_and_is_never_refused(
    release: Installed, team: Namespace
) -> None:
    release.helm("uninstall", HOME, "--wait", "--ignore-not-found")
    other = Namespace(release.cluster, "elsewhere")
    release.kubectl("create", "namespace", other.name)
    settings = ("crds.enabled=false", "watchOwnNamespace=true")
    release.upgrade(*settings, name="own", namespace=team.name)
    for one in (team, other):
        one.apply(_stored("100Mi"))
    team.kubectl("create", "serviceaccount", "scraper")
    team.apply(_scraper())
    for kind in ("vmsingle", "vmagent"):
        team.until_status("demo", "operational", kind=kind)
    _grow(team)
    told = until(lambda: team.condition("vmagent", "demo", "DiscoveryAllowed"), what="it is told")
    assert (told["status"], told["reason"]) == ("Unknown", "NotAsked")
    assert "nothing beyond its namespaces" in told["message"]
    account = f"system:serviceaccount:{team.name}:own-vmoperator"
    assert _refused(release, account) == set()
    asked = {it.call for it in release.cluster.audit.events(user=account) if it.call.resource}
    assert {it.resource for it in asked} & CLUSTER_SCOPED == set()
    assert other.status("demo", "vmsingle") == {}
    assert other.items("deployments") == []
    release.helm("uninstall", "own", "--wait", namespace=team.name)
    other.clear()


def _stored(size: str) -> dict[str, Any]:
    claim = {"resources": {"requests": {"storage": size}}}
    return small_object("VMSingle", "demo", retentionPeriod="1", storage=claim)


def _scraper() -> dict[str, Any]:
    """An agent that discovers, under an account whose rights only a review could tell."""
    target = [{"url": "http://vmsingle-demo:8428/api/v1/write"}]
    given = {"serviceAccountName": "scraper", "selectAllByDefault": True}
    return small_object("VMAgent", "demo", replicaCount=1, remoteWrite=target, **given)


def _grow(team: Namespace) -> None:
    team.apply(_stored("200Mi"))

    def size() -> str:
        (claim,) = team.items("persistentvolumeclaims")
        found: str = (claim["status"].get("capacity") or {}).get("storage", "")
        return found

    until(lambda: size() == "200Mi", what="the claim has grown")
    team.until_status("demo", "operational", kind="vmsingle")
