"""On kind the demo makes the cluster once, and brings the images where nothing can be pulled."""

import os
import shutil
from pathlib import Path

import pytest

from demo.places import KindPlace, state_folder
from localcluster.images.standin import standin
from localcluster.versions import IMAGE_MODULES

# Answers like kind: it knows the clusters that it was asked to create.
KIND = """#!/bin/sh
echo "$*" >> {folder}/calls
case "$*" in
"get clusters") cat {folder}/clusters ;;
"create cluster"*) echo vmoperator > {folder}/clusters ;;
"get kubeconfig"*) echo "apiVersion: v1" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "clusters").touch()
    for name, text in (("kind", KIND.format(folder=tmp_path)), ("kubectl", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("VMOPERATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("VMOPERATOR_REGISTRY", "off")
    # As if they had been built before: any static program will do.
    programs = state_folder("kind") / "programs"
    built = standin(programs)
    for program in (name for module in IMAGE_MODULES for name in module.programs):
        shutil.copy2(built, programs / program)
    return tmp_path / "calls"


def test_the_cluster_is_made_once(calls: Path) -> None:
    for _ in range(2):
        KindPlace().up()
    made = [line for line in calls.read_text().splitlines() if line.startswith("create")]
    assert len(made) == 1
    assert made[0].startswith("create cluster --name vmoperator --config ")
    assert made[0].endswith("tools/kind/kind.yaml")


def test_every_image_of_the_document_is_loaded_where_no_registry_answers(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KindPlace().up()
    loaded = [line for line in calls.read_text().splitlines() if line.startswith("load")]
    assert [Path(line.split()[2]).name.partition("-")[0] for line in loaded] == [
        "vminsert",
        "vmselect",
        "vmstorage",
        "victoria",
        "vmagent",
        "vmalert",
        "vmauth",
        "alertmanager",
    ]
    shown = capsys.readouterr().out
    assert "loading images of programs that are built here" in shown
    assert "stand-ins (data goes to a real single-node victoria-metrics" in shown


def test_the_kubeconfig_is_readable_by_its_owner_alone(calls: Path) -> None:
    kubectl = KindPlace().up()
    file = KindPlace().kubeconfig
    assert kubectl.options == ("--kubeconfig", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert calls.exists()
