"""Alerts about the operator: conditions, words, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generate.yaml_text import HEADER, yaml_text

RUNBOOKS = "docs/runbooks.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert and its runbook."""

    name: str
    expr: str
    lasts: str
    severity: str
    summary: str
    meaning: str
    """What is the matter."""
    steps: tuple[str, ...]
    """What to do, in order."""


_LOG = "Read the log: `kubectl -n vmoperator logs deploy/vmoperator --tail=100`."

ALERTS = (
    Alert(
        name="VMOperatorDown",
        expr="absent(vmoperator_build_info)",
        lasts="5m",
        severity="critical",
        summary="No operator of VictoriaMetrics is seen.",
        meaning="Nothing is changed and nobody is told of failures. What runs goes on running:"
        " neither queries nor alerts need the operator. Where the chart makes the scrape as well"
        ' (`monitor.enabled`), the rule asks for `{namespace="NAMESPACE",job="SERVICE"}` of its own'
        " release, so that another installation does not hide it.",
        steps=(
            "See whether its pods run: `kubectl -n vmoperator get pods`.",
            "If they do, see whether they are scraped: `kubectl get vmservicescrapes -A`.",
            "If they do not: `kubectl -n vmoperator describe pod"
            " -l app.kubernetes.io/name=vmoperator`.",
        ),
    ),
    Alert(
        name="VMOperatorNothingReconciled",
        expr="max by (namespace, pod) (vmoperator_queue_oldest_waiting_seconds) > 600"
        " or max by (namespace, pod) (vmoperator_queue_longest_running_seconds) > 600",
        lasts="1m",
        severity="critical",
        summary="Objects have been waiting for the operator for ten minutes.",
        meaning="Changes of objects do not take effect. The process is there, but its passes do not"
        " begin or do not end.",
        steps=(
            _LOG,
            "See whether the API server answers it: alert VMOperatorApiErrors, or the panel"
            " API requests.",
            "Delete the pod: a new one takes everything up again, nothing is lost.",
        ),
    ),
    Alert(
        name="VMOperatorReconcileErrors",
        expr="sum by (kind, error) (increase(vmoperator_reconcile_errors_total[10m])) > 5",
        lasts="10m",
        severity="warning",
        summary="The operator fails again and again at objects of kind {{ $labels.kind }}.",
        meaning="A pass that fails is tried again, later each time.",
        steps=(
            "Find the objects: `kubectl get vmclusters,vmsingles,vmagents,vmalerts,vmalertmanagers"
            " -A`; the reason is in the status of those that are not operational.",
            _LOG,
        ),
    ),
    Alert(
        name="VMOperatorObjectFailed",
        expr='sum by (kind) (max by (kind, status) (vmoperator_objects{status="failed"})) > 0',
        lasts="5m",
        severity="warning",
        summary="{{ $value }} objects of kind {{ $labels.kind }} need somebody.",
        meaning="The operator cannot do what such an object asks for, and says in its status why.",
        steps=(
            "`kubectl get vmclusters,vmsingles,vmagents,vmalerts,vmalertmanagers -A` and look for"
            " `failed`.",
            "`kubectl -n NAMESPACE get KIND NAME -o jsonpath='{.status.reason}'` names the field,"
            " the right or the object that is wrong.",
        ),
    ),
    Alert(
        name="VMOperatorObjectNotOperational",
        expr='sum by (kind) (max by (kind, status) (vmoperator_objects{status="expanding"})) > 0',
        lasts="30m",
        severity="warning",
        summary="Objects of kind {{ $labels.kind }} have been expanding for half an hour.",
        meaning="Pods do not get ready, or a rollout has stopped at the first one that did not.",
        steps=(
            "The status names the pod, its container and the reason: `kubectl -n NAMESPACE get KIND"
            " NAME -o yaml`.",
            "Events tell the story: `kubectl -n NAMESPACE get events --sort-by=.lastTimestamp`.",
        ),
    ),
    Alert(
        name="VMOperatorRejectedObjects",
        expr="sum by (kind) (max by (kind) (vmoperator_rejected_objects)) > 0",
        lasts="10m",
        severity="warning",
        summary="{{ $value }} objects of kind {{ $labels.kind }} are left out.",
        meaning="A scrape, rule or routing object is wrong. It alone is left out; all others work.",
        steps=(
            "The status of the object names the field: `kubectl get"
            " vmservicescrapes,vmpodscrapes,vmrules -A`.",
            "Objects of monitoring.coreos.com have no such status: the condition ObjectsSelected of"
            " the VMAgent, VMAlert or VMAlertmanager names them.",
        ),
    ),
    Alert(
        name="VMOperatorWatchStale",
        expr="max by (kind) (vmoperator_watch_age_seconds) > 300",
        lasts="2m",
        severity="warning",
        summary="The operator has heard nothing of kind {{ $labels.kind }} for five minutes.",
        meaning="The API server sends at least a bookmark each minute. Changes are seen late.",
        steps=(
            "See whether the API server is well: `kubectl get --raw /readyz`.",
            "A proxy between them may hold streams back.",
            _LOG,
        ),
    ),
    Alert(
        name="VMOperatorWatchDegraded",
        expr="max by (kind, reason) (vmoperator_watch_degraded) > 0",
        lasts="5m",
        severity="warning",
        summary="The operator cannot watch kind {{ $labels.kind }}: {{ $labels.reason }}.",
        meaning="forbidden: a right is missing. missing: the definition is not installed. failing:"
        " the API server answers otherwise, and not for this kind. unreachable: it does not answer."
        " What needs that kind does not work, everything else does.",
        steps=(
            "forbidden: the log names the right; upgrade the chart, which brings it, or see"
            " `kubectl get clusterrole -l app.kubernetes.io/name=vmoperator -o yaml`.",
            "missing: install the definitions, chart vmoperator-crds.",
            "failing: the log has the API server's words; ask for that kind yourself,"
            " `kubectl get secrets -A -o name`, say. An object that cannot be decrypted, or a"
            " conversion webhook that does not answer, spoils the whole list.",
        ),
    ),
    Alert(
        name="VMOperatorApiErrors",
        expr="sum by (cluster, namespace, job)"
        ' (rate(vmoperator_api_requests_total{code=~"5..|429|error"}[5m]))'
        " / sum by (cluster, namespace, job) (rate(vmoperator_api_requests_total[5m])) > 0.1",
        lasts="10m",
        severity="warning",
        summary="More than a tenth of the operator's requests fail.",
        meaning="The API server is away, overloaded, or throttles the operator.",
        steps=(
            "See whether it is well: `kubectl get --raw /readyz?verbose`.",
            "429: see the priority level of the operator's account: `kubectl get flowschemas`.",
        ),
    ),
    Alert(
        name="VMOperatorSlow",
        expr="max by (namespace, pod) (vmoperator_loop_lag_seconds) > 2",
        lasts="10m",
        severity="warning",
        summary="The operator has too little CPU.",
        meaning="Its event loop turns late: changes take effect later than they could.",
        steps=("Raise the CPU request or limit in the chart's value `resources`.", _LOG),
    ),
    Alert(
        name="VMOperatorTaskRestarts",
        expr="sum by (task) (increase(vmoperator_task_restarts_total[15m])) > 3",
        lasts="1m",
        severity="warning",
        summary="A part of the operator, {{ $labels.task }}, ends again and again.",
        meaning="A defect of the operator; the rest of it goes on.",
        steps=(_LOG, "Report it with the traceback from the log."),
    ),
    Alert(
        name="VMOperatorWebhookCertificateEnds",
        expr="min by (namespace, pod) (vmoperator_webhook_certificate_expiry_timestamp_seconds)"
        " - time() < 14 * 86400",
        lasts="10m",
        severity="warning",
        summary="The certificate of the operator's webhooks ends in less than two weeks.",
        meaning="It is renewed 30 days before its end, and was not. After that objects are stored"
        " unjudged, or, with webhook.failurePolicy=Fail, refused.",
        steps=(
            _LOG,
            "See whether the operator may write its Secret and its configuration: `kubectl -n"
            " vmoperator get secrets`, `kubectl get"
            " validatingwebhookconfigurations`.",
            "Delete the Secret: the operator makes everything anew within half a minute.",
        ),
    ),
    Alert(
        name="VMOperatorNoLeader",
        expr="sum by (cluster, namespace, job) (vmoperator_leader) == 0",
        lasts="2m",
        severity="critical",
        summary="No process of the operator in namespace {{ $labels.namespace }} leads.",
        meaning="All stand by: nothing is changed.",
        steps=(
            "Who holds the lease: `kubectl -n vmoperator get lease vmoperator -o yaml`.",
            "A right to get, create and update leases may be missing.",
            _LOG,
        ),
    ),
    Alert(
        name="VMOperatorTwoLeaders",
        expr="sum by (cluster, scope) (vmoperator_leader_scope) > 1"
        ' or sum by (cluster) (vmoperator_leader_scope{scope!="*"}) > 0'
        ' and on (cluster) sum by (cluster) (vmoperator_leader_scope{scope="*"}) > 0',
        lasts="1m",
        severity="critical",
        summary="More than one process of the operator leads in the same namespace.",
        meaning="Two installations, each with a lease of its own, look after the same objects:"
        " both after the same namespace, or one after all namespaces and one after some.",
        steps=(
            "`kubectl get deployments -A -l app.kubernetes.io/name=vmoperator`: uninstall one, or"
            " give each namespaces of its own (`watchNamespaces`).",
            "Who leads where: `vmoperator_leader_scope == 1`; `*` is all namespaces.",
        ),
    ),
)


def rules() -> str:
    """files/rules.yaml of the chart: the groups of a VMRule or PrometheusRule."""
    return HEADER + yaml_text(
        {"groups": [{"name": "vmoperator", "rules": list(map(_rule, ALERTS))}]}
    )


def runbooks() -> str:
    """docs/runbooks.md."""
    parts = "".join(_section(alert) for alert in ALERTS)
    return (
        "<!-- Generated by `make generate`; do not edit. -->\n# Runbooks\n\n"
        "One section for each alert that the chart brings (`rules.enabled=true`). The commands take"
        " the operator to be in\nthe namespace `vmoperator`.\n" + parts
    )


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.meaning,
            "runbook": f"{RUNBOOKS}#{alert.name.lower()}",
        },
    }


def _section(alert: Alert) -> str:
    steps = "\n".join(f"{number}. {step}" for number, step in enumerate(alert.steps, 1))
    return (
        f"\n## {alert.name}\n\n{alert.summary} Severity {alert.severity}, after {alert.lasts}.\n\n"
        f"    {alert.expr}\n\n{alert.meaning}\n\n{steps}\n"
    )
