"""A real containerd takes the archives that the image tool makes."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcluster.images.catalogue import ensure
from localcluster.images.endpoint import Reference
from localcluster.images.pull import pull
from localcluster.patience import drawn_out
from tests.unit.localcluster_images.small_registry import SmallRegistry, gzip_layer, served

pytestmark = pytest.mark.cluster

SETTINGS = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/containerd.sock"
"""


class Containerd:
    """A containerd of its own, beside any other on the machine."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "containerd.sock"
        settings = folder / "containerd.toml"
        settings.write_text(SETTINGS.format(folder=folder))
        self._log = (folder / "containerd.log").open("w")
        self._process = subprocess.Popen(
            ["containerd", "--config", settings], stdout=self._log, stderr=self._log
        )
        deadline = time.monotonic() + drawn_out(20)
        while self.run("version", check=False).returncode != 0:
            assert time.monotonic() < deadline, (folder / "containerd.log").read_text()
            time.sleep(0.1)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *words]
        return subprocess.run(command, check=check, capture_output=True, text=True)

    def names(self) -> list[str]:
        return self.run("images", "ls", "--quiet").stdout.split()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(drawn_out(20))
        self._log.close()


@pytest.fixture
def containerd(tmp_path: Path) -> Iterator[Containerd]:
    running = Containerd(tmp_path)
    yield running
    running.stop()


def test_archives_made_here_are_imported_under_all_their_names(
    containerd: Containerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMOPERATOR_REGISTRY", "off")
    archives = ensure(
        tmp_path / "programs", tmp_path / "archives", binaries=None, report=lambda line: None
    )
    for archive in archives:
        containerd.run("images", "import", str(archive))
    assert containerd.names() == [
        f"docker.io/victoriametrics/{program}:{tag}"
        for program in ("vminsert", "vmselect", "vmstorage")
        for tag in ("v1.150.0-cluster", "v1.150.1-cluster")
    ]


async def test_a_pulled_image_is_imported_and_unpacked(
    containerd: Containerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "docker.io/victoriametrics/vminsert:v1.150.0-cluster"
    names = (name, f"{name}-again")
    layer, diff_id = gzip_layer("hello", b"from the registry")
    async with served(SmallRegistry()) as registry:
        monkeypatch.setenv("VMOPERATOR_REGISTRY", registry.url)
        registry.add_image("victoriametrics/vminsert", "v1.150.0-cluster", layer, diff_id)
        await pull(Reference.parse(name), names, tmp_path / "image.tar", tmp_path / "blobs")
    await asyncio.to_thread(containerd.run, "images", "import", str(tmp_path / "image.tar"))
    assert containerd.names() == list(names)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    containerd.run("images", "mount", name, str(mounted))
    try:
        assert (mounted / "hello").read_text() == "from the registry"
    finally:
        containerd.run("images", "unmount", str(mounted))
