"""Whole plans: cr.yaml must give want.yaml, and Kubernetes and the programs must take it."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator

import kubernetes_validate
import pytest
import yaml
from tests.unit.render.golden import EVERY_CASE, GOLDEN, ROOT, golden_plan

from vmoperator import commands
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import SELF_SCRAPES

ENTERPRISE = {
    "downsampling.period",
    "license",
    "license.forceOffline",
    "licenseFile",
    "licenseFile.reloadInterval",
    "retentionFilter",
    "storageNode.discoveryInterval",
    "storageNode.filter",
}
"""Flags of the enterprise version, which the lists in tests/flags do not have."""

ADD_ONS = {"VerticalPodAutoscaler", *(resource.kind for resource in SELF_SCRAPES)}
"""Kinds that are not part of Kubernetes, so that it has no schema of them."""


@pytest.mark.parametrize("name", EVERY_CASE)
def test_an_object_becomes_what_the_golden_file_says(
    name: str, request: pytest.FixtureRequest
) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    streams = commands.Streams(stdin=sys.stdin, stdout=stdout, stderr=stderr)
    path = GOLDEN / name / "cr.yaml"
    exit_code = commands.render([str(path)], namespace="default", streams=streams)
    want = GOLDEN / name / "want.yaml"
    if request.config.getoption("--update-golden"):
        want.write_text(stdout.getvalue())
    assert (exit_code, stderr.getvalue()) == (0, "")
    assert stdout.getvalue() == want.read_text()


@pytest.mark.parametrize("name", EVERY_CASE)
def test_kubernetes_knows_every_field_of_a_rendered_manifest(name: str) -> None:
    for manifest in yaml.safe_load_all((GOLDEN / name / "want.yaml").read_text()):
        if manifest["kind"] not in ADD_ONS:
            kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("name", EVERY_CASE)
def test_the_program_knows_every_flag_that_it_is_given(name: str) -> None:
    for container in _containers(golden_plan(name).manifests):
        listed = ROOT / "tests" / "flags" / f"{_program(container)}.txt"
        if not listed.exists():
            continue
        known = {line.split(" ")[0] for line in listed.read_text().splitlines()}
        given = [arg for arg in container["args"] if arg != "restore"]
        flags = [re.match(r"--?([^=]+)=", arg) for arg in given]
        assert all(flags)
        assert {flag[1] for flag in flags if flag} - known - ENTERPRISE == set()


def _containers(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for manifest in manifests:
        template = manifest.get("spec", {}).get("template")
        if template:
            yield from template["spec"]["containers"]
            yield from template["spec"].get("initContainers") or ()


def _program(container: Manifest) -> str:
    """Name of the program by its image: victoriametrics/victoria-metrics:v1.150.0."""
    name: str = re.split("[:@]", container["image"].rpartition("/")[2])[0]
    return name


@pytest.mark.parametrize("name", EVERY_CASE)
def test_every_child_is_complete_and_owned(name: str) -> None:
    for child in golden_plan(name).manifests:
        metadata = child["metadata"]
        assert child["apiVersion"]
        assert metadata["labels"]["managed-by"] == "vm-operator"
        assert metadata.get("annotations") != {}
        assert "status" not in child
        if "namespace" not in metadata:
            assert metadata["annotations"][labels.OWNER]
        elif child["kind"] != "PersistentVolumeClaim":
            assert metadata["ownerReferences"]


def test_the_examples_render_without_a_complaint() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    streams = commands.Streams(stdin=sys.stdin, stdout=stdout, stderr=stderr)
    examples = sorted(str(path) for path in (ROOT / "examples").glob("*.yaml"))
    assert commands.render(examples, namespace="default", streams=streams) == 0
    assert stderr.getvalue() == ""
    for manifest in yaml.safe_load_all(stdout.getvalue()):
        if manifest["kind"] not in ADD_ONS:
            kubernetes_validate.validate(manifest, "1.37", strict=True)
