"""A real API server takes everything that the golden cases and the examples become."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.conftest import Namespace
from tests.unit.render.golden import EVERY_CASE, GOLDEN, ROOT
from vmoperator.api import KINDS, parsed
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.offline import known, placed
from vmoperator.render import plan

pytestmark = pytest.mark.cluster

FILES = [
    *(GOLDEN / name / "cr.yaml" for name in EVERY_CASE),
    *sorted((ROOT / "examples").rglob("vm*.yaml")),
]
ADD_ONS = {"VerticalPodAutoscaler"}
"""Kinds that are not part of Kubernetes."""


def _children(path: Path, namespace: str) -> list[Manifest]:
    """The children of all objects of a file, in the namespace of the test."""
    found = [it for it in yaml.load_all(path.read_text(), yaml.CSafeLoader) if it]
    moved = [
        placed({**it, "metadata": {**it["metadata"], **own}}, namespace)
        for place, it in enumerate(found)
        for own in [{"namespace": namespace, "uid": f"uid-{place}"}]
    ]
    around = known(moved, namespace)
    parents = [parsed(it) for it in moved if it["kind"] in KINDS]
    every = [child for it in parents for child in plan(it, Settings(), around).manifests]
    return [child for child in every if child["kind"] not in ADD_ONS]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_api_server_takes_every_child(path: Path, namespace: Namespace) -> None:
    children = _children(path, namespace.name)
    if not children:
        pytest.skip("objects that parents select become configuration of their parents")
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
