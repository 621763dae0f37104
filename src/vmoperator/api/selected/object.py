"""What the objects that parents select have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from vmoperator.api.model import Metadata, SpecModel
from vmoperator.api.status import UpdateStatus
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import PROMETHEUS

_SOURCES = frozenset((resource.group, resource.kind) for resource in PROMETHEUS)


class Owner(SpecModel):
    """An object that another one goes with (metav1.OwnerReference)."""

    api_version: str
    kind: str
    name: str
    uid: str = ""

    @property
    def group(self) -> str:
        """API group of the owner, empty for the core group."""
        return self.api_version.rpartition("/")[0]


class ObjectMetadata(Metadata):
    """Metadata of an object that parents select, as far as the operator reads it."""

    owner_references: list[Owner] = Field(default_factory=list)


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
    metadata: ObjectMetadata
    spec: SpecModel
    """What it adds to the configuration."""
    status: ObjectStatus | None = None
    """What the parents that select it make of it."""

    @property
    def owners(self) -> tuple[Owner, ...]:
        """The objects that this one goes with."""
        return tuple(self.metadata.owner_references)

    @property
    def made_from(self) -> Ref | None:
        """The object of monitoring.coreos.com that another operator made this one from; where
        that is selected itself, this one would scrape or alert a second time."""
        sources = (it for it in self.owners if (it.group, it.kind) in _SOURCES)
        namespace = self.metadata.namespace
        return next((Ref(it.kind, namespace, it.name) for it in sources), None)
