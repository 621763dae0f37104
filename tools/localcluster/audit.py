"""Reads the API server's audit log: who did what, how often, in a span of time."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
OPERATOR = "vmoperator"
"""The operator, however it runs: as a user of that name, or as a pod of the chart's release."""
ACCOUNT = f"system:serviceaccount:{OPERATOR}:{OPERATOR}"
_DECISION = "authorization.k8s.io/decision"
_POD_NAME = "authentication.kubernetes.io/pod-name"


class Call(NamedTuple):
    """What calls are counted by; '' is the object itself as subresource, nobody known as user."""

    user: str
    verb: str
    resource: str
    subresource: str


@dataclass(frozen=True, slots=True)
class Event:
    """One call to the API server; `seconds` is when it arrived (seconds since 1970, UTC)."""

    call: Call
    seconds: float
    namespace: str
    name: str
    code: int
    is_dry: bool = False
    """A dry run, which stores nothing."""
    pod: str = ""
    """The pod whose token was shown, where a service account called."""
    group: str = ""
    """API group of the resource; "" for core."""
    is_forbidden: bool = False
    """Whether a right lacked (other refusals, of admission say, have the same code)."""

    @property
    def writes(self) -> bool:
        return self.call.verb in WRITES and not self.is_dry


def is_of(found: Event, user: str | None) -> bool:
    """Whether that user called; OPERATOR stands for all its names, None for everybody."""
    return user in (None, found.call.user) or (user, found.call.user) == (OPERATOR, ACCOUNT)


def seconds_since_1970(timestamp: str) -> float:
    """The audit log's time, e.g. `2026-01-02T03:04:05.678901Z`."""
    return datetime.fromisoformat(timestamp).replace(tzinfo=UTC).timestamp()


def event(record: dict[str, Any]) -> Event:
    """The event of one line of the log."""
    target = record.get("objectRef", {})
    return Event(
        call=Call(
            user=record["user"].get("username", ""),
            verb=record["verb"],
            resource=target.get("resource", ""),
            subresource=target.get("subresource", ""),
        ),
        seconds=seconds_since_1970(record["requestReceivedTimestamp"]),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=record.get("responseStatus", {}).get("code", 0),
        is_dry="dryRun=All" in record.get("requestURI", ""),
        pod=next(iter(record["user"].get("extra", {}).get(_POD_NAME, ())), ""),
        group=target.get("apiGroup", ""),
        is_forbidden=record.get("annotations", {}).get(_DECISION) == "forbid",
    )


class Log:
    """The audit log of a cluster: the file that grows and those rotated away beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(
        self, since: float = 0.0, until: float = float("inf"), *, user: str | None = None
    ) -> Iterator[Event]:
        """Calls that arrived from `since` to before `until` (seconds, as time.time() says).

        A call that answers for long has a line for its start and one for its end; it counts once.
        """
        seen: set[str] = set()
        for record in self._records():
            if record["auditID"] in seen:
                continue
            seen.add(record["auditID"])
            found = event(record)
            if since <= found.seconds < until and is_of(found, user):
                yield found

    def counts(
        self, since: float = 0.0, until: float = float("inf"), *, user: str | None = None
    ) -> Counter[Call]:
        """How often each user did each verb on each resource."""
        return Counter(e.call for e in self.events(since, until, user=user))

    def writes(
        self,
        since: float = 0.0,
        until: float = float("inf"),
        *,
        user: str = OPERATOR,
        told: bool = False,
    ) -> list[Event]:
        """The writes of a user, the operator's if none is named, in the order of the log.

        Those of Kubernetes Events count only if `told`: they tell of changes, some time later.
        Those of a lease do not: who leads renews it all the time.
        """
        found = (e for e in self.events(since, until, user=user) if e.writes)
        beside = ("leases",) if told else ("leases", "events")
        return [e for e in found if e.call.resource not in beside]

    def _records(self) -> Iterator[dict[str, Any]]:
        rotated = sorted(self.path.parent.glob(f"{self.path.stem}-*{self.path.suffix}"))
        for path in (*rotated, self.path):
            if path.exists():
                with path.open() as lines:
                    # The last line may be in the middle of being written.
                    yield from (json.loads(line) for line in lines if line.endswith("\n"))


def table(counts: Counter[Call]) -> str:
    """The counts as text, the most frequent first."""
    lines = [f"{'COUNT':>6}  {'USER':<48} {'VERB':<8} RESOURCE"]
    for call, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        resource = "/".join(filter(None, (call.resource, call.subresource))) or "-"
        lines.append(f"{count:>6}  {call.user:<48} {call.verb:<8} {resource}")
    return "\n".join(lines)
