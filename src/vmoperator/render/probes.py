"""Probes of a program's container: what the user set, gaps filled with /health on its port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.render.flags import is_true
from vmoperator.render.workload import Workload

HANDLERS = frozenset({"exec", "httpGet", "tcpSocket", "grpc", "sleep"})
"""Ways to probe a container or to hook into its life; Kubernetes takes only one at a time."""

_FILL_INS = {
    "periodSeconds": 5,
    "timeoutSeconds": 5,
    "failureThreshold": 10,
    "successThreshold": 1,
}
_DAY_SECONDS = 86400


def probes(workload: Workload) -> dict[str, Any]:
    """readinessProbe, startupProbe and, where the component has one, livenessProbe.

    The default startup probe asks every second, so that readiness does not cost a period of its
    own, and waits a day: one that fails kills the container, and vmstorage may take long to open
    its data.
    """
    spec, handler = workload.spec, _handler(workload)
    has_liveness = workload.has_liveness or spec.liveness_probe is not None
    startup = {"periodSeconds": 1, "failureThreshold": _DAY_SECONDS}
    return {
        "startupProbe": _filled(spec.startup_probe or startup, handler),
        "readinessProbe": _filled(spec.readiness_probe or {}, handler),
        "livenessProbe": _filled(spec.liveness_probe or {}, handler) if has_liveness else None,
    }


def _filled(given: Mapping[str, Any], handler: Mapping[str, Any]) -> dict[str, Any]:
    default = {} if HANDLERS & given.keys() else handler
    return {**default, **_FILL_INS, **given}


def _handler(workload: Workload) -> dict[str, Any]:
    flags, port = workload.flags, workload.http.number
    if workload.probed_port is not None:
        return {"tcpSocket": {"port": workload.probed_port}}
    # The kubelet speaks no proxy protocol and has no client certificate to show.
    if is_true(flags, "httpListenAddr.useProxyProtocol") or is_true(flags, "mtls"):
        return {"tcpSocket": {"port": port}}
    path = f"{path_prefix(workload)}{workload.health_path}"
    return {"httpGet": {"path": path, "port": port, "scheme": scheme(workload).upper()}}


def scheme(workload: Workload) -> str:
    """https if the program serves TLS, else http."""
    return "https" if workload.is_tls or is_true(workload.flags, "tls") else "http"


def path_prefix(workload: Workload) -> str:
    """What stands before every path of the program: empty, or `/prefix`."""
    prefix = str(workload.flags.get(workload.path_prefix_flag) or "").strip("/")
    return f"/{prefix}" if prefix else ""
