"""The command line: what `render` and `crds` print, complain about, and answer."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vmoperator import __version__
from vmoperator.__main__ import main
from vmoperator.api import KINDS
from vmoperator.api.crd import MODELS

GOOD = """
apiVersion: operator.victoriametrics.com/v1beta1
kind: VMCluster
metadata:
  name: {name}
  creationTimestamp: 2026-01-01T00:00:00Z
  deletionTimestamp: 2026-01-01T00:00:00Z
spec: {{vmstorage: {{}}}}
"""
BAD = """
apiVersion: operator.victoriametrics.com/v1beta1
kind: VMCluster
metadata: {name: bad, namespace: elsewhere}
spec: {retentionPeriod: 4x}
"""
OTHER = "{apiVersion: v1, kind: Service, metadata: {name: a}}"


def _owners(text: str) -> list[str]:
    return [
        f"{c['metadata']['namespace']}/{c['metadata']['name']}" for c in yaml.safe_load_all(text)
    ]


def test_objects_of_one_file_become_one_stream(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.yaml"
    path.write_text("\n---\n".join([GOOD.format(name="a"), OTHER, "\n", GOOD.format(name="b")]))
    assert main(["render", str(path)]) == 0
    out, err = capsys.readouterr()
    assert _owners(out) == [
        "default/vmcluster-a",
        *["default/vmstorage-a"] * 3,
        "default/vmcluster-b",
        *["default/vmstorage-b"] * 3,
    ]
    assert err == f"{path}: skipped Service: not {', '.join(KINDS)}\n"


def test_a_bad_object_is_named_and_the_others_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(f"{BAD}---{GOOD.format(name='good')}")
    assert main(["render", str(path)]) == 1
    out, err = capsys.readouterr()
    assert "default/vmstorage-good" in _owners(out)
    assert err.startswith(f"{path}: VMCluster elsewhere/bad: spec.retentionPeriod: ")
    assert len(err.splitlines()) == 1


def test_the_namespace_counts_for_objects_that_name_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.format(name="a"))
    assert main(["render", "--namespace", "mine", str(path)]) == 0
    assert set(_owners(capsys.readouterr().out)) == {"mine/vmcluster-a", "mine/vmstorage-a"}


def test_a_dash_reads_stdin_and_lists_are_unfolded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [yaml.safe_load(GOOD.format(name="a"))]
    items[0]["metadata"] = {"name": "a"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(yaml.safe_dump({"kind": "List", "items": items})))
    assert main(["render", "-"]) == 0
    assert "default/vmstorage-a" in _owners(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: [", "no YAML: ", id="no YAML"),
        pytest.param("just text", "no object with kind and metadata", id="no object"),
        pytest.param("{metadata: {name: a}}", "skipped an object without a kind", id="no kind"),
        pytest.param("kind: VMCluster\nmetadata: []\nspec: {}", "is required", id="no version"),
        pytest.param("kind: VMCluster\nmetadata: text", "metadata: must be an object", id="text"),
    ],
)
def test_what_cannot_be_read_is_explained(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    main(["render", str(path)])
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{path}: ")
    assert message in err


def test_a_file_that_is_not_there_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.format(name="a"))
    assert main(["render", "not-there.yaml", str(path)]) == 1
    out, err = capsys.readouterr()
    assert err == "not-there.yaml: No such file or directory\n"
    assert out != ""


def test_fields_that_do_not_act_yet_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "{apiVersion: operator.victoriametrics.com/v1beta1, kind: VMAlertmanager,"
        " metadata: {name: a}, spec: {configReloaderImage: b}}"
    )
    assert main(["render", str(path)]) == 0
    err = capsys.readouterr().err
    assert err == f"{path}: VMAlertmanager default/a: spec.configReloaderImage does not act yet\n"


def test_a_misspelt_field_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.yaml"
    text = GOOD.format(name="a").replace("vmstorage: {}", "vmstorage: {replicacount: 2}")
    path.write_text(text)
    assert main(["render", str(path)]) == 0
    err = capsys.readouterr().err
    told = "spec.vmstorage.replicacount is no field of a VMCluster"
    assert err == f"{path}: VMCluster default/a: {told}\n"


def test_crds_prints_every_definition(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crds"]) == 0
    names = [crd["metadata"]["name"] for crd in yaml.safe_load_all(capsys.readouterr().out)]
    assert names == [f"{kind.lower()}s.operator.victoriametrics.com" for kind in MODELS]


def test_the_help_of_crds_spells_the_kind_as_kubernetes_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["crds", "--help"])
    assert "CustomResourceDefinitions of all kinds" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"vmoperator {__version__}\n"


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["render"]], ids=str)
def test_a_bad_command_line_is_one_line_that_says_where_help_is(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("vmoperator")
    assert told.endswith("--help)\n")
    assert told.count("\n") == 1


def test_render_loads_nothing_that_only_run_needs() -> None:
    code = "import sys, vmoperator.__main__; sys.exit('kopf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_reader_that_has_seen_enough_causes_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text("\n---\n".join(GOOD.format(name=f"a{number}") for number in range(60)))
    command = f"{sys.executable} -m vmoperator render {path} | head -1"
    shown = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.stderr) == ("---\n", "")


def test_an_object_finds_the_secrets_of_its_namespace_in_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.yaml"
    backup = "{destination: s3://b, credentialsSecret: {name: keys, key: s3}}"
    cluster = f"""
apiVersion: operator.victoriametrics.com/v1beta1
kind: VMCluster
metadata: {{name: a}}
spec: {{license: {{key: k}}, vmstorage: {{vmBackup: {backup}}}}}
"""
    keys = "{apiVersion: v1, kind: Secret, metadata: {name: keys}, stringData: {s3: secret}}"
    path.write_text(f"{cluster}---\n{keys}")
    assert main(["render", str(path)]) == 0
    assert capsys.readouterr().err == ""
    path.write_text(cluster)
    assert main(["render", str(path)]) == 1
    assert "credentialsSecret: Secret keys does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "{apiVersion: operator.victoriametrics.com/v1beta1, kind: VMServiceScrape,"
            " metadata: {name: a}, spec: {endpoints: [{prot: http}]}}",
            "VMServiceScrape a: spec.endpoints[0].prot is no field of a VMServiceScrape",
            id="a misspelt field",
        ),
        pytest.param(
            "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor,"
            " metadata: {name: a}, spec: {selector: {}, targetLimit: 5, endpoints: []}}",
            "ServiceMonitor a: spec.targetLimit has no effect here",
            id="a limit that nothing here knows",
        ),
        pytest.param(
            "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor,"
            " metadata: {name: a}, spec: {selector: {}, endpoints: [{someday: 5}]}}",
            "ServiceMonitor a: spec.endpoints[0].someday (unknown to this version)"
            " has no effect here",
            id="a field of a newer definition",
        ),
        pytest.param(
            "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: a},"
            " spec: {endpoints: [{relabelings: [{targetLabel: 5}]}]}}",
            "ServiceMonitor a: spec.endpoints[0].relabelings[0].targetLabel: must be a string,"
            " not the number 5",
            id="a wrong field of another group",
        ),
        pytest.param(
            "{apiVersion: monitoring.coreos.com/v1alpha1, kind: ScrapeConfig,"
            " metadata: {name: a}, spec: {dnsSDConfigs: [{names: [a]}]}}",
            "",
            id="nothing to say",
        ),
    ],
)
def test_an_object_that_parents_select_is_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = main(["render", "-"])
    out, err = capsys.readouterr()
    assert (out, code) == ("", 1 if "must be" in said else 0)
    assert err == (f"stdin: {said}\n" if said else "")
