"""The load balancer of a VMCluster: what leads where, and what vmauth is told."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.render.clusters import args, case, cluster, planned, workload
from tests.unit.render.real_programs import answer

from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest

APP = "vmclusterlb-vmauth-balancer"
ON = {"enabled": True}


def _services(**spec: Any) -> dict[str, Manifest]:
    found = planned(cluster(**spec)).manifests
    return {it["metadata"]["name"]: it["spec"] for it in found if it["kind"] == "Service"}


def _config(manifest: Manifest) -> str:
    secrets = (it for it in planned(manifest).shared if it["kind"] == "Secret")
    return base64.b64decode(next(secrets)["data"]["config.yaml"]).decode()


def _routes(**spec: Any) -> list[tuple[str, str]]:
    found = yaml.safe_load(_config(cluster(requestsLoadBalancer=ON, **spec)))
    routes = found["unauthorized_user"]["url_map"]
    assert all(route["discover_backend_ips"] is True for route in routes)
    return [(route["src_paths"][0], route["url_prefix"]) for route in routes]


def _image(**spec: Any) -> str:
    template = workload(APP, **spec)["spec"]["template"]["spec"]
    return str(template["containers"][0]["image"])


@pytest.mark.parametrize("app", ["vminsert", "vmselect"])
def test_the_service_that_clients_know_leads_to_the_load_balancer(app: str) -> None:
    spec = _services(requestsLoadBalancer=ON)[f"{app}-demo"]
    assert spec["selector"]["app.kubernetes.io/name"] == APP
    assert (spec["type"], spec.get("clusterIP")) == ("ClusterIP", None)
    port = {"vminsert": 8480, "vmselect": 8481}[app]
    assert spec["ports"] == [{"name": "http", "port": port, "targetPort": 8427, "protocol": "TCP"}]


@pytest.mark.parametrize("app", ["vminsert", "vmselect"])
def test_pods_behind_the_load_balancer_have_a_headless_service_that_lists_the_ready_ones(
    app: str,
) -> None:
    spec = _services(requestsLoadBalancer=ON)[f"{app}internal-demo"]
    assert spec["clusterIP"] == "None"
    assert spec["selector"]["app.kubernetes.io/name"] == app
    assert "publishNotReadyAddresses" not in spec


@pytest.mark.parametrize(
    ("off", "app"),
    [("disableInsertBalancing", "vminsert"), ("disableSelectBalancing", "vmselect")],
)
def test_a_side_that_is_not_balanced_is_as_without_a_load_balancer(off: str, app: str) -> None:
    one_sided = _services(requestsLoadBalancer={**ON, off: True})
    assert one_sided[f"{app}-demo"] == _services()[f"{app}-demo"]
    assert f"{app}internal-demo" not in one_sided
    assert [path for path, _ in _one_sided_routes(off)] == [
        {"vminsert": "/.*", "vmselect": "/insert/.*"}[app]
    ]


def _one_sided_routes(off: str) -> list[tuple[str, str]]:
    manifest = cluster(requestsLoadBalancer={**ON, off: True})
    routes = yaml.safe_load(_config(manifest))["unauthorized_user"]["url_map"]
    return [(route["src_paths"][0], route["url_prefix"]) for route in routes]


def test_a_load_balancer_that_is_switched_off_leaves_nothing() -> None:
    assert planned(cluster(requestsLoadBalancer={"enabled": False})) == planned(cluster())


def test_writes_go_to_vminsert_and_everything_else_to_vmselect() -> None:
    assert _routes() == [
        ("/insert/.*", "http://vminsertinternal-demo.monitoring:8480"),
        ("/.*", "http://vmselectinternal-demo.monitoring:8481"),
    ]


def test_ports_prefixes_and_tls_of_the_components_reach_the_load_balancer() -> None:
    flags = {"tls": "true", "http.pathPrefix": "a.b/"}
    routes = _routes(vminsert={"port": "1", "extraArgs": flags}, clusterDomainName="c.d")
    assert routes[0] == (r"/a\.b/insert/.*", "https://vminsertinternal-demo.monitoring.svc.c.d:1")


def test_the_load_balancer_rolls_after_what_stands_behind_it() -> None:
    stages = planned(cluster(requestsLoadBalancer=ON)).stages
    assert [stage.app for stage in stages] == ["vmstorage", "vmselect", "vminsert", APP]
    assert [stage.services[0] for stage in stages[1:]] == [
        "vmselectinternal-demo",
        "vminsertinternal-demo",
        "vmclusterlb-demo",
    ]


def test_clients_are_led_to_the_load_balancer_only_by_its_own_stage() -> None:
    plan = planned(cluster(requestsLoadBalancer=ON))
    fronts = [front["metadata"]["name"] for front in plan.stages[-1].fronts]
    assert sorted(fronts) == ["vminsert-demo", "vmselect-demo"]
    assert not {it["metadata"]["name"] for it in plan.shared} & set(fronts)
    assert set(fronts) <= {it["metadata"]["name"] for it in plan.manifests}


def test_vmselect_pods_without_names_are_not_told_to_find_each_other() -> None:
    spec: dict[str, Any] = {"vmselect": {"replicaCount": 2}}
    assert any(arg.startswith("-selectNode=") for arg in args("vmselect", **spec))
    balanced = args("vmselect", requestsLoadBalancer=ON, **spec)
    assert not any(arg.startswith("-selectNode=") for arg in balanced)


@pytest.mark.parametrize(
    ("spec", "tag"),
    [
        pytest.param({}, "v1.150.0", id="the default is none of a cluster"),
        pytest.param(
            {"clusterVersion": "v1.149.0-cluster"}, "v1.149.0", id="the cluster's release"
        ),
        pytest.param(
            {"clusterVersion": "v1.149.0-enterprise-cluster"}, "v1.149.0", id="without a licence"
        ),
        pytest.param({"clusterVersion": "mine"}, "v1.150.0", id="no release"),
        pytest.param(
            {
                "clusterVersion": "v1.149.0-cluster",
                "requestsLoadBalancer": {**ON, "spec": {"componentVersion": "v1.148.0"}},
            },
            "v1.148.0",
            id="its own version wins",
        ),
        pytest.param(
            {"requestsLoadBalancer": {**ON, "spec": {"license": {"key": "k"}}}},
            "v1.150.0-enterprise",
            id="with a licence",
        ),
    ],
)
def test_the_load_balancer_follows_the_clusters_version_in_vmauths_tags(
    spec: dict[str, Any], tag: str
) -> None:
    assert _image(**{"requestsLoadBalancer": ON, **spec}) == f"victoriametrics/vmauth:{tag}"


def test_the_load_balancers_pods_spread_by_their_own_labels() -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    front = {**ON, "spec": {"topologySpreadConstraints": [spread]}}
    pod = workload(APP, requestsLoadBalancer=front)["spec"]["template"]["spec"]
    (constraint,) = pod["topologySpreadConstraints"]
    assert constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] == APP


def test_a_service_of_the_users_in_place_of_the_main_one_leads_to_the_load_balancer() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": 8480},
        {"name": "by-name", "port": 81, "targetPort": "http"},
        {"name": "other", "port": 82, "targetPort": 9999},
    ]
    users = {"type": "LoadBalancer", "ports": ports}
    insert = {"serviceSpec": {"useAsDefault": True, "spec": users}}
    spec = _services(requestsLoadBalancer=ON, vminsert=insert)["vminsert-demo"]
    assert spec["type"] == "LoadBalancer"
    assert [port["targetPort"] for port in spec["ports"]] == [8427, 8427, 9999]


def test_a_service_of_the_users_beside_the_main_one_leads_to_the_pods() -> None:
    select = {"serviceSpec": {"metadata": {"name": "direct"}}}
    spec = _services(requestsLoadBalancer=ON, vmselect=select)["direct"]
    assert spec["selector"]["app.kubernetes.io/name"] == "vmselect"


def test_a_headless_service_cannot_lead_to_another_port_so_it_gets_an_address() -> None:
    select = {"serviceSpec": {"useAsDefault": True, "spec": {"clusterIP": "None"}}}
    assert "clusterIP" not in _services(requestsLoadBalancer=ON, vmselect=select)["vmselect-demo"]


@pytest.mark.parametrize(
    ("spec", "field", "says"),
    [
        pytest.param(
            {
                "requestsLoadBalancer": {
                    **ON,
                    "disableInsertBalancing": True,
                    "disableSelectBalancing": True,
                }
            },
            "spec.requestsLoadBalancer",
            "nothing is balanced",
            id="nothing to balance",
        ),
        pytest.param(
            {
                "requestsLoadBalancer": {
                    **ON,
                    "spec": {"license": {"keyRef": {"key": "k"}}},
                }
            },
            "spec.requestsLoadBalancer.spec.license.keyRef.name",
            "name the Secret",
            id="half a licence",
        ),
        pytest.param(
            {
                "requestsLoadBalancer": ON,
                "vmselect": {"serviceSpec": {"metadata": {"name": "vminsertinternal-demo"}}},
            },
            "spec.vmselect.serviceSpec.metadata.name",
            "another component",
            id="a name of the load balancer's",
        ),
        pytest.param(
            {
                "requestsLoadBalancer": ON,
                "vmstorage": {"serviceSpec": {"metadata": {"name": "vmselect-demo"}}},
            },
            "spec.vmstorage.serviceSpec.metadata.name",
            "another component",
            id="the name that clients know",
        ),
    ],
)
def test_what_cannot_be_balanced_is_refused(spec: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(SpecInvalid, match=says) as refused:
        planned(cluster(**spec))
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["balanced", "balanced-writes"])
def test_vmauth_takes_the_configuration(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(_config(case(name)))
    exit_code, output = answer("vmauth", f"-auth.config={path}", "-dryRun")
    assert exit_code == 0, output


def test_vmauth_refuses_a_configuration_that_it_does_not_understand(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(_config(case("balanced")).replace("url_prefix", "url_prefx"))
    assert answer("vmauth", f"-auth.config={path}", "-dryRun")[0] != 0
