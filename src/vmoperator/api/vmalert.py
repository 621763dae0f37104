"""VMAlert: evaluates alerting and recording rules, and sends alerts to Alertmanagers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vmoperator.api.auth import FileAuth, HTTPAuth
from vmoperator.api.component import Budgeted, Component, Logged, Stateless, VerticallyScaled
from vmoperator.api.embedded import License, SecretKeySelector
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.parent import Parent, ParentSpec
from vmoperator.api.reloading import Reloaded
from vmoperator.api.scalars import Count, GoDuration, Labels, Open


class NamespaceSelector(SpecModel):
    """Namespaces in which objects are looked for; the object's own if nothing is set."""

    any: bool | None = None
    """Whether all namespaces are meant."""
    match_names: list[str] | None = None
    """Names of the namespaces."""


class DiscoverySelector(SpecModel):
    """VMAlertmanagers, every pod of which gets the alerts."""

    namespace_selector: NamespaceSelector | None = None
    """Where they are looked for; in all namespaces when unset."""
    label_selector: Open | None = None
    """Labels that they have; any when unset."""


class Notifier(FileAuth):
    """Something that takes alerts: an Alertmanager."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.url) && self.url != '' || has(self.selector)",
            "set url, or selector to find VMAlertmanagers",
            reason="FieldValueRequired",
        ),
    )

    url: str | None = None
    """Its address; that of a VMAlertmanager's Service is expanded to one for each pod, so that
    every one of them gets the alerts."""
    selector: DiscoverySelector | None = None
    """VMAlertmanagers to send to, beside url."""


class Datasource(HTTPAuth):
    """Where rules are evaluated."""

    url: str = Field(min_length=1)
    """Address of a Prometheus-compatible query API (-datasource.url)."""


class RuleWrite(HTTPAuth):
    """Where results of rules and the state of alerts are written to."""

    url: str = Field(min_length=1)
    """Address that takes remote write (-remoteWrite.url)."""
    concurrency: Count | None = None
    """Writers at once (-remoteWrite.concurrency)."""
    flush_interval: GoDuration | None = None
    """Longest time that results wait for their block to fill (-remoteWrite.flushInterval)."""
    max_batch_size: Count | None = None
    """Largest number of series in a block (-remoteWrite.maxBatchSize)."""
    max_queue_size: Count | None = None
    """Largest number of series that wait (-remoteWrite.maxQueueSize)."""


class StateRead(HTTPAuth):
    """Where the state of alerts is read from at the start."""

    url: str = Field(min_length=1)
    """Address of a Prometheus-compatible query API (-remoteRead.url)."""
    lookback: GoDuration | None = None
    """How far back it is looked for; 1h when unset (-remoteRead.lookback)."""


_HAS_NOTIFIERS = "(has(self.notifier) || (has(self.notifiers) && size(self.notifiers) > 0))"
_NO_BLACKHOLE = (
    "!has(self.extraArgs) || !('notifier.blackhole' in self.extraArgs)"
    " || self.extraArgs['notifier.blackhole'] == 'false'"
    f" || !({_HAS_NOTIFIERS} || has(self.notifierConfigRef))"
)


class VMAlertSpec(ParentSpec, Component, Logged, Budgeted, VerticallyScaled, Stateless, Reloaded):
    """What the evaluation of rules is to be."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.replicas) || !has(self.replicaCount) || self.replicas == self.replicaCount",
            "is another name of replicaCount, which says something else: set one of them",
            ".replicas",
        ),
        Rule(
            f"!has(self.notifierConfigRef) || !{_HAS_NOTIFIERS}",
            "notifierConfigRef excludes notifier and notifiers",
            ".notifierConfigRef",
            reason="FieldValueForbidden",
        ),
        Rule(
            _NO_BLACKHOLE,
            "notifier.blackhole drops all alerts, so it excludes notifier, notifiers and"
            " notifierConfigRef",
            ".extraArgs",
            reason="FieldValueForbidden",
        ),
    )

    datasource: Datasource
    """Where rules are evaluated."""
    replicas: Count | None = None
    """Another name of replicaCount."""
    evaluation_interval: GoDuration | None = None
    """How often rules are evaluated that do not say it themselves (-evaluationInterval)."""
    notifier: Notifier | None = None
    """Who takes the alerts."""
    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    notifiers: list[Notifier] | None = Field(default=None, max_length=64)
    """Who takes the alerts, beside notifier: each of them gets every alert."""
    notifier_config_ref: SecretKeySelector | None = None
    """Secret that holds a configuration of notifiers of your own (-notifier.config); it is
    mounted as a whole at /etc/vm/notifier_config."""
    remote_write: RuleWrite | None = None
    """Where results of recording rules and the state of alerts are written to."""
    remote_read: StateRead | None = None
    """Where the state of alerts is read from at the start, so that a restart forgets none."""
    rule_path: list[str] | None = None
    """Files with rules in the container, with wildcards, which you mount yourself (-rule)."""
    external_labels: Labels | None = None
    """Labels that all alerts and results get (-external.label)."""
    license: License | None = None
    """Licence of the enterprise version."""

    rule_selector: Open | None = None
    """Labels of the VMRules and PrometheusRules to evaluate; `{}` for all."""
    rule_namespace_selector: Open | None = None
    """Labels of the namespaces whose VMRules and PrometheusRules are evaluated, `{}` for all; the
    namespace of the VMAlert when unset."""
    select_all_by_default: bool | None = None
    """Whether selectors that are unset select everything."""
    enforced_namespace_label: str | None = None
    """Label by which every rule gets the namespace of its object."""


class VMAlert(Parent):
    """Evaluates alerting and recording rules, and sends alerts to Alertmanagers."""

    kind: Literal["VMAlert"]
    spec: VMAlertSpec
    """What the evaluation of rules is to be."""
