"""Turns: which shards may change now; so many side by side that a bad change stops early."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from vmoperator.observe.rollout import Sight, at_once, progress
from vmoperator.render.plan import Stage


@dataclass(slots=True)
class Turns:
    """The shards of one parent during one pass."""

    limit: int
    """How many of them may change side by side."""
    busy: list[str] = field(default_factory=list)
    """Names of those that are not what their spec asks for yet, or not any more, in order."""
    stuck: frozenset[str] = frozenset()
    """Those of them whose pods are in trouble."""

    def must_wait(self, stage: Stage) -> bool:
        """Whether a shard has to wait for others; never one that is stuck, which may be mended by
        the change, and not the first ones that are busy: somebody has to go on.

        A pod that starts anew, or a Service that is gone for a moment, lets no further shard have a
        change that has stopped.
        """
        is_first = stage.name in self.busy[: self.limit] or len(self.busy) < self.limit
        return bool(stage.shard) and not is_first and stage.name not in self.stuck

    def note(self, stage: Stage, *, is_complete: bool) -> None:
        """A shard has been brought in line, or was left as it is."""
        is_noted = is_complete or stage.name in self.busy
        if stage.shard and not is_noted and not self.must_wait(stage):
            self.busy.append(stage.name)


def turns(stages: Iterable[Stage], look: Callable[[Stage], Sight], *, is_resharded: bool) -> Turns:
    """The turns of a pass, given what is seen of each stage.

    While the number of shards changes (`is_resharded`) all of them change at once: shards that
    count differently leave targets to nobody.
    """
    shards = [stage for stage in stages if stage.shard]
    seen = {stage.name: look(stage) for stage in shards}
    is_growing = any(one.workload is None for one in seen.values())
    share = shards[0].shards_at_once if shards else "100%"
    limit = len(shards) if is_growing or is_resharded else at_once(share, len(shards))
    busy = {name: it for name, one in seen.items() if not (it := progress(one)).complete}
    return Turns(limit, list(busy), frozenset(name for name, it in busy.items() if it.troubles))
