"""Pods of a component: probes, hooks, security, resources, images, volumes, merged containers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import container, pod, workload

from vmoperator.base.settings import Settings
from vmoperator.render.images import enterprise, joined, with_registry

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("app", ["vmstorage", "vmselect", "vminsert"])
def test_a_startup_probe_stands_in_front_of_readiness(app: str) -> None:
    probe = container(app)["startupProbe"]
    assert probe["httpGet"] == container(app)["readinessProbe"]["httpGet"]
    assert (probe["periodSeconds"], probe["timeoutSeconds"]) == (1, 5)
    assert probe["failureThreshold"] * probe["periodSeconds"] >= 24 * 3600


def test_readiness_asks_health_every_five_seconds() -> None:
    assert container("vmselect")["readinessProbe"] == {
        "httpGet": {"path": "/health", "port": 8481, "scheme": "HTTP"},
        "periodSeconds": 5,
        "timeoutSeconds": 5,
        "failureThreshold": 10,
        "successThreshold": 1,
    }


@pytest.mark.parametrize(
    ("app", "has_one"), [("vmstorage", False), ("vmselect", True), ("vminsert", True)]
)
def test_liveness_is_probed_where_a_restart_helps(app: str, has_one: bool) -> None:
    assert ("livenessProbe" in container(app)) is has_one


def test_a_liveness_probe_that_the_user_asks_for_is_there() -> None:
    probe = container("vmstorage", vmstorage={"livenessProbe": {"periodSeconds": 60}})[
        "livenessProbe"
    ]
    assert (probe["periodSeconds"], probe["httpGet"]["path"]) == (60, "/health")


@pytest.mark.parametrize(
    ("extra", "handler"),
    [
        pytest.param(
            {"tls": "true"},
            {"httpGet": {"path": "/health", "port": 8481, "scheme": "HTTPS"}},
            id="tls",
        ),
        pytest.param(
            {"--http.pathPrefix": "vm/"},
            {"httpGet": {"path": "/vm/health", "port": 8481, "scheme": "HTTP"}},
            id="a path prefix",
        ),
        pytest.param(
            {"httpListenAddr.useProxyProtocol": "true,false"},
            {"tcpSocket": {"port": 8481}},
            id="the proxy protocol",
        ),
        pytest.param(
            {"tls": "true", "mtls": "true"}, {"tcpSocket": {"port": 8481}}, id="client certificates"
        ),
        pytest.param(
            {"tls": "false,true"},
            {"httpGet": {"path": "/health", "port": 8481, "scheme": "HTTP"}},
            id="tls on another address",
        ),
    ],
)
def test_probes_speak_what_the_program_listens_for(
    extra: dict[str, str], handler: dict[str, Any]
) -> None:
    found = container("vmselect", vmselect={"extraArgs": extra})
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert handler.items() <= found[probe].items()


def test_a_probe_of_the_users_has_one_handler() -> None:
    given = {"exec": {"command": ["true"]}, "periodSeconds": 7}
    probe = container("vmselect", vmselect={"startupProbe": given})["startupProbe"]
    assert probe == {**given, "timeoutSeconds": 5, "failureThreshold": 10, "successThreshold": 1}


@pytest.mark.parametrize(
    ("app", "given", "seconds"),
    [
        pytest.param("vmselect", {}, 15, id="vmselect sleeps"),
        pytest.param("vminsert", {}, 15, id="vminsert sleeps"),
        pytest.param("vmstorage", {}, None, id="vmstorage does not"),
        pytest.param("vmstorage", {"preStopSleepSeconds": 3}, 3, id="vmstorage does when asked"),
        pytest.param("vmselect", {"preStopSleepSeconds": 0}, None, id="none when switched off"),
        pytest.param(
            "vmselect", {"terminationGracePeriodSeconds": 10}, 5, id="half of a short grace"
        ),
        pytest.param("vmselect", {"terminationGracePeriodSeconds": 0}, None, id="no grace"),
    ],
)
def test_a_pod_leaves_its_services_before_it_stops(
    app: str, given: dict[str, Any], seconds: int | None
) -> None:
    want = {"preStop": {"sleep": {"seconds": seconds}}} if seconds else None
    assert container(app, **{app: given}).get("lifecycle") == want


def test_the_operator_may_switch_the_sleep_off() -> None:
    assert "lifecycle" not in container("vmselect", Settings(pre_stop_sleep_seconds=0))


def test_nothing_is_said_about_security_unless_asked() -> None:
    assert "securityContext" not in pod("vmstorage")
    assert "securityContext" not in container("vmstorage")


def test_a_security_context_is_split_between_pod_and_container() -> None:
    given = {"runAsUser": 1, "fsGroup": 2, "privileged": False, "procMount": "Default"}
    spec = {"vmselect": {"securityContext": given}}
    assert pod("vmselect", **spec)["securityContext"] == {"runAsUser": 1, "fsGroup": 2}
    found = container("vmselect", **spec)["securityContext"]
    assert found == {"privileged": False, "procMount": "Default"}


@pytest.mark.parametrize(
    ("operator", "parent", "component", "strict"),
    [
        (False, None, None, False),
        (True, None, None, True),
        (True, False, None, False),
        (False, True, None, True),
        (False, True, False, False),
        (True, False, True, True),
    ],
)
def test_the_nearest_word_about_strictness_counts(
    operator: bool, parent: bool | None, component: bool | None, strict: bool
) -> None:
    spec: dict[str, Any] = {"vmselect": {"useStrictSecurity": component}}
    spec |= {} if parent is None else {"useStrictSecurity": parent}
    found = pod("vmselect", Settings(use_strict_security=operator), **spec)
    assert ("securityContext" in found) is strict


@pytest.mark.parametrize(
    ("given", "want"),
    [
        pytest.param(
            {},
            {
                "limits": {"cpu": "500m", "memory": "1000Mi"},
                "requests": {"cpu": "100m", "memory": "500Mi"},
            },
            id="defaults",
        ),
        pytest.param(
            {"resources": {"limits": {"cpu": "2"}}},
            {"limits": {"memory": "1000Mi", "cpu": "2"}, "requests": {"memory": "500Mi"}},
            id="a resource that is named gets no default at all",
        ),
        pytest.param(
            {"resources": {"requests": {"memory": "1Gi"}}},
            {"limits": {"cpu": "500m"}, "requests": {"cpu": "100m", "memory": "1Gi"}},
            id="a request alone takes the limit away",
        ),
        pytest.param(
            {"resources": {"limits": {"example.org/gpu": 1}}, "useDefaultResources": False},
            {"limits": {"example.org/gpu": 1}},
            id="no defaults",
        ),
        pytest.param({"useDefaultResources": False}, {}, id="nothing"),
    ],
)
def test_defaults_fill_the_resources_that_are_not_named(
    given: dict[str, Any], want: dict[str, Any]
) -> None:
    assert container("vmselect", vmselect=given)["resources"] == want


def test_the_operator_may_have_no_default_resources() -> None:
    settings = Settings(use_default_resources=False)
    assert container("vmselect", settings)["resources"] == {}
    asked = container("vmselect", settings, vmselect={"useDefaultResources": True})["resources"]
    assert asked["limits"] == {"cpu": "500m", "memory": "1000Mi"}


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({}, "victoriametrics/vmselect:v1.150.0-cluster", id="the default"),
        pytest.param(
            {"clusterVersion": "v1.1.0-cluster"},
            "victoriametrics/vmselect:v1.1.0-cluster",
            id="version of the cluster",
        ),
        pytest.param(
            {"clusterVersion": "v1.1.0", "vmselect": {"componentVersion": "v1.2.0"}},
            "victoriametrics/vmselect:v1.2.0",
            id="version of the component",
        ),
        pytest.param(
            {"vmselect": {"componentVersion": "v1.2.0", "image": {"tag": "mine"}}},
            "victoriametrics/vmselect:mine",
            id="tag of the image",
        ),
        pytest.param(
            {"license": {"key": "k"}},
            "victoriametrics/vmselect:v1.150.0-enterprise-cluster",
            id="with a licence",
        ),
        pytest.param(
            {"vmselect": {"image": {"repository": "a.b/c", "tag": f"sha256:{HEX}"}}},
            f"a.b/c@sha256:{HEX}",
            id="a digest",
        ),
    ],
)
def test_the_nearest_word_about_the_version_counts(spec: dict[str, Any], want: str) -> None:
    assert container("vmselect", **spec)["image"] == want


@pytest.mark.parametrize(
    ("repository", "want"),
    [
        ("victoriametrics/vmselect", "mirror.local/victoriametrics/vmselect"),
        ("vmselect", "mirror.local/vmselect"),
        ("quay.io/vmselect", "quay.io/vmselect"),
        ("localhost:5000/vmselect", "localhost:5000/vmselect"),
        ("quay.io/victoriametrics/vmselect", "quay.io/victoriametrics/vmselect"),
        ("a/b/c", "a/b/c"),
    ],
)
def test_the_operators_registry_stands_before_names_without_one(repository: str, want: str) -> None:
    assert with_registry(repository, registry="mirror.local") == want


@pytest.mark.parametrize(
    ("tag", "want"),
    [
        ("v1.2.3", "v1.2.3-enterprise"),
        ("v1.2.3-cluster", "v1.2.3-enterprise-cluster"),
        ("v1.2.3-enterprise-cluster", "v1.2.3-enterprise-cluster"),
        ("v1.2.3-rc1-cluster", "v1.2.3-rc1-cluster"),
        ("stable", "stable"),
        (f"v1.2.3-cluster@sha256:{HEX}", f"v1.2.3-cluster@sha256:{HEX}"),
    ],
)
def test_only_tags_of_releases_have_an_enterprise_version(tag: str, want: str) -> None:
    assert enterprise(tag) == want


@pytest.mark.parametrize(
    ("tag", "want"),
    [
        ("v1", "a/b:v1"),
        (f"sha256:{HEX}", f"a/b@sha256:{HEX}"),
        (f"v1@sha256:{HEX}", f"a/b:v1@sha256:{HEX}"),
    ],
)
def test_a_digest_is_joined_with_an_at_sign(tag: str, want: str) -> None:
    assert joined("a/b", tag) == want


def test_data_lies_in_an_empty_dir_unless_the_user_says() -> None:
    assert pod("vmselect")["volumes"] == [{"name": "vmselect-cachedir", "emptyDir": {}}]


def test_a_relative_data_path_is_mounted_where_the_program_looks() -> None:
    found = container("vmstorage", vmstorage={"storageDataPath": "data"})
    assert "-storageDataPath=/data" in found["args"]
    assert found["volumeMounts"] == [{"name": "vmstorage-db", "mountPath": "/data"}]


def test_a_volume_of_the_users_takes_the_place_of_the_empty_dir() -> None:
    volume = {"name": "vmstorage-db", "hostPath": {"path": "/disk"}}
    spec = {"vmstorage": {"volumes": [volume]}}
    assert pod("vmstorage", **spec)["volumes"] == [volume]
    mounts = container("vmstorage", **spec)["volumeMounts"]
    assert mounts == [{"name": "vmstorage-db", "mountPath": "/vmstorage-data"}]


def test_a_mount_of_the_users_replaces_ours_at_the_same_path() -> None:
    mount = {"name": "vmstorage-db", "mountPath": "/data", "subPath": "vm"}
    spec = {"vmstorage": {"storageDataPath": "/data", "volumeMounts": [mount]}}
    assert container("vmstorage", **spec)["volumeMounts"] == [mount]


def test_a_claim_may_be_named_and_keeps_our_access_mode() -> None:
    claim = {"metadata": {"name": "disk"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    spec = {"vmstorage": {"storage": {"volumeClaimTemplate": claim}}}
    (template,) = workload("vmstorage", **spec)["spec"]["volumeClaimTemplates"]
    assert template["metadata"] == {"name": "disk"}
    assert template["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert container("vmstorage", **spec)["volumeMounts"][0]["name"] == "disk"
    assert "volumes" not in pod("vmstorage", **spec)


def test_secrets_and_config_maps_are_mounted_once_each() -> None:
    spec = {"vminsert": {"secrets": ["a.b", "a.b"], "configMaps": ["c"]}}
    assert pod("vminsert", **spec)["volumes"] == [
        {"name": "secret-a-b", "secret": {"secretName": "a.b"}},
        {"name": "configmap-c", "configMap": {"name": "c"}},
    ]
    mounts = container("vminsert", **spec)["volumeMounts"]
    assert [mount["mountPath"] for mount in mounts] == ["/etc/vm/secrets/a.b", "/etc/vm/configs/c"]
    assert all(mount["readOnly"] for mount in mounts)


def test_pull_secrets_of_cluster_and_component_are_joined() -> None:
    spec = {
        "imagePullSecrets": [{"name": "a"}],
        "vmselect": {"imagePullSecrets": [{"name": "b"}, {"name": "a"}]},
    }
    assert pod("vmselect", **spec)["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]


def test_the_underscored_host_aliases_win() -> None:
    old, new = [{"ip": "10.0.0.1"}], [{"ip": "10.0.0.2"}]
    spec = {"vmselect": {"host_aliases": old, "hostAliases": new}}
    assert pod("vmselect", **spec)["hostAliases"] == old


def test_a_pod_on_the_hosts_network_still_resolves_services() -> None:
    assert "dnsPolicy" not in pod("vmselect")
    found = pod("vmselect", vmselect={"hostNetwork": True})
    assert found["dnsPolicy"] == "ClusterFirstWithHostNet"


def test_a_spread_constraint_counts_the_components_pods_unless_it_selects() -> None:
    own = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"a": "b"}}}
    given = [{"topologyKey": "node"}, own]
    spread = pod("vmselect", vmselect={"topologySpreadConstraints": given})[
        "topologySpreadConstraints"
    ]
    assert spread[0]["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] == "vmselect"
    assert spread[1] == own


def test_labels_that_select_the_pods_cannot_be_overridden() -> None:
    labels = {"app.kubernetes.io/name": "other", "a": "b"}
    spec = {"vmselect": {"podMetadata": {"labels": labels}}, "managedMetadata": {"labels": labels}}
    found = workload("vmselect", **spec)
    for metadata in (found["metadata"], found["spec"]["template"]["metadata"]):
        assert metadata["labels"]["app.kubernetes.io/name"] == "vmselect"
        assert metadata["labels"]["a"] == "b"


def test_environment_variables_count_as_flags() -> None:
    found = container("vmselect", vmselect={"extraEnvs": [{"name": "A", "value": "b"}]})
    assert found["env"] == [{"name": "A", "value": "b"}]
    assert "-envflag.enable=true" in found["args"]
    assert "-envflag.enable=true" not in container("vmselect")["args"]


def test_tcp6_is_switched_on_by_the_operator() -> None:
    assert "-enableTCP6=true" in container("vmselect", Settings(enable_tcp6=True))["args"]


def test_a_container_of_our_name_is_changed_and_others_stand_beside_it() -> None:
    patch = {
        "name": "vmselect",
        "resources": {"limits": {"memory": "9Gi"}},
        "ports": [
            {"containerPort": 8481, "name": "web"},
            {"containerPort": 8481, "protocol": "UDP"},
        ],
        "volumeMounts": [{"name": "vmselect-cachedir", "mountPath": "/cache", "subPath": "a"}],
        "livenessProbe": {"tcpSocket": {"port": 1}},
        "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
    }
    other = {"name": "other", "image": "a:b"}
    containers = pod("vmselect", vmselect={"containers": [other, patch]})["containers"]
    assert [one["name"] for one in containers] == ["vmselect", "other"]
    own = containers[0]
    assert own["resources"]["limits"] == {"cpu": "500m", "memory": "9Gi"}
    assert [port["name"] for port in own["ports"][:1]] == ["web"]
    assert len(own["ports"]) == 2
    assert own["volumeMounts"] == patch["volumeMounts"]
    assert own["livenessProbe"]["tcpSocket"] == {"port": 1}
    assert "httpGet" not in own["livenessProbe"]
    assert own["livenessProbe"]["periodSeconds"] == 5
    assert own["lifecycle"] == patch["lifecycle"]
    assert own["image"].startswith("victoriametrics/vmselect")


def test_arguments_of_a_container_patch_replace_all_of_ours() -> None:
    patch = {"name": "vmselect", "args": ["-only"]}
    assert container("vmselect", vmselect={"containers": [patch]})["args"] == ["-only"]
