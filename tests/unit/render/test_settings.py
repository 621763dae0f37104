"""Settings: each variable of the environment changes what some object becomes."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pytest
from tests.unit.base.test_environment import sample, settings

from vmoperator import offline
from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.base.environment import variables
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

CLUSTER: dict[str, Any] = {
    "retentionPeriod": "1",
    "vmstorage": {},
    "vmselect": {},
    "vminsert": {"hpa": {"maxReplicas": 3}},
    "requestsLoadBalancer": {"enabled": True},
}
BACKED_UP: dict[str, Any] = {
    "license": {"key": "k"},
    "vmBackup": {
        "destination": "s3://backups/demo",
        "credentialsSecret": {"name": "keys", "key": "s3"},
    },
}
SPECS: dict[str, Any] = {
    "VMCluster": CLUSTER,
    "VMSingle": {**BACKED_UP, "storage": {"resources": {"requests": {"storage": "1Gi"}}}},
    "VMAgent": {"remoteWrite": [{"url": "http://a"}], "shardCount": 8, "selectAllByDefault": True},
    "VMAlert": {"datasource": {"url": "http://a"}},
    "VMAlertmanager": {"podDisruptionBudget": {"minAvailable": 1}},
}
MONITOR: dict[str, Any] = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"selector": {}, "endpoints": [{"port": "http"}]},
}
AROUND = Known(secrets={"keys": {"s3": b"x"}}, foreign=(("ServiceMonitor", offline.read(MONITOR)),))
BESIDE = ("VM_FORCERESYNCINTERVAL", "VM_ENABLEDPROMETHEUSCONVERTER_")
"""What is about when and what is read, not about what it becomes."""
RENDERED = [it.name for it in variables() if not it.name.startswith(BESIDE)]


def plans(chosen: Settings, around: Known = AROUND) -> list[Plan]:
    metadata = {"name": "demo", "namespace": "monitoring", "uid": "u"}
    api = "operator.victoriametrics.com/v1beta1"
    found = (
        {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}
        for kind, spec in SPECS.items()
    )
    return [plan(parsed(it), chosen, around) for it in found]


@cache
def usual() -> list[Plan]:
    return plans(Settings())


@pytest.mark.parametrize("name", RENDERED)
def test_a_variable_changes_what_an_object_becomes(name: str) -> None:
    assert plans(settings(**{name: sample(name)})) != usual()


def test_without_variables_everything_is_rendered_alike() -> None:
    assert plans(settings()) == usual()


def backup(**environ: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The containers of a VMSingle that back it up and restore it."""
    restored = {**BACKED_UP["vmBackup"], "restore": {"onStart": {"enabled": True}}}
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMSingle",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {**BACKED_UP, "vmBackup": restored},
    }
    made = plan(parsed(manifest), settings(**environ), AROUND)
    (deployment,) = [it for it in made.manifests if it["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (found,) = [it for it in pod["containers"] if it["name"] == "vmbackuper"]
    return found, pod["initContainers"][0]


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "http://127.0.0.1:8429/"),
        ({"VM_ENABLETCP6": "true"}, "http://localhost:8429/"),
        ({"VM_LOOPBACK": "127.0.0.2", "VM_ENABLETCP6": "true"}, "http://127.0.0.2:8429/"),
        ({"VM_LOOPBACK": "::1"}, "http://[::1]:8429/"),
    ],
    ids=str,
)
def test_snapshots_are_asked_for_at_the_loopback_address(
    environ: dict[str, str], address: str
) -> None:
    sidecar, _ = backup(**environ)
    assert f"-snapshot.createURL={address}snapshot/create" in sidecar["args"]


def test_ports_of_backups_have_their_old_names_where_these_are_asked_for() -> None:
    def names(**environ: str) -> list[list[str]]:
        return [[port["name"] for port in it["ports"]] for it in backup(**environ)]

    assert names() == [["http-backup"], ["http-restore"]]
    assert names(VM_USE_OLD_BACKUP_RESTORE_PORT_NAMES="true") == [["http"], ["http"]]
    sidecar, _ = backup(VM_USE_OLD_BACKUP_RESTORE_PORT_NAMES="true")
    assert sidecar["readinessProbe"]["httpGet"]["port"] in ("http", 8300)


def roles(manifest: dict[str, Any], **environ: str) -> str:
    around = Known(
        secrets=AROUND.secrets,
        objects=() if manifest["kind"] == "ServiceMonitor" else (offline.read(manifest),),
        foreign=(("ServiceMonitor", offline.read(manifest)),)
        if manifest["kind"] == "ServiceMonitor"
        else (),
    )
    made = plans(settings(**environ), around)
    contents = [
        it.content.decode() for one in made for picked in one.picked for it in picked.fragments
    ]
    (content,) = {it for it in contents if it}
    return str(orjson.loads(content)["kubernetes_sd_configs"][0]["role"])


def test_endpoint_slices_are_asked_for_where_a_service_monitor_names_no_role() -> None:
    environ = {"VM_VMSERVICESCRAPEDEFAULT_ENFORCEENDPOINTSLICES": "true"}
    named = {**MONITOR, "spec": {**MONITOR["spec"], "serviceDiscoveryRole": "Endpoints"}}
    ours = {
        **MONITOR,
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMServiceScrape",
    }
    assert roles(MONITOR) == "endpoints"
    assert roles(MONITOR, **environ) == "endpointslice"
    assert roles(named, **environ) == "endpoints"
    assert roles(ours, **environ) == "endpoints"


def manifests(**environ: str) -> list[dict[str, Any]]:
    return [it for one in plans(settings(**environ)) for it in one.manifests]


def test_common_labels_and_annotations_stand_on_every_object_of_every_kind() -> None:
    made = manifests(VM_COMMON_LABELS="team=a", VM_COMMON_ANNOTATIONS="note=b")
    assert {it["kind"] for it in made} >= {
        "StatefulSet",
        "Deployment",
        "Service",
        "ServiceAccount",
        "Secret",
        "VMServiceScrape",
        "ClusterRole",
        "ClusterRoleBinding",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
    }
    for it in made:
        place = (it["kind"], it["metadata"]["name"])
        assert it["metadata"]["labels"]["team"] == "a", place
        assert it["metadata"]["annotations"]["note"] == "b", place


def test_common_labels_change_neither_pods_nor_claims_nor_who_selects_what() -> None:
    """A change of them restarts nothing, and nothing is made anew."""
    usual_specs = [it.get("spec") for it in manifests()]
    labelled = manifests(VM_COMMON_LABELS="team=a", VM_COMMON_ANNOTATIONS="note=b")
    assert [it.get("spec") for it in labelled] == usual_specs


def test_labels_of_an_object_win_over_common_ones() -> None:
    spec = {"managedMetadata": {"labels": {"team": "own"}}, "retentionPeriod": "1"}
    metadata = {"name": "demo", "namespace": "monitoring", "uid": "u"}
    api = "operator.victoriametrics.com/v1beta1"
    manifest = {"apiVersion": api, "kind": "VMSingle", "metadata": metadata, "spec": spec}
    made = plan(parsed(manifest), settings(VM_COMMON_LABELS="team=a,cost=b"), AROUND)
    for it in made.manifests:
        assert {"team": "own", "cost": "b"}.items() <= it["metadata"]["labels"].items()
