"""VMAlertmanagerConfig: routes, receivers, inhibitions and times of one namespace."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vmoperator.api.scalars import Open, misfit
from vmoperator.api.selected import vmalertmanagerconfig_chats as chats
from vmoperator.api.selected import vmalertmanagerconfig_hosted as hosted
from vmoperator.api.selected import vmalertmanagerconfig_services as services
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.vmalertmanagerconfig_http import SnakeModel


class Route(SnakeModel):
    """Which alerts go to which receiver."""

    receiver: str | None = None
    """Name of a receiver of this object; below the top, that of the route above when unset."""
    group_by: list[str] | None = None
    """Labels whose values tell groups of alerts apart; `...` for all labels."""
    group_wait: str | None = None
    """Time before the first notification of a group."""
    group_interval: str | None = None
    """Time before a notification about new alerts of a group."""
    repeat_interval: str | None = None
    """Time before a notification is repeated."""
    matchers: list[str] | None = None
    """What alerts must have, each as `name="value"`, with =, !=, =~ or !~."""
    # Named `continue` in manifests, which Python does not allow.
    continue_: bool | None = Field(default=None, alias="continue")
    """Whether the routes that follow get the alert as well."""
    routes: list[Open] | None = None
    """Routes below this one, of the same form."""
    mute_time_intervals: list[str] | None = None
    """Names of time_intervals in which nobody is notified."""
    active_time_intervals: list[str] | None = None
    """Names of time_intervals outside of which nobody is notified."""


class InhibitRule(SnakeModel):
    """Alerts that are not told while others fire."""

    target_matchers: list[str] | None = None
    """What the alerts that are not told must have."""
    source_matchers: list[str] | None = None
    """What the alerts that fire meanwhile must have."""
    equal: list[str] | None = None
    """Labels that both must have in common."""


class TimeRange(SnakeModel):
    """A part of the day."""

    start_time: str
    """First minute, as 08:00."""
    end_time: str
    """Minute after the last one, up to 24:00."""


class TimeInterval(SnakeModel):
    """Times that are within all the ranges that it names."""

    times: list[TimeRange] | None = None
    """Parts of the day."""
    weekdays: list[str] | None = None
    """Days of the week, such as monday:friday."""
    days_of_month: list[str] | None = None
    """Days of the month, such as 1:5; -1 is the last one."""
    months: list[str] | None = None
    """Months, such as january:march or 1:3."""
    years: list[str] | None = None
    """Years, such as 2030:2032."""
    location: str | None = None
    """Time zone, such as Europe/Kyiv; UTC when unset."""


class TimeIntervals(SnakeModel):
    """Times that routes refer to by a name."""

    name: Annotated[str, Field(min_length=1)]
    """Name, unique in this object."""
    time_intervals: list[TimeInterval]
    """The times."""


class Receiver(SnakeModel):
    """Ways to notify that are used together."""

    name: Annotated[str, Field(min_length=1)]
    """Name, unique in this object."""
    email_configs: list[services.EmailConfig] | None = None
    """Mails."""
    pagerduty_configs: list[services.PagerDutyConfig] | None = None
    """Incidents in PagerDuty."""
    pushover_configs: list[services.PushoverConfig] | None = None
    """Messages by Pushover."""
    slack_configs: list[chats.SlackConfig] | None = None
    """Messages in Slack."""
    opsgenie_configs: list[services.OpsGenieConfig] | None = None
    """Alerts in Opsgenie."""
    webhook_configs: list[services.WebhookConfig] | None = None
    """Requests to a URL."""
    mattermost_configs: list[hosted.MattermostConfig] | None = None
    """Messages in Mattermost."""
    victorops_configs: list[services.VictorOpsConfig] | None = None
    """Incidents in Splunk On-Call."""
    wechat_configs: list[chats.WechatConfig] | None = None
    """Messages in WeChat."""
    telegram_configs: list[chats.TelegramConfig] | None = None
    """Messages in Telegram."""
    msteams_configs: list[chats.MSTeamsConfig] | None = None
    """Messages in Microsoft Teams, by a connector."""
    msteamsv2_configs: list[chats.MSTeamsV2Config] | None = None
    """Messages in Microsoft Teams, by a flow."""
    discord_configs: list[chats.DiscordConfig] | None = None
    """Messages in Discord."""
    sns_configs: list[services.SNSConfig] | None = None
    """Messages by Amazon SNS."""
    webex_configs: list[chats.WebexConfig] | None = None
    """Messages in Webex."""
    jira_configs: list[services.JiraConfig] | None = None
    """Issues in Jira."""
    incidentio_configs: list[services.IncidentioConfig] | None = None
    """Alerts in incident.io."""
    rocketchat_configs: list[hosted.RocketchatConfig] | None = None
    """Messages in Rocket.Chat."""


class VMAlertmanagerConfigSpec(SnakeModel):
    """Routes, receivers, inhibitions and times of one namespace."""

    route: Route | None = None
    """Where the alerts of this namespace go."""
    receivers: list[Receiver] | None = None
    """Who is notified, and how."""
    inhibit_rules: list[InhibitRule] | None = None
    """Alerts that are not told while others fire."""
    time_intervals: list[TimeIntervals] | None = None
    """Times that routes refer to."""

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        _refuse_twins([it.name for it in self.receivers or ()], "receivers")
        _refuse_twins([it.name for it in self.time_intervals or ()], "time_intervals")
        return self


class VMAlertmanagerConfig(SelectedObject):
    """Routes, receivers, inhibitions and times that VMAlertmanagers take up."""

    kind: Literal["VMAlertmanagerConfig"]
    spec: VMAlertmanagerConfigSpec
    """Routes, receivers, inhibitions and times of one namespace."""


def _refuse_twins(names: list[str], field: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise misfit(f"the name {name!r} stands there twice", f"{field}[{place}]", "name")
