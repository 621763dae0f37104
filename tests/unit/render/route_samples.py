"""What the generated test of the fields of VMAlertmanagerConfigs cannot know of itself."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from vmoperator.api.around import Known
from vmoperator.base.manifest import Manifest

BASES: Mapping[str, Manifest] = MappingProxyType(
    {
        "VMAlertmanagerConfig": {
            "route": {"receiver": "r"},
            "receivers": [{"name": "r"}, {"name": "s"}],
            "time_intervals": [{"name": "t", "time_intervals": []}],
        }
    }
)
"""Kind -> the least that makes a piece."""


def _pair() -> dict[str, bytes]:
    """A certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample")])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return {
        "cert": cert.public_bytes(serialization.Encoding.PEM),
        "key": key.private_bytes(serialization.Encoding.PEM, *plain),
    }


def _secret(name: str) -> dict[str, bytes]:
    # A text that is a URL will do for a password as well.
    urls = {key: f"https://{name}/{key}".encode() for key in ("sample", "other")}
    again = {f"{key}-again": text for key, text in _pair().items()}
    return {**urls, **_pair(), **again, "post": b"https://slack.com/api/chat.postMessage"}


_SECRETS = {name: _secret(name) for name in ("sample", "other")}
_MAPS = {
    name: {key: text.decode() for key, text in keys.items()} for name, keys in _SECRETS.items()
}
AROUND = Known(
    secrets={f"shop/{name}": keys for name, keys in _SECRETS.items()},
    config_maps={f"shop/{name}": keys for name, keys in _MAPS.items()},
)
"""Secrets and ConfigMaps that the samples name."""

_SECRET = {"name": "sample", "key": "sample"}
_CERT = {"secret": {"name": "sample", "key": "cert"}}
_KEY = {"name": "sample", "key": "key"}
_OAUTH2 = {"client_id": {"secret": _SECRET}, "client_secret": _SECRET, "token_url": "http://a"}
_URL = {"url": "https://a"}
_WEBHOOK = {"webhook_url": "https://a"}
_SELECTORS = ("SecretKeySelector", "ConfigMapKeySelector")
_AUTHORIZATION = {"authorization": {"credentials": _SECRET}}
_ANOTHER_WAY = {"authorization": None}
_OTHER_WAYS = ("basic_auth", "bearer_token_secret", "bearer_token_file", "oauth2")
_TOKENS = ("authorization", "bearer_token_secret", "bearer_token_file")
_NO_TOKEN = {"alert_source_token": None}
_AUTHORIZED = {"http_config": _AUTHORIZATION}

NEEDS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("EmailConfig", {"smarthost": "a:25", "from": "a"}),
    ("PagerDutyConfig", {"routing_key": _SECRET}),
    ("PagerDutyConfig:service_key", {"routing_key": None}),
    ("PushoverConfig", {"user_key": _SECRET, "token": _SECRET}),
    ("SlackConfig", {"api_url": _SECRET}),
    ("SlackConfig:update_message", {"api_url": {"key": "post"}}),
    ("SlackAction", {"url": "https://a"}),
    ("SlackAction:url", {"name": "a"}),
    ("OpsGenieConfig", {"api_key": _SECRET}),
    ("OpsGenieResponder", {"name": "a", "type": "team"}),
    *((f"OpsGenieResponder:{name}", {"name": None}) for name in ("id", "username")),
    ("WebhookConfig", _URL),
    ("WebhookConfig:url_secret", {"url": None}),
    ("MattermostConfig", _URL),
    ("MattermostConfig:url_secret", {"url": None}),
    ("VictorOpsConfig", {"api_key": _SECRET}),
    ("WechatConfig", {"api_secret": _SECRET, "corp_id": "a"}),
    ("TelegramConfig", {"bot_token": _SECRET}),
    *((name, _WEBHOOK) for name in ("MSTeamsConfig", "MSTeamsV2Config", "DiscordConfig")),
    *(
        (f"{name}:webhook_url_secret", {"webhook_url": None})
        for name in ("MSTeamsConfig", "MSTeamsV2Config", "DiscordConfig")
    ),
    ("SNSConfig", {"topic_arn": "a"}),
    *((f"SNSConfig:{name}", {"topic_arn": None}) for name in ("target_arn", "phone_number")),
    ("Sigv4Config", {"access_key": "a", "secret_key_selector": _SECRET}),
    ("Sigv4Config:access_key_selector", {"access_key": None}),
    ("JiraConfig", {"api_url": "https://a"}),
    ("IncidentioConfig", {**_URL, "alert_source_token": _SECRET}),
    ("IncidentioConfig:url_file", {"url": None}),
    ("IncidentioConfig:alert_source_token_file", _NO_TOKEN),
    *((f"IncidentioConfig:http_config.{name}", _NO_TOKEN) for name in _TOKENS),
    ("RocketchatConfig", {"token": _SECRET, "token_id": _SECRET}),
    ("WebexConfig", _AUTHORIZED),
    *((f"HTTPConfig:{name}", _ANOTHER_WAY) for name in _OTHER_WAYS),
    ("HTTPConfig:proxyConnectHeader", {"proxyURL": "http://a"}),
    ("HTTPConfig:noProxy", {"proxyURL": "http://a"}),
    ("TimeRange", {"start_time": "07:00", "end_time": "12:00"}),
    ("SecretKeySelector", {"name": "sample"}),
    ("ConfigMapKeySelector", {"name": "sample"}),
    ("OAuth2", _OAUTH2),
    ("OAuth2:client_secret_file", {"client_secret": None}),
    ("Authorization", {"credentials": _SECRET}),
    ("Authorization:credentialsFile", {"credentials": None}),
    ("TLSConfig:cert", {"cert": _CERT, "keySecret": _KEY}),
    ("TLSConfig:certFile", {"keyFile": "/key"}),
    ("TLSConfig:keySecret", {"cert": _CERT, "keySecret": _KEY}),
    ("TLSConfig:keyFile", {"certFile": "/cert"}),
    ("SecretOrConfigMap:secret", {"secret": {"key": "cert"}}),
    ("SecretOrConfigMap:configMap", {"secret": None, "configMap": {"key": "cert"}}),
    *((f"{name}:optional", {"name": "absent"}) for name in _SELECTORS),
)
"""A field, or a model on the way to it -> what else has to be set for it to act."""

