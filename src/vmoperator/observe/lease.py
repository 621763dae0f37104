"""Lease: who holds it, and whether they still do (coordination.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from vmoperator.base.manifest import Manifest, Ref

LEAST_SECONDS: Final = 3
MOST_SECONDS: Final = 15
"""Durations of a lease: shorter ones are lost whenever the API server is slow, with longer ones
too much time passes until another process takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a lease lasts, in seconds; the same for all candidates."""

    duration_seconds: int = 12
    """Others may take it when it was not renewed for so long."""
    deadline_seconds: float = 8.0
    """A holder that could not renew it for so long writes nothing any more; the time left until
    others may take it covers a request that is still on its way."""
    retry_seconds: float = 1.5
    """How often it is renewed, or looked at."""

    @classmethod
    def lasting(cls, seconds: int) -> Self:
        """The terms of a lease of that duration, in the usual proportions."""
        return cls(
            duration_seconds=seconds, deadline_seconds=seconds * 2 / 3, retry_seconds=seconds / 8
        )


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a candidate saw of the lease last, and when it saw that for the first time.

    Clocks of different machines disagree: not the time in the lease counts, but how long it has
    stayed the same.
    """

    manifest: Mapping[str, Any]
    since: float
    """Time of the candidate's own clock, in seconds."""

    @property
    def holder(self) -> str:
        """Identity of the holder, empty when it was given back."""
        return str(_spec(self.manifest).get("holderIdentity") or "")

    def is_free(self, now: float) -> bool:
        """Whether it was given back, or has not been renewed for as long as it says."""
        seconds = float(_spec(self.manifest).get("leaseDurationSeconds") or 0)
        return not self.holder or now - self.since > seconds


def seen(manifest: Mapping[str, Any], before: Sighting | None, now: float) -> Sighting:
    """The sighting after one more look, whose answer came at that time: the holder has renewed it
    before then."""
    if before and _spec(before.manifest) == _spec(manifest):
        return Sighting(manifest, before.since)
    return Sighting(manifest, now)


def taken(
    found: Mapping[str, Any] | None, ref: Ref, *, holder: str, terms: Terms, now: str
) -> Manifest:
    """The lease as the holder writes it, RFC 3339 with microseconds; `found` is what it replaces.

    An empty holder gives it back.
    """
    old = _spec(found or {})
    is_new = old.get("holderIdentity") != holder
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": terms.duration_seconds,
        "renewTime": now,
        "acquireTime": now if is_new or not old.get("acquireTime") else old["acquireTime"],
        "leaseTransitions": int(old.get("leaseTransitions") or 0) + bool(found and is_new),
    }
    metadata = (found or {}).get("metadata") or {"name": ref.name, "namespace": ref.namespace}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": dict(metadata),
        "spec": spec,
    }


def _spec(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("spec") or {}
