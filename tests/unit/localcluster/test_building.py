"""What is built, in which order, with which flags, and under which key it is kept."""

import os
from pathlib import Path

import pytest

from localcluster import building, versions
from localcluster.building import Build
from localcluster.errors import BuildFailed
from localcluster.progress import Progress
from localcluster.versions import Module

KUBERNETES = next(m for m in versions.MODULES if m.name == "kubernetes")
ETCD = next(m for m in versions.MODULES if m.name == "etcd")


def test_an_empty_cache_plans_every_program_with_the_longest_build_first(tmp_path: Path) -> None:
    plan = building.plan(tmp_path)
    assert [b.module.name for b in plan][0] == "kubernetes"
    assert [b.module.cold_seconds for b in plan] == sorted(
        (m.cold_seconds for m in versions.MODULES), reverse=True
    )
    assert {p for b in plan for p in b.missing} >= {"kube-apiserver", "etcd", "coredns", "amtool"}


def test_an_interrupted_build_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    for program in ("kube-apiserver", "kubelet", "etcd"):
        (tmp_path / program).touch()
    plan = {b.module.name: b.missing for b in building.plan(tmp_path)}
    assert "kube-apiserver" not in plan["kubernetes"]
    assert "kubectl" in plan["kubernetes"]
    assert "etcd" not in plan


def test_nothing_is_left_once_all_programs_are_there(tmp_path: Path) -> None:
    for module in versions.MODULES:
        for program in module.programs:
            (tmp_path / program).touch()
    assert building.plan(tmp_path) == []
    assert not building.complete(tmp_path)
    (tmp_path / "pause").touch()
    assert building.complete(tmp_path)


def test_programs_of_one_module_are_built_by_one_go_command(tmp_path: Path) -> None:
    command = building.build_command(Build(KUBERNETES, ("kubelet", "kubectl")), tmp_path)
    assert command[:4] == ["go", "build", "-trimpath", "-v"]
    assert "gitVersion=v1.37.2" in command[command.index("-ldflags") + 1]
    assert command[-2:] == ["k8s.io/kubernetes/cmd/kubelet", "k8s.io/kubernetes/cmd/kubectl"]
    assert command[command.index("-o") + 1] == f"{tmp_path}/"


def test_a_single_program_is_named_by_us_and_not_by_its_package(tmp_path: Path) -> None:
    command = building.build_command(Build(ETCD, ("etcd",)), tmp_path)
    assert command[command.index("-o") + 1] == f"{tmp_path}/etcd"
    assert command[command.index("-ldflags") + 1] == "-s -w"


def test_the_users_go_caches_are_used_unless_the_build_is_lean(tmp_path: Path) -> None:
    usual = building.go_environment(None)
    lean = building.go_environment(tmp_path)
    assert usual["CGO_ENABLED"] == lean["CGO_ENABLED"] == "0"
    assert usual.get("GOCACHE") != str(tmp_path / "build")
    assert (lean["GOCACHE"], lean["GOMODCACHE"]) == (f"{tmp_path}/build", f"{tmp_path}/modules")


def test_a_lean_cache_is_dropped_although_go_makes_modules_read_only(tmp_path: Path) -> None:
    module = tmp_path / "lean" / "modules" / "example.org@v1"
    module.mkdir(parents=True)
    (module / "go.mod").touch(mode=0o444)
    module.chmod(0o555)
    building.drop_lean_cache(tmp_path / "lean")
    assert not (tmp_path / "lean").exists()


def test_old_programs_go_but_for_the_latest_and_those_in_use(tmp_path: Path) -> None:
    for age, name in enumerate(("now", "latest", "older", "used", "oldest")):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    building.drop_old(tmp_path / "now", {"used"})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["latest", "now", "used"]


def test_the_key_changes_with_any_pinned_version(tmp_path: Path) -> None:
    first, second = tmp_path / "go.mod", tmp_path / "go.sum"
    first.write_text("require example.org v1.0.0")
    second.write_text("sums")
    before = versions.programs_key((first, second))
    assert before == versions.programs_key((first, second))
    assert before.startswith("k1.37.2-")
    first.write_text("require example.org v1.0.1")
    assert versions.programs_key((first, second)) != before


def test_every_module_pins_its_dependencies_by_checksum() -> None:
    for module in versions.MODULES:
        names = {p.name for p in module.folder.iterdir()}
        assert {"go.mod", "go.sum"} <= names, module.name


def test_a_build_that_fails_says_what_go_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "modules" / "broken"
    broken.mkdir(parents=True)
    (broken / "go.mod").write_text("module broken\n\ngo 1.26\n")
    (broken / "main.go").write_text("package main\n\nfunc main() { undefinedName() }\n")
    monkeypatch.setattr(versions, "MODULES_DIR", tmp_path / "modules")
    build = Build(Module(name="broken", programs={"broken": "."}, cold_seconds=1), ("broken",))
    builder = building.Builder(tmp_path / "programs", Progress(quiet=True), lean_cache=None)
    with pytest.raises(BuildFailed, match="undefinedName"):
        builder.run([build])
    assert not (tmp_path / "programs" / "broken").exists()
