"""A program in a pod, as deliveries see it: reads its file when asked, shows what it runs."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from vmoperator.base.names import RULES_FOLDER
from vmoperator.observe.loading import marks_of


@dataclass
class Program:
    """Listens on a free port of the loopback interface; `kind` as in PAGES, or vmauth."""

    kind: str = "vmagent"
    file: str = "old"
    """What the kubelet shows it; "bad" is refused."""
    key: str = ""
    prefix: str = "/pre"
    runs: str = "old"
    is_refused: bool = False
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """File -> names of the jobs that it shows when it runs that."""
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """File -> names of the groups that vmalert shows when it runs that, each of a file."""
    states: int = 9
    """So many states of rules it takes in one request."""
    hides: bool = False
    """Whether it asks for a password before it shows them."""
    takes_seconds: float = 0.0
    """How long it reads its file, after it has answered."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each request."""
    encodings: set[str] = field(default_factory=set)
    """What the requests say of compression."""
    port: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._seen])
        app.router.add_post(f"{self.prefix}/-/reload", self._reload)
        app.router.add_get(f"{self.prefix}/metrics", self._metrics)
        if self.kind == "vmagent":
            app.router.add_get(f"{self.prefix}/config", self._config)
            app.router.add_get(f"{self.prefix}/remotewrite-relabel-config", self._relabelling)
        if self.kind == "vmalert":
            app.router.add_get(f"{self.prefix}/api/v1/rules", self._rules)
            app.router.add_get(f"{self.prefix}/api/v1/notifiers", self._notifiers)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *unused: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    @property
    def reloads(self) -> int:
        return sum(one.startswith("POST") for one in self.asked)

    @web.middleware
    async def _seen(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.encodings.add(request.headers.get("Accept-Encoding", ""))
        return await handler(request)

    async def _relabelling(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.path}")
        return web.Response(text="[]")

    async def _reload(self, request: web.Request) -> web.Response:
        self.asked.append(f"POST {request.path_qs}")
        given = (await request.post()).get("authKey", "")
        if given != self.key:
            return web.Response(status=401, text="Expected to receive another authKey")
        self.is_refused = self.file == "bad"
        if self.takes_seconds:
            asyncio.get_running_loop().call_later(self.takes_seconds, self._read, self.file)
        elif not self.is_refused:
            self.runs = self.file
        elif self.kind == "alertmanager":
            return web.Response(status=500, text='failed to reload config: no receiver "new"')
        return web.Response()

    def _read(self, file: str) -> None:
        self.runs = file

    async def _config(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.path}")
        jobs = "".join(f"- job_name: {it}\n" for it in self.markers.get(self.runs, ()))
        return web.Response(text=f"{hashlib.md5(self.runs.encode()).hexdigest()}\n{jobs}")

    async def _rules(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.path}")
        if self.hides:
            return web.Response(status=401)
        if len(request.query.get("state", "").split(",")) > self.states:
            return web.Response(status=400, text="invalid parameter state")
        groups = [
            {"name": it, "file": f"{RULES_FOLDER}/{it}.yaml", "rules": []}
            for it in self.groups.get(self.runs, ())
        ]
        return web.json_response({"status": "success", "data": {"groups": groups}})

    async def _notifiers(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.path}")
        return web.json_response({"status": "success", "data": {"notifiers": None}})

    async def _metrics(self, request: web.Request) -> web.Response:
        self.asked.append(f"GET {request.path}")
        took = int(not self.is_refused)
        if self.kind == "alertmanager":
            shown = next(iter(marks_of({"file": self.runs})))
            text = (
                f"alertmanager_build_info 1\nalertmanager_config_hash {shown}\n"
                f"alertmanager_config_last_reload_successful {took}\n"
            )
        else:
            text = f"vm_app_version 1\n{self.kind}_config_last_reload_successful {took}\n"
        return web.Response(text=text)
