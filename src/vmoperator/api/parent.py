"""Parents: what all objects that users apply have in common."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ValidationError, ValidatorFunctionWrapHandler, field_validator

from vmoperator.api.embedded import ManagedMetadata
from vmoperator.api.model import Metadata, Rule, SpecModel
from vmoperator.api.status import Status

# The API server asks this only when there is an old value, so not at creation.
_SAME_NAMES = Rule(
    "(has(self.useLegacyNaming) && self.useLegacyNaming)"
    " == (has(oldSelf.useLegacyNaming) && oldSelf.useLegacyNaming)",
    "cannot change after creation: the data would stay behind under the old names",
    ".useLegacyNaming",
    reason="FieldValueForbidden",
)


class ParentSpec(SpecModel):
    """Fields that the specification of every kind has."""

    cel: ClassVar[tuple[Rule, ...]] = (_SAME_NAMES,)

    service_account_name: str | None = None
    """Service account of all pods; by default the operator makes one."""
    managed_metadata: ManagedMetadata | None = None
    """Labels and annotations of every object that the operator makes."""
    use_legacy_naming: bool | None = None
    """Whether objects are named NAME-vmstorage instead of vmstorage-NAME; cannot change after
    creation."""
    use_strict_security: bool | None = None
    """Whether all pods run without root, capabilities and a writable root file system."""
    paused: bool | None = None
    """Whether the operator leaves the whole object alone."""


class Parent(SpecModel):
    """An object that users apply and the operator makes others for."""

    api_version: Literal["operator.victoriametrics.com/v1beta1"]
    kind: str
    metadata: Metadata
    spec: ParentSpec
    """What it is to be."""
    status: Status | None = None
    """What the operator says about it."""

    @field_validator("status", mode="wrap")
    @classmethod
    def _status_that_we_understand(
        cls, value: Any, handler: ValidatorFunctionWrapHandler
    ) -> Status | None:
        # A status of another operator must not stop ours: it is about to be written anew.
        try:
            known: Status | None = handler(value)
        except ValidationError:
            return None
        return known
