"""Timeline: in which order the pods of a VMCluster were replaced, as one who looks sees it."""

from __future__ import annotations

from typing import Any

from tests.cluster.conftest import Namespace

APPS = ("vmstorage", "vmselect", "vminsert")


class Timeline:
    """When the pods of each component were replaced, and how many served meanwhile."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.replaced: list[str] = []
        self.fewest = dict.fromkeys(APPS, 2)
        self._seen = {pod["metadata"]["uid"] for pod in self._pods()}

    def _pods(self) -> list[dict[str, Any]]:
        """All at one moment, the oldest first: lists of one app after the other are not."""
        mine = f"app.kubernetes.io/instance=demo,app.kubernetes.io/name in ({','.join(APPS)})"
        found = self._namespace.items("pods", mine)
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def look(self) -> None:
        pods = self._pods()
        ready = [_app(pod) for pod in pods if _serves(pod)]
        for app in APPS:
            self.fewest[app] = min(self.fewest[app], ready.count(app))
        new = [pod for pod in pods if pod["metadata"]["uid"] not in self._seen]
        self._seen |= {pod["metadata"]["uid"] for pod in new}
        self.replaced += map(_app, new)


def _app(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["labels"]["app.kubernetes.io/name"])


def _serves(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", ())
    is_ready = any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)
    return is_ready and "deletionTimestamp" not in pod["metadata"]
