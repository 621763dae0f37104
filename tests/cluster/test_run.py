"""`vmoperator run` as a pod meets it: a service account, JSON logs, SIGTERM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import until

pytestmark = pytest.mark.cluster

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
END_SECONDS = 6.0


@pytest.fixture
def service_account(cluster: Cluster, tmp_path: Path) -> Iterator[Path]:
    """What kubelet mounts into a pod of the service account vmoperator/vmoperator."""
    cluster.kubectl("create", "namespace", "vmoperator")
    cluster.kubectl("-n", "vmoperator", "create", "serviceaccount", "vmoperator")
    token = cluster.kubectl("-n", "vmoperator", "create", "token", "vmoperator").strip()
    config = cluster.kubectl("get", "configmap", "kube-root-ca.crt", "-o", "json")
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_text(json.loads(config)["data"]["ca.crt"])
    (folder / "namespace").write_text("vmoperator")
    rights = Path(__file__).parents[2] / "deploy/rbac.yaml"
    cluster.kubectl("apply", "-f", str(rights))
    assert any(
        one["kind"] == "ClusterRoleBinding" for one in yaml.safe_load_all(rights.read_text())
    )
    yield folder
    cluster.kubectl("delete", "namespace", "vmoperator", "--wait=false")


def _in_pod(cluster: Cluster, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    # A mount namespace of its own: the mount is seen by this process alone.
    program = Path(sys.executable).parent / "vmoperator"
    script = (
        f"mkdir -p {MOUNT} && mount --bind {folder} {MOUNT} && "
        f"exec {program} run --namespace default --log-format json --http-address 127.0.0.1:0"
    )
    environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
    with log.open("wb") as lines:
        return cluster.popen_inside(
            ["unshare", "--mount", "bash", "-c", script],
            env={
                **environment,
                "KUBERNETES_SERVICE_HOST": "10.96.0.1",
                "KUBERNETES_SERVICE_PORT": "443",
            },
            stderr=lines,
        )


def test_it_runs_with_a_service_account_and_ends_in_time(
    cluster: Cluster, service_account: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = _in_pod(cluster, service_account, log)
    try:
        until(lambda: "the world is known" in log.read_text(), seconds=30, what=log.read_text())
        began = time.monotonic()
        process.terminate()
        assert process.wait(timeout=drawn_out(10)) == 0
        assert time.monotonic() - began < END_SECONDS
    finally:
        process.kill()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert "service account" in lines[0]["message"]
    assert [line for line in lines if line["level"] in ("error", "warning")] == []
