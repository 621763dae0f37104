"""Reloading: the flag that keeps strangers from asking a program to reload."""

from __future__ import annotations

from vmoperator.api.around import Around
from vmoperator.api.reloading import Reloaded
from vmoperator.render.credentials import Files, credential, is_given
from vmoperator.render.flags import Flags


def reload_flags(spec: Reloaded, *, around: Around, files: Files) -> Flags:
    """-reloadAuthKey, read from a file that `files` gets. Raises SpecInvalid for a missing key."""
    selector = spec.config_reload_auth_key_secret
    if selector is None or not is_given(selector):
        return {}
    field = "spec.configReloadAuthKeySecret"
    path = credential(selector, field=field, around=around, files=files)
    return {"reloadAuthKey": f"file://{path}"}
