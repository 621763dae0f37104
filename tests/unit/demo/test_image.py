"""IMAGE=...: a name that the nodes can pull, or the archive of an image."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from demo.errors import DemoFailed
from demo.image import OperatorImage, given


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("registry.example:5000/a/b:1.0", ["registry.example:5000", "a/b", "1.0"]),
        ("a/b:1", ["docker.io", "a/b", "1"]),
        ("vmoperator:demo", ["docker.io", "library/vmoperator", "demo"]),
        ("localhost/vmoperator:demo", ["localhost", "vmoperator", "demo"]),
    ],
    ids=["registry with a port", "of the default registry", "short", "localhost"],
)
def test_a_name_becomes_the_charts_values(name: str, values: list[str]) -> None:
    keys = ("image.registry", "image.repository", "image.tag")
    assert given(name).values == [f"{key}={it}" for key, it in zip(keys, values, strict=True)]


@pytest.mark.parametrize("name", ["vmoperator", "registry.example:5000/vmoperator"])
def test_a_name_without_a_tag_is_refused(name: str) -> None:
    with pytest.raises(DemoFailed, match="name a tag too"):
        _ = given(name).values


def test_another_build_under_the_same_tag_makes_other_pods() -> None:
    first, second = (OperatorImage("a/b:1", build=build).values for build in ("x", "y"))
    assert first != second


def _archive(path: Path, manifest: object) -> str:
    data = json.dumps(manifest).encode()
    with tarfile.open(path, "w") as content:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(data)
        content.addfile(entry, io.BytesIO(data))
    return str(path)


def test_an_archive_tells_the_name_of_its_image(tmp_path: Path) -> None:
    path = _archive(tmp_path / "image.tar", [{"RepoTags": ["docker.io/a/b:1"]}])
    found = given(path)
    assert (found.name, found.archive) == ("docker.io/a/b:1", Path(path))


def test_an_archive_without_a_name_and_one_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoFailed, match="names no image"):
        given(_archive(tmp_path / "image.tar", [{"RepoTags": None}]))
    (tmp_path / "text").write_text("text")
    with pytest.raises(DemoFailed, match="no archive of `docker save`"):
        given(str(tmp_path / "text"))
