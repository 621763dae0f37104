"""Where each image of the local cluster comes from."""

import asyncio
import json
import os
import shutil
import tarfile
import time
from pathlib import Path

import pytest
from tests.unit.localcluster_images.small_registry import SmallRegistry, gzip_layer

from localcluster.images.catalogue import CATALOGUE, ensure
from localcluster.images.errors import ProgramUnusable

STANDINS = (
    "vminsert, vmselect, vmstorage: stand-ins "
    "(data goes to a real single-node victoria-metrics in each vmstorage)"
)


class Folders:
    """Programs and archives of one test."""

    def __init__(self, root: Path, static_program: Path) -> None:
        self.programs, self.archives, self.lines = root / "programs", root / "archives", list[str]()
        self.programs.mkdir()
        for file in (static_program, static_program.with_suffix(".key")):
            shutil.copy2(file, self.programs)
        for entry in CATALOGUE:
            if not entry.is_standin_possible:
                shutil.copy2(static_program, self.programs / entry.program)

    def ensure(self, binaries: Path | None = None) -> list[Path]:
        return ensure(self.programs, self.archives, binaries=binaries, report=self.lines.append)


@pytest.fixture
def folders(tmp_path: Path, static_program: Path) -> Folders:
    return Folders(tmp_path, static_program)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMOPERATOR_REGISTRY", "http://127.0.0.1:1")


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        if "index.json" in tar.getnames():
            index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]  # it is a file
            annotations = [entry["annotations"] for entry in index["manifests"]]
            return [one["io.containerd.image.name"] for one in annotations]
        manifests = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]  # it is a file
        return [manifest["RepoTags"][0] for manifest in manifests]


@pytest.mark.usefixtures("offline")
def test_without_a_registry_programs_built_here_and_standins_are_taken(folders: Folders) -> None:
    archives = folders.ensure()
    assert sorted(name for archive in archives for name in names(archive)) == [
        "docker.io/prom/alertmanager:v0.31.1",
        "docker.io/victoriametrics/victoria-metrics:v1.150.0",
        "docker.io/victoriametrics/vmagent:v1.150.0",
        "docker.io/victoriametrics/vmalert:v1.150.0",
        "docker.io/victoriametrics/vmauth:v1.150.0",
        "docker.io/victoriametrics/vminsert:v1.150.0-cluster",
        "docker.io/victoriametrics/vminsert:v1.150.1-cluster",
        "docker.io/victoriametrics/vmselect:v1.150.0-cluster",
        "docker.io/victoriametrics/vmselect:v1.150.1-cluster",
        "docker.io/victoriametrics/vmstorage:v1.150.0-cluster",
        "docker.io/victoriametrics/vmstorage:v1.150.1-cluster",
    ]
    built = "victoria-metrics, vmagent, vmalert, vmauth, alertmanager: built here"
    assert folders.lines == [f"{STANDINS}; {built}; registry not reachable"]


@pytest.mark.usefixtures("offline")
def test_a_second_call_makes_nothing_anew(folders: Folders) -> None:
    first = folders.ensure()
    made_at = [archive.stat().st_mtime_ns for archive in first]
    began = time.process_time()
    second = folders.ensure()
    assert time.process_time() - began < 1
    assert second == first
    assert [archive.stat().st_mtime_ns for archive in second] == made_at


@pytest.mark.usefixtures("offline")
def test_old_archives_of_a_program_are_dropped(folders: Folders) -> None:
    for build in range(5):
        with (folders.programs / "vmauth").open("ab") as file:
            file.write(b"%d" % build)
        folders.ensure()
    assert len(list(folders.archives.glob("vmauth-*.tar"))) == 3


@pytest.mark.usefixtures("offline")
def test_a_program_that_is_nowhere_is_left_out_and_named(folders: Folders) -> None:
    (folders.programs / "vmauth").unlink()
    archives = folders.ensure()
    assert "vmauth: not there (neither built nor pulled)" in folders.lines[0]
    assert not [archive for archive in archives if archive.name.startswith("vmauth")]


@pytest.mark.usefixtures("offline")
def test_without_a_real_victoria_metrics_the_standins_keep_no_data_and_it_is_said(
    folders: Folders,
) -> None:
    (folders.programs / "victoria-metrics").unlink()
    folders.ensure()
    assert "vmstorage: stand-ins (no data is kept)" in folders.lines[0]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("ending", ["", "-prod"])
def test_own_programs_come_first(
    folders: Folders, static_program: Path, tmp_path: Path, ending: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy2(static_program, own / f"vminsert{ending}")
    folders.ensure(own)
    assert folders.lines[0].startswith(f"vminsert: from {own}; vmselect, vmstorage: stand-ins")


@pytest.mark.usefixtures("offline")
def test_a_dynamic_program_of_the_user_is_refused(folders: Folders, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy2("/bin/true", own / "vmselect")
    with pytest.raises(ProgramUnusable, match="own/vmselect .*dynamically linked"):
        folders.ensure(own)


@pytest.mark.usefixtures("offline")
def test_a_folder_without_any_known_program_is_refused(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(ProgramUnusable, match="holds none of: vminsert, vmselect"):
        folders.ensure(tmp_path)


async def test_what_the_registry_has_is_pulled_and_the_rest_made_here(
    registry: SmallRegistry, folders: Folders
) -> None:
    layer, diff_id = gzip_layer("vminsert-prod", b"real")
    registry.add_image("victoriametrics/vminsert", "v1.150.0-cluster", layer, diff_id)
    archives = await asyncio.to_thread(folders.ensure)
    assert names(archives[0]) == [
        "docker.io/victoriametrics/vminsert:v1.150.0-cluster",
        "docker.io/victoriametrics/vminsert:v1.150.1-cluster",
    ]
    assert folders.lines[0].startswith("pulled docker.io/victoriametrics/vminsert:v1.150.0-cluster")
    assert folders.lines[1].startswith(
        "vminsert: pulled from the registry; vmselect, vmstorage: stand-ins (data goes to "
    )
    assert "has no victoriametrics/vmselect/manifests/v1.150.0-cluster" in folders.lines[1]


async def test_images_that_share_a_layer_are_pulled_at_the_same_time(
    registry: SmallRegistry, folders: Folders
) -> None:
    layer, diff_id = gzip_layer("base", os.urandom(3_000_000))
    for entry in CATALOGUE:
        repository = entry.repository.partition("/")[2]
        registry.add_image(repository, entry.tag, layer, diff_id)
    archives = await asyncio.to_thread(folders.ensure)
    assert [names(archive)[0] for archive in archives] == [e.references(())[0] for e in CATALOGUE]
    assert folders.lines[-1].endswith("vmauth, alertmanager: pulled from the registry")
    assert not list(folders.archives.glob("blobs/*"))


async def test_a_pulled_image_is_not_asked_for_again(
    registry: SmallRegistry, folders: Folders
) -> None:
    layer, diff_id = gzip_layer("vminsert-prod", b"real")
    registry.add_image("victoriametrics/vminsert", "v1.150.0-cluster", layer, diff_id)
    first = await asyncio.to_thread(folders.ensure)
    registry.requests.clear()
    second = await asyncio.to_thread(folders.ensure)
    assert second == first
    assert not [path for path, _ in registry.requests if "vminsert" in path]
