"""Flags that every VictoriaMetrics program takes: address, log, licence."""

from __future__ import annotations

from typing import Protocol

from vmoperator.api.embedded import License
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.flags import Flags
from vmoperator.render.volumes import SECRETS
from vmoperator.render.workload import Scope


class Program(Protocol):
    """The fields of a component from which these flags are made."""

    @property
    def port(self) -> str | None: ...
    @property
    def log_level(self) -> str | None: ...
    @property
    def log_format(self) -> str | None: ...


def shared_flags(app: str, program: Program, scope: Scope) -> Flags:
    """-httpListenAddr, -loggerLevel, -loggerFormat, -enableTCP6 and the licence's flags."""
    return {
        "httpListenAddr": f":{program.port or scope.settings.components[app].port}",
        "loggerLevel": program.log_level,
        "loggerFormat": program.log_format,
        "enableTCP6": "true" if scope.settings.enable_tcp6 else None,
        **_licence_flags(scope.licence, field=scope.licence_field),
    }


def _licence_flags(licence: License | None, *, field: str) -> Flags:
    """-license or -licenseFile and what goes with them. Raises SpecInvalid for both or half."""
    if licence is None:
        return {}
    reference = licence.key_ref
    if licence.key and reference:
        raise SpecInvalid(field, "set either key or keyRef")
    if licence.reload_interval and reference is None:
        raise SpecInvalid(f"{field}.reloadInterval", "a key that is no file is never reloaded")
    if reference and not reference.name:
        raise SpecInvalid(f"{field}.keyRef.name", "name the Secret that holds the key")
    offline = licence.force_offline
    return {
        "license": licence.key or None,
        "licenseFile": f"{SECRETS}/{reference.name}/{reference.key}" if reference else None,
        "license.forceOffline": None if offline is None else str(offline).lower(),
        "licenseFile.reloadInterval": licence.reload_interval,
    }
