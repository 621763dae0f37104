"""`make generate` and `make verify`: files that are made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generate import outputs
from generate.__main__ import main
from vmoperator.api.unsupported import marked_fields
from vmoperator.api.vmcluster import VMCluster
from vmoperator.apply.rights import RIGHTS
from vmoperator.base.resource import CHILDREN, PARENTS
from vmoperator.render.rbac import IN_CLUSTER


@pytest.fixture
def written(tmp_path: Path) -> Path:
    assert main(["--root", str(tmp_path)]) == 0
    return tmp_path


def test_the_files_of_the_project_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--check"])
    assert capsys.readouterr().out == ""
    assert code == 0


def test_what_was_written_passes_the_check(written: Path) -> None:
    assert main(["--root", str(written), "--check"]) == 0


def test_writing_again_writes_nothing(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--root", str(written)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", outputs())
def test_a_change_by_hand_is_found_and_shown(
    path: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = written / path
    changed.write_text(f"{changed.read_text()}by hand\n")
    assert main(["--root", str(written), "--check"]) == 1
    shown = capsys.readouterr()
    assert f"--- {path}" in shown.out
    assert "-by hand" in shown.out
    assert "make generate" in shown.err


def test_a_missing_file_is_found(written: Path) -> None:
    (written / "docs/api.md").unlink()
    assert main(["--root", str(written), "--check"]) == 1


def test_the_definition_of_a_kind_that_is_gone_is_found_and_removed(written: Path) -> None:
    left = written / "crds/vmgones.yaml"
    left.write_text("kind: CustomResourceDefinition\n")
    assert main(["--root", str(written), "--check"]) == 1
    assert main(["--root", str(written)]) == 0
    assert not left.exists()


def test_the_check_writes_nothing(tmp_path: Path) -> None:
    assert main(["--root", str(tmp_path), "--check"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_reference_has_a_row_for_each_field_and_a_section_for_each_link() -> None:
    page = outputs()["docs/api.md"]
    for alias in ("maintenanceInsertNodeIDs", "replicaCount", "openTSDBHTTPPort", "acceptEULA"):
        assert f"| `{alias}` |" in page
    headings = {
        line.removeprefix("## ").lower() for line in page.splitlines() if line.startswith("## ")
    }
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}
    assert links <= headings


def test_every_row_of_a_table_has_three_cells() -> None:
    rows = [line for line in outputs()["docs/api.md"].splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.replace("\\|", "").count("|") != 4] == []


def test_the_page_of_unsupported_fields_names_each_of_them() -> None:
    page = outputs()["docs/unsupported.md"]
    assert [path for path, _ in marked_fields(VMCluster) if f"`{path}`" not in page] == []


def test_rights_are_spelled_out_and_bound_to_the_operator() -> None:
    role, binding = yaml.safe_load_all(outputs()["deploy/rbac.yaml"])
    assert "*" not in outputs()["deploy/rbac.yaml"]
    assert len(role["rules"]) == len(RIGHTS)
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [(who["kind"], who["name"]) for who in binding["subjects"]] == [
        ("User", "vmoperator"),
        ("ServiceAccount", "vmoperator"),
    ]


def test_of_users_objects_the_operator_may_patch_parents_alone_and_delete_no_data() -> None:
    verbs = {resource: set(right.verbs) for right in RIGHTS for resource in right.resources}
    for resource in PARENTS:
        assert verbs[resource.plural] == {"get", "list", "watch", "patch"}
        assert verbs[f"{resource.plural}/status"] == {"get", "patch"}
    assert "delete" not in verbs["persistentvolumeclaims"]


def test_the_operator_may_write_every_kind_of_child() -> None:
    for child in CHILDREN:
        wanted = {(child.group, child.plural, verb) for verb in ("list", "watch", "patch")}
        assert wanted - _held() == set()


def _held() -> set[tuple[str, str, str]]:
    return {
        (right.group, what, verb)
        for right in RIGHTS
        for what in (*right.resources, *right.urls)
        for verb in right.verbs
    }


def test_the_operator_holds_all_that_it_grants_and_needs_no_way_around() -> None:
    granted = {
        (group, what, verb)
        for rule in IN_CLUSTER
        for group in rule.get("apiGroups", [""])
        for what in (*rule.get("resources", ()), *rule.get("nonResourceURLs", ()))
        for verb in rule["verbs"]
    }
    assert granted
    assert granted - _held() == set()
    assert {verb for _, _, verb in _held()}.isdisjoint({"bind", "escalate", "impersonate"})
