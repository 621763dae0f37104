"""A real API server takes everything that the golden cases and the examples become."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.conftest import Namespace
from tests.unit.render.clusters import CASES, GOLDEN, ROOT
from vmoperator.api import parsed
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import plan

pytestmark = pytest.mark.cluster

FILES = [GOLDEN / name / "cr.yaml" for name in CASES] + sorted((ROOT / "examples").glob("*.yaml"))


def _children(text: str, namespace: str) -> list[Manifest]:
    parent = yaml.safe_load(text)
    placed = {**parent["metadata"], "namespace": namespace, "uid": "u"}
    return list(plan(parsed({**parent, "metadata": placed}), Settings()).manifests)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_api_server_takes_every_child(path: Path, namespace: Namespace) -> None:
    children = _children(path.read_text(), namespace.name)
    said = namespace.cluster.kubectl(
        "apply",
        "--server-side",
        "--dry-run=server",
        "-f",
        "-",
        input=yaml.safe_dump_all(children),
    )
    assert said.count("serverside-applied") == len(children)
    assert "Warning" not in said
