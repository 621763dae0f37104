"""Whole plans: cr.yaml must give want.yaml, and Kubernetes and the programs must take it."""

from __future__ import annotations

import io
import re
import sys

import kubernetes_validate
import pytest
import yaml
from tests.unit.render.clusters import CASES, GOLDEN, ROOT, case, planned, programs

from vmoperator import commands

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

ADD_ONS = {"VerticalPodAutoscaler"}
"""Kinds that are not part of Kubernetes, so that it has no schema of them."""


@pytest.mark.parametrize("name", CASES)
def test_a_cluster_becomes_what_the_golden_file_says(
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


@pytest.mark.parametrize("name", CASES)
def test_kubernetes_knows_every_field_of_a_rendered_manifest(name: str) -> None:
    for manifest in yaml.safe_load_all((GOLDEN / name / "want.yaml").read_text()):
        if manifest["kind"] not in ADD_ONS:
            kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("name", CASES)
def test_the_program_knows_every_flag_that_it_is_given(name: str) -> None:
    for program in programs(planned(case(name)).manifests):
        listed = ROOT / "tests" / "flags" / f"{program['name']}.txt"
        if not listed.exists():
            continue
        known = {line.split(" ")[0] for line in listed.read_text().splitlines()}
        flags = [re.match(r"-([^=]+)=", arg) for arg in program["args"]]
        assert all(flags)
        assert {flag[1] for flag in flags if flag} - known - ENTERPRISE == set()


@pytest.mark.parametrize("name", CASES)
def test_every_child_is_complete_and_owned(name: str) -> None:
    for child in planned({**case(name)}).manifests:
        metadata = child["metadata"]
        assert child["apiVersion"]
        assert metadata["labels"]["managed-by"] == "vm-operator"
        assert metadata["ownerReferences"][0]["controller"] is True
        assert metadata.get("annotations") != {}
        assert "status" not in child


def test_the_examples_render_without_a_complaint() -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    streams = commands.Streams(stdin=sys.stdin, stdout=stdout, stderr=stderr)
    examples = sorted(str(path) for path in (ROOT / "examples").glob("*.yaml"))
    assert commands.render(examples, namespace="default", streams=streams) == 0
    assert stderr.getvalue() == ""
    for manifest in yaml.safe_load_all(stdout.getvalue()):
        kubernetes_validate.validate(manifest, "1.37", strict=True)
