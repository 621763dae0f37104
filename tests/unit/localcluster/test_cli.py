"""The command line: what belongs to the tool and what is passed on; how progress reads."""

import base64
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from localcluster import cli, pki
from localcluster.progress import Progress, duration


def test_all_behind_kubectl_is_kept_as_it_is() -> None:
    given = cli.arguments(["--name", "two", "kubectl", "-n", "x", "get", "--name", "exec"])
    assert (given.name, given.rest) == ("two", ["-n", "x", "get", "--name", "exec"])


def test_two_dashes_before_a_command_are_dropped() -> None:
    assert cli.arguments(["exec", "--", "curl", "--help"]).rest == ["curl", "--help"]


@pytest.mark.parametrize(
    "argv",
    [["--name", "two", "down"], ["down", "--name", "two"], ["--name=two", "down"]],
    ids=" ".join,
)
def test_the_name_may_stand_before_or_behind_a_command(argv: list[str]) -> None:
    assert cli.arguments(argv).name == "two"


def test_a_cluster_may_be_named_like_a_command() -> None:
    assert cli.arguments(["up", "--name", "exec"]).name == "exec"


def test_what_is_not_up_is_said_with_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VMOPERATOR_CACHE", str(tmp_path))
    monkeypatch.setattr("localcluster.paths.LONGEST_RUN_DIR", 1000)
    assert cli.main(["kubectl", "get", "pods"]) == 1
    assert "not up: run `tools/cluster up`" in capsys.readouterr().err


def test_the_wrapper_says_how_to_make_the_virtual_environment(tmp_path: Path) -> None:
    tool = tmp_path / "tools" / "cluster"
    tool.parent.mkdir()
    tool.write_bytes((Path(__file__).parents[3] / "tools" / "cluster").read_bytes())
    done = subprocess.run(["bash", tool], capture_output=True, text=True)
    assert (done.returncode, "make setup" in done.stderr) == (1, True)


def test_steps_become_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(live=False) as progress:
        with progress.step("network") as step:
            step.note("made")
        with pytest.raises(OSError, match="disk"), progress.step("images"):
            raise OSError("disk")
    lines = capsys.readouterr().err.splitlines()
    assert "network: made (0.0 s)" in lines[0]
    assert "FAILED images" in lines[1]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.42, "0.4 s"), (12.3, "12 s"), (185, "3 min 05 s")]
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.fixture
def made(tmp_path: Path) -> Path:
    pki.ensure(tmp_path / "pki", tmp_path / "kube", 16443, {"node-1": "172.30.0.11"})
    return tmp_path


def test_the_api_servers_certificate_holds_on_the_host_and_inside(made: Path) -> None:
    certificate = x509.load_pem_x509_certificate((made / "pki" / "apiserver.crt").read_bytes())
    extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    names = extension.value
    assert isinstance(names, x509.SubjectAlternativeName)
    addresses = {str(a) for a in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "10.96.0.1", "172.30.0.1"} <= addresses
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)


def test_the_operator_is_a_user_without_a_group(made: Path) -> None:
    config = yaml.safe_load((made / "kube" / "operator.conf").read_text())
    data = base64.b64decode(config["users"][0]["user"]["client-certificate-data"])
    assert x509.load_pem_x509_certificate(data).subject.rfc4514_string() == "CN=vmoperator"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:16443"


def test_certificates_are_made_once_and_nodes_are_added(made: Path) -> None:
    before = (made / "kube" / "admin.conf").read_bytes()
    nodes = {"node-1": "172.30.0.11", "node-2": "172.30.0.12"}
    pki.ensure(made / "pki", made / "kube", 16443, nodes)
    assert (made / "kube" / "admin.conf").read_bytes() == before
    assert (made / "kube" / "node-2.conf").exists()


def test_keys_are_for_the_owner_alone(made: Path) -> None:
    assert {p.stat().st_mode & 0o777 for p in (made / "pki").iterdir()} == {0o600}
