"""What is wrong with a machine is said plainly, with what to do."""

import shutil
from pathlib import Path

import pytest

from localcluster import preflight
from localcluster.errors import MachineNotReady
from localcluster.progress import Progress


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("go1.26.8", True),
        ("go1.27rc1", True),
        ("go2.0", True),
        ("go1.25.9", False),
        ("go1.9", False),
        ("devel", False),
        ("", False),
    ],
)
def test_go_must_be_new_enough_for_the_modules(version: str, enough: bool) -> None:
    assert preflight.new_enough(version) is enough


def stand_in(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_an_old_go_is_named_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, "go", "echo go1.19.8")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineNotReady, match=r"go1\.19\.8 is too old.*Go 1\.26"):
        preflight.check_go()


def test_a_missing_go_is_named_with_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineNotReady, match=r"Go 1\.26.*go\.dev/dl"):
        preflight.check_go()


def test_each_missing_package_is_listed_once(tmp_path: Path) -> None:
    wanted = {
        str(tmp_path / "a"): "one",
        str(tmp_path / "b"): "one",
        "no-such-program": "two",
        "sh": "dash",
    }
    assert preflight.missing_packages(wanted) == ["one", "two"]


def test_missing_packages_are_installed_with_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    brought = tmp_path / "ptp"
    stand_in(tmp_path, "apt-get", f'echo "$@" >> {tmp_path}/calls; : > {brought}')
    monkeypatch.setenv("PATH", str(tmp_path))
    with Progress(quiet=True) as progress:
        preflight.install_packages(progress, {str(brought): "containernetworking-plugins"})
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0].startswith("update")
    assert calls[1].endswith("--no-install-recommends containernetworking-plugins")


def test_a_failing_apt_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    stand_in(tmp_path, "apt-get", "echo no network >&2; exit 100")
    monkeypatch.setenv("PATH", str(tmp_path))
    with Progress(quiet=True) as progress, pytest.raises(MachineNotReady, match="no network"):
        preflight.install_packages(progress, {"no-such-program": "two"})


def test_without_root_the_packages_to_install_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with Progress(quiet=True) as progress, pytest.raises(MachineNotReady, match="install two"):
        preflight.install_packages(progress, {"no-such-program": "two"})
    with pytest.raises(MachineNotReady, match="sudo"):
        preflight.check_root()


def test_a_full_disk_is_named_with_what_is_needed(tmp_path: Path) -> None:
    preflight.check_disk(tmp_path / "not" / "there" / "yet", 0.001)
    needed_gb = shutil.disk_usage(tmp_path).free / 1e9 + 1000
    with pytest.raises(MachineNotReady, match="GB free.*VMOPERATOR_CACHE"):
        preflight.check_disk(tmp_path / "not", needed_gb)


def test_a_missing_control_group_controller_is_named(tmp_path: Path) -> None:
    for controller in ("cpu", "cpuset", "pids"):
        (tmp_path / controller).mkdir()
    with pytest.raises(MachineNotReady, match="controller memory"):
        preflight.check_controllers(tmp_path)
    (tmp_path / "memory").mkdir()
    preflight.check_controllers(tmp_path)


def test_the_unified_hierarchy_lists_its_controllers_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory\n")
    with pytest.raises(MachineNotReady, match="controller pids"):
        preflight.check_controllers(tmp_path)
