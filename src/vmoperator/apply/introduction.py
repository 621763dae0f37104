"""Introduction: the API server is told which authorities sign for the webhooks.

The ValidatingWebhookConfiguration is whoever installs the operator's: he says which objects are
judged, by which Service, and what happens when nobody answers. It also tells the names of the
server. The operator writes `caBundle` into it and nothing else.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vmoperator.apply.client import Client
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import WEBHOOKS


@dataclass(frozen=True, slots=True)
class Registered:
    """A ValidatingWebhookConfiguration as it stands."""

    manifest: Manifest

    @property
    def names(self) -> frozenset[str]:
        """What the API server expects the certificate of the server to be for."""
        return frozenset(name for it in self._clients for name in _names(it))

    @property
    def told(self) -> str:
        """The authorities that every webhook knows; empty where they differ, or there are none."""
        bundles = {str(it.get("caBundle") or "") for it in self._clients}
        try:
            return b64decode(bundles.pop()).decode() if len(bundles) == 1 else ""
        except ValueError:
            return ""

    def patch(self, bundle: str) -> list[dict[str, Any]]:
        """What makes all webhooks know just these authorities: a JSON patch."""
        metadata = self.manifest["metadata"]
        version = {"op": "test", "path": "/metadata/resourceVersion"}
        text = b64encode(bundle.encode()).decode()
        return [
            {**version, "value": metadata["resourceVersion"]},
            *(
                {"op": "add", "path": f"/webhooks/{place}/clientConfig/caBundle", "value": text}
                for place in range(len(self._clients))
            ),
        ]

    @property
    def _clients(self) -> list[Mapping[str, Any]]:
        return [it["clientConfig"] for it in self.manifest.get("webhooks") or ()]


@dataclass(frozen=True, slots=True)
class Introduction:
    """Reads one configuration, and writes it where it lacks an authority."""

    client: Client
    ref: Ref

    async def registered(self) -> Registered:
        """The configuration. Raises ApiError, NotFound where there is none."""
        return Registered(await self.client.get(WEBHOOKS, self.ref))

    async def tell(self, registered: Registered, bundle: str) -> bool:
        """Whether it had to be written so that it knows these. Raises ApiError."""
        if registered.told == bundle or not registered.names:
            return False
        await self.client.patch(WEBHOOKS, self.ref, registered.patch(bundle), kind="json")
        return True


def _names(client: Mapping[str, Any]) -> Iterator[str]:
    service, host = client.get("service"), urlsplit(client.get("url") or "").hostname
    if service:
        name = f"{service['name']}.{service['namespace']}"
        # https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
        # #service-reference: the API server asks for NAME.NAMESPACE.svc.
        yield from (f"{name}.svc", name)
    elif host:
        yield host
