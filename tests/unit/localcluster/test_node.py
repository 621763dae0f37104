"""The configuration of a node: everything of its own, so that nodes and clusters never meet."""

import json
from pathlib import Path

import pytest
import yaml

from localcluster import control_plane, node
from localcluster.errors import MachineNotReady
from localcluster.node import Node
from localcluster.paths import Paths


@pytest.fixture
def paths() -> Paths:
    return Paths("one", Path("/cache"))


def test_two_nodes_share_no_address_folder_subnet_or_control_group(paths: Paths) -> None:
    first, second = Node(paths, 1), Node(paths, 2)
    configs = [yaml.safe_load(node.kubelet_config(n)) for n in (first, second)]
    for key in ("address", "cgroupRoot", "podLogsDir", "containerRuntimeEndpoint", "tlsCertFile"):
        assert configs[0][key] != configs[1][key], key
    subnets = [
        json.loads(node.cni_config(n))["plugins"][0]["ipam"]["ranges"][0][0]["subnet"]
        for n in (first, second)
    ]
    assert subnets == ["10.244.0.0/24", "10.244.1.0/24"]
    assert first.socket != second.socket


def test_a_kubelet_asks_the_api_server_who_may_call_it(paths: Paths) -> None:
    config = yaml.safe_load(node.kubelet_config(Node(paths, 1)))
    assert config["authentication"]["anonymous"] == {"enabled": False}
    assert config["authorization"] == {"mode": "Webhook"}
    assert config["failCgroupV1"] is False


def test_a_short_patience_with_silent_nodes_reaches_all_three_that_need_it(paths: Paths) -> None:
    config = yaml.safe_load(node.kubelet_config(Node(paths, 1), 12))
    assert config["nodeLeaseDurationSeconds"] == 12
    manager = control_plane.controller_manager(paths, Path("/programs"), 12)
    assert "--node-monitor-grace-period=12s" in manager
    server = control_plane.apiserver(paths, Path("/programs"), 16443, 12)
    assert "--default-unreachable-toleration-seconds=12" in server


def test_without_it_kubernetes_decides(paths: Paths) -> None:
    assert "nodeLeaseDurationSeconds" not in yaml.safe_load(node.kubelet_config(Node(paths, 1)))
    words = " ".join(
        (
            *control_plane.controller_manager(paths, Path("/programs")),
            *control_plane.apiserver(paths, Path("/programs"), 16443),
        )
    )
    assert "grace" not in words
    assert "toleration" not in words


def test_containerd_keeps_everything_below_the_folder_of_its_node(paths: Paths) -> None:
    one = Node(paths, 1)
    lines = node.containerd_config(one).splitlines()
    values = [line.split(" = ")[1].strip('"') for line in lines if " = " in line]
    own = [v for v in values if v.startswith("/") and v != "/usr/lib/cni"]
    assert len(own) == 5
    assert all(Path(v).is_relative_to(one.folder) for v in own)


def test_a_node_hides_the_fixed_folders_of_the_host(paths: Paths) -> None:
    command = node.first_process(Node(paths, 1), Path("/programs"))
    script = command[-1]
    for fixed in ("/var/lib/kubelet", "/var/lib/cni", "/run/containerd"):
        assert any(line.endswith(f" {fixed}") for line in script.splitlines() if "--bind" in line)
    assert script.splitlines()[-1] == "exec /programs/pause"


def test_cgroups_of_both_versions_are_found(tmp_path: Path) -> None:
    first = tmp_path / "v1"
    for controller in ("cpu", "memory"):
        (first / controller).mkdir(parents=True)
        (first / controller / "cgroup.procs").touch()
    (first / "not-a-hierarchy").mkdir()
    assert [p.name for p in node.cgroup_roots(first)] == ["cpu", "memory"]
    second = tmp_path / "v2"
    second.mkdir()
    (second / "cgroup.controllers").write_text("cpu memory")
    assert node.cgroup_roots(second) == [second]


def test_a_group_that_passes_a_needed_controller_not_on_is_named(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").mkdir()
    node.offer_controllers(tmp_path, ["rdma"])
    with pytest.raises(MachineNotReady, match="controller memory"):
        node.offer_controllers(tmp_path, ["rdma", "memory"])


def test_the_audit_log_omits_the_stage_before_the_answer() -> None:
    policy = yaml.safe_load(control_plane.audit_policy())
    assert policy["omitStages"] == ["RequestReceived"]
    assert policy["rules"] == [{"level": "Metadata"}]


def test_the_api_server_listens_on_the_clusters_port_and_logs_calls(paths: Paths) -> None:
    command = control_plane.apiserver(paths, Path("/programs"), 16450)
    assert "--secure-port=16450" in command
    assert f"--audit-log-path={paths.audit_log}" in command


def test_the_manifests_name_the_provisioner_that_serves_them() -> None:
    from localcluster.startup import MANIFESTS
    from localcluster.volumes import PROVISIONER

    documents = list(yaml.safe_load_all((MANIFESTS / "base.yaml").read_text()))
    classes = {d["metadata"]["name"]: d for d in documents if d["kind"] == "StorageClass"}
    assert {c["provisioner"] for c in classes.values()} == {PROVISIONER}
    grows = {name: c["allowVolumeExpansion"] for name, c in classes.items()}
    assert grows == {"hostpath": True, "fixed": False}