SAMPLES: Mapping[str, Sequence[Any]] = MappingProxyType(
    {
        "Receiver:name": ["r", "q"],
        "Route:receiver": ["r", "s"],
        "Route:group_wait": ["30s", "1m"],
        "Route:group_interval": ["30s", "1m"],
        "Route:repeat_interval": ["30s", "1m"],
        "Route:matchers": [["a=b"], ["c=~d"]],
        "Route:routes": [[{"continue": True}]],
        "Route:mute_time_intervals": [["t"]],
        "Route:active_time_intervals": [["t"]],
        "InhibitRule:target_matchers": [["a=b"], ["c=~d"]],
        "InhibitRule:source_matchers": [["a=b"], ["c=~d"]],
        "TimeRange:start_time": ["08:00", "09:00"],
        "TimeRange:end_time": ["10:00", "11:00"],
        "TimeInterval:weekdays": [["monday:friday"]],
        "TimeInterval:days_of_month": [["1:5"]],
        "TimeInterval:months": [["may"]],
        "TimeInterval:years": [["2030"]],
        "TimeInterval:location": ["Europe/Kyiv"],
        "smarthost": ["b:25", "b:587"],
        "EmailConfig:headers": [{"k": "v"}],
        "webhook_url": ["https://b"],
        "url": ["https://b"],
        "api_url": ["https://b"],
        "apiURL": ["https://b"],
        "api_url.key": ["sample", "other"],
        "url_secret.key": ["sample", "other"],
        "proxyURL": ["http://b"],
        "proxy_url": ["http://b"],
        "OpsGenieResponder:type": ["team", "user"],
        "retry": ["1m"],
        "expire": ["1m"],
        "timeout": ["1m"],
        "reopen_duration": ["1m"],
        **{
            f"{field}.{source}.key": ["cert", "cert-again"]
            for field in ("ca", "cert")
            for source in ("secret", "configMap")
        },
        "keySecret.key": ["key", "key-again"],
    }
)
"""A field -> values that it may have, at least two where it is required."""

_PAIR = "a certificate goes with a key, so that both are optional or none is"
_NEEDED = "whoever is notified, and what proves who somebody is, has to be there"
_KEYS = (
    *("webhook_url_secret", "url_secret", "api_url", "routing_key", "service_key", "user_key"),
    *("token", "token_id", "api_key", "api_secret", "bot_token", "alert_source_token"),
    *("access_key_selector", "secret_key_selector", "authorization.credentials"),
    *("client_id.secret", "client_id.configMap"),
    *(f"{kind}_configs.http_config.bearer_token_secret" for kind in ("webex", "incidentio")),
)
_BOT = "refused: a bot of Webex has a token"
_WEBEX = "spec.receivers.webex_configs.http_config"
WITHOUT_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "cert.secret.optional": _PAIR,
        "cert.configMap.optional": _PAIR,
        "keySecret.optional": _PAIR,
        **{f"{key}.optional": _NEEDED for key in _KEYS},
        f"{_WEBEX}.basic_auth": _BOT,
        f"{_WEBEX}.oauth2": _BOT,
    }
)
"""The end of the path of a field, or the whole path of a part -> why it makes no other piece."""
