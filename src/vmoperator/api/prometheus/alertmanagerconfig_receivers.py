"""Receivers of an AlertmanagerConfig: the same fields in snake_case, pairs as mappings."""

from __future__ import annotations

import re
from typing import Any

from vmoperator.api.prometheus.credentials import TLS, http, key
from vmoperator.api.prometheus.translation import (
    CLOSED,
    Place,
    Step,
    Table,
    kept,
    listed,
    part,
    parts,
    refused,
    same_anyway,
    text,
    translated,
)
from vmoperator.base.manifest import Manifest

_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PAIR: Table = {"key": kept(), "value": kept()}
_NOTHING = refused("a VMAlertmanagerConfig has nothing that means the same")


def _snake(name: str) -> str:
    return _CAPITALS.sub("_", name).lower()


def _same(*names: str) -> dict[str, Step]:
    """Fields of the same meaning, by their names in camelCase."""
    return {name: kept(_snake(name)) for name in names}


def _keys(*names: str) -> dict[str, Step]:
    """Keys of Secrets."""
    return {name: key(_snake(name)) for name in names}


def _pairs(value: Any, place: Place, name: str) -> Manifest:
    """A list of pairs as a mapping."""
    here = place.below(name, _snake(name))
    found: dict[str, str] = {}
    for number, given in enumerate(listed(value, here)):
        at = here.entry(number, number)
        pair = translated(given, _PAIR, at)
        label = text(pair.get("key", ""), at.below("key"))
        if not label or label in found:
            raise at.below("key").refusal("is required, and each key once")
        found[label] = text(pair.get("value", ""), at.below("value"))
    return {_snake(name): found}


def _renamed(step: Step, ours: str) -> Step:
    def renamed(value: Any, place: Place, name: str) -> Manifest:
        place.below(name, ours)
        found = step(value, place, name)
        return {ours: found[name]} if name in found else {}

    return renamed


