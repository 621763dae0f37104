"""Which image archives a node is given, and when again."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcluster.node_images import NodeImages


class FolderOfANode:
    """As much of a node as its images need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "containerd.sock"


@pytest.fixture
def images(tmp_path: Path) -> NodeImages:
    program = tmp_path / "instead-of-ctr"
    program.write_text("#!/bin/sh\necho unpacking x\n")
    program.chmod(0o755)
    node = FolderOfANode(tmp_path)
    return NodeImages(node, (str(program),))  # type: ignore[arg-type]  # all that is used of it


def archive(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text(name)
    return path


def test_an_archive_is_imported_once(images: NodeImages, tmp_path: Path) -> None:
    mine = [archive(tmp_path, "real.tar")]
    assert images.load_new(mine) == 1
    assert images.load_new(mine) == 0


def test_an_archive_whose_names_another_one_took_is_imported_again(
    images: NodeImages, tmp_path: Path
) -> None:
    real, standin = archive(tmp_path, "real.tar"), archive(tmp_path, "standin.tar")
    assert images.load_new([real]) == 1
    assert images.load_new([standin]) == 1
    assert images.load_new([real]) == 1
