"""The operator's image, read from its archive: who runs in it, what is in it and what is not."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from image.build import LOCKS, archive, reference
from image.wheels import Target, wheels
from localcluster.paths import cache_root
from localcluster.progress import Progress
from tests.cluster.conftest import ROOT

pytestmark = pytest.mark.cluster

HOME = "opt/vmoperator"
MOST_BYTES = 175e6
"""A little more than it has: a guard, no figure."""
COMPILERS = re.compile(r"(.*-)?(gcc|g\+\+|cc|c\+\+|cpp|make|ld|as|clang)(-[\d.]+)?")
LOCKED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Image:
    """What its archive says of it, and the files of all its layers."""

    config: dict[str, Any]
    files: dict[str, tarfile.TarInfo]

    def programs(self) -> set[str]:
        """Names of what lies where programs are looked for."""
        folders = re.compile(r"(usr/)?(local/)?s?bin/[^/]+")
        return {Path(it).name for it in self.files if folders.fullmatch(it)}


@pytest.fixture(scope="module")
def image() -> Image:
    with Progress(quiet=True) as progress:
        path = archive(progress)
    with tarfile.open(path) as whole:
        (described,) = json.load(_part(whole, "manifest.json"))
        assert described["RepoTags"] == [reference()]
        config = json.load(_part(whole, described["Config"]))["config"]
        files: dict[str, tarfile.TarInfo] = {}
        for layer in described["Layers"]:
            with tarfile.open(fileobj=_part(whole, layer)) as one:
                files.update({it.name.removeprefix("./").rstrip("/"): it for it in one})
    return Image(config, files)


def _part(whole: tarfile.TarFile, name: str) -> Any:
    found = whole.extractfile(name)
    assert found is not None
    return found


def test_it_runs_as_a_user_that_is_a_number_and_not_root(image: Image) -> None:
    user, _, group = image.config["User"].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_its_labels_say_what_it_is_and_of_which_sources(image: Image) -> None:
    prefix = "org.opencontainers.image."
    labels = image.config["Labels"]
    assert labels[f"{prefix}title"] == "vmoperator"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert reference().endswith(f":{labels[f'{prefix}version']}")
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels[f"{prefix}revision"])
    assert "licenses/LICENSE" in image.files


def test_nothing_in_it_has_to_be_written_or_can_be_by_its_user(image: Image) -> None:
    assert "PYTHONDONTWRITEBYTECODE=1" in image.config["Env"]
    assert not image.config.get("Volumes")
    own = {name: it for name, it in image.files.items() if name.startswith(f"{HOME}/")}
    assert f"{HOME}/vmoperator/__main__.py" in own
    assert [name for name, it in own.items() if it.uid or it.mode & 0o022] == []
    assert [name for name, it in own.items() if it.isfile() and not it.mode & 0o004] == []


def test_it_holds_no_compiler_no_pip_and_no_second_kubernetes_client(image: Image) -> None:
    programs = image.programs()
    assert "python3" in programs
    assert {it for it in programs if COMPILERS.fullmatch(it)} == set()
    assert {it for it in programs if it.startswith(("pip", "perl"))} == set()
    packages = {it.removeprefix(f"{HOME}/").partition("/")[0] for it in image.files}
    assert {"kopf", "aiohttp", "vmoperator"} <= packages
    assert packages & {"pip", "setuptools", "kubernetes", "kubernetes_asyncio", "pykube"} == set()
    assert not [it for it in image.files if it.endswith(("/pip/__main__.py", "/ensurepip"))]


def test_it_holds_the_packages_of_the_lock_and_is_no_larger_than_it_was(image: Image) -> None:
    locked = dict(LOCKED.findall((ROOT / "image/requirements.lock").read_text()))
    described = re.compile(rf"{HOME}/([^/]+)-([^-/]+)\.dist-info/METADATA")
    held = {found[1]: found[2] for it in image.files if (found := described.fullmatch(it))}
    assert _normal(held) == _normal({**locked, "vmoperator": reference().rpartition(":")[2]})
    size = sum(it.size for it in image.files.values())
    print(f"the image has {size / 1e6:.0f} MB")
    assert size < MOST_BYTES


def test_there_are_wheels_of_each_package_for_arm64_too() -> None:
    cache = cache_root() / "operator-image"
    folder = wheels(cache, [ROOT / it for it in LOCKS], Target("3.13", "aarch64"))
    locked = {name for it in LOCKS for name, _ in LOCKED.findall((ROOT / it).read_text())}
    found = [it.name for it in folder.iterdir()]
    assert len(found) == len(locked)
    assert [it for it in found if not it.endswith(("-none-any.whl", "_aarch64.whl"))] == []


def test_the_bill_of_materials_names_the_packages_with_their_versions(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    subprocess.run(["make", "sbom", f"SBOM={target}"], cwd=ROOT, check=True, capture_output=True)
    found = json.loads(target.read_text())["components"]
    locked = dict(LOCKED.findall((ROOT / "image/requirements.lock").read_text()))
    assert _normal({it["name"]: it["version"] for it in found}) == _normal(locked)


def _normal(versions: dict[str, str]) -> dict[str, str]:
    return {re.sub(r"[-_.]+", "-", name).lower(): it for name, it in versions.items()}
