"""A registry on loopback: anonymous tokens, a manifest list, blobs with ranges, and faults."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

TOKEN = "let-me-in"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def gzip_layer(name: str, content: bytes) -> tuple[bytes, str]:
    """A compressed layer with one file, and the digest of its uncompressed form."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0), digest_of(plain.getvalue())


@dataclass
class SmallRegistry:
    """Serves what was added; `requests` lists what was asked, as method, path and Range."""

    url: str = ""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    break_off_after_bytes: int | None = None

    def add_image(self, repository: str, tag: str, layer: bytes, diff_id: str) -> None:
        """An image behind a manifest list that offers arm64 as well."""
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}
            | {"rootfs": {"type": "layers", "diff_ids": [diff_id]}, "config": {}}
        ).encode()
        self.blobs |= {digest_of(config): config, digest_of(layer): layer}
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self._descriptor(
                    "application/vnd.docker.container.image.v1+json", config
                ),
                "layers": [
                    self._descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)
                ],
            }
        ).encode()
        platforms = [("arm64", "sha256:" + "0" * 64), ("amd64", digest_of(manifest))]
        index = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": LIST,
                "manifests": [
                    {"digest": digest, "platform": {"os": "linux", "architecture": architecture}}
                    for architecture, digest in platforms
                ],
            }
        ).encode()
        self.manifests[f"{repository}/{tag}"] = (LIST, index)
        self.manifests[f"{repository}/{digest_of(manifest)}"] = (MANIFEST, manifest)

    @staticmethod
    def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
        return {"mediaType": media_type, "size": len(content), "digest": digest_of(content)}

    async def token(self, request: web.Request) -> web.Response:
        wanted = {"service", "scope"} <= set(request.query)
        return web.json_response({"token": TOKEN}) if wanted else web.Response(status=400)

    async def manifest(self, request: web.Request) -> web.Response:
        self._check(request)
        name = f"{request.match_info['repository']}/{request.match_info['reference']}"
        if name not in self.manifests:
            raise web.HTTPNotFound
        media_type, content = self.manifests[name]
        return web.Response(body=content, content_type=media_type)

    async def blob(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        content = self.blobs[request.match_info["digest"]]
        start = request.http_range.start or 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(content) - start
        await response.prepare(request)
        if self.break_off_after_bytes is not None:
            await response.write(content[start : start + self.break_off_after_bytes])
            self.break_off_after_bytes = None
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(content[start:])
        return response

    def _check(self, request: web.Request) -> None:
        self.requests.append((request.path, request.headers.get("Range", "")))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = f'Bearer realm="{self.url}/token",service="small",scope="any"'
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": challenge})


@asynccontextmanager
async def served(registry: SmallRegistry) -> AsyncIterator[SmallRegistry]:
    """Runs the registry on a free port of loopback."""
    app = web.Application()
    app.router.add_get("/token", registry.token)
    app.router.add_get("/v2/{repository:.+}/manifests/{reference}", registry.manifest)
    app.router.add_get("/v2/{repository:.+}/blobs/{digest}", registry.blob)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    registry.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield registry
    finally:
        await runner.cleanup()
