"""Connection: which API server to talk to, as whom, and how its certificate is checked."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

import aiohttp

from vmoperator.apply.tokens import FixedToken, TokenSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the API server; `source` says in words where the settings come from."""

    server: str
    tls: ssl.SSLContext | None = None
    tokens: TokenSource = field(default_factory=FixedToken)
    namespace: str = "default"
    server_name: str = ""
    """The name expected in the server's certificate, where it is not the host of the URL."""
    proxy: str = ""
    source: str = ""

    def session(self, *, user_agent: str) -> aiohttp.ClientSession:
        """A session that logs in on every request; the caller closes it.

        Its timeouts are off: every caller sets those of its requests.
        """
        connector = aiohttp.TCPConnector(
            limit=0, ssl=self.tls if self.tls is not None else True, ttl_dns_cache=30
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": user_agent},
            middlewares=(self._logged_in,),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            proxy=self.proxy or None,
        )

    async def _logged_in(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self.server_name:
            request.server_hostname = self.server_name
        token = await self._authorize(request)
        answer = await handler(request)
        if answer.status != 401 or not token:
            return answer
        if await self._authorize(request, fresh=True) == token:
            return answer
        # The token was renewed behind our back; a refused request has done nothing yet.
        answer.release()
        return await handler(request)

    async def _authorize(self, request: aiohttp.ClientRequest, *, fresh: bool = False) -> str:
        token = await self.tokens.token(fresh=fresh)
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        return token
