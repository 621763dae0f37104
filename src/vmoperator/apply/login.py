"""Login: finds out how this process is to reach the API server."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from vmoperator.apply.connection import Connection
from vmoperator.apply.kubeconfig import from_kubeconfig
from vmoperator.apply.tls import trusting
from vmoperator.apply.tokens import FileToken
from vmoperator.base.errors import SettingsInvalid

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where kubelet mounts the token, CA and namespace of a pod's service account."""


def add_login_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how to reach the API server."""
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        default="",
        help="how to reach the API server (default: $KUBECONFIG, the pod's service account, "
        "~/.kube/config)",
    )
    parser.add_argument(
        "--context", metavar="NAME", default="", help="context of the kubeconfig to use"
    )


def connection(
    kubeconfig: str = "",
    *,
    context: str = "",
    environ: Mapping[str, str] | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> Connection:
    """The connection of this process; SettingsInvalid names the file and key that is wrong.

    In this order: the kubeconfig that is named, the files in $KUBECONFIG, the service account of
    the pod, ~/.kube/config. A named context asks for a kubeconfig, also inside a pod.
    """
    given = os.environ if environ is None else environ
    if kubeconfig:
        return from_kubeconfig((Path(kubeconfig).expanduser(),), context=context)
    paths = _paths(given.get("KUBECONFIG", ""))
    if not paths and not context and "KUBERNETES_SERVICE_HOST" in given:
        return in_cluster(given, service_account)
    paths = paths or (Path(given.get("HOME", "~")).expanduser() / ".kube/config",)
    if not any(path.exists() for path in paths):
        searched = ", ".join(str(path) for path in paths)
        raise SettingsInvalid(
            f"no kubeconfig at {searched}, and this is not a pod with a service account: "
            "name a file with --kubeconfig or in $KUBECONFIG"
        )
    return from_kubeconfig(paths, context=context)


def in_cluster(environ: Mapping[str, str], service_account: Path = SERVICE_ACCOUNT) -> Connection:
    """The connection of a pod by its service account; its token is read again as it is renewed."""
    token = service_account / "token"
    if not token.exists():
        raise SettingsInvalid(
            f"{token} is missing: the pod needs a service account with "
            "automountServiceAccountToken, or a kubeconfig (--kubeconfig)"
        )
    host = environ["KUBERNETES_SERVICE_HOST"]
    authority = f"[{host}]" if ":" in host else host
    namespace = service_account / "namespace"
    return Connection(
        server=f"https://{authority}:{environ.get('KUBERNETES_SERVICE_PORT', '443')}",
        tls=trusting(ca_file=service_account / "ca.crt"),
        tokens=FileToken(token),
        namespace=namespace.read_text("utf-8").strip() if namespace.exists() else "default",
        source="service account of the pod",
    )


def _paths(listed: str) -> tuple[Path, ...]:
    return tuple(Path(item).expanduser() for item in listed.split(os.pathsep) if item)
