"""Generations: a new one of a workload whose spec is the one that its controller has seen before.

Any annotation of a Deployment makes a new generation (its strategy in the API server compares them
as it does the spec). Until its controller has seen that one, its status describes the one before.
"""

from __future__ import annotations

from dataclasses import replace

from vmoperator.observe.facts import Child


def recognized(now: Child, before: Child | None) -> Child:
    """The child; its controller has seen the spec if `before` shows the same status and spec.

    `before` is the child as it was known, with the same said of it.
    """
    if now.rollout is None or now.rollout.observed or before is None or before.uid != now.uid:
        return now
    seen = before.rollout
    if seen is None or not seen.observed:
        return now
    is_same = (seen.described, seen.spec) == (now.rollout.described, now.rollout.spec)
    return replace(now, rollout=replace(now.rollout, observed=True)) if is_same else now
