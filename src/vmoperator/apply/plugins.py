"""Plugins: log-ins by exec or auth-provider, left to the `kubernetes` package (an extra)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kubernetes import client, config

from vmoperator.base.errors import Unavailable


def fetched_token(paths: Sequence[Path], context: str) -> Callable[[], str]:
    """A blocking function that returns a valid token of the context's user, renewed as needed.

    It raises Unavailable when the plugin fails or gives a certificate instead of a token.
    """
    files = os.pathsep.join(str(path) for path in paths)

    def fetched() -> str:
        settings = client.Configuration()
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]  # the package has no annotations
                files, context=context, client_configuration=settings
            )
        except config.ConfigException as failed:
            raise Unavailable(f"the log-in of context {context} failed: {failed}") from failed
        token: str = settings.get_api_key_with_prefix("BearerToken", "authorization") or ""
        if not token:
            raise Unavailable(f"the log-in plugin of context {context} gave no token")
        return token.removeprefix("Bearer ")

    return fetched
