"""Rendering: a typed parent becomes the plan of its children; pure."""

from __future__ import annotations

from vmoperator.api.vmcluster import VMCluster
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import vmcluster
from vmoperator.render.plan import Plan, Stage

__all__ = ["Plan", "Stage", "plan"]


def plan(parent: VMCluster, settings: Settings) -> Plan:
    """Everything that the parent asks for.

    Raises SpecInvalid, which names the field, for what the schema alone cannot refuse; it names
    just `spec` for a shape inside a core type that no other check foresaw.
    """
    try:
        return vmcluster.plan(parent, settings)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError) as error:
        message = f"cannot be rendered: {type(error).__name__}: {error}"
        raise SpecInvalid("spec", message) from error
