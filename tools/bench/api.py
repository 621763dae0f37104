"""A small client of the API server for the benchmark: its calls must not weigh on the figures."""

import base64
import json
import ssl
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml


class Api:
    """Plain calls with the first cluster and user of a kubeconfig that holds certificates."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        self._tls = ssl.create_default_context(cadata=_pem(cluster, "certificate-authority"))
        with tempfile.NamedTemporaryFile("w") as pair:
            pair.write(f"{_pem(user, 'client-certificate')}\n{_pem(user, 'client-key')}")
            pair.flush()
            self._tls.load_cert_chain(pair.name)

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=20)
        self._session = aiohttp.ClientSession(
            connector=connector, headers={"User-Agent": "vmoperator-bench"}
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def text(self, path: str) -> str:
        """The body of a GET."""
        async with self._session.get(self.server + path) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def get(self, path: str) -> dict[str, Any]:
        """The object of a GET; an empty map when there is none."""
        async with self._session.get(self.server + path) as answer:
            if answer.status == 404:
                return {}
            answer.raise_for_status()
            found: dict[str, Any] = json.loads(await answer.read())
            return found

    async def versions(self, path: str) -> list[tuple[str, str]]:
        """Name and resourceVersion of each object of a collection."""
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        async with self._session.get(self.server + path, headers={"Accept": accept}) as answer:
            answer.raise_for_status()
            items = json.loads(await answer.read())["items"] or ()
        return [(it["metadata"]["name"], it["metadata"]["resourceVersion"]) for it in items]

    async def merge(self, path: str, patch: dict[str, Any]) -> None:
        """A JSON merge patch."""
        kind = {"Content-Type": "application/merge-patch+json"}
        body = json.dumps(patch)
        async with self._session.patch(self.server + path, data=body, headers=kind) as answer:
            if answer.status >= 300:
                raise SystemExit(f"PATCH {path}: {answer.status} {await answer.text()}")

    async def create(self, path: str, manifest: dict[str, Any]) -> None:
        """POST; one that exists already is left as it is."""
        async with self._session.post(self.server + path, json=manifest) as answer:
            if answer.status not in (200, 201, 202, 409):
                raise SystemExit(f"POST {path}: {answer.status} {await answer.text()}")

    async def delete(self, path: str) -> None:
        """DELETE, with the dependents; what is gone is no error."""
        options = {"propagationPolicy": "Background"}
        async with self._session.delete(self.server + path, json=options) as answer:
            await answer.read()


def _pem(section: dict[str, str], key: str) -> str:
    if f"{key}-data" in section:
        return base64.b64decode(section[f"{key}-data"]).decode()
    return Path(section[key]).read_text()
