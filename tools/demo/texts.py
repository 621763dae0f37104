"""What the demo says, and what it reads from the answers of programs; pure."""

import re
from collections.abc import Sequence

OBJECT = "example-vmcluster-persistent"
NAMESPACE = "default"
LABEL = f"app.kubernetes.io/instance={OBJECT}"
STANDIN_LINE = (
    "The pods run stand-ins, which keep no data (the real images could not be had here): "
    "instead of a query, their health and what they see of each other."
)
FEWER_INSERTS = '{"spec":{"vminsert":{"replicaCount":1}}}'
_STANDIN = re.compile(r'^vm_app_version\{.*version="standin-', re.MULTILINE)
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


def what_now(exports: Sequence[str], log: str, down: str) -> str:
    """How to look around, and how to clean up."""
    lines = [
        "Everything stays up. Look around:",
        *(f"  {export}" for export in exports),
        "  kubectl get vmclusters,statefulsets,deployments,services,pods,pvc",
        f"  kubectl describe vmcluster {OBJECT}",
        f"  kubectl patch vmcluster {OBJECT} --type=merge -p '{FEWER_INSERTS}'",
        "  kubectl get vmclusters -w",
        f"  tail -f {log}",
        "Clean up:",
        f"  {down}",
    ]
    return "\n".join(lines)
