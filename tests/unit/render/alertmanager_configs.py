"""VMAlertmanagerConfigs of all shapes, sound ones and others, and what is around them."""

from __future__ import annotations

import types
import typing
from random import Random
from typing import Any

from pydantic.fields import FieldInfo

from vmoperator.api.around import Known
from vmoperator.api.auth import TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel, parts_of
from vmoperator.api.selected import selected
from vmoperator.api.selected.vmalertmanagerconfig import Receiver, VMAlertmanagerConfig
from vmoperator.api.selected.vmalertmanagerconfig_http import As, Form, HTTPConfig
from vmoperator.base.manifest import Manifest

SECRET = {
    "text": b"geheim: '\"\\ \xe2\x80\xa8 {x}",
    "url": b"https://example.com/path?a=b",
    "nothing": b"",
}
AROUND = Known(secrets={"team/s": SECRET}, config_maps={"team/c": {"text": "id"}})
_TEXTS = ("x", "a: b", "- c # d", "true", "1.5", "\u2028\x85", "{{ .CommonLabels.a }}", "'\"\\")
_FORMS = {
    Form.URL: ("https://example.com/a%20b", "http://[::1]:80", "HTTP://a", "ftp://a", "nonsense"),
    Form.TEMPLATED_URL: ("http://a/{{ .GroupLabels.x }}", "https://a", "{{ toUpper .a }}", "{{"),
    Form.SECONDS: ("10s", "1d", "1h30m", "1x", ""),
    Form.GO_DURATION: ("10s", "1.5h", "1d", ""),
    Form.PERIOD: ("10s", "1w2d", "2d1w", "0"),
    Form.HOST_PORT: ("mail:25", "[::1]:smtp", "mail", ":25"),
}
_NAMED: dict[str, tuple[Any, ...]] = {
    "parse_mode": ("HTML", "", "XML"),
    "message_type": ("text", "markdown", ""),
    "type": ("team", "User", "nobody", "{{ .x }}"),
    "custom_fields": ({"a": "b"}, {"entity_id": "x"}),
    "update_message": (False,),
    "chat_id": (-100, 7, 0),
    "http_headers": ({"X-A": {"values": ["b"], "secrets": [{"name": "s", "key": "text"}]}},),
    "proxyURL": ("socks5://a:1", "http://p", "p:1"),
}
_BAD_SHARE = 0.04


def config(spec: Manifest, name: str = "one", namespace: str = "team") -> VMAlertmanagerConfig:
    """A VMAlertmanagerConfig. Raises SpecInvalid for one that has no such shape."""
    found = selected(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAlertmanagerConfig",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
    )
    assert isinstance(found, VMAlertmanagerConfig)
    return found


def receiving(kind: str, notifier: Manifest) -> VMAlertmanagerConfig:
    """One with a single receiver of a kind: `receiving("webhook", {...})`."""
    receiver = {"name": "r", f"{kind}_configs": [notifier]}
    return config({"route": {"receiver": "r"}, "receivers": [receiver]})


def any_config(random: Random, name: str) -> Manifest:
    """The specification of some VMAlertmanagerConfig, most often a sound one."""
    kinds = [it for it in Receiver.model_fields if it != "name"]
    receivers = [
        {"name": f"r{number}", **_notifiers(random, random.choice(kinds))} for number in range(2)
    ]
    route = {
        "receiver": "r0",
        "matchers": _some(random, ["a=b", 'c=~"d|e"', "f!=g", '"h i"="j"', "k l"]),
        "group_by": _some(random, ["alertname", "a.b", "..."]),
        "group_wait": random.choice(["30s", "0s", "1d"]),
        "routes": [{"receiver": "r1", "routes": [{"matchers": ["x=y"], "continue": True}]}],
    }
    inhibit = {"target_matchers": ["a=b"], "source_matchers": ["c=d"], "equal": [name]}
    return {"route": route, "receivers": receivers, "inhibit_rules": [inhibit]}


def _some(random: Random, values: list[str]) -> list[str]:
    return [it for it in values[:-1] if random.random() < 0.5] + (
        values[-1:] if random.random() < _BAD_SHARE else []
    )


def _notifiers(random: Random, kind: str) -> Manifest:
    (model,) = parts_of(Receiver.model_fields[kind].annotation)
    return {kind: [part(random, model)]}


def part(random: Random, model: type[SpecModel]) -> Manifest:
    """Some values of some fields of a model."""
    made: Manifest = {}
    for name, info in model.model_fields.items():
        alias = info.alias or name
        if info.is_required() or random.random() < 0.6:
            made[alias] = _value(random, alias, info)
    return _disentangled(random, made)


def _disentangled(random: Random, made: Manifest) -> Manifest:
    """Ways that exclude each other, most often one of them alone."""
    rivals = (
        ("url", "url_secret", "url_file"),
        ("webhook_url", "webhook_url_secret"),
        ("routing_key", "service_key"),
        ("topic_arn", "target_arn", "phone_number"),
        ("alert_source_token", "alert_source_token_file"),
        ("authorization", "basic_auth", "oauth2", "bearer_token_secret", "bearer_token_file"),
        ("proxyFromEnvironment", "proxyURL", "noProxy", "proxyConnectHeader"),
        ("access_key", "access_key_selector", "secret_key_selector"),
    )
    for names in rivals:
        found = [it for it in names if it in made]
        for name in found[1:] if random.random() > _BAD_SHARE else ():
            del made[name]
    return made


def _value(random: Random, alias: str, info: FieldInfo) -> Any:
    mark = next((it for it in info.metadata if isinstance(it, As)), As())
    if alias in _NAMED:
        return random.choice(_NAMED[alias])
    return _of(random, info.annotation, mark.form)


def _of(random: Random, annotation: Any, form: Form | None) -> Any:
    inner = [it for it in typing.get_args(annotation) if it is not types.NoneType]
    origin = typing.get_origin(annotation)
    if origin is list:
        return [_of(random, inner[0], form)]
    if origin is dict:
        return {"key": _of(random, inner[1], form)}
    if inner:
        return _of(random, inner[0], form)
    if annotation in (bool, int):
        return annotation(random.randint(1, 5))
    return _text(random, form) if annotation is str else _part_of(random, annotation, form)


def _part_of(random: Random, model: Any, form: Form | None) -> Manifest:
    is_bad = random.random() < _BAD_SHARE
    if model is SecretKeySelector:
        key = random.choice(("nothing", "absent")) if is_bad else "url" if form else "text"
        return {"name": "s", "key": key}
    if model in (HTTPConfig, TLSConfig) and not is_bad:
        return _client(random) if model is HTTPConfig else {"insecureSkipVerify": True}
    return part(random, model)


def _text(random: Random, form: Form | None) -> str:
    is_bad = random.random() < _BAD_SHARE
    if form:
        return random.choice(_FORMS[form] if is_bad else _FORMS[form][:2])
    return "" if is_bad else random.choice(_TEXTS)


def _client(random: Random) -> Manifest:
    text = {"name": "s", "key": "text"}
    oauth2 = {"client_id": {"configMap": {"name": "c", "key": "text"}}, "client_secret": text}
    return random.choice(
        [
            {"authorization": {"type": "Token", "credentials": text}},
            {"bearer_token_secret": text, "follow_redirects": False},
            {"basic_auth": {"username": text, "password": text}, "proxyURL": "http://p:1"},
            {"oauth2": {**oauth2, "token_url": "https://t", "scopes": ["a"]}},
            {"http_headers": {"X-A": {"values": ["b"], "secrets": [text]}}},
        ]
    )
