"""Denials: what the API server has refused, so that it is not asked the same again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vmoperator.base.manifest import Ref
from vmoperator.observe.verdict import Finding

_FIRST_SECONDS: Final = 50.0
_LONGEST_SECONDS: Final = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question, and what the API server had against it."""

    question: str
    """All that the answer hangs on, as far as it can be seen."""
    findings: tuple[Finding, ...]
    is_final: bool
    """Nobody need wait for another answer."""


@dataclass(frozen=True, slots=True)
class _Denial:
    answer: Answer
    times: int
    """How often in a row the same question got it."""
    until: float
    """Monotonic time, in seconds, from which on it is worth asking again."""


@dataclass(slots=True)
class Denials:
    """What was refused to each parent; what it says stands until something is different, or for a
    time that doubles with each refusal of the same, up to half an hour."""

    _known: dict[Ref, dict[Ref, _Denial]] = field(default_factory=dict)

    def standing(self, parent: Ref, ref: Ref, question: str, *, now: float) -> Answer | None:
        """The answer to this question, if it is not to be asked again yet (`now`: monotonic)."""
        known = self._known.get(parent, {}).get(ref)
        if known is None or known.answer.question != question or now >= known.until:
            return None
        return known.answer

    def note(self, parent: Ref, ref: Ref, answer: Answer, *, now: float) -> None:
        """Keep the answer that was given just now (`now`: monotonic)."""
        mine = self._known.setdefault(parent, {})
        before = mine.get(ref)
        is_same = before is not None and before.answer.question == answer.question
        times = before.times + 1 if before and is_same else 1
        # The exponent is bounded: 2**1024 is no float any more.
        seconds = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(times - 1, 20))
        mine[ref] = _Denial(answer, times, now + seconds)

    def forget(self, parent: Ref) -> None:
        """Keep nothing of what was refused to the parent."""
        self._known.pop(parent, None)
