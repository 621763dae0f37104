"""Source: something that the containers of a pod may mount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that containers may mount: a volume of the pod, or one from a claim template."""

    field: str
    """Path of the field that asks for it."""
    name: str
    """Name by which containers mount it."""
    volume: Mapping[str, Any] | None = None
    """The volume without its name."""
    claim: Mapping[str, Any] | None = None
    """The claim template, complete."""
    mount_path: str | None = None
    """Where the program's own container mounts it, if it does."""
    sub_path: str | None = None
    """Folder of the volume that is mounted instead of all of it."""
    is_read_only: bool = False

    @property
    def mount(self) -> dict[str, Any]:
        """The mount in the program's own container."""
        read_only = True if self.is_read_only else None
        return {
            "name": self.name,
            "mountPath": self.mount_path,
            "subPath": self.sub_path,
            "readOnly": read_only,
        }
