"""Admission: a server that the API server asks before it stores an object of ours, and its upkeep.

Loaded only where it is switched on: its certificates need a library of some size. It stands beside
everything else: when it fails, objects are stored unjudged, and passes refuse what is wrong.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from vmoperator.apply.admission import Judge
from vmoperator.apply.certificates import Pair
from vmoperator.apply.introduction import Introduction, Registered
from vmoperator.apply.keyring import Keyring, Ring
from vmoperator.base.errors import ApiError, Conflict, NotFound
from vmoperator.observe.admission import Judgement, Question, answer, question
from vmoperator.watch.endpoints import Address
from vmoperator.watch.verdicts import Verdicts

log = logging.getLogger(__name__)

PATH: Final = "/validate"
# Two versions of an object, each as large as etcd takes it, and what stands around them.
_MOST_BYTES: Final = 8 * 1024 * 1024
_DEFECTS: Final = (AttributeError, TypeError, LookupError, ValueError, ArithmeticError)
_UNJUDGED: Final = "the operator could not judge it, and has logged why"


def wall() -> datetime.datetime:
    """This moment."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(slots=True)
class Admission:
    """Serves judgements with the certificate of the keyring, which the leader renews."""

    judge: Judge
    keyring: Keyring
    introduction: Introduction
    verdicts: Verdicts
    may_write: Callable[[], bool]
    """Whether it is this process's turn to renew what is due."""
    upkeep_seconds: float = 30.0
    retry_seconds: float = 2.0
    _context: ssl.SSLContext = field(init=False)
    _ring: Ring = field(default_factory=lambda: Ring({}), init=False)
    _runner: web.AppRunner | None = field(default=None, init=False)
    _told: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    @property
    def is_serving(self) -> bool:
        """Whether it has a certificate, and answers."""
        return self._runner is not None

    async def run(self, bound: socket.socket) -> None:
        """Keep the certificates, and serve as soon as there is one, until cancelled."""
        try:
            while True:
                is_done = await self.keep_up()
                if self._ring.facts and self._runner is None:
                    await self._listen(bound)
                    is_done = is_done and not self.may_write()
                await asyncio.sleep(self.upkeep_seconds if is_done else self.retry_seconds)
        finally:
            if self._runner:
                await self._runner.cleanup()
                self._runner = None

    async def keep_up(self) -> bool:
        """Renew what is due, if it is this process's turn; whether all is as it should be."""
        try:
            if not self.may_write():
                ring, _ = await self.keyring.read()
                self._show(ring)
                return ring.facts is not None
            registered = await self.introduction.registered()
            return await self._renewed(registered)
        except NotFound as error:
            self._tell(f"webhooks are not asked: {error}")
        except Conflict:
            pass
        except (ApiError, TimeoutError) as error:
            self._tell(f"the certificates of the webhooks are not kept up: {error}")
        return False

    async def _renewed(self, registered: Registered) -> bool:
        if not registered.names:
            self._tell(f"{self.introduction.ref} names neither a Service nor a url: nobody asks")
            return True
        ring = await self.keyring.renew(registered.names, told=registered.told)
        self._show(ring)
        # Nobody is sent here before somebody answers.
        if self._runner and await self.introduction.tell(registered, ring.bundle):
            log.info("%s knows the authorities of the webhooks", self.introduction.ref)
        return True

    def _show(self, ring: Ring) -> None:
        """New connections are shown this certificate from now on."""
        facts = ring.facts
        if facts is None:
            self._tell(f"{self.keyring.ref} holds no certificate for the webhooks yet")
            return
        if ring.pair == self._ring.pair:
            return
        _load(self._context, ring.pair)
        self._ring, self._told = ring, ""
        self.verdicts.certified(facts.ends.timestamp())
        log.info("the certificate of the webhooks is good until %s", f"{facts.ends:%Y-%m-%d %H:%M}")

    def _tell(self, words: str) -> None:
        if words != self._told:
            self._told = words
            log.warning("%s", words)

    async def _listen(self, bound: socket.socket) -> None:
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post(PATH, self._asked)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.SockSite(runner, bound, ssl_context=self._context).start()
        self._runner = runner
        log.info("judging objects on %s", Address(*bound.getsockname()[:2]))

    async def _asked(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        try:
            asked = question(orjson.loads(await request.read()))
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")
        judgement, outcome = self._judged(asked)
        self.verdicts.judged(asked.kind, outcome, time.monotonic() - began)
        return _answered(asked.uid, judgement)

    def _judged(self, asked: Question) -> tuple[Judgement, str]:
        try:
            found = self.judge.judged(asked)
        except _DEFECTS:
            # Nobody is to be kept from his work by a defect of ours.
            log.exception("%s cannot be judged", asked.kind)
            return Judgement(warnings=(_UNJUDGED,)), "failed"
        if found.refusals:
            log.info("refused: %s", "; ".join(found.refusals))
        return found, found.outcome


def _answered(uid: str, judgement: Judgement) -> web.Response:
    body: dict[str, Any] = answer(uid, judgement)
    return web.Response(body=orjson.dumps(body), content_type="application/json")


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    # The ssl module reads certificates from files alone.
    with tempfile.TemporaryDirectory(prefix="vmoperator-") as folder:
        path = Path(folder) / "pair.pem"
        path.touch(mode=0o600)
        path.write_text(pair.certificate + pair.key)
        context.load_cert_chain(path)
