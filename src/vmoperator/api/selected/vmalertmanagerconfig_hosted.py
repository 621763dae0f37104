"""Receivers that are chats which people host themselves: Mattermost, Rocket.Chat."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.selected.vmalertmanagerconfig_chats import Url, WebhookSecret
from vmoperator.api.selected.vmalertmanagerconfig_http import As, Form, HTTPNotifier, SnakeModel


class MattermostField(SnakeModel):
    """A field of an attachment in Mattermost."""

    title: str = Field(min_length=1)
    """Title of the field."""
    value: str = Field(min_length=1)
    """Text of the field."""
    short: bool | None = None
    """Whether it fits beside another field."""


class MattermostAttachment(SnakeModel):
    """An attachment of a message in Mattermost."""

    fallback: str | None = None
    """Text for clients that show no more."""
    color: str | None = None
    """Colour of the attachment."""
    pretext: str | None = None
    """Text before the attachment."""
    text: str | None = None
    """Text of the attachment."""
    author_name: str | None = None
    """Name of the author."""
    author_link: str | None = None
    """URL that the author leads to."""
    author_icon: str | None = None
    """URL of the picture of the author."""
    title: str | None = None
    """Title of the attachment."""
    title_link: str | None = None
    """URL that the title leads to."""
    fields: list[MattermostField] | None = None
    """Fields of the attachment."""
    thumb_url: str | None = None
    """URL of a small image."""
    footer: str | None = None
    """Text below the attachment."""
    footer_icon: str | None = None
    """URL of the picture of the footer."""
    image_url: str | None = None
    """URL of an image."""


class MattermostProps(SnakeModel):
    """What else a message in Mattermost has."""

    card: str | None = None
    """Text beside the message."""


class MattermostPriority(SnakeModel):
    """How urgent a message in Mattermost is."""

    priority: str | None = None
    """important or urgent."""
    requested_ack: bool | None = None
    """Whether somebody has to confirm."""
    persistent_notifications: bool | None = None
    """Whether people are reminded until somebody confirms."""


class MattermostConfig(HTTPNotifier):
    """Messages in Mattermost (Alertmanager 0.30)."""

    url: Annotated[str | None, As("webhook_url", Form.URL)] = None
    """URL of the webhook; url_secret is the safer place."""
    url_secret: WebhookSecret = None
    """Secret that holds the URL of the webhook."""
    username: str | None = None
    """Name of the sender."""
    channel: str | None = None
    """Channel to write to."""
    text: str
    """Text of the message."""
    icon_url: str | None = None
    """URL of the picture of the sender."""
    icon_emoji: str | None = None
    """Emoji of the sender."""
    attachments: list[MattermostAttachment] | None = None
    """Attachments of the message."""
    props: MattermostProps | None = None
    """What else the message has."""
    priority: MattermostPriority | None = None
    """Priority of it."""


class RocketchatField(SnakeModel):
    """A field of a message in Rocket.Chat."""

    title: str | None = None
    """Title of the field."""
    value: str | None = None
    """Text of the field."""
    short: bool | None = None
    """Whether it fits beside another field."""


class RocketchatAction(SnakeModel):
    """A button of a message in Rocket.Chat."""

    type: str | None = None
    """Type of it."""
    text: str | None = None
    """What the button says."""
    url: str | None = None
    """URL that it leads to."""
    msg: str | None = None
    """What the button writes into the chat."""


class RocketchatConfig(HTTPNotifier):
    """Messages in Rocket.Chat (Alertmanager 0.28)."""

    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    token_id: SecretKeySelector | None = None
    """Secret that holds the id of the token; that of the global section when unset."""
    token: SecretKeySelector | None = None
    """Secret that holds the token; that of the global section when unset."""
    channel: str | None = None
    """Channel to write to."""
    color: str | None = None
    """Colour of the message."""
    title: str | None = None
    """Title of the message."""
    title_link: str | None = None
    """URL that the title leads to."""
    text: str | None = None
    """Text of the message."""
    fields: list[RocketchatField] | None = None
    """Fields of the message."""
    short_fields: bool | None = None
    """Whether fields stand beside each other unless they say otherwise."""
    emoji: str | None = None
    """Emoji of the sender."""
    icon_url: str | None = None
    """URL of the picture of the sender."""
    image_url: str | None = None
    """URL of an image."""
    thumb_url: str | None = None
    """URL of a small image."""
    link_names: bool | None = None
    """Whether names of channels and users become links."""
    actions: list[RocketchatAction] | None = None
    """Buttons of the message."""
