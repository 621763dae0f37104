"""Watches of the fake API server: what changed since a version, and what changes now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from tests.fake_api.objects import Change, Manifest

if TYPE_CHECKING:
    from tests.fake_api.server import FakeApi, Target


_METADATA_ONLY = web.ResponseKey("metadata only", bool)


def selected(manifest: Manifest, query: dict[str, str]) -> bool:
    """Whether the object meets the selectors of the request: labels (equality and presence only),
    and the uid of what an event is about."""
    about, uid = query.get("fieldSelector", "").partition("=")[::2]
    if about and uid != (manifest.get("involvedObject") or {}).get("uid"):
        return False
    own = manifest["metadata"].get("labels") or {}
    for term in filter(None, query.get("labelSelector", "").split(",")):
        key, equals, value = term.partition("=")
        if key not in own or (equals and own[key] != value.removeprefix("=")):
            return False
    return True


def wants_metadata(headers: Mapping[str, str]) -> bool:
    """Whether the client asks for metadata alone, in the first place."""
    return "as=PartialObjectMetadata" in headers.get("Accept", "").partition(",")[0]


def metadata_of(manifest: Manifest) -> Manifest:
    """The object as a metadata-only answer shows it."""
    kind = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}
    return {**kind, "metadata": manifest["metadata"]}


async def stream(
    api: FakeApi, target: Target, request: web.Request, query: dict[str, str]
) -> web.StreamResponse:
    """Events until the client leaves or its time is over."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    api.streams.add(response)
    response[_METADATA_ONLY] = wants_metadata(request.headers)
    try:
        await _events(api, target, response, query)
    except (ConnectionError, asyncio.CancelledError):
        pass
    finally:
        api.streams.discard(response)
    return response


async def _events(
    api: FakeApi, target: Target, response: web.StreamResponse, query: dict[str, str]
) -> None:
    position = int(query.get("resourceVersion") or api.objects.version)
    ends = time.monotonic() + float(query.get("timeoutSeconds", "300"))
    while time.monotonic() < ends:
        if position < api.objects.oldest:
            status = {"kind": "Status", "code": 410, "message": "too old resource version"}
            await _send(response, "ERROR", {**status, "reason": "Expired"})
            return
        for change in api.objects.since(position):
            event = _event(change, target, query)
            if event:
                await _send(response, *event)
        position = max(position, api.objects.version)
        try:
            async with asyncio.timeout(min(api.bookmark_seconds, ends - time.monotonic())):
                async with api.changed:
                    await api.changed.wait_for(lambda: api.objects.version > position)  # noqa: B023 - awaited here and now
        except TimeoutError:
            await _bookmark(response, target, query, position)


def _event(change: Change, target: Target, query: dict[str, str]) -> tuple[str, Manifest] | None:
    if change.key[0] != target.collection or target.namespace not in ("", change.key[1]):
        return None
    was = change.before is not None and selected(change.before, query)
    is_now = change.type != "DELETED" and selected(change.object, query)
    if is_now:
        return ("MODIFIED" if was else "ADDED", change.object)
    return ("DELETED", change.object) if was else None


async def _bookmark(
    response: web.StreamResponse, target: Target, query: dict[str, str], position: int
) -> None:
    if query.get("allowWatchBookmarks") in ("1", "true"):
        kind = {"apiVersion": target.resource.api_version, "kind": target.resource.kind}
        manifest = {**kind, "metadata": {"resourceVersion": str(position)}}
        await _send(response, "BOOKMARK", manifest)


async def _send(response: web.StreamResponse, kind: str, manifest: dict[str, Any]) -> None:
    if response[_METADATA_ONLY] and kind != "ERROR":
        manifest = metadata_of(manifest)
    await response.write(orjson.dumps({"type": kind, "object": manifest}) + b"\n")
