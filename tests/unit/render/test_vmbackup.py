"""Backups: the containers that make and restore them, beside VMSingle and vmstorage."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render import clusters
from tests.unit.render.singles import GI, child, container, planned, pod

from vmoperator.api.around import NOTHING, Around, Known
from vmoperator.base.errors import SpecInvalid

LICENCE = {"key": "k"}
KEYS = {"name": "keys", "key": "s3"}


def _backuper(around: Around = NOTHING, /, **backup: Any) -> Any:
    made = {"destination": "s3://b/demo", **backup}
    return container(around, "vmbackuper", license=LICENCE, storage=GI, vmBackup=made)


def _args(**backup: Any) -> list[str]:
    found: list[str] = _backuper(**backup)["args"]
    return found


def test_backups_without_a_licence_are_refused_and_not_left_out() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.vmBackup: .*set spec.license"):
        planned(vmBackup={"destination": "s3://b"})
    with pytest.raises(SpecInvalid, match=r"^spec.vmstorage.vmBackup: .*set spec.license"):
        clusters.planned(clusters.cluster(vmstorage={"vmBackup": {"destination": "s3://b"}}))


def test_the_terms_of_use_may_be_accepted_in_the_older_way() -> None:
    accepted = {"destination": "s3://b", "acceptEULA": True}
    assert "-eula=true" in container(NOTHING, "vmbackuper", vmBackup=accepted)["args"]
    assert "-eula=true" not in _args(acceptEULA=True)


def test_a_backup_needs_a_destination() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.vmBackup.destination: say where"):
        planned(license=LICENCE, vmBackup={})


def test_each_pod_of_a_cluster_has_a_destination_of_its_own() -> None:
    def destination(**backup: Any) -> str:
        storage = {"vmBackup": {"destination": "s3://b/demo/", **backup}}
        made = clusters.pod("vmstorage", vmstorage=storage, license=LICENCE)["containers"]
        args = next(it for it in made if it["name"] == "vmbackuper")["args"]
        (found,) = (str(arg) for arg in args if arg.startswith("-dst="))
        return found

    assert destination() == "-dst=s3://b/demo/$(POD_NAME)/"
    assert destination(destinationDisableSuffixAdd=True) == "-dst=s3://b/demo/"
    assert "-dst=s3://b/demo" in _args()


def test_the_users_flags_take_the_place_of_the_defaults() -> None:
    made = _args(concurrency=2, extraArgs={"--concurrency": "9", "snapshot.createURL": "http://x"})
    assert "-concurrency=9" in made
    assert "-snapshot.createURL=http://x" in made
    names = [arg.partition("=")[0] for arg in made]
    assert len(set(names)) == len(names)


def test_variables_and_the_pull_policy_are_honoured() -> None:
    made = _backuper(extraEnvsFrom=[{"secretRef": {"name": "s"}}], image={"pullPolicy": "Never"})
    assert made["envFrom"] == [{"secretRef": {"name": "s"}}]
    assert made["imagePullPolicy"] == "Never"
    assert "-envflag.enable=true" in made["args"]


@pytest.mark.parametrize(
    ("spec", "image"),
    [
        pytest.param({}, "v1.150.0-enterprise", id="default"),
        pytest.param({"componentVersion": "v1.149.0"}, "v1.149.0-enterprise", id="version"),
        pytest.param({"image": {"tag": "v1.148.0"}}, "v1.148.0-enterprise", id="tag"),
        pytest.param({"image": {"tag": "mine"}}, "v1.150.0-enterprise", id="tag of the user's"),
    ],
)
def test_it_has_the_version_of_the_program_beside_it(spec: dict[str, Any], image: str) -> None:
    made = {"license": LICENCE, "vmBackup": {"destination": "s3://b"}, **spec}
    found = container(NOTHING, "vmbackuper", **made)["image"]
    assert found == f"victoriametrics/vmbackupmanager:{image}"


def test_it_mounts_the_data_where_the_program_does() -> None:
    mounts = {it["name"]: it["mountPath"] for it in _backuper()["volumeMounts"]}
    assert mounts == {"data": "/victoria-metrics-data"}
    made = pod(
        license=LICENCE,
        vmBackup={"destination": "s3://b"},
        storageDataPath="/disk/vm",
        volumes=[{"name": "disk", "hostPath": {"path": "/disk"}}, {"name": "o", "emptyDir": {}}],
        volumeMounts=[{"name": "disk", "mountPath": "/disk"}, {"name": "o", "mountPath": "/o"}],
    )["containers"][1]
    assert made["volumeMounts"] == [{"name": "disk", "mountPath": "/disk"}]
    assert "-storageDataPath=/disk/vm" in made["args"]


def test_credentials_are_a_file_for_the_backup_alone() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.vmBackup.credentialsSecret: Secret keys does"):
        _backuper(credentialsSecret=KEYS)
    around = Known(secrets={"keys": {"s3": b"[default]"}})
    made = _backuper(around, credentialsSecret=KEYS)
    assert "-credsFilePath=/etc/vm/creds/s3" in made["args"]
    assert "/etc/vm/creds" in [it["mountPath"] for it in made["volumeMounts"]]
    backup = {"destination": "s3://b", "credentialsSecret": KEYS}
    program = container(around, license=LICENCE, vmBackup=backup)
    assert "/etc/vm/creds" not in [it["mountPath"] for it in program["volumeMounts"]]


def test_the_licence_is_a_file_for_both() -> None:
    spec = {"license": {"keyRef": {"name": "l", "key": "k"}}, "vmBackup": {"destination": "s3://b"}}
    for name in ("vmsingle", "vmbackuper"):
        made = container(NOTHING, name, **spec)
        assert "-licenseFile=/etc/vm/secrets/l/k" in made["args"]
        assert "/etc/vm/secrets/l" in [it["mountPath"] for it in made["volumeMounts"]]


@pytest.mark.parametrize(
    ("extra", "url"),
    [
        pytest.param({}, "http://127.0.0.1:8429/snapshot/create", id="plain"),
        pytest.param({"tls": "true"}, "https://127.0.0.1:8429/snapshot/create", id="tls"),
        pytest.param(
            {"http.pathPrefix": "/a"}, "http://127.0.0.1:8429/a/snapshot/create", id="prefix"
        ),
        pytest.param(
            {"snapshotAuthKey": "a&b"},
            "http://127.0.0.1:8429/snapshot/create?authKey=a%26b",
            id="key",
        ),
    ],
)
def test_snapshots_are_made_where_the_program_listens(extra: dict[str, str], url: str) -> None:
    spec = {"license": LICENCE, "vmBackup": {"destination": "s3://b"}, "extraArgs": extra}
    made = container(NOTHING, "vmbackuper", **spec)["args"]
    assert f"-snapshot.createURL={url}" in made


def test_a_key_of_snapshots_that_lies_in_a_file_asks_for_the_url() -> None:
    extra = {"snapshotAuthKey": "file:///key"}
    spec = {"license": LICENCE, "extraArgs": extra}
    with pytest.raises(SpecInvalid, match=r"^spec.vmBackup.snapshotCreateURL: needs the key"):
        planned(**spec, vmBackup={"destination": "s3://b"})
    url = "http://127.0.0.1:8429/snapshot/create?authKey=sesame"
    planned(**spec, vmBackup={"destination": "s3://b", "snapshotCreateURL": url})


def test_a_restore_runs_before_the_program_and_only_when_asked_for() -> None:
    spec = {"license": LICENCE, "storage": GI}
    assert "initContainers" not in pod(**spec, vmBackup={"destination": "s3://b"})
    restore = {"onStart": {"enabled": True}}
    (made,) = pod(**spec, vmBackup={"destination": "s3://b", "restore": restore})["initContainers"]
    assert made["args"][0] == "restore"
    assert "-dst=s3://b" in made["args"]
    assert not [arg for arg in made["args"] if "snapshot" in arg or "disable" in arg]
    assert not [key for key in made if key.endswith("Probe")]


def test_the_service_leads_to_the_backup_manager() -> None:
    backup = {"destination": "s3://b", "port": "8301"}
    service = child("Service", license=LICENCE, vmBackup=backup)
    assert service is not None
    ports = {it["name"]: it["targetPort"] for it in service["spec"]["ports"]}
    assert ports["vmbackupmanager"] == 8301
    program = container(NOTHING, license=LICENCE, vmBackup=backup)
    assert [it["name"] for it in program["ports"]] == ["http"]
