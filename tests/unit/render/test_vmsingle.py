"""VMSingle: what it becomes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.singles import GI, args, child, container, files, planned, pod

from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid

VOLUME = {"name": "disk", "hostPath": {"path": "/disk"}}


def _data(**spec: Any) -> tuple[Any, Any]:
    """What holds the data, and where it is mounted."""
    made = pod(**spec)
    mount = next(it for it in container(**spec)["volumeMounts"] if it["name"] == "data")
    volume = next(it for it in made["volumes"] if it["name"] == "data")
    return {key: it for key, it in volume.items() if key != "name"}, mount["mountPath"]


def test_without_storage_the_data_goes_with_the_pod() -> None:
    assert _data() == ({"emptyDir": {}}, "/victoria-metrics-data")
    assert child("PersistentVolumeClaim") is None


def test_the_claim_outlives_the_object_unless_it_is_given_away() -> None:
    kept, given_away = (
        child("PersistentVolumeClaim", storage=GI),
        child("PersistentVolumeClaim", storage=GI, removePvcAfterDelete=True),
    )
    assert kept is not None and "ownerReferences" not in kept["metadata"]
    assert given_away is not None and given_away["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert _data(storage=GI)[0] == {"persistentVolumeClaim": {"claimName": "vmsingle-demo"}}


def test_storage_of_no_size_is_refused_and_of_size_zero_is_none() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.storage.resources.requests.storage: say how"):
        planned(storage={"storageClassName": "fast"})
    none = {"resources": {"requests": {"storage": "0"}}}
    assert child("PersistentVolumeClaim", storage=none) is None
    assert _data(storage=none)[0] == {"emptyDir": {}}


def test_the_claim_moves_with_the_folder_of_the_data() -> None:
    claimed = {"persistentVolumeClaim": {"claimName": "vmsingle-demo"}}
    assert _data(storage=GI, storageDataPath="/vm/data") == (claimed, "/vm/data")
    assert "-storageDataPath=/vm/data" in args(storage=GI, storageDataPath="/vm/data")


def test_a_volume_of_the_users_that_is_named_data_holds_the_data() -> None:
    own = [{"name": "data", "hostPath": {"path": "/disk"}}]
    assert _data(volumes=own, storageDataPath="/x") == ({"hostPath": {"path": "/disk"}}, "/x")


@pytest.mark.parametrize("mount_path", ["/samples", "/samples/", "/samples/vm", "/"])
def test_a_mount_of_the_users_above_the_folder_holds_the_data(mount_path: str) -> None:
    mounts = [{"name": "disk", "mountPath": mount_path}]
    spec = {"volumes": [VOLUME], "volumeMounts": mounts, "storageDataPath": "/samples/vm"}
    assert container(**spec)["volumeMounts"] == mounts
    with pytest.raises(SpecInvalid, match=r"^spec.storage: your own volume at /samples/vm"):
        planned(storage=GI, **spec)


def test_a_folder_at_which_nothing_is_mounted_is_refused() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.storageDataPath: nothing is mounted at /x"):
        planned(storageDataPath="/x", volumes=[VOLUME])


@pytest.mark.parametrize(
    ("context", "group"),
    [
        pytest.param({}, None, id="root"),
        pytest.param({"runAsUser": 0}, None, id="root by name"),
        pytest.param({"runAsUser": 1000}, 1000, id="user"),
        pytest.param({"runAsUser": 1000, "runAsGroup": 2000}, 2000, id="group"),
        pytest.param({"runAsUser": 1000, "fsGroup": 3000}, 3000, id="the user's own"),
    ],
)
def test_a_program_that_is_not_root_can_write_to_its_volume(
    context: dict[str, int], group: int | None
) -> None:
    made = pod(storage=GI, securityContext=context).get("securityContext") or {}
    assert made.get("fsGroup") == group


def test_the_service_has_the_port_that_the_documents_name() -> None:
    def ports(**spec: Any) -> dict[str, tuple[int, int]]:
        service = child("Service", **spec)
        assert service is not None
        return {it["name"]: (it["port"], it["targetPort"]) for it in service["spec"]["ports"]}

    assert ports() == {"http": (8429, 8429), "http-alias": (8428, 8429)}
    assert ports(port="8428") == {"http": (8428, 8428)}
    assert [it["name"] for it in container()["ports"]] == ["http"]


def test_two_pods_never_share_the_volume() -> None:
    (stage,) = planned().stages
    assert stage.workload["spec"]["strategy"] == {"type": "Recreate"}
    with pytest.raises(SpecInvalid, match=r"^spec.replicaCount: "):
        planned(replicaCount=2)


def test_a_pod_that_nobody_stands_in_for_does_not_sleep_before_it_stops() -> None:
    assert "lifecycle" not in container()
    assert container(preStopSleepSeconds=3)["lifecycle"]["preStop"]["sleep"] == {"seconds": 3}


def test_it_takes_in_and_does_not_scrape_unless_it_is_told_to() -> None:
    assert files(scrapeInterval="10s", inlineScrapeConfig="- {job_name: a}") == {}
    assert child("ClusterRole") is None
    assert [arg for arg in args() if "promscrape" in arg] == []
    told = {"ingestOnlyMode": False}
    assert "-promscrape.config=/etc/vm/config/scrape.yaml" in args(**told)
    assert child("ClusterRole", **told) is not None
    assert child("ClusterRole", **told, serviceAccountName="mine") is None


def test_the_flag_of_relabelling_names_the_file_that_is_there() -> None:
    spec = {"inlineRelabelConfig": [{"action": "labeldrop", "regex": "a"}]}
    (flag,) = [arg for arg in args(**spec) if "relabelConfig" in arg]
    folder = next(
        it["mountPath"] for it in container(**spec)["volumeMounts"] if it["name"] == "config"
    )
    assert [f"-relabelConfig={folder}/{name}" for name in files(**spec)] == [flag]


def test_no_flag_of_stream_aggregation_is_given_twice() -> None:
    rule = {"interval": "1m", "outputs": ["total"]}
    made = args(streamAggrConfig={"rules": [rule], "dedupInterval": "10s"})
    names = [arg.partition("=")[0] for arg in made]
    assert len(set(names)) == len(names)
    assert "-streamAggr.dedupInterval=10s" in made
    assert "-streamAggr.config=/etc/vm/config/aggregation.yaml" in made


def test_deduplication_alone_needs_no_file() -> None:
    made = {"streamAggrConfig": {"dedupInterval": "10s"}}
    assert files(**made) == {}
    assert [arg for arg in args(**made) if "streamAggr" in arg] == ["-streamAggr.dedupInterval=10s"]


def test_a_change_of_the_files_changes_no_pod() -> None:
    def one(regex: str, sample_limit: int) -> Any:
        (stage,) = planned(
            ingestOnlyMode=False,
            sampleLimit=sample_limit,
            inlineRelabelConfig=[{"action": "labeldrop", "regex": regex}],
        ).stages
        return stage

    before, after = one("a", 1), one("b", 2)
    assert before.workload == after.workload
    assert before.config.digest != after.config.digest
    assert before.config.program == "vmsingle"


def test_the_key_of_reloads_is_a_file_that_must_be_there() -> None:
    spec = {"configReloadAuthKeySecret": {"name": "reload", "key": "key"}}
    with pytest.raises(SpecInvalid, match=r"^spec.configReloadAuthKeySecret: Secret reload does"):
        args(**spec)
    made = args(Known(secrets={"reload": {"key": b"sesame"}}), **spec)
    assert "-reloadAuthKey=file:///etc/vm/credentials/reload/key" in made


def test_the_enterprise_version_keeps_some_series_shorter_and_thins_out() -> None:
    periods = [{"offset": "30d", "interval": "5m"}]
    spec: dict[str, Any] = {
        "downsampling": {"rules": [{"periods": periods}], "dedupInterval": "1m"},
        "retentionFilters": [{"filter": '{a="b"}', "retention": "7d"}],
        "retentionPeriod": "1y",
    }
    with pytest.raises(SpecInvalid, match="enterprise version"):
        planned(**spec)
    made = args(**spec, license={"key": "k"})
    assert "-downsampling.period=30d:5m" in made
    assert "-dedup.minScrapeInterval=1m" in made
    assert '-retentionFilter={a="b"}:7d' in made
    with pytest.raises(SpecInvalid, match=r"^spec.retentionFilters\[0\].retention: 7d is longer"):
        planned(**{**spec, "retentionPeriod": "2d"}, license={"key": "k"})


def test_two_ports_of_one_number_are_refused_by_name() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec: the ports http and graphite-tcp are both 8429"):
        planned(insertPorts={"graphitePort": "8429"})
    service = child("Service", insertPorts={"graphitePort": "8428"})
    assert service is not None
    assert "http-alias" not in [it["name"] for it in service["spec"]["ports"]]


def test_a_spread_without_a_selector_counts_the_pods_of_the_program() -> None:
    zone = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    (spread,) = pod(topologySpreadConstraints=[zone])["topologySpreadConstraints"]
    (stage,) = planned().stages
    labels = stage.workload["spec"]["template"]["metadata"]["labels"]
    assert spread["labelSelector"]["matchLabels"].items() <= labels.items()
