"""The HTTP side of the fake API server."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.fake_api import verbs, watches
from tests.fake_api.discovery import RESOURCES, discovery
from tests.fake_api.objects import Key, Manifest, Objects
from vmoperator.apply.connection import Connection
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import Resource

_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<subresource>[^/]+))?"
)


@dataclass(frozen=True)
class Seen:
    """A request as the server received it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in ("1", "true")

    @property
    def is_write(self) -> bool:
        return self.method not in ("GET", "HEAD")


@dataclass
class Fault:
    """An answer that stands in for the real one, for requests that match."""

    status: int = 500
    times: int = 1
    method: str = ""
    path: str = ""
    """Matches when it is part of the request's path."""
    watch: bool | None = None
    message: str = "the test says so"
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    causes: tuple[str, ...] = ()
    """Reasons in the details of the Status."""
    cut: bool = False
    """Close the connection instead of doing and answering anything."""

    def hits(self, seen: Seen) -> bool:
        return (
            self.times > 0
            and self.method in ("", seen.method)
            and self.path in seen.path
            and self.watch in (None, seen.is_watch)
        )


@dataclass(frozen=True)
class Denied:
    """A right that the client lacks: these verbs on a resource (`pods`, `pods/eviction`)."""

    group: str
    resource: str
    verbs: tuple[str, ...] = ("get", "list", "watch", "create", "update", "patch", "delete")

    def hits(self, verb: str, target: Target) -> bool:
        sub = f"/{target.subresource}" if target.subresource else ""
        named = (target.resource.group, f"{target.resource.plural}{sub}")
        return verb in self.verbs and named == (self.group, self.resource)


@dataclass(frozen=True)
class Target:
    """What a path names."""

    resource: Resource
    namespace: str
    name: str
    subresource: str

    @property
    def collection(self) -> str:
        return f"{self.resource.group}/{self.resource.plural}"

    @property
    def key(self) -> Key:
        return (self.collection, self.namespace, self.name)


class FakeApi:
    """`async with FakeApi() as api:` serves on a free port of the loopback interface."""

    def __init__(self, *, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.objects = Objects()
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.token = token
        self.denied: list[Denied] = []
        self.hidden: set[str] = set()
        """Plurals of resources that the server does not know, as before their CRD is applied."""
        self.logs: dict[str, list[str]] = {}
        """Lines of the logs of pods, by name."""
        self.bookmark_seconds = 0.2
        self.streams: set[web.StreamResponse] = set()
        self.changed = asyncio.Condition()
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"{'https' if self._tls else 'http'}://{host}:{port}"
        return self

    async def __aexit__(self, *unused: object) -> None:
        self.cut_streams()
        if self._runner:
            await self._runner.cleanup()

    def connection(self, **settings: Any) -> Connection:
        """How to reach it, for the client."""
        return Connection(server=self.url, source="fake", **settings)

    @property
    def resources(self) -> list[Resource]:
        return [resource for resource in RESOURCES if resource.plural not in self.hidden]

    @property
    def writes(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.is_write]

    def requests(self, method: str = "GET", path: str = "", *, watch: bool = False) -> list[Seen]:
        """The requests of that method whose path holds these letters."""
        return [
            seen
            for seen in self.seen
            if seen.method == method and path in seen.path and seen.is_watch == watch
        ]

    async def put(self, manifest: Manifest, *, manager: str = "somebody") -> Manifest:
        """Write the object as another client would; its status too, if it has one."""
        key = self._key(manifest)
        written = self.objects.write(key, manifest, manager=manager)
        if manifest.get("status"):
            written = self.objects.write(key, manifest, manager=manager, subresource="status")
        await self.tell()
        return written

    async def remove(self, ref: Ref) -> None:
        """Delete the object, its dependents too."""
        self.objects.delete(self._key_of(ref))
        await self.tell()

    def find(self, ref: Ref) -> Manifest | None:
        """The live object."""
        return self.objects.live.get(self._key_of(ref))

    def cut_streams(self) -> None:
        """Break the connection of every watch."""
        for stream in list(self.streams):
            if stream._req is not None and stream._req.transport is not None:
                stream._req.transport.close()

    def compact(self) -> None:
        """Forget the history: whoever watches from before now is told that it is gone."""
        self.objects.oldest = self.objects.version
        self.objects.history.clear()

    async def tell(self) -> None:
        """Let the watches look for what is new."""
        async with self.changed:
            self.changed.notify_all()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        seen = Seen(
            request.method,
            request.path,
            dict(request.query),
            dict(request.headers),
            verbs.parsed(body),
        )
        self.seen.append(seen)
        fault = next((fault for fault in self.faults if fault.hits(seen)), None)
        if fault:
            fault.times -= 1
            await asyncio.sleep(fault.delay_seconds)
            if fault.cut and request.transport:
                request.transport.close()
                return web.Response()
            if fault.status >= 300:
                return verbs.refusal(
                    fault.status, fault.message, headers=fault.headers, causes=fault.causes
                )
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return verbs.refusal(401, "Unauthorized")
        return await self._found(request, seen)

    async def _found(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        document = discovery(seen.path, self.resources)
        if document is not None:
            return web.json_response(document)
        target = next(self._targets(seen.path), None)
        if target is None:
            return web.Response(status=404, text="404 page not found\n")
        verb = _verb(seen, target)
        if any(denied.hits(verb, target) for denied in self.denied):
            what = f'cannot {verb} resource "{target.resource.plural}"'
            name = f"{target.resource.plural}.{target.resource.group}".rstrip(".")
            group = f'in API group "{target.resource.group}"'
            return verbs.refusal(403, f'{name} is forbidden: User "vmoperator" {what} {group}')
        if seen.is_watch:
            return await watches.stream(self, target, request, seen.query)
        if target.subresource == "log":
            return web.Response(text="\n".join(self.logs.get(target.name, ())))
        answer = verbs.answer(self.objects, target, seen)
        await self.tell()
        return answer

    def _targets(self, path: str) -> Iterator[Target]:
        match = _PATH.fullmatch(path)
        for resource in self.resources if match else ():
            assert match
            parts = {key: value or "" for key, value in match.groupdict().items()}
            wanted = (parts["group"], parts["version"], parts["plural"])
            if (resource.group, resource.version, resource.plural) == wanted:
                yield Target(resource, parts["namespace"], parts["name"], parts["subresource"])

    def _key(self, manifest: Manifest) -> Key:
        metadata = manifest["metadata"]
        return self._key_of(Ref(manifest["kind"], metadata.get("namespace", ""), metadata["name"]))

    @staticmethod
    def _key_of(ref: Ref) -> Key:
        resource = next(resource for resource in RESOURCES if resource.kind == ref.kind)
        return (f"{resource.group}/{resource.plural}", ref.namespace, ref.name)


def _verb(seen: Seen, target: Target) -> str:
    """The verb of a role that the request needs."""
    if seen.method == "GET":
        return "watch" if seen.is_watch else "get" if target.name else "list"
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    return verbs[seen.method]