_CLIENT = http("follow_redirects")
_HTTP: Table = {
    **_CLIENT,
    "basicAuth": _renamed(_CLIENT["basicAuth"], "basic_auth"),
    "tlsConfig": _renamed(_CLIENT["tlsConfig"], "tls_config"),
    "bearerTokenSecret": key("bearer_token_secret"),
    # Two spellings, an older and a newer one.
    "proxyURL": kept(),
    "proxyUrl": kept("proxyURL"),
    "noProxy": kept(),
    "proxyFromEnvironment": kept(),
    "proxyConnectHeader": kept(),
}
_BASE: Table = {"sendResolved": kept("send_resolved"), "httpConfig": part(_HTTP, "http_config")}
_PAGERDUTY: Table = {
    **_BASE,
    **_keys("routingKey", "serviceKey"),
    **_same("url", "client", "clientURL", "description", "severity", "class", "group", "component"),
    "details": _pairs,
    "pagerDutyImageConfigs": parts({"src": kept("source"), **_same("href", "alt")}, "images"),
    # The text of a link is called alt there.
    "pagerDutyLinkConfigs": parts({"href": kept(), "alt": kept("text")}, "links"),
    "source": _NOTHING,
    "timeout": _NOTHING,
}
_DISCORD: Table = {
    **_BASE,
    "apiURL": key("webhook_url_secret"),
    **_same("title", "message", "content", "username", "avatarURL"),
}
_CONFIRMATION: Table = _same("text", "title", "okText", "dismissText")
_SLACK: Table = {
    **_BASE,
    **_keys("apiURL"),
    **_same("channel", "username", "color", "title", "titleLink", "pretext", "text", "shortFields"),
    **_same("footer", "fallback", "iconEmoji", "iconURL", "imageURL", "thumbURL", "linkNames"),
    **_same("callbackId", "mrkdwnIn", "updateMessage"),
    "fields": parts(_same("title", "value", "short")),
    "actions": parts(
        {**_same("type", "text", "url", "style", "name", "value"), "confirm": part(_CONFIRMATION)}
    ),
    "timeout": _NOTHING,
    "messageText": _NOTHING,
}
_WEBHOOK: Table = {
    **_BASE,
    **_keys("urlSecret"),
    **_same("url", "maxAlerts", "timeout"),
    "payload": _NOTHING,
}
_OPSGENIE: Table = {
    **_BASE,
    **_keys("apiKey"),
    "apiURL": kept(),
    **_same("message", "description", "source", "tags", "note", "priority", "updateAlerts"),
    **_same("entity", "actions"),
    "details": _pairs,
    "responders": parts(_same("id", "name", "username", "type")),
}
_WEBEX: Table = {**_BASE, **_same("apiURL", "message"), "roomID": kept("room_id")}
_WECHAT: Table = {
    **_BASE,
    **_keys("apiSecret"),
    **_same("apiURL", "corpID", "agentID", "toUser", "toParty", "toTag", "message", "messageType"),
}
_EMAIL: Table = {
    "sendResolved": kept("send_resolved"),
    **_keys("authPassword", "authSecret"),
    **_same("to", "from", "hello", "smarthost", "authUsername", "authIdentity", "html", "text"),
    "requireTLS": kept("require_tls"),
    "headers": _pairs,
    "tlsConfig": part(TLS, "tls_config"),
    "forceImplicitTLS": _NOTHING,
    "threading": _NOTHING,
}
_VICTOROPS: Table = {
    **_BASE,
    **_keys("apiKey"),
    **_same("apiUrl", "routingKey", "messageType", "entityDisplayName", "stateMessage"),
    **_same("monitoringTool"),
    "customFields": _pairs,
}
_PUSHOVER: Table = {
    **_BASE,
    **_keys("userKey", "token"),
    **_same("title", "message", "url", "urlTitle", "sound", "priority", "retry", "expire", "html"),
    **dict.fromkeys(("userKeyFile", "tokenFile", "ttl", "device", "monospace"), _NOTHING),
}
_SIGV4: Table = {
    **_same("region", "profile", "roleArn"),
    "accessKey": key("access_key_selector"),
    "secretKey": key("secret_key_selector"),
    "externalId": _NOTHING,
    "useFIPSSTSEndpoint": _NOTHING,
}
_SNS: Table = {
    **_BASE,
    "sigv4": part(_SIGV4),
    **_same("apiURL", "topicARN", "subject", "phoneNumber", "targetARN", "message", "attributes"),
    # Which client asks for credentials; the message is the same.
    "useAWSHTTPClient": same_anyway,
}
_TELEGRAM: Table = {
    **_BASE,
    **_keys("botToken"),
    **_same("apiURL", "chatID", "messageThreadID", "message", "disableNotifications", "parseMode"),
    "botTokenFile": _NOTHING,
}
_MSTEAMS: Table = {
    **_BASE,
    "webhookUrl": key("webhook_url_secret"),
    "webhookURL": key("webhook_url_secret"),
    **_same("title", "text"),
    "summary": _NOTHING,
}
_ROCKETCHAT: Table = {
    **_BASE,
    **_keys("token", "tokenID"),
    **_same("apiURL", "channel", "color", "emoji", "iconURL", "text", "title", "titleLink"),
    **_same("shortFields", "imageURL", "thumbURL", "linkNames"),
    "fields": parts(_same("title", "value", "short")),
    "actions": parts(_same("text", "url", "msg")),
}
RECEIVER: Table = {
    "name": kept(),
    "opsgenieConfigs": parts(_OPSGENIE, "opsgenie_configs"),
    "pagerdutyConfigs": parts(_PAGERDUTY, "pagerduty_configs"),
    "discordConfigs": parts(_DISCORD, "discord_configs"),
    "slackConfigs": parts(_SLACK, "slack_configs"),
    "webhookConfigs": parts(_WEBHOOK, "webhook_configs"),
    "wechatConfigs": parts(_WECHAT, "wechat_configs"),
    "emailConfigs": parts(_EMAIL, "email_configs"),
    "victoropsConfigs": parts(_VICTOROPS, "victorops_configs"),
    "pushoverConfigs": parts(_PUSHOVER, "pushover_configs"),
    "snsConfigs": parts(_SNS, "sns_configs"),
    "telegramConfigs": parts(_TELEGRAM, "telegram_configs"),
    "webexConfigs": parts(_WEBEX, "webex_configs"),
    "msteamsConfigs": parts(_MSTEAMS, "msteams_configs"),
    "msteamsv2Configs": parts(_MSTEAMS, "msteamsv2_configs"),
    "rocketchatConfigs": parts(_ROCKETCHAT, "rocketchat_configs"),
    # A receiver without one of its ways keeps silent about alerts.
    **CLOSED,
}
"""A receiver, with all the ways that it has to notify."""
