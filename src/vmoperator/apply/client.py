"""Client: the API server's verbs, each of which returns plain manifests or raises a typed error."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, Literal, Self

from vmoperator.apply.answers import event
from vmoperator.apply.calls import (
    METADATA,
    METADATA_LIST,
    PATCHES,
    applying,
    call_of,
    collection_words,
    query_of,
    typed,
)
from vmoperator.apply.connection import Connection
from vmoperator.apply.transport import JSON, Call, OnAnswer, Timeouts, Transport, untold
from vmoperator.base.labels import MANAGER, STATUS_MANAGER
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BY_KIND, EVENT, POD, Resource

USER_AGENT: Final = f"vmoperator/{version('vmoperator')}"
_OF_NOTHING: Final = str(2**63 - 1)
"""A resourceVersion that no object has ever had."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change: `type` is ADDED, MODIFIED, DELETED or BOOKMARK."""

    type: str
    object: Manifest


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a collection's objects, and the resourceVersion at which all of it was read."""

    items: tuple[Manifest, ...]
    resource_version: str


class Client:
    """Talks to one API server; use it as an async context manager, one for the whole process.

    Every method raises the errors of base.errors (ApiError and below), NotFound included. Nothing
    is tried again, but for a request that met a connection which the server had just closed.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        user_agent: str = USER_AGENT,
        timeouts: Timeouts | None = None,
        on_answer: OnAnswer = untold,
    ) -> None:
        limits = timeouts or Timeouts()
        self._transport = Transport(
            connection, user_agent=user_agent, timeouts=limits, on_answer=on_answer
        )

    def only_while(self, check: Callable[[], None]) -> None:
        """Have `check` called before each write and at its sending; NotLeading prevents it."""
        self._transport.check_write = check

    def confine(self) -> None:
        """From now on refuse what reaches beyond a namespace, as Forbidden, and never send it."""
        self._transport.is_confined = True

    async def __aenter__(self) -> Self:
        self._transport.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    async def get(self, resource: Resource, ref: Ref) -> Manifest:
        """The live object."""
        return await self._transport.manifest(call_of("GET", resource, ref))

    async def list(
        self, resource: Resource, *, namespace: str = "", selector: str = "", limit: int = 500
    ) -> AsyncGenerator[Page, None]:
        """The collection page by page, each with at most `limit` objects, all as of one moment.

        An empty collection is one empty page. Gone when the next page was asked for too late.
        """
        token = ""
        while True:
            call = Call(
                method="GET",
                path=resource.path(namespace),
                words=collection_words("list", resource, namespace),
                query=query_of(limit=str(limit), labelSelector=selector, **{"continue": token}),
                accept=METADATA_LIST if resource.metadata_only else JSON,
            )
            answer = await self._transport.manifest(call)
            metadata = answer.get("metadata") or {}
            items = tuple(typed(item, resource) for item in answer.get("items") or ())
            del answer
            yield Page(items, metadata.get("resourceVersion", ""))
            token = metadata.get("continue", "")
            if not token:
                return

    async def events(self, ref: Ref, uid: str) -> tuple[Manifest, ...]:
        """What has been said about the object of this uid, in no order, at most 100 events."""
        call = Call(
            method="GET",
            path=EVENT.path(ref.namespace),
            words=f"list events of {ref}",
            query={"fieldSelector": f"involvedObject.uid={uid}", "limit": "100"},
        )
        return tuple((await self._transport.manifest(call)).get("items") or ())

    async def text(self, call: Call) -> str:
        """What the API server passes on as text, such as the log of a container."""
        return await self._transport.text(call)

    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        selector: str = "",
        resource_version: str,
        on_open: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Every change after `resource_version`, until the server ends the stream in good order.

        `on_open` is called when the server has taken the request, which may be long before the
        first event. Gone when that version is too old; Unavailable when the stream breaks.
        """
        # Spread, so that the watches of all kinds do not end at the same moment.
        seconds = self._transport.timeouts.watch_seconds * random.uniform(0.9, 1.0)
        call = Call(
            method="GET",
            path=resource.path(namespace),
            words=collection_words("watch", resource, namespace),
            query=query_of(
                watch="1",
                allowWatchBookmarks="true",
                timeoutSeconds=str(max(int(seconds), 1)),
                resourceVersion=resource_version,
                labelSelector=selector,
            ),
            accept=METADATA if resource.metadata_only else JSON,
        )
        async for line in self._transport.lines(call, on_open):
            kind, found = event(line, request=call.words)
            yield WatchEvent(kind, typed(found, resource))

    async def apply(
        self,
        manifest: Manifest,
        *,
        manager: str = MANAGER,
        force: bool = True,
        dry_run: bool = False,
    ) -> Manifest:
        """The object after a server-side apply; it is created if it does not exist.

        Of kinds that are watched by their metadata no more than that comes back.
        Without `force`, Conflict when a field belongs to another manager.
        """
        query = query_of(
            fieldManager=manager,
            force="true" if force else "false",
            dryRun="All" if dry_run else "",
        )
        written = await self._transport.manifest(applying(manifest, query))
        return typed(written, BY_KIND[manifest["kind"]])

    async def apply_new(self, manifest: Manifest) -> Manifest:
        """The object as a server-side apply created it; Conflict when there is one of that name.

        The version in the manifest is a precondition for an object that exists, and nothing to one
        that does not (`Store.Update` in k8s.io/apiserver/pkg/registry/generic/registry).
        """
        metadata = {**manifest["metadata"], "resourceVersion": _OF_NOTHING}
        return await self.apply({**manifest, "metadata": metadata})

    async def apply_status(self, manifest: Manifest, *, manager: str = STATUS_MANAGER) -> Manifest:
        """The object after a forced server-side apply of its status alone."""
        query = query_of(fieldManager=manager, force="true")
        return await self._transport.manifest(applying(manifest, query, "status"))

    async def replace(self, resource: Resource, manifest: Manifest) -> Manifest:
        """The object after it was written as a whole.

        Conflict when its resourceVersion is no longer the one in the manifest.
        """
        call = call_of("PUT", resource, ref_of(manifest), manifest, query={"fieldManager": MANAGER})
        return await self._transport.manifest(call)

    async def patch(
        self, resource: Resource, ref: Ref, patch: Any, *, kind: Literal["merge", "json"] = "merge"
    ) -> Manifest:
        """The object after a JSON merge patch (a map) or a JSON patch (a list of operations)."""
        query = {"fieldManager": MANAGER}
        call = call_of("PATCH", resource, ref, patch, content_type=PATCHES[kind], query=query)
        return await self._transport.manifest(call)

    async def patch_status(self, resource: Resource, ref: Ref, patch: Any) -> Manifest:
        """The object after a JSON merge patch of its status subresource."""
        call = Call(
            method="PATCH",
            path=resource.path(ref.namespace, ref.name, "status"),
            words=f"patch status of {ref}",
            body=patch,
            content_type=PATCHES["merge"],
            query={"fieldManager": STATUS_MANAGER},
        )
        return await self._transport.manifest(call)

    async def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """The object as the server stored it; Conflict when there is one of that name already."""
        ref = ref_of(manifest)
        call = Call(
            method="POST",
            path=resource.path(ref.namespace),
            words=f"create {ref}",
            body=manifest,
            query={"fieldManager": MANAGER},
        )
        return await self._transport.manifest(call)

    async def delete(
        self,
        resource: Resource,
        ref: Ref,
        *,
        uid: str,
        resource_version: str = "",
        orphan: bool = False,
    ) -> None:
        """Ask for the object's deletion; its dependents follow, or are left alone (`orphan`).

        Conflict when the object of that name has another uid, or another resourceVersion if one
        is given.
        """
        preconditions = {"uid": uid}
        if resource_version:
            preconditions["resourceVersion"] = resource_version
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": preconditions,
            "propagationPolicy": "Orphan" if orphan else "Background",
        }
        await self._transport.manifest(call_of("DELETE", resource, ref, options))

    async def evict(self, ref: Ref, *, uid: str) -> None:
        """Ask for the pod's eviction; Unavailable (429) when a disruption budget says not now."""
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        path = POD.path(ref.namespace, ref.name, "eviction")
        call = Call(method="POST", path=path, words=f"evict {ref}", body=eviction)
        await self._transport.manifest(call)
