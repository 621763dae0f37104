"""Reloading: how programs are asked to take up changed configuration."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Open
from vmoperator.api.unsupported import MARK, NO_RELOADER


def _of_the_reloader(**more: Any) -> Any:
    return Field(default=None, json_schema_extra={MARK: NO_RELOADER}, **more)


class Reloaded(SpecModel):
    """A program that takes up changed configuration without a restart."""

    config_reload_auth_key_secret: SecretKeySelector | None = None
    """Secret that holds the key which the program wants to see before it reloads
    (-reloadAuthKey)."""
    use_vm_config_reloader: bool | None = _of_the_reloader(alias="useVMConfigReloader")
    """Which reloader runs beside the program."""
    config_reloader_image: str | None = _of_the_reloader()
    """Image of the reloader."""
    config_reloader_image_tag: str | None = _of_the_reloader()
    """Image of the reloader, under its older name."""
    config_reloader_resources: Open | None = _of_the_reloader()
    """Requests and limits of the reloader."""
    config_reloader_extra_args: dict[str, str] | None = _of_the_reloader()
    """Flags of the reloader."""
