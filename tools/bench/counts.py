"""Requests that the API server counted, by verb and resource."""

import re
from collections import Counter

from bench.api import Api

WRITES = ("POST", "PUT", "PATCH", "APPLY", "DELETE")
READS = ("GET", "LIST")
_OTHERS = {
    "leases",
    "nodes",
    "endpoints",
    "endpointslices",
    "tokenreviews",
    "subjectaccessreviews",
    "events",
    # What the control plane makes of an operator's objects.
    "controllerrevisions",
    "ipaddresses",
    "persistentvolumes",
    "replicasets",
}
_OUR_GROUP = "operator.victoriametrics.com"
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def parsed(metrics: str) -> Counter[str]:
    """`VERB resource/subresource` -> requests so far, from the server's /metrics."""
    counts: Counter[str] = Counter()
    for line in metrics.splitlines():
        if not line.startswith("apiserver_request_total{"):
            continue
        text, _, value = line.rpartition("} ")
        labels = dict(_LABEL.findall(text))
        verb, resource = labels.get("verb", ""), labels.get("resource", "")
        below = labels.get("subresource", "")
        if resource in _OTHERS or _is_control_plane(labels):
            continue
        counts[f"{verb} {resource}/{below}".rstrip("/")] += int(float(value))
    return counts


def _is_control_plane(labels: dict[str, str]) -> bool:
    """Whether controllers and the kubelet do this, and no operator."""
    resource, below = labels.get("resource", ""), labels.get("subresource", "")
    if resource == "pods":  # an operator evicts or deletes them
        return below != "eviction" and labels.get("verb") != "DELETE"
    return below in ("status", "token", "finalize") and labels.get("group") != _OUR_GROUP


async def requests(api: Api) -> Counter[str]:
    """The requests that the server has counted so far."""
    return parsed(await api.text("/metrics"))


def since(before: Counter[str], after: Counter[str]) -> dict[str, dict[str, int]]:
    """What came in between, writes and reads apart."""
    new = {key: after[key] - before[key] for key in sorted(after) if after[key] > before[key]}
    return {
        "writes": {key: count for key, count in new.items() if key.split()[0] in WRITES},
        "reads": {key: count for key, count in new.items() if key.split()[0] in READS},
    }
