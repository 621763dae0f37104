"""Token of the service account, for the one container of a pod that asks the Kubernetes API."""

from __future__ import annotations

from vmoperator.render.source import Source

_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_LIFE_SECONDS = 3607
"""As the kubelet's own mount of it has it."""


def api_token() -> Source:
    """What Kubernetes mounts into every container, unless it is told to keep the token out."""
    namespace = {
        "path": "namespace",
        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
    }
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _LIFE_SECONDS}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return Source(
        field="spec.disableAutomountServiceAccountToken",
        name="kube-api-access",
        volume={"projected": {"sources": sources}},
        mount_path=_FOLDER,
        is_read_only=True,
    )
