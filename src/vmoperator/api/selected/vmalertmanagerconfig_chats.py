"""Receivers that are chats: Slack, Teams, Discord and the like."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.selected.vmalertmanagerconfig_http import As, Form, HTTPNotifier, SnakeModel

Url: TypeAlias = Annotated[str | None, As(form=Form.URL)]
WebhookSecret: TypeAlias = Annotated[SecretKeySelector | None, As("webhook_url", Form.URL)]


class SlackField(SnakeModel):
    """A field of a message in Slack."""

    title: str = Field(min_length=1)
    """Title of the field."""
    value: str = Field(min_length=1)
    """Text of the field."""
    short: bool | None = None
    """Whether it fits beside another field."""


class SlackConfirmation(SnakeModel):
    """What Slack asks before an action."""

    text: str = Field(min_length=1)
    """What is asked."""
    title: str | None = None
    """Title of the question."""
    ok_text: str | None = None
    """What the button to go on says."""
    dismiss_text: str | None = None
    """What the button to stop says."""


class SlackAction(SnakeModel):
    """A button of a message in Slack."""

    type: str = Field(min_length=1)
    """Type of it."""
    text: str = Field(min_length=1)
    """What the button says."""
    url: str | None = None
    """URL that it leads to."""
    style: str | None = None
    """Look of it."""
    name: str | None = None
    """Name that the application gets."""
    value: str | None = None
    """Value that the application gets."""
    confirm: SlackConfirmation | None = None
    """What is asked before."""


class SlackConfig(HTTPNotifier):
    """Messages in Slack."""

    api_url: Annotated[SecretKeySelector | None, As(form=Form.URL)] = None
    """Secret that holds the URL of the webhook; that of the global section when unset."""
    channel: str | None = None
    """Channel or user to write to."""
    username: str | None = None
    """Name of the sender."""
    color: str | None = None
    """Colour of the message."""
    title: str | None = None
    """Title of the message."""
    title_link: str | None = None
    """URL that the title leads to."""
    pretext: str | None = None
    """Text before the message."""
    text: str | None = None
    """Text of the message."""
    fields: list[SlackField] | None = None
    """Fields of the message."""
    short_fields: bool | None = None
    """Whether fields stand beside each other unless they say otherwise."""
    footer: str | None = None
    """Text below the message."""
    fallback: str | None = None
    """Text for clients that show no more."""
    callback_id: str | None = None
    """Id of the message for the application."""
    icon_emoji: str | None = None
    """Emoji of the sender."""
    icon_url: str | None = None
    """URL of the picture of the sender."""
    image_url: str | None = None
    """URL of an image."""
    thumb_url: str | None = None
    """URL of a small image."""
    link_names: bool | None = None
    """Whether names of channels and users become links."""
    mrkdwn_in: list[str] | None = None
    """Fields of the message in which markup counts."""
    actions: list[SlackAction] | None = None
    """Buttons of the message."""
    update_message: Annotated[bool | None, As(says_only_yes=True)] = None
    """Whether a message is changed rather than a new one written (Alertmanager 0.32)."""


class DiscordConfig(HTTPNotifier):
    """Messages in Discord."""

    webhook_url: Url = None
    """URL of the webhook; webhook_url_secret is the safer place."""
    webhook_url_secret: WebhookSecret = None
    """Secret that holds the URL of the webhook."""
    title: str | None = None
    """Title of the message."""
    message: str | None = None
    """Text of the message."""
    content: Annotated[str, Field(max_length=2000)] | None = None
    """Text before the message, at most 2000 characters."""
    username: str | None = None
    """Name of the sender."""
    avatar_url: str | None = None
    """URL of the picture of the sender."""


class MSTeamsConfig(HTTPNotifier):
    """Messages in Microsoft Teams, by a connector."""

    webhook_url: Url = None
    """URL of the webhook; webhook_url_secret is the safer place."""
    webhook_url_secret: WebhookSecret = None
    """Secret that holds the URL of the webhook."""
    title: str | None = None
    """Title of the message."""
    text: str | None = None
    """Text of the message."""


class MSTeamsV2Config(MSTeamsConfig):
    """Messages in Microsoft Teams, by a flow (Alertmanager 0.28)."""


class TelegramConfig(HTTPNotifier):
    """Messages in Telegram."""

    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    bot_token: SecretKeySelector | None = None
    """Secret that holds the token of the bot."""
    chat_id: int
    """Number of the chat."""
    message_thread_id: int | None = None
    """Number of the topic in the chat."""
    message: str | None = None
    """Text of the message."""
    disable_notifications: bool | None = None
    """Whether the message makes no sound."""
    parse_mode: Literal["", "Markdown", "MarkdownV2", "HTML"] | None = None
    """Markup of the message; HTML when unset."""


class WebexConfig(HTTPNotifier):
    """Messages in Webex; http_config.authorization holds the token of the bot."""

    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    room_id: str = Field(min_length=1)
    """Room to write to."""
    message: str | None = None
    """Text of the message."""


class WechatConfig(HTTPNotifier):
    """Messages in WeChat."""

    api_secret: SecretKeySelector | None = None
    """Secret that holds the key of the API; that of the global section when unset."""
    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    corp_id: str | None = None
    """Id of the company; that of the global section when unset."""
    agent_id: str | None = None
    """Id of the application that writes."""
    to_user: str | None = None
    """Users to write to."""
    to_party: str | None = None
    """Departments to write to."""
    to_tag: str | None = None
    """Tags to write to."""
    message: str | None = None
    """Text of the message."""
    message_type: Literal["", "text", "markdown"] | None = None
    """Type of the message."""
