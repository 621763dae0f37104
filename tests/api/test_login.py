"""Every way to find the API server and to log in, and what is said when it is not set up well."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.certificates import Authority
from tests.api.objects import service
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.login import connection
from vmoperator.base.errors import SettingsInvalid, Unavailable
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import SERVICE

REF = Ref("Service", "default", "vminsert-demo")


def kubeconfig(
    path: Path, *, cluster: dict[str, Any], user: dict[str, Any] | None = None, **context: str
) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **context}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


async def reaches(found: Connection) -> bool:
    async with Client(found) as client:
        return bool((await client.get(SERVICE, REF))["kind"] == "Service")


async def test_a_pod_logs_in_with_its_service_account(tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "token").write_text("pod-token\n")
    (tmp_path / "namespace").write_text("monitoring")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    tls = authority.server(tmp_path, "127.0.0.1")
    async with FakeApi(tls=tls, token="pod-token") as api:
        await api.put(service())
        host, port = api.url.removeprefix("https://").split(":")
        environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        found = connection(environ=environ, service_account=tmp_path)
        assert await reaches(found)
        assert found.namespace == "monitoring"


def test_a_pod_without_a_service_account_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="automountServiceAccountToken"):
        connection(environ={"KUBERNETES_SERVICE_HOST": "::1"}, service_account=tmp_path)


@pytest.mark.parametrize("as_data", [True, False], ids=["as data", "as files beside it"])
async def test_a_kubeconfig_with_a_client_certificate(tmp_path: Path, as_data: bool) -> None:
    authority = Authority()
    pair = authority.pair("operator")
    contents = {
        "certificate-authority": authority.certificate,
        "client-certificate": pair.certificate,
        "client-key": pair.key,
    }
    if as_data:
        given = {f"{key}-data": base64.b64encode(text).decode() for key, text in contents.items()}
    else:
        given = {key: f"{key}.pem" for key in contents}
        for key, text in contents.items():
            (tmp_path / f"{key}.pem").write_bytes(text)
    async with FakeApi(tls=authority.server(tmp_path, "127.0.0.1", clients=True)) as api:
        await api.put(service())
        cluster = {key: given.pop(key) for key in list(given) if key.startswith("cert")}
        path = kubeconfig(tmp_path / "config", cluster={**cluster, "server": api.url}, user=given)
        assert await reaches(connection(str(path), environ={}))


async def test_a_certificate_for_another_name_is_refused_unless_that_name_is_given(
    tmp_path: Path,
) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    async with FakeApi(tls=authority.server(tmp_path, "kubernetes.example")) as api:
        await api.put(service())
        cluster = {"server": api.url, "certificate-authority": "ca.pem"}
        path = kubeconfig(tmp_path / "config", cluster=cluster)
        with pytest.raises(Unavailable, match="certificate"):
            await reaches(connection(str(path), environ={}))
        kubeconfig(path, cluster={**cluster, "tls-server-name": "kubernetes.example"})
        assert await reaches(connection(str(path), environ={}))


async def test_an_unknown_authority_is_refused_unless_the_check_is_off(tmp_path: Path) -> None:
    async with FakeApi(tls=Authority().server(tmp_path, "127.0.0.1")) as api:
        await api.put(service())
        path = kubeconfig(tmp_path / "config", cluster={"server": api.url})
        with pytest.raises(Unavailable, match="certificate"):
            await reaches(connection(str(path), environ={}))
        kubeconfig(path, cluster={"server": api.url, "insecure-skip-tls-verify": True})
        assert await reaches(connection(str(path), environ={}))


@pytest.mark.parametrize("user", [{"token": "t"}, {"tokenFile": "token"}], ids=["token", "file"])
async def test_a_kubeconfig_with_a_token(api: FakeApi, tmp_path: Path, user: Any) -> None:
    (tmp_path / "token").write_text("t\n")
    api.token = "t"
    await api.put(service())
    path = kubeconfig(tmp_path / "config", cluster={"server": api.url}, user=user)
    assert await reaches(connection(str(path), environ={}))


async def test_a_kubeconfig_with_a_plugin(api: FakeApi, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        'echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
        '"status":{"token":"from-plugin"}}\'\n'
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IEXEC)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(plugin),
            "interactiveMode": "Never",
        }
    }
    api.token = "from-plugin"
    await api.put(service())
    path = kubeconfig(tmp_path / "config", cluster={"server": api.url}, user=user)
    assert await reaches(connection(str(path), environ={}))


def test_the_named_file_comes_before_the_environment_and_that_before_the_home(
    tmp_path: Path,
) -> None:
    def of(name: str) -> Path:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        return kubeconfig(tmp_path / name, cluster={"server": f"http://{Path(name).name}"})

    of(".kube/config")
    environ = {"HOME": str(tmp_path)}
    assert connection(environ=environ).server == "http://config"
    environ["KUBECONFIG"] = str(of("listed"))
    environ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
    assert connection(environ=environ).server == "http://listed"
    assert connection(str(of("named")), environ=environ).server == "http://named"


def test_several_files_are_one_and_the_first_wins(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text("current-context: there\ncontexts: []\n")
    second = kubeconfig(tmp_path / "second", cluster={"server": "http://second"}, namespace="ns")
    document = yaml.safe_load(second.read_text())
    document["contexts"].append({"name": "there", "context": {"cluster": "c"}})
    second.write_text(yaml.safe_dump(document))
    environ = {"KUBECONFIG": f"{first}:{tmp_path / 'absent'}:{second}"}
    assert connection(environ=environ).namespace == "default"
    named = connection(environ=environ, context="here")
    assert (named.server, named.namespace) == ("http://second", "ns")
    assert named.source == f"kubeconfig {second}, context here"


OK = {"server": "http://x"}
MISTAKES = [
    ({}, {}, 'clusters["c"].cluster.server: is missing'),
    ({"server": "x:6443"}, {}, 'clusters["c"].cluster.server: "x:6443" is no http:// or https://'),
    (
        {"server": "https://x", "certificate-authority": "absent.pem"},
        {},
        'clusters["c"].cluster.certificate-authority: ',
    ),
    (
        {"server": "https://x", "certificate-authority-data": "bm8="},
        {},
        'clusters["c"].cluster.certificate-authority: is not a PEM certificate',
    ),
    (
        {
            "server": "https://x",
            "certificate-authority-data": "bm8=",
            "insecure-skip-tls-verify": 1,
        },
        {},
        'clusters["c"].cluster.insecure-skip-tls-verify: cannot stand beside',
    ),
    (OK, {"username": "admin", "password": "s3cr3t"}, 'users["u"].user.username: the API server'),
    (OK, {"as": "somebody", "token": "s3cr3t"}, 'users["u"].user.as: acting as another user'),
    (OK, {"token": ["s3cr3t"]}, 'users["u"].user.token: must be a string'),
    (
        {"server": "https://x"},
        {"client-certificate-data": "bm8="},
        'users["u"].user.client-key: is missing',
    ),
    (
        {"server": "https://x"},
        {"client-certificate-data": "bm8=", "client-key-data": "czNjcjN0"},
        'users["u"].user.client-certificate: this and client-key are no matching',
    ),
]


@pytest.mark.parametrize(("cluster", "user", "words"), MISTAKES, ids=[m[2] for m in MISTAKES])
def test_a_mistake_is_named_by_file_and_key(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], words: str
) -> None:
    path = kubeconfig(tmp_path / "config", cluster=cluster, user=user)
    with pytest.raises(SettingsInvalid) as caught:
        connection(str(path), environ={})
    assert str(caught.value).startswith(f"{path}: {words}")
    assert "s3cr3t" not in str(caught.value)


def test_an_unknown_context_is_answered_with_those_there_are(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "config", cluster=OK)
    with pytest.raises(SettingsInvalid, match='contexts: no "prod"; there are: here'):
        connection(str(path), context="prod", environ={})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("token: [s3cr3t\n", "not YAML in line 2"),
        ("- s3cr3t\n", "not a kubeconfig"),
        ("", "current-context is not set"),
    ],
    ids=["no YAML", "a list", "empty"],
)
def test_a_broken_file_is_named_without_its_content(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match=words) as caught:
        connection(str(path), environ={})
    assert str(path) in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_without_any_settings_the_message_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="--kubeconfig"):
        connection(environ={"HOME": str(tmp_path)})


def test_no_secret_is_in_the_words_for_a_connection(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "config", cluster=OK, user={"token": "s3cr3t"})
    assert "s3cr3t" not in repr(connection(str(path), environ={}))
