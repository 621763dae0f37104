"""What the demo says, and what it reads from the answers of programs; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

OBJECT = "example-vmcluster-persistent"
AGENT, ALERT, ALERTMANAGER = "example-vmagent", "example-vmalert", "example-alertmanager"
NAMESPACE = "default"
KINDS = "vmclusters,vmagents,vmalerts,vmalertmanagers"
SELECTOR = f"app.kubernetes.io/instance in ({OBJECT},{AGENT},{ALERT},{ALERTMANAGER})"
MANIFESTS = "examples/high-availability"
VARIANTS = ("variants/vmagent-with-targets.yaml", "vmrule.yaml", "variants/vmalert-all-rules.yaml")
STANDIN_DATA_LINE = (
    "vminsert, vmselect and vmstorage are stand-ins (the real images could not be had here): "
    "a real single-node victoria-metrics in each vmstorage keeps the data."
)
STANDIN_LINE = (
    "The pods run stand-ins, which keep no data (the real images could not be had here): "
    "instead of a query, their health and what they see of each other."
)
UNSELECTED_LINE = (
    "  (without a status: selected by no agent. This one finds the programs by a job of its own.)"
)
FEWER_INSERTS = '{"spec":{"vminsert":{"replicaCount":1}}}'
VMALERT_RULES = f"/api/v1/namespaces/{NAMESPACE}/services/vmalert-{ALERT}:8080/proxy/api/v1/rules"
OPERATORS_GROUP = "vmoperator"
_STANDIN = re.compile(r'^vm_app_version\{.*version="standin-', re.MULTILINE)
_KEEPS_DATA = re.compile(r"^standin_keeps_data 1$", re.MULTILINE)
_NODE = re.compile(r'^standin_storage_node_up\{addr="([^"]+)"\} ([01])$', re.MULTILINE)
_WORDS = {"local": "the local cluster", "kind": "kind", "current": "your current cluster"}


def cluster_words(cluster: str, context: str = "") -> str:
    """The cluster as a reader knows it."""
    return _WORDS[cluster] + (f" (context {context})" if context else "")


def proxy_path(service: str, port: int, path: str) -> str:
    """A path of the API server that leads to a Service: it works wherever kubectl does."""
    return f"/api/v1/namespaces/{NAMESPACE}/services/{service}-{OBJECT}:{port}/proxy{path}"


def is_standin(metrics: str) -> bool:
    """Whether these metrics come from a stand-in."""
    return _STANDIN.search(metrics) is not None


def keeps_data(metrics: str) -> bool:
    """Whether these metrics come from a stand-in of vmstorage that keeps data."""
    return _KEEPS_DATA.search(metrics) is not None


def alertmanager_path(index: int, path: str) -> tuple[str, str]:
    """A pod of the VMAlertmanager, and the API server's path that leads to it."""
    pod = f"vmalertmanager-{ALERTMANAGER}-{index}"
    return pod, f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:9093/proxy{path}"


def alert_line(pod: str, alerts: Sequence[Mapping[str, Any]]) -> str:
    """An Alertmanager and the alerts that it holds, by name and state."""
    told = (f"{one['labels']['alertname']} ({one['status']['state']})" for one in alerts)
    return f"{pod} holds: {', '.join(told) or 'nothing'}"


def rules_line(answer: str) -> str:
    """The alerts about the operator in vmalert's answer: how many, and which are not quiet."""
    groups = json.loads(answer)["data"]["groups"]
    rules = [rule for one in groups if one["name"] == OPERATORS_GROUP for rule in one["rules"]]
    loud = sorted(f"{one['name']} ({one['state']})" for one in rules if one["state"] != "inactive")
    words = f"{', '.join(loud)}: what is pending fires only if it lasts" if loud else ""
    return f"{len(rules)} alerts, {words or 'none of them fires'}"


def objects_line(answer: str) -> str:
    """Kinds and how many of each in the answer to `max by (kind) (...)`; "" for none."""
    found = json.loads(answer)["data"]["result"]
    kinds = {one["metric"]["kind"]: int(one["value"][1]) for one in found}
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()) if count)


def scraped_programs(answer: str) -> dict[str, int]:
    """Pods of each program in the answer to `count by (program) (...)`."""
    found = json.loads(answer)["data"]["result"]
    return {one["metric"].get("program", "?"): int(one["value"][1]) for one in found}


def programs_line(programs: Mapping[str, int]) -> str:
    """Each program and how many pods of it were scraped, by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(programs.items()))


def storage_nodes(metrics: str) -> dict[str, bool]:
    """The storage nodes that a stand-in knows, and whether it is connected."""
    return {addr: up == "1" for addr, up in _NODE.findall(metrics)}


def storage_node_lines(program: str, metrics: str) -> list[str]:
    """One line per storage node, as `program` sees it."""
    return [
        f"{program} -> {addr}: {'connected' if up else 'NOT connected'}"
        for addr, up in storage_nodes(metrics).items()
    ]


def status_in(row: str) -> str:
    """The STATUS column of a row of `kubectl get vmclusters`; "" for the heading."""
    words = row.split()
    return "" if not words or words[0] == "NAME" else words[-1]


def sample_line(value: int) -> str:
    """One sample in Prometheus' text format, stamped by the receiver."""
    return f'vmoperator_demo{{from="make demo"}} {value}\n'


def what_now(exports: Sequence[str], down: str) -> str:
    """How to look around, and how to clean up."""
    lines = [
        "Everything stays up. Look around:",
        *(f"  {export}" for export in exports),
        f"  kubectl get {KINDS},statefulsets,deployments,services,pods,pvc",
        f"  kubectl describe vmcluster {OBJECT}",
        f"  kubectl patch vmcluster {OBJECT} --type=merge -p '{FEWER_INSERTS}'",
        "  kubectl get vmclusters -w",
        "  kubectl -n vmoperator logs -l app.kubernetes.io/name=vmoperator --prefix -f",
        "  helm -n vmoperator get values vmoperator",
        "Clean up:",
        f"  {down}",
    ]
    return "\n".join(lines)
