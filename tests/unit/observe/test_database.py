"""What a workload says about its data, in the forms that we and the Go operator give it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.observe.live import metadata

from vmoperator.base import labels
from vmoperator.observe.database import Database, database, named_pods


def workload(
    *args: str,
    app: str = "vmstorage",
    mounts: Any = (),
    volumes: Any = (),
    claims: Any = (),
    **more: Any,
) -> dict[str, Any]:
    container = {"name": app, "args": list(args), "volumeMounts": list(mounts)}
    beside = {"name": "aaa", "args": ["-storageDataPath=/nowhere", "-retentionPeriod=9y"]}
    return {
        "kind": "StatefulSet",
        "metadata": metadata(app, **more),
        "spec": {
            "volumeClaimTemplates": [{"metadata": {"name": name}} for name in claims],
            "template": {"spec": {"containers": [beside, container], "volumes": list(volumes)}},
        },
    }


def mount(path: str, name: str = "db", **more: str) -> dict[str, str]:
    return {"name": name, "mountPath": path, **more}


def found(manifest: dict[str, Any]) -> Database:
    told = database(manifest)
    assert told is not None
    return told


PATH = "-storageDataPath=/data"


@pytest.mark.parametrize(
    ("manifest", "place"),
    [
        (workload(PATH, mounts=[mount("/data")], claims=["db"]), "volumeClaimTemplate/db"),
        (
            workload("-storageDataPath=data", mounts=[mount("data")], claims=["db"]),
            "volumeClaimTemplate/db",
        ),
        (
            workload("-storageDataPath=/data/a/b", mounts=[mount("/data")], claims=["db"]),
            "volumeClaimTemplate/db/a/b",
        ),
        (
            workload(PATH, mounts=[mount("/data", subPath="x")], claims=["db"]),
            "volumeClaimTemplate/db/x",
        ),
        (
            workload(
                PATH,
                mounts=[mount("/data", "own")],
                volumes=[{"name": "own", "hostPath": {"path": "/srv", "type": ""}}],
            ),
            "hostPath/srv",
        ),
        (
            workload(
                PATH,
                mounts=[mount("/data")],
                volumes=[{"name": "db", "emptyDir": {}}],
                claims=["db"],
            ),
            "volumeClaimTemplate/db",
        ),
        (workload(PATH, mounts=[mount("/data")], volumes=[{"name": "db", "emptyDir": {}}]), ""),
        (workload(PATH, mounts=[mount("/other")], claims=["db"]), ""),
        (workload(mounts=[mount("/data")], claims=["db"]), ""),
        (
            workload(
                PATH,
                mounts=[mount("/data")],
                volumes=[{"name": "db", "csi": {"driver": "d", "readOnly": False}}],
            ),
            "csi/db",
        ),
    ],
    ids=[
        "claim template",
        "a relative folder, as the Go operator writes it",
        "folder of a volume",
        "subPath",
        "own volume",
        "a template wins over a volume",
        "emptyDir",
        "no volume there",
        "no folder named",
        "any other volume",
    ],
)
def test_the_place_of_the_data_is_the_volume_and_the_folder_in_it(
    manifest: dict[str, Any], place: str
) -> None:
    assert found(manifest).place == place


def test_the_retention_is_that_of_the_program_and_the_last_one_given() -> None:
    assert found(workload("-retentionPeriod=1", "--retentionPeriod=2")).retention == "2"


def test_the_nodes_of_a_client_are_all_that_its_flags_name() -> None:
    client = workload("-storageNode=a:1,b:1", "--storageNode=c:1", app="vmselect")
    assert found(client).nodes == "a:1,b:1,c:1"


def test_pods_are_known_by_the_hosts_that_a_flag_names() -> None:
    nodes = "vmstorage-a-0.vmstorage-a.ns:8400,vmstorage-a-2:8400,vmstorage-ab-3.x,other:1"
    assert named_pods(nodes, "vmstorage-a") == {0, 2}
    assert named_pods("", "vmstorage-a") == frozenset()


def test_a_drain_is_read_from_the_workloads_own_annotation() -> None:
    assert found(workload(annotations={labels.DRAINING: "1=x"})).draining == "1=x"


@pytest.mark.parametrize("app", ["vmagent", "vmalert", ""])
def test_other_programs_have_nothing_to_say(app: str) -> None:
    assert database(workload("-retentionPeriod=1", app=app)) is None


def test_what_has_no_pods_has_nothing_to_say() -> None:
    assert database({"kind": "Service", "metadata": metadata("vmstorage"), "spec": {}}) is None
