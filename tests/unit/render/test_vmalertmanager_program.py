"""The real Alertmanager takes what is rendered for it: flags, configuration, TLS."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.api.certificates import Authority
from tests.unit.render.alertmanagers import container, planned, written
from tests.unit.render.golden import EVERY_CASE, golden_plan
from tests.unit.render.real_programs import answer, free_port, program
from tests.unit.render.test_vmalertmanager_config import BROKEN

from localcluster.patience import drawn_out
from vmoperator.api.around import Known
from vmoperator.render import Plan

CASES = [name for name in EVERY_CASE if name.startswith("vmalertmanager/")]
PASSWORD, HASH = "fakepassword", "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
_PATIENCE_SECONDS = 20.0


@pytest.mark.parametrize("name", CASES)
def test_amtool_takes_every_configuration(name: str, tmp_path: Path) -> None:
    path = tmp_path / "alertmanager.yaml"
    path.write_text(written(golden_plan(name)))
    code, output = answer("amtool", "check-config", str(path))
    assert code == 0, output


@pytest.mark.parametrize("text", [it[1] for it in BROKEN], ids=[it[0] for it in BROKEN])
def test_amtool_too_refuses_what_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "alertmanager.yaml"
    path.write_text(text)
    assert answer("amtool", "check-config", str(path))[0] != 0


@dataclass(frozen=True, slots=True)
class Running:
    """An Alertmanager on loopback."""

    port: int
    gossip_port: int

    def get(self, path: str, *, context: ssl.SSLContext | None = None, user: str = "") -> Any:
        """What stands at a path, as JSON."""
        scheme = "https" if context else "http"
        request = urllib.request.Request(f"{scheme}://127.0.0.1:{self.port}{path}")  # noqa: S310  # loopback
        if user:
            request.add_header("Authorization", f"Basic {b64encode(user.encode()).decode()}")
        with urllib.request.urlopen(request, timeout=5, context=context) as found:  # noqa: S310  # loopback
            return json.loads(found.read())

    def waited(self, path: str, **how: Any) -> Any:
        """The same, as soon as there is an answer."""
        deadline = time.monotonic() + drawn_out(_PATIENCE_SECONDS)
        while True:
            try:
                return self.get(path, **how)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextmanager
def running(made: Plan, root: Path, *peers: int) -> Iterator[Running]:
    """The Alertmanager of a plan, its files below a folder, its addresses on loopback."""
    (secret,) = (it for it in made.manifests if it["kind"] == "Secret")
    for file in secret["data"]:
        _place(root / "etc/alertmanager/config" / file, written(made, file), root)
    one = Running(free_port(), free_port())
    given = [arg for arg in container(made)["args"] if "cluster.peer=" not in arg]
    flags = [
        arg.replace("=/etc/", f"={root}/etc/")
        .replace("=/alertmanager", f"={root}/data")
        .replace("[$(POD_IP)]:9094", f"127.0.0.1:{one.gossip_port}")
        .replace("listen-address=:9093", f"listen-address=127.0.0.1:{one.port}")
        for arg in given
    ]
    flags += [f"--cluster.peer=127.0.0.1:{peer}" for peer in peers]
    log = root / "log"
    with log.open("w") as out:
        process = subprocess.Popen([program("alertmanager"), *flags], stdout=out, stderr=out)  # noqa: S603  # a program of our own cache
        try:
            yield one
        finally:
            process.kill()
            process.wait()


def _place(path: Path, text: str, root: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("/etc/vm/", f"{root}/etc/vm/"))


def _certified(root: Path, authority: Authority) -> Known:
    pair = authority.pair("alertmanager", "127.0.0.1")
    keys = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authority.certificate}
    folder = root / "etc/vm/credentials/web"
    folder.mkdir(parents=True)
    for name, content in keys.items():
        (folder / name).write_bytes(content)
    return Known(secrets={"web": keys})


MUTUAL = {
    "cert_secret_ref": {"name": "web", "key": "tls.crt"},
    "key_secret_ref": {"name": "web", "key": "tls.key"},
    "client_ca_secret_ref": {"name": "web", "key": "ca.crt"},
    "client_auth_type": "RequireAndVerifyClientCert",
}


def test_alertmanager_serves_below_its_prefix_and_shows_what_it_loaded(tmp_path: Path) -> None:
    made = planned(
        routePrefix="/am",
        externalURL="http://alerts.example.org/elsewhere",
        configRawYaml="route: {receiver: mine}\nreceivers: [{name: mine}]",
        logLevel="DEBUG",
        logFormat="json",
    )
    with running(made, tmp_path) as one:
        status = one.waited("/am/api/v2/status")
        assert "receiver: mine" in status["config"]["original"]
        assert [it["address"] for it in status["cluster"]["peers"]] == [
            f"127.0.0.1:{one.gossip_port}"
        ]


def test_web_server_asks_for_certificate_and_password(tmp_path: Path) -> None:
    authority = Authority()
    around = _certified(tmp_path, authority)
    web = {
        "tls_server_config": MUTUAL,
        "basic_auth_users": {"admin": HASH},
        "http_server_config": {"http2": False, "headers": {"X-Frame-Options": "deny"}},
    }
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    stranger = ssl.create_default_context(cadata=authority.certificate.decode())
    context.load_cert_chain(*authority.pair("client").into(tmp_path, "client"))
    with running(planned(around, webConfig=web), tmp_path) as one:
        one.waited("/api/v2/status", context=context, user=f"admin:{PASSWORD}")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            one.get("/api/v2/status", context=context)
        with pytest.raises(OSError, match=r"certificate required|reset|closed|Broken pipe|EOF"):
            one.get("/api/v2/status", context=stranger, user=f"admin:{PASSWORD}")


def test_replicas_gossip_over_tls(tmp_path: Path) -> None:
    authority = Authority()
    one_root, two_root = tmp_path / "one", tmp_path / "two"
    client = {
        "cert_secret_ref": {"name": "web", "key": "tls.crt"},
        "key_secret_ref": {"name": "web", "key": "tls.key"},
        "ca_secret_ref": {"name": "web", "key": "ca.crt"},
    }
    gossip = {"tls_server_config": MUTUAL, "tls_client_config": client}
    first = planned(_certified(one_root, authority), gossipConfig=gossip)
    second = planned(_certified(two_root, authority), gossipConfig=gossip)
    with running(first, one_root) as one:
        one.waited("/api/v2/status")
        with running(second, two_root, one.gossip_port) as two:
            two.waited("/api/v2/status")
            deadline = time.monotonic() + drawn_out(_PATIENCE_SECONDS)
            while len(one.get("/api/v2/status")["cluster"]["peers"]) < 2:
                assert time.monotonic() < deadline
                time.sleep(0.05)
