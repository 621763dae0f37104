"""Dry run: a client that changes nothing, and remembers what its requests would have changed.

The API server goes through all of a request, admission and defaults included, and stores nothing
(https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from vmoperator.apply.client import USER_AGENT, Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.transport import JSON, Call, Timeouts, Transport
from vmoperator.base.errors import Invalid, NotFound
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import BY_KIND, Resource

_ALL: Final = "All"
_KINDS: Final = {(it.group, it.plural): it.kind for it in BY_KIND.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What became of one object: the live one, and as the API server would store it."""

    ref: Ref
    before: Manifest | None
    """None: there is none."""
    after: Manifest | None
    """None: it is deleted."""
    is_renewed: bool = False
    """It is deleted and made anew: `after` is what was sent, without the server's defaults."""


class DryTransport(Transport):
    """Sends every request that writes as a dry run, whoever asks for what."""

    def __init__(self, connection: Connection, *, user_agent: str, timeouts: Timeouts) -> None:
        super().__init__(connection, user_agent=user_agent, timeouts=timeouts)
        self._writes: dict[Ref, Write] = {}
        self._replaced: dict[Ref, Manifest] = {}

    def begin(self) -> None:
        """Forget what was remembered."""
        self._writes.clear()
        self._replaced.clear()

    @property
    def writes(self) -> tuple[Write, ...]:
        """What would have been written since `begin`, one for each object, in that order."""
        return tuple(self._writes.values())

    async def manifest(self, call: Call) -> Manifest:
        """The answer to a call; that of the dry run where it would write."""
        ref, subresource = _target(call.path)
        known = self._writes.get(ref) if ref else None
        if call.method == "GET":
            if known and known.after is None:
                raise NotFound(f"{ref} is deleted by then", status=404, request=call.words)
            return await super().manifest(call)
        if ref is None or subresource or (call.query or {}).get("dryRun"):
            return await super().manifest(_dry(call))
        before = known.before if known else await self._live(call.path)
        after = await self._answer_to(call, ref, known)
        is_renewed = known is not None and (known.after is None or known.is_renewed)
        self._writes[ref] = Write(
            ref=ref,
            before=before,
            after=None if call.method == "DELETE" else after,
            is_renewed=is_renewed and call.method != "DELETE",
        )
        return after

    async def _answer_to(self, call: Call, ref: Ref, known: Write | None) -> Manifest:
        """The answer, seen together with the dry runs before it, which the server has forgotten."""
        try:
            answer = await super().manifest(_dry(call))
        except Invalid:
            if known and known.after is None:
                return dict(call.body)
            if ref in self._replaced:
                return self._replaced[ref]
            raise
        if call.method == "PUT":
            self._replaced[ref] = answer
        elif ref in self._replaced and "spec" in answer:
            return {**answer, "spec": self._replaced[ref]["spec"]}
        return answer

    async def _live(self, path: str) -> Manifest | None:
        with suppress(NotFound):
            return await super().manifest(Call(method="GET", path=path, words=f"get {path}"))
        return None


class DryClient(Client):
    """A client all of whose writes are dry runs; `transport` remembers them."""

    def __init__(
        self,
        connection: Connection,
        *,
        user_agent: str = USER_AGENT,
        timeouts: Timeouts | None = None,
    ) -> None:
        super().__init__(connection, user_agent=user_agent, timeouts=timeouts)
        self.transport = DryTransport(
            connection, user_agent=user_agent, timeouts=timeouts or Timeouts()
        )
        self._transport = self.transport

    async def evict(self, ref: Ref, *, uid: str) -> None:
        """No pod is asked to go; which ones would be is told from what is seen of them."""

    async def patch_status(self, resource: Resource, ref: Ref, patch: Any) -> Manifest:
        """The status stays, and nothing comes back."""
        return {}

    async def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """What was to be created: Events and questions about rights change nothing."""
        return manifest

    async def ask(self, resource: Resource, manifest: Manifest) -> Manifest:
        """The answer to a question, which is put by creating an object that nobody stores."""
        return await super().create(resource, manifest)


def _dry(call: Call) -> Call:
    query = {**(call.query or {}), "dryRun": _ALL}
    body = call.body
    if call.method == "DELETE":
        # With options in the body the server takes no notice of those in the URL.
        body = {**(body or {}), "dryRun": [_ALL]}
    return replace(call, body=body, query=query, accept=JSON)


def _target(path: str) -> tuple[Ref | None, str]:
    """The object that a path leads to, None for a collection, and the subresource."""
    root, *parts = path.strip("/").split("/")
    group = "" if root == "api" else parts.pop(0)
    namespace, parts = _scope(parts[1:])
    plural, name, subresource = (*parts, "", "", "")[:3]
    kind = _KINDS.get((group, plural))
    return (Ref(kind, namespace, name) if kind and name else None), subresource


def _scope(parts: list[str]) -> tuple[str, list[str]]:
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        return parts[1], parts[2:]
    return "", parts
