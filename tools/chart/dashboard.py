"""The Grafana dashboard of the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

UID = "vmoperator"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 7, 3

PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Objects by status",
        "short",
        (("max by (kind, status) (vmoperator_objects)", "{{kind}} {{status}}"),),
    ),
    ("Rejected objects", "short", (("max by (kind) (vmoperator_rejected_objects)", "{{kind}}"),)),
    (
        "Passes",
        "ops",
        (
            (
                "sum by (kind, outcome) (rate(vmoperator_reconcile_total[$__rate_interval]))",
                "{{kind}} {{outcome}}",
            ),
        ),
    ),
    (
        "Duration of a pass, 99 %",
        "s",
        (
            (
                "histogram_quantile(0.99, sum by (kind, le) "
                "(rate(vmoperator_reconcile_duration_seconds_bucket[$__rate_interval])))",
                "{{kind}}",
            ),
        ),
    ),
    (
        "Errors of passes",
        "ops",
        (
            (
                "sum by (kind, error) (rate(vmoperator_reconcile_errors_total[$__rate_interval]))",
                "{{kind}} {{error}}",
            ),
        ),
    ),
    (
        "Waiting objects, and for how long",
        "short",
        (
            ("sum(vmoperator_queue_depth)", "waiting"),
            ("max(vmoperator_queue_oldest_waiting_seconds)", "oldest, seconds"),
            ("max(vmoperator_queue_longest_running_seconds)", "longest pass, seconds"),
        ),
    ),
    (
        "API requests",
        "reqps",
        (
            (
                "sum by (verb, code) (rate(vmoperator_api_requests_total[$__rate_interval]))",
                "{{verb}} {{code}}",
            ),
        ),
    ),
    (
        "Children written",
        "ops",
        (
            (
                "sum by (kind) (rate(vmoperator_children_applied_total[$__rate_interval]))",
                "{{kind}} applied",
            ),
            (
                "sum by (kind) (rate(vmoperator_children_deleted_total[$__rate_interval]))",
                "{{kind}} deleted",
            ),
        ),
    ),
    (
        "Since the API server spoke",
        "s",
        (("max by (kind) (vmoperator_watch_age_seconds)", "{{kind}}"),),
    ),
    (
        "Watches that cannot be had",
        "short",
        (("max by (kind, reason) (vmoperator_watch_degraded)", "{{kind}} {{reason}}"),),
    ),
    ("Lag of the event loop", "s", (("max by (pod) (vmoperator_loop_lag_seconds)", "{{pod}}"),)),
    ("Leaders", "short", (("sum by (scope) (vmoperator_leader_scope)", "{{scope}}"),)),
    (
        "Memory",
        "bytes",
        (
            (
                "process_resident_memory_bytes and on (instance) vmoperator_build_info",
                "{{instance}}",
            ),
        ),
    ),
    (
        "CPU",
        "short",
        (
            (
                "rate(process_cpu_seconds_total[$__rate_interval])"
                " and on (instance) vmoperator_build_info",
                "{{instance}}",
            ),
        ),
    ),
)


def dashboard() -> str:
    """The dashboard as Grafana imports it, JSON."""
    found = {
        "uid": UID,
        "title": "vmoperator",
        "tags": ["victoriametrics", "operator"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "panels": list(_panels()),
    }
    return json.dumps(found, indent=1) + "\n"


def _panels() -> Iterator[dict[str, Any]]:
    for number, (title, unit, queries) in enumerate(PANELS):
        row, column = divmod(number, _COLUMNS)
        targets = [
            {
                "refId": chr(ord("A") + at),
                "expr": expr,
                "legendFormat": legend,
                "datasource": _SOURCE,
            }
            for at, (expr, legend) in enumerate(queries)
        ]
        yield {
            "id": number + 1,
            "type": "timeseries",
            "title": title,
            "datasource": _SOURCE,
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
            "targets": targets,
        }
