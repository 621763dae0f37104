"""Archives around one program."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from localcluster.images.archive import NO_ENVIRONMENT, Image, key, write_archive
from localcluster.images.elf import check_program
from localcluster.images.errors import ProgramUnusable

NAME = "docker.io/victoriametrics/vmstorage:v1.150.0-cluster"


def image(program: Path, **changes: object) -> Image:
    fields: dict[str, object] = {
        "references": {NAME: NO_ENVIRONMENT},
        "entrypoint": "/vmstorage-prod",
        "files": {"/vmstorage-prod": program},
    }
    return Image(**(fields | changes))  # type: ignore[arg-type]  # the fields vary by test


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF and more")
    path.chmod(0o755)
    return path


def test_an_archive_holds_the_program_tmp_and_users(program: Path, tmp_path: Path) -> None:
    write_archive(image(program, folders=("/data",)), tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]  # it is a file
        config = json.load(archive.extractfile(manifest["Config"]))  # type: ignore[arg-type]  # it is a file
        layer = archive.extractfile(manifest["Layers"][0]).read()  # type: ignore[union-attr]  # it is a file
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        modes = {entry.name: (entry.mode, entry.uid) for entry in files}
    assert manifest["RepoTags"] == [NAME]
    assert config["config"]["Entrypoint"] == ["/vmstorage-prod"]
    assert modes == {
        "tmp": (0o1777, 0),
        "etc": (0o755, 0),
        "etc/passwd": (0o644, 0),
        "etc/group": (0o644, 0),
        "data": (0o755, 65534),
        "vmstorage-prod": (0o755, 0),
    }


def test_the_same_content_gives_the_same_bytes(program: Path, tmp_path: Path) -> None:
    for out in ("one.tar", "two.tar"):
        program.touch()
        write_archive(image(program), tmp_path / out)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_two_tags_of_one_program_may_differ_by_an_environment(
    program: Path, tmp_path: Path
) -> None:
    names = {"repo/one:1": {"VERSION": "1"}, "repo/one:2": {"VERSION": "2"}}
    write_archive(image(program, references=names), tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        manifests = json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]  # it is a file
        configs = [json.load(archive.extractfile(m["Config"])) for m in manifests]  # type: ignore[arg-type]  # it is a file
    assert [c["config"]["Env"][-1] for c in configs] == ["VERSION=1", "VERSION=2"]
    assert manifests[0]["Layers"] == manifests[1]["Layers"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"entrypoint": "/other"}, id="what starts"),
        pytest.param({"user": "nobody"}, id="its user"),
        pytest.param({"references": {NAME: {"A": "1"}}}, id="its environment"),
        pytest.param({"references": {"repo/one:2": {}}}, id="its name"),
    ],
)
def test_another_content_has_another_key(program: Path, changes: dict[str, object]) -> None:
    assert key(image(program)) != key(image(program, **changes))


def test_other_bytes_have_another_key(program: Path) -> None:
    before = key(image(program))
    program.write_bytes(b"\x7fELF and less")
    assert key(image(program)) != before


def test_a_static_program_is_taken(static_program: Path) -> None:
    check_program(static_program)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        pytest.param("/bin/true", "dynamically linked", id="a dynamic program"),
        pytest.param("/etc/passwd", "no Linux program", id="a text"),
    ],
)
def test_a_program_that_cannot_run_alone_is_refused(file: str, message: str) -> None:
    with pytest.raises(ProgramUnusable, match=f"{file} cannot be made into an image.*{message}"):
        check_program(Path(file))
