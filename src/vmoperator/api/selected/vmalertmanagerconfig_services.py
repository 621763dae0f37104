"""Receivers that are services: mail, pagers, trackers, webhooks."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from vmoperator.api.auth import TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.scalars import Count
from vmoperator.api.selected.scalars import Untold
from vmoperator.api.selected.vmalertmanagerconfig_chats import Url
from vmoperator.api.selected.vmalertmanagerconfig_http import (
    As,
    Form,
    HTTPNotifier,
    Notifier,
    SnakeModel,
)

Wait: TypeAlias = Annotated[str | None, As(form=Form.GO_DURATION)]
Timeout: TypeAlias = Annotated[str | None, As(form=Form.SECONDS)]


class EmailConfig(Notifier):
    """Mails."""

    to: str = Field(min_length=1)
    """Addresses to write to."""
    from_: Annotated[str | None, As("from")] = Field(default=None, alias="from")
    """Sender; that of the global section when unset."""
    hello: str | None = None
    """Name with which Alertmanager greets the SMTP server."""
    smarthost: Annotated[str | None, As(form=Form.HOST_PORT)] = None
    """SMTP server as host:port; that of the global section when unset."""
    auth_username: str | None = None
    """User name for the SMTP server."""
    auth_password: SecretKeySelector | None = None
    """Secret that holds the password."""
    auth_secret: SecretKeySelector | None = None
    """Secret that holds the secret of CRAM-MD5."""
    auth_identity: str | None = None
    """Identity for the SMTP server."""
    headers: dict[str, str] | None = None
    """Further headers of the mail."""
    html: str | None = None
    """Text of the mail in HTML."""
    text: str | None = None
    """Text of the mail without markup."""
    require_tls: bool | None = None
    """Whether nothing is sent without TLS; what the global section says when unset."""
    tls_config: Annotated[TLSConfig, Untold()] | None = None
    """TLS of the connection: ca, cert, keySecret, serverName, insecureSkipVerify."""


class PagerDutyImage(SnakeModel):
    """An image of an incident."""

    href: str | None = None
    """URL that it leads to."""
    source: Annotated[str, As("src")]
    """URL of the image."""
    alt: str | None = None
    """Text in place of the image."""


class PagerDutyLink(SnakeModel):
    """A link of an incident."""

    href: str
    """URL that it leads to."""
    text: str | None = None
    """Text of the link."""


class PagerDutyConfig(HTTPNotifier):
    """Incidents in PagerDuty."""

    routing_key: SecretKeySelector | None = None
    """Secret that holds the key of an integration of the Events API v2."""
    service_key: SecretKeySelector | None = None
    """Secret that holds the key of an integration of the type Prometheus."""
    url: Url = None
    """URL of the API; that of the global section when unset."""
    client: str | None = None
    """Name of the program that tells."""
    client_url: str | None = None
    """URL of the program that tells."""
    images: list[PagerDutyImage] | None = None
    """Images of the incident."""
    links: list[PagerDutyLink] | None = None
    """Links of the incident."""
    description: str | None = None
    """Description of it."""
    severity: str | None = None
    """Severity of the incident."""
    class_: Annotated[str | None, As("class")] = Field(default=None, alias="class")
    """Class of the incident."""
    group: str | None = None
    """Group of the incident."""
    component: str | None = None
    """Component that is affected."""
    details: dict[str, str] | None = None
    """Further facts."""


class PushoverConfig(HTTPNotifier):
    """Messages by Pushover."""

    user_key: SecretKeySelector | None = None
    """Secret that holds the key of the recipient."""
    token: SecretKeySelector | None = None
    """Secret that holds the token of the application."""
    title: str | None = None
    """Title of the message."""
    message: str | None = None
    """Text of the message."""
    url: str | None = None
    """URL in the message."""
    url_title: str | None = None
    """Text of the link."""
    sound: str | None = None
    """Sound of the message."""
    priority: str | None = None
    """Priority from -2 to 2."""
    retry: Wait = None
    """Time between two messages until somebody confirms; 1m when unset."""
    expire: Wait = None
    """Time after which nobody is asked to confirm any more; 1h when unset."""
    html: bool | None = None
    """Whether the message is HTML."""


class OpsGenieResponder(SnakeModel):
    """Who is called: one of id, name and username."""

    id: str | None = None
    """Id of it."""
    name: str | None = None
    """Name of it."""
    username: str | None = None
    """Name of the sender."""
    type: str = Field(min_length=1)
    """team, teams, user, escalation or schedule."""


class OpsGenieConfig(HTTPNotifier):
    """Alerts in Opsgenie."""

    api_key: SecretKeySelector | None = None
    """Secret that holds the key of the API; that of the global section when unset."""
    api_url: Annotated[str | None, As("api_url", Form.URL)] = Field(default=None, alias="apiURL")
    """URL of the API; that of the global section when unset."""
    message: str | None = None
    """Title of the alert."""
    description: str | None = None
    """Text of the alert."""
    source: str | None = None
    """Where the alert comes from."""
    tags: str | None = None
    """Tags of the alert, divided by commas."""
    note: str | None = None
    """Further note."""
    priority: str | None = None
    """Priority from P1 to P5."""
    details: dict[str, str] | None = None
    """Further facts."""
    responders: list[OpsGenieResponder] | None = None
    """Who is called."""
    entity: str | None = None
    """What the alert is about."""
    actions: str | None = None
    """Actions that responders may take, divided by commas."""
    update_alerts: bool | None = None
    """Whether message and description of an alert are kept up to date."""


class WebhookConfig(HTTPNotifier):
    """Requests with all that is known about the alerts."""

    url: Annotated[str | None, As(form=Form.TEMPLATED_URL)] = None
    """URL to send to; url_secret is the safer place."""
    url_secret: Annotated[SecretKeySelector | None, As("url", Form.TEMPLATED_URL)] = None
    """Secret that holds the URL."""
    max_alerts: Count | None = None
    """Most alerts of one request; 0 for no limit."""
    timeout: Timeout = None
    """Longest time that a request may take."""


class VictorOpsConfig(HTTPNotifier):
    """Incidents in Splunk On-Call, formerly VictorOps."""

    api_key: SecretKeySelector | None = None
    """Secret that holds the key of the API; that of the global section when unset."""
    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    routing_key: str = Field(min_length=1)
    """Key that says whom the incident reaches."""
    message_type: str | None = None
    """How critical the incident is."""
    entity_display_name: str | None = None
    """Short text of the incident."""
    state_message: str | None = None
    """Long text of the incident."""
    monitoring_tool: str | None = None
    """Name of the program that tells."""
    custom_fields: dict[str, str] | None = None
    """Further fields of the incident."""


class Sigv4Config(SnakeModel):
    """Credentials of Amazon; those of the pod when unset."""

    region: str | None = None
    """Region."""
    access_key: str | None = None
    """Id of the access key."""
    access_key_selector: Annotated[SecretKeySelector | None, As("access_key")] = None
    """Secret that holds the id of the access key."""
    secret_key_selector: Annotated[SecretKeySelector | None, As("secret_key")] = None
    """Secret that holds the access key."""
    profile: str | None = None
    """Profile of the credentials."""
    role_arn: str | None = None
    """Role to take."""


class SNSConfig(HTTPNotifier):
    """Messages by Amazon SNS, to one of topic_arn, target_arn and phone_number."""

    api_url: str | None = None
    """URL of the API; that of the region when unset."""
    sigv4: Sigv4Config | None = None
    """Credentials."""
    topic_arn: str | None = None
    """Topic to write to."""
    subject: str | None = None
    """Subject of the message."""
    phone_number: str | None = None
    """Number to write to."""
    target_arn: str | None = None
    """Endpoint to write to."""
    message: str | None = None
    """Text of the message."""
    attributes: dict[str, str] | None = None
    """Attributes of the message."""


class JiraConfig(HTTPNotifier):
    """Issues in Jira (Alertmanager 0.28)."""

    api_url: Url = None
    """URL of the API; that of the global section when unset."""
    project: str = Field(min_length=1)
    """Key of the project."""
    summary: str | None = None
    """Title of the issue."""
    description: str | None = None
    """Text of the issue."""
    labels: list[str] | None = None
    """Labels of the issue."""
    priority: str | None = None
    """Priority of the issue."""
    issue_type: str = Field(min_length=1)
    """Type of the issue."""
    reopen_transition: str | None = None
    """Transition that opens an issue again."""
    resolve_transition: str | None = None
    """Transition that closes an issue."""
    wont_fix_resolution: str | None = None
    """Resolution of issues that are never opened again."""
    reopen_duration: Annotated[str | None, As(form=Form.PERIOD)] = None
    """Time within which an issue is opened again rather than a new one made."""
    custom_fields: Annotated[dict[str, Any] | None, As("fields")] = None
    """Further fields of the issue, each of whichever type Jira wants."""


class IncidentioConfig(HTTPNotifier):
    """Alerts in incident.io (Alertmanager 0.29)."""

    url: Url = None
    """URL of the source of alerts."""
    url_file: str | None = None
    """The URL as a file in the container of Alertmanager."""
    alert_source_token: SecretKeySelector | None = None
    """Secret that holds the token of the source of alerts."""
    alert_source_token_file: str | None = None
    """The token as a file in the container of Alertmanager."""
    max_alerts: Count | None = None
    """Most alerts of one request; 0 for no limit."""
    timeout: Timeout = None
    """Longest time that a request may take."""
