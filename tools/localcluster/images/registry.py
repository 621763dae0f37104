"""Reads images from a registry over its HTTP API (OCI distribution specification)."""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp

from localcluster.images.endpoint import CONNECT_SECONDS, Endpoint
from localcluster.images.errors import (
    DigestMismatch,
    ImageNotFound,
    RegistryError,
    RegistryUnreachable,
)

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=30)
_ATTEMPTS = 3
_CHUNK_BYTES = 1 << 18
_REFUSALS = {401, 403, 404}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of one image for one platform, byte for byte, with its media type."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """sha256:... of the content."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def blobs(self) -> list[str]:
        """Digests of the configuration and of the layers."""
        parsed = json.loads(self.content)
        return [parsed["config"]["digest"], *(layer["digest"] for layer in parsed["layers"])]


class Registry:
    """A client without a log-in of its own: it asks for an anonymous token where one is wanted."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, cache: Path) -> None:
        self._session = session
        self._endpoint = endpoint
        self._cache = cache
        self._tokens: dict[str, str] = {}

    async def manifest(self, repository: str, tag: str) -> Manifest:
        """The manifest of `tag` for linux/amd64; raises ImageNotFound, RegistryError."""
        found = await self._manifest(repository, tag)
        if found.media_type not in INDEXES:
            return found
        digest = _amd64_digest(json.loads(found.content))
        if digest is None:
            raise ImageNotFound(f"{repository}:{tag} is not offered for linux/amd64")
        inner = await self._manifest(repository, digest)
        _check_digest(inner.content, digest, repository)
        return inner

    async def blob(self, repository: str, digest: str) -> Path:
        """The cached file of a blob, checked; an interrupted download goes on where it stopped."""
        file = self._cache / digest.replace(":", "-")
        if file.exists():
            return file
        self._cache.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._download(repository, digest, part)
                break
            except RegistryUnreachable:
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(0.2 * attempt)
        try:
            _check_digest(part.read_bytes(), digest, repository)
        except DigestMismatch:
            part.unlink()
            raise
        return part.rename(file)

    async def _manifest(self, repository: str, reference: str) -> Manifest:
        accept = {"Accept": ", ".join(MANIFESTS + INDEXES)}
        content, headers = await self._get(f"{repository}/manifests/{reference}", accept)
        media_type = headers.get("Content-Type", "").partition(";")[0].strip()
        return Manifest(content, media_type)

    async def _download(self, repository: str, digest: str, part: Path) -> None:
        """Appends what is missing to `part`."""
        have = part.stat().st_size if part.exists() else 0
        wanted = {"Range": f"bytes={have}-"} if have else {}
        async with await self._open(f"{repository}/blobs/{digest}", wanted) as response:
            if response.status == 416:
                # The file is complete already, or longer than it should be: the digest tells.
                return
            with part.open("ab" if response.status == 206 else "wb") as file:
                try:
                    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                        file.write(chunk)
                except (aiohttp.ClientError, TimeoutError) as error:
                    raise RegistryUnreachable(f"{repository}: the download broke off") from error

    async def _get(self, path: str, headers: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
        async with await self._open(path, headers) as response:
            return await response.read(), response.headers

    async def _open(self, path: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """The response to a GET; fetches a token and asks once more after a 401."""
        repository = path.partition("/manifests/")[0].partition("/blobs/")[0]
        response = await self._request(path, headers, repository)
        challenge = response.headers.get("WWW-Authenticate", "")
        if response.status == 401 and challenge.lower().startswith("bearer "):
            response.release()
            self._tokens[repository] = await self._token(challenge, repository)
            response = await self._request(path, headers, repository)
        if response.status in {200, 206, 416}:
            return response
        response.release()
        if response.status in _REFUSALS:
            raise ImageNotFound(f"{self._endpoint.url} has no {path} for us ({response.status})")
        raise RegistryError(f"{self._endpoint.url} answers {response.status} to {path}")

    async def _request(
        self, path: str, headers: Mapping[str, str], repository: str
    ) -> aiohttp.ClientResponse:
        token = self._tokens.get(repository)
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._session.get(
                f"{self._endpoint.url}/v2/{path}", headers={**headers, **authorization}
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RegistryUnreachable(f"{self._endpoint.url} does not answer: {error}") from error

    async def _token(self, challenge: str, repository: str) -> str:
        """An anonymous token, as the challenge of the 401 describes it."""
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = asked.pop("realm", "")
        query = {"scope": f"repository:{repository}:pull", **asked}
        query.pop("error", None)
        try:
            async with self._session.get(realm, params=query) as response:
                if response.status != 200:
                    raise ImageNotFound(f"{realm} gives no token for {repository}")
                answer = cast(dict[str, Any], await response.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RegistryUnreachable(f"{realm} does not answer: {error}") from error
        return str(answer.get("token") or answer.get("access_token") or "")


def _amd64_digest(index: Mapping[str, Any]) -> str | None:
    for entry in index["manifests"]:
        platform = entry.get("platform", {})
        if (platform.get("os"), platform.get("architecture")) == ("linux", "amd64"):
            return cast(str, entry["digest"])
    return None


def _check_digest(content: bytes, digest: str, name: str) -> None:
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found != digest:
        raise DigestMismatch(f"{name}: got {found} where the manifest names {digest}")
