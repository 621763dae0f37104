"""What a receiver must have, and what does not go together in it, by its kind.

Sources: UnmarshalYAML of the kinds in Alertmanager's config package, and what its main loop looks
up in the global section.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.selected import vmalertmanagerconfig_chats as chats
from vmoperator.api.selected import vmalertmanagerconfig_services as services
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.forms import is_template, refuse_broken_template
from vmoperator.render.routes.options import Version
from vmoperator.render.routes.reader import Reader


@dataclass(frozen=True, slots=True)
class _Need:
    """One of some fields has to be set, unless the global section says it."""

    fields: tuple[str, ...]
    instead: tuple[str, ...] = ()


_WEBHOOK = (_Need(("webhook_url", "webhook_url_secret")),)
_NEEDS: Mapping[str, tuple[_Need, ...]] = MappingProxyType(
    {
        "email_configs": (
            _Need(("smarthost",), ("smtp_smarthost",)),
            _Need(("from_",), ("smtp_from",)),
        ),
        "pagerduty_configs": (_Need(("routing_key", "service_key")),),
        "pushover_configs": (_Need(("user_key",)), _Need(("token",))),
        "slack_configs": (
            _Need(
                ("api_url",),
                (
                    "slack_api_url",
                    "slack_api_url_file",
                    "slack_app_token",
                    "slack_app_token_file",
                ),
            ),
        ),
        "opsgenie_configs": (_Need(("api_key",), ("opsgenie_api_key", "opsgenie_api_key_file")),),
        "webhook_configs": (_Need(("url", "url_secret")),),
        "mattermost_configs": (_Need(("url", "url_secret")),),
        "victorops_configs": (
            _Need(("api_key",), ("victorops_api_key", "victorops_api_key_file")),
        ),
        "wechat_configs": (
            _Need(("api_secret",), ("wechat_api_secret", "wechat_api_secret_file")),
            _Need(("corp_id",), ("wechat_api_corp_id",)),
        ),
        "telegram_configs": (
            _Need(("bot_token",), ("telegram_bot_token", "telegram_bot_token_file")),
        ),
        "msteams_configs": _WEBHOOK,
        "msteamsv2_configs": _WEBHOOK,
        "discord_configs": _WEBHOOK,
        "sns_configs": (_Need(("topic_arn", "target_arn", "phone_number")),),
        "jira_configs": (_Need(("api_url",), ("jira_api_url",)),),
        "incidentio_configs": (_Need(("url", "url_file")),),
        "rocketchat_configs": (
            _Need(("token",), ("rocketchat_token", "rocketchat_token_file")),
            _Need(("token_id",), ("rocketchat_token_id", "rocketchat_token_id_file")),
        ),
    }
)
_SINCE: Mapping[str, Version] = MappingProxyType(
    {
        "telegram_configs": (0, 24),
        "discord_configs": (0, 25),
        "webex_configs": (0, 25),
        "msteams_configs": (0, 26),
        "msteamsv2_configs": (0, 28),
        "jira_configs": (0, 28),
        "rocketchat_configs": (0, 28),
        "incidentio_configs": (0, 29),
        "mattermost_configs": (0, 30),
    }
)
_RESPONDERS = ("team", "teams", "user", "escalation", "schedule")
_VICTOROPS = frozenset(
    ["routing_key", "message_type", "state_message", "entity_display_name", "monitoring_tool"]
    + ["entity_id", "entity_state"]
)
_SLACK_POST = "https://slack.com/api/chat.postMessage"


def refuse_unfit(given: Any, reader: Reader, *, kind: str, field: str) -> None:
    """Raises SpecInvalid, which names the field, for what Alertmanager would not start with."""
    if kind in _SINCE:
        reader.refuse_older(_SINCE[kind], field=field)
    for need in _NEEDS.get(kind, ()):
        _refuse_missing(given, need, reader, field=field)
    if kind in _CHECKS:
        _CHECKS[kind](given, reader, field)


def _is_set(value: Any) -> bool:
    # Go clients write an unset selector as `{key: ""}`.
    return bool(value.key) if isinstance(value, SecretKeySelector) else bool(value)


def _refuse_missing(given: Any, need: _Need, reader: Reader, *, field: str) -> None:
    found = [name.rstrip("_") for name in need.fields if _is_set(getattr(given, name))]
    if len(found) > 1:
        raise SpecInvalid(f"{field}.{found[1]}", f"is set beside {found[0]}; set one of them")
    if found or reader.options.global_fields.intersection(need.instead):
        return
    names = [name.rstrip("_") for name in need.fields]
    message = "is required" if len(names) == 1 else f"set one of {', '.join(names)}"
    if need.instead:
        message += f", here or as {need.instead[0]} in the global section of the VMAlertmanager"
    raise SpecInvalid(f"{field}.{names[0]}", message)


def _email(given: services.EmailConfig, _: Reader, field: str) -> None:
    names = [name.lower() for name in given.headers or ()]
    if len(set(names)) < len(names):
        raise SpecInvalid(f"{field}.headers", "name a header twice: capitals make no difference")


def _slack(given: chats.SlackConfig, reader: Reader, field: str) -> None:
    for place, action in enumerate(given.actions or ()):
        if not action.url and not action.name:
            raise SpecInvalid(f"{field}.actions[{place}].url", "set either url or name")
    auth = given.http_config and given.http_config.authorization
    hooks = {"slack_api_url", "slack_api_url_file"}
    if auth and not _is_set(given.api_url) and not hooks & reader.options.global_fields:
        message = "is required beside http_config.authorization, here or in the global section"
        raise SpecInvalid(f"{field}.api_url", message)
    if given.update_message:
        reader.refuse_older((0, 32), field=f"{field}.update_message")
        if reader.secret(given.api_url, field=f"{field}.api_url") != _SLACK_POST:
            raise SpecInvalid(f"{field}.update_message", f"needs {_SLACK_POST} as api_url")


def _opsgenie(given: services.OpsGenieConfig, _: Reader, field: str) -> None:
    for place, one in enumerate(given.responders or ()):
        below = f"{field}.responders[{place}]"
        if not (one.id or one.name or one.username):
            raise SpecInvalid(below, "set one of id, name and username")
        if is_template(one.type):
            refuse_broken_template(one.type, field=f"{below}.type")
        elif one.type.lower() not in _RESPONDERS:
            raise SpecInvalid(f"{below}.type", f"must be {', '.join(_RESPONDERS)}")


def _victorops(given: services.VictorOpsConfig, _: Reader, field: str) -> None:
    for name in given.custom_fields or ():
        if name in _VICTOROPS:
            raise SpecInvalid(f"{field}.custom_fields.{name}", "is a field that is always there")


def _telegram(given: chats.TelegramConfig, reader: Reader, field: str) -> None:
    if given.chat_id == 0 or not _is_int64(given.chat_id):
        raise SpecInvalid(f"{field}.chat_id", "must be a number of 64 bits, and not 0")
    if not _is_int64(given.message_thread_id or 0):
        raise SpecInvalid(f"{field}.message_thread_id", "must be a number of 64 bits")
    if given.message_thread_id:
        reader.refuse_older((0, 28), field=f"{field}.message_thread_id")


def _is_int64(number: int) -> bool:
    return -(2**63) <= number < 2**63


def _sns(given: services.SNSConfig, _: Reader, field: str) -> None:
    sigv4 = given.sigv4 or services.Sigv4Config()
    below = f"{field}.sigv4"
    if sigv4.access_key and _is_set(sigv4.access_key_selector):
        message = "is set beside access_key; set one of them"
        raise SpecInvalid(f"{below}.access_key_selector", message)
    has_id = bool(sigv4.access_key) or _is_set(sigv4.access_key_selector)
    if has_id != _is_set(sigv4.secret_key_selector):
        raise SpecInvalid(below, "the id of an access key and the key itself go together")


def _webex(given: chats.WebexConfig, _: Reader, field: str) -> None:
    if not _is_authorized(given.http_config):
        message = "is required: the token of the bot"
        raise SpecInvalid(f"{field}.http_config.authorization", message)


def _incidentio(given: services.IncidentioConfig, _: Reader, field: str) -> None:
    ways = {
        "alert_source_token": _is_set(given.alert_source_token),
        "alert_source_token_file": bool(given.alert_source_token_file),
        "http_config.authorization": _is_authorized(given.http_config),
    }
    used = [name for name, is_used in ways.items() if is_used]
    if len(used) != 1:
        raise SpecInvalid(f"{field}.{(used or list(ways))[-1]}", f"set one of {', '.join(ways)}")


def _is_authorized(http: Any) -> bool:
    return http is not None and (
        http.authorization is not None
        or _is_set(http.bearer_token_secret)
        or bool(http.bearer_token_file)
    )


_CHECKS: Mapping[str, Callable[[Any, Reader, str], None]] = MappingProxyType(
    {
        "email_configs": _email,
        "slack_configs": _slack,
        "opsgenie_configs": _opsgenie,
        "victorops_configs": _victorops,
        "telegram_configs": _telegram,
        "sns_configs": _sns,
        "webex_configs": _webex,
        "incidentio_configs": _incidentio,
    }
)
