"""Rendering: a typed parent becomes the plan of its children; pure."""

from __future__ import annotations

from vmoperator.api.vmcluster import VMCluster
from vmoperator.base.settings import Settings
from vmoperator.render import vmcluster
from vmoperator.render.plan import Plan, Stage

__all__ = ["Plan", "Stage", "plan"]


def plan(parent: VMCluster, settings: Settings) -> Plan:
    """Everything that the parent asks for.

    Raises SpecInvalid, which names the field, for what the schema alone cannot refuse.
    """
    return vmcluster.plan(parent, settings)
