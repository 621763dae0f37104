"""What the objects that parents select have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from vmoperator.api.model import Metadata, SpecModel
from vmoperator.api.status import UpdateStatus


class ObjectStatus(SpecModel):
    """What the parents that select an object make of it."""

    update_status: Annotated[UpdateStatus, Strict(False)] | None = None
    """operational: in use; failed: refused by every parent that selects it; ignored: selected by
    none."""
    reason: str | None = None
    """Why it is refused."""
    parents: list[str] | None = Field(default=None, max_length=64)
    """Parents that use it, as KIND/NAMESPACE/NAME."""


class SelectedObject(SpecModel):
    """An object that parents select and turn into configuration."""

    api_version: Literal["operator.victoriametrics.com/v1beta1"]
    kind: str
    metadata: Metadata
    spec: SpecModel
    """What it adds to the configuration."""
    status: ObjectStatus | None = None
    """What the parents that select it make of it."""
