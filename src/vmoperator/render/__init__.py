"""Rendering: a typed parent becomes the plan of its children; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from vmoperator.api.around import NOTHING, Around
from vmoperator.api.parent import Parent
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import vmagent, vmalert, vmalertmanager, vmcluster, vmsingle
from vmoperator.render.plan import Delivery, Plan, Stage

__all__ = ["Delivery", "Plan", "Stage", "plan"]

_PLANS: Final[Mapping[str, Callable[[Any, Settings, Around], Plan]]] = MappingProxyType(
    {
        "VMCluster": vmcluster.plan,
        "VMSingle": vmsingle.plan,
        "VMAgent": vmagent.plan,
        "VMAlert": vmalert.plan,
        "VMAlertmanager": vmalertmanager.plan,
    }
)
"""Kind -> how its objects are rendered."""


def plan(parent: Parent, settings: Settings, around: Around = NOTHING) -> Plan:
    """Everything that the parent asks for.

    Raises SpecInvalid, which names the field, for what the schema alone cannot refuse; it names
    just `spec` for a shape inside a core type that no other check foresaw. Raises Unread where
    `around` does not know a content yet.
    """
    try:
        return _PLANS[parent.kind](parent, settings, around)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError) as error:
        message = f"cannot be rendered: {type(error).__name__}: {error}"
        raise SpecInvalid("spec", message) from error
