"""`make demo`, from nothing to the whole High Availability document, and back to nothing."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chart.alerts import ALERTS
from localcluster.paths import cache_root
from localcluster.patience import drawn_out
from localcluster.state import FIRST_PORT, State

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.cluster


@pytest.fixture
def cache() -> Iterator[Path]:
    """A cache of its own, so that a demo of the user stays untouched; what is built is shared."""
    # Short, since sockets lie below it.
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir="/tmp"))
    for name in ("programs", "operator-image"):
        shared = cache_root() / name
        shared.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(shared)
    # Clusters of the other tests, which this cache knows nothing of, may be about to take a port.
    for port in range(FIRST_PORT, FIRST_PORT + 20):
        State(port, 1, "", "").write(folder / "clusters" / f"taken-{port}" / "cluster.json")
    yield folder
    demo(folder, "--down")
    shutil.rmtree(folder)


def demo(cache: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PYTHONPATH": str(ROOT / "tools"),
        "VMOPERATOR_CACHE": str(cache),
        "VMOPERATOR_REGISTRY": "off",
    }
    return subprocess.run(
        [sys.executable, "-m", "demo", *options],
        env={**os.environ, **environment},
        cwd=cache,
        capture_output=True,
        text=True,
        timeout=drawn_out(1200),
    )


def test_the_demo_shows_the_whole_document_and_leaves_nothing(cache: Path) -> None:
    shown = demo(cache, "--cluster", "local", "--once")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "vmoperator-crds" in shown.stdout
    assert " leads, the other stands by" in shown.stdout
    rows = [
        line.split()
        for line in shown.stdout.partition("get vmclusters -w")[2].splitlines()
        if " s  example-vmcluster-persistent" in line
    ]
    assert rows[-1][-1] == "operational"
    told = [row[-1] for row in rows if row[-1] in ("expanding", "operational")]
    assert told == sorted(told), "it was operational, and then no longer"
    # Blank, expanding, operational; a busy machine has its pods wait, and that is told as well.
    assert len(rows) <= drawn_out(5), "\n".join(map(" ".join, rows))
    assert "in each vmstorage keeps the data" in shown.stdout
    assert "scraped by vmagent" in shown.stdout
    assert "vmalertmanager 3, vminsert 2, vmselect 2, vmstorage 2" in shown.stdout
    for index in range(3):
        line = f"vmalertmanager-example-alertmanager-{index} holds: AlwaysFiring (active)"
        assert line in shown.stdout
    assert "one cluster of 3" in shown.stdout
    alerts = re.search(r"the rules of the chart: (\d+) alerts, (.*)", shown.stdout)
    assert alerts is not None
    assert int(alerts[1]) == len(ALERTS)
    assert "(firing)" not in alerts[2]
    assert "VMAgent 1, VMAlert 1, VMAlertmanager 1, VMCluster 1" in shown.stdout
    assert shown.stdout.endswith("Nothing of the demo is left.\n")
    assert not (cache / "clusters" / "vmoperator").exists()
    assert not (cache / "demo" / "local").exists()
