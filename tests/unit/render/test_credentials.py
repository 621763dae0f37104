"""Where the credentials that users keep in Secrets and ConfigMaps come to lie."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.around import Known
from vmoperator.api.auth import ConfigMapKeySelector, SecretOrConfigMap
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import Files, content, credential, text, variable

AROUND = Known(
    secrets={"login": {"user": b"me\n", "pass": b"hunter2", "raw": b"\xff"}, "a.b": {"k": b"1"}},
    config_maps={"authorities": {"ca.crt": "PEM"}},
)


def _secret(name: str = "login", key: str = "pass", **more: Any) -> SecretKeySelector:
    return SecretKeySelector(name=name, key=key, **more)


def _path(selector: SecretKeySelector | ConfigMapKeySelector, files: Files) -> str:
    return credential(selector, field="spec.x", around=AROUND, files=files)


def _sources(files: Files) -> list[dict[str, Any]]:
    (source,) = files.mounts
    assert source.volume is not None
    found: list[dict[str, Any]] = source.volume["projected"]["sources"]
    return found


def test_all_files_of_a_workload_lie_in_one_volume() -> None:
    files = Files()
    assert _path(_secret(), files) == "/etc/vm/credentials/login/pass"
    assert _path(_secret(key="user"), files) == "/etc/vm/credentials/login/user"
    authorities = ConfigMapKeySelector(name="authorities", key="ca.crt")
    assert _path(authorities, files) == "/etc/vm/credentials/configmap-authorities/ca.crt"
    (source,) = files.mounts
    assert (source.name, source.mount_path) == ("credentials", "/etc/vm/credentials")
    assert source.is_read_only
    assert _sources(files) == [
        {
            "configMap": {
                "name": "authorities",
                "items": [{"key": "ca.crt", "path": "configmap-authorities/ca.crt"}],
                "optional": None,
            }
        },
        {
            "secret": {
                "name": "login",
                "items": [
                    {"key": "pass", "path": "login/pass"},
                    {"key": "user", "path": "login/user"},
                ],
                "optional": None,
            }
        },
    ]


def test_a_workload_without_credentials_has_no_volume_for_them() -> None:
    assert Files().mounts == ()
    assert Files().env == ()


def test_the_order_in_which_files_are_asked_for_changes_nothing() -> None:
    one, other = Files(), Files()
    for selector in (_secret(), _secret(key="user"), _secret("a.b", "k")):
        _path(selector, one)
    for selector in (_secret("a.b", "k"), _secret(key="user"), _secret(), _secret()):
        _path(selector, other)
    assert one.mounts == other.mounts


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        pytest.param(_secret("gone"), "Secret gone does not exist", id="no Secret"),
        pytest.param(_secret(key="gone"), "has no key gone; it has: pass, raw, user", id="no key"),
        pytest.param(_secret(""), "name the Secret", id="no name"),
        pytest.param(_secret(key=""), "name the key in Secret login", id="no name of the key"),
        pytest.param(
            ConfigMapKeySelector(name="gone", key="k"),
            "ConfigMap gone does not exist",
            id="no ConfigMap",
        ),
    ],
)
def test_a_credential_that_is_missing_is_named(
    selector: SecretKeySelector | ConfigMapKeySelector, message: str
) -> None:
    with pytest.raises(SpecInvalid, match=message) as refused:
        _path(selector, Files())
    assert refused.value.field.startswith("spec.x")
    assert "hunter2" not in str(refused.value)


def test_an_optional_credential_may_be_missing() -> None:
    files = Files()
    _path(_secret("gone", optional=True), files)
    assert [source["secret"]["optional"] for source in _sources(files)] == [True]


def test_a_credential_that_is_needed_somewhere_is_needed() -> None:
    files = Files()
    _path(_secret(optional=True), files)
    _path(_secret(), files)
    assert [source["secret"]["optional"] for source in _sources(files)] == [None]


def test_a_secret_and_a_config_map_that_give_one_file_are_refused() -> None:
    around = Known(secrets={"configmap-x": {"k": b""}}, config_maps={"x": {"k": ""}})
    files = Files()
    credential(_secret("configmap-x", "k"), field="spec.a", around=around, files=files)
    clash = ConfigMapKeySelector(name="x", key="k")
    with pytest.raises(SpecInvalid, match=r"spec\.b: .* give one file, configmap-x/k"):
        credential(clash, field="spec.b", around=around, files=files)


def test_either_kind_of_object_may_hold_a_content() -> None:
    files = Files()
    selector = SecretOrConfigMap(config_map=ConfigMapKeySelector(name="authorities", key="ca.crt"))
    path = content(selector, field="spec.ca", around=AROUND, files=files)
    assert path == "/etc/vm/credentials/configmap-authorities/ca.crt"
    assert content(SecretOrConfigMap(), field="spec.ca", around=AROUND, files=files) is None
    both = SecretOrConfigMap(secret=_secret(), config_map=selector.config_map)
    with pytest.raises(SpecInvalid, match=r"spec\.ca: set either secret or configMap"):
        content(both, field="spec.ca", around=AROUND, files=files)


def test_what_no_file_can_hold_becomes_an_environment_variable() -> None:
    files = Files()
    field = "spec.remoteWrite[0].oauth2.client_id.secret"
    flag = variable(_secret(key="user"), field=field, around=AROUND, files=files)
    assert flag == "%{REMOTEWRITE_0_OAUTH2_CLIENT_ID_SECRET}"
    assert files.env == (
        {
            "name": "REMOTEWRITE_0_OAUTH2_CLIENT_ID_SECRET",
            "valueFrom": {"secretKeyRef": {"name": "login", "key": "user"}},
        },
    )
    with pytest.raises(SpecInvalid, match="Secret gone does not exist"):
        variable(_secret("gone"), field=field, around=AROUND, files=files)


def test_a_text_is_read_without_the_line_end_behind_it() -> None:
    assert text(_secret(key="user"), field="spec.x", around=AROUND) == "me"
    authorities = ConfigMapKeySelector(name="authorities", key="ca.crt")
    assert text(authorities, field="spec.x", around=AROUND) == "PEM"
    with pytest.raises(SpecInvalid, match="key raw of Secret login is no text"):
        text(_secret(key="raw"), field="spec.x", around=AROUND)
