"""High availability: the condition that says whether a pod or a node may be gone, or what lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from vmoperator.api.around import Around
from vmoperator.api.parent import Parent
from vmoperator.api.vmcluster import VMCluster
from vmoperator.observe import vmagent, vmalert, vmalertmanager, vmcluster, vmsingle
from vmoperator.observe.pods import Pod
from vmoperator.observe.shortcomings import Shortcoming, crowded
from vmoperator.observe.verdict import Aspect, Remark

_SHORTCOMINGS: Final[Mapping[str, Callable[[Any, Around], Iterator[Shortcoming]]]] = (
    MappingProxyType(
        {
            "VMCluster": vmcluster.shortcomings,
            "VMSingle": vmsingle.shortcomings,
            "VMAgent": vmagent.shortcomings,
            "VMAlert": vmalert.shortcomings,
            "VMAlertmanager": vmalertmanager.shortcomings,
        }
    )
)


def highly_available(
    parent: Parent, around: Around, pods: Iterable[Pod], *, previous: Remark | None
) -> Remark:
    """The condition HighlyAvailable, with everything that lacks; its reason is the first of that.

    `pods` are all of the parent when it is operational. In between, when some are missing and
    others start, their places say nothing: without them, and with no shortcoming of the spec,
    `previous` is what was told before.
    """
    placed = [pod for pod in pods if not pod.deleting and not pod.ended]
    found = [*_SHORTCOMINGS[parent.kind](parent, around), *_places(parent, placed)]
    if found:
        words = "; ".join(shortcoming.message for shortcoming in found)
        return Remark(Aspect.HIGHLY_AVAILABLE, "False", found[0].reason, words)
    if placed:
        words = "any one pod or node may be gone"
        return Remark(Aspect.HIGHLY_AVAILABLE, "True", "NothingMissing", words)
    words = "its pods have not all been running yet"
    return previous or Remark(Aspect.HIGHLY_AVAILABLE, "Unknown", "Starting", words)


def _places(parent: Parent, pods: Iterable[Pod]) -> Iterator[Shortcoming]:
    if parent.kind == "VMSingle":
        return
    groups: dict[tuple[str, str], list[Pod]] = {}
    for pod in pods:
        groups.setdefault((pod.app, pod.shard), []).append(pod)
    for (app, _), together in sorted(groups.items()):
        holds_data = isinstance(parent, VMCluster) and app == "vmstorage"
        spare = vmcluster.dispensable(parent) if isinstance(parent, VMCluster) else 0
        # Without a second copy nothing may be gone, which is told already.
        yield from crowded(together, dispensable=spare if holds_data and spare else None)
