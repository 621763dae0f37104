"""What the operator says about a parent: the Go operator's words and honest conditions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, Strict

from vmoperator.api.model import SpecModel


class UpdateStatus(StrEnum):
    """How far the operator is with the parent, in the Go operator's words."""

    EXPANDING = "expanding"
    OPERATIONAL = "operational"
    FAILED = "failed"
    PAUSED = "paused"
    IGNORED = "ignored"


class Condition(SpecModel):
    """One aspect of the state (metav1.Condition)."""

    type: str = Field(max_length=316)
    """Name of the condition."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: str = Field(min_length=1, max_length=1024)
    """Why, as one word in CamelCase."""
    message: str = Field(default="", max_length=32768)
    """Why, in a sentence."""
    last_transition_time: str = Field(json_schema_extra={"format": "date-time"})
    """When the status of the condition last changed."""
    last_update_time: str | None = Field(default=None, json_schema_extra={"format": "date-time"})
    """As the Go operator writes it; the same as lastTransitionTime."""
    observed_generation: int | None = Field(default=None, ge=0)
    """Generation of the object that the condition speaks of."""


class Status(SpecModel):
    """State of a parent as the operator last saw it."""

    update_status: Annotated[UpdateStatus, Strict(False)] | None = None
    """How far the operator is: expanding, operational, failed, paused or ignored."""
    reason: str | None = None
    """What is missing or wrong."""
    observed_generation: int | None = None
    """Generation of the object that this status speaks of."""
    conditions: list[Condition] | None = Field(
        default=None,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    )
    """State in detail: Ready, Reconciling, Stalled and others."""
