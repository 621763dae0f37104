"""Keyring: the certificates of the webhooks, in one Secret from which all processes serve them.

An authority takes the place of another one without a gap: first both are told to the API server,
and only what is told to it signs; the former one stays until it ends.
"""

from __future__ import annotations

import datetime
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.certificates import (
    Facts,
    Pair,
    authority,
    each,
    facts,
    is_signed_by,
    leaf,
    matches,
)
from vmoperator.apply.client import Client
from vmoperator.apply.contents import decoded
from vmoperator.base.errors import NotFound
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import SECRET

Data = Mapping[str, str]

AUTHORITIES: Final = "ca.crt"
"""Key of the Secret: all authorities, the newest first."""
AUTHORITY_KEY: Final = "ca.key"
"""Key of the Secret: the key of the newest one."""
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """For how long certificates are good; each is renewed after two thirds of that."""

    authority: datetime.timedelta = datetime.timedelta(days=365)
    leaf: datetime.timedelta = datetime.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Ring:
    """The content of the Secret at one moment."""

    data: Data

    @property
    def bundle(self) -> str:
        """The authorities, as the API server is told them."""
        return self.data.get(AUTHORITIES, "")

    @property
    def pair(self) -> Pair:
        """What a server shows."""
        return Pair(self.data.get(CERTIFICATE, ""), self.data.get(KEY, ""))

    @property
    def facts(self) -> Facts | None:
        """What its certificate says; None where there is none that could be shown."""
        return _facts(self.pair)

    def renewed(
        self, names: Collection[str], at: datetime.datetime, lives: Lives, *, told: str
    ) -> Ring:
        """The ring as it should be for servers of these names; `told` are the authorities that
        the API server knows."""
        known = [it for it in _each(self.bundle) if facts(it).ends > at]
        signer = Pair(known[0], self.data.get(AUTHORITY_KEY, "")) if known else Pair("", "")
        seen = _facts(signer)
        if seen is None or seen.due <= at:
            signer = authority(at, lives.authority)
            known = [signer.certificate, *known]
        shown = self.pair
        own = self.facts
        is_good = (
            own is not None
            and own.ends > at
            and own.names == frozenset(names)
            and is_signed_by(shown.certificate, known)
        )
        is_due = own is not None and own.due <= at and signer.certificate in _each(told)
        if not is_good or is_due:
            shown = leaf(signer, names, at, lives.leaf)
        return Ring(
            {
                AUTHORITIES: "".join(known),
                AUTHORITY_KEY: signer.key,
                CERTIFICATE: shown.certificate,
                KEY: shown.key,
            }
        )


@dataclass(slots=True)
class Keyring:
    """Reads the Secret, and writes it where something is due."""

    client: Client
    ref: Ref
    """The Secret."""
    clock: Callable[[], datetime.datetime]
    lives: Lives = Lives()

    async def read(self) -> tuple[Ring, Manifest | None]:
        """The ring and the Secret with it; an empty ring where there is none. Raises ApiError."""
        try:
            found = await self.client.get(SECRET, self.ref)
        except NotFound:
            return Ring({}), None
        texts = {key: value.decode(errors="replace") for key, value in decoded(found).items()}
        return Ring(texts), found

    async def renew(self, names: Collection[str], *, told: str) -> Ring:
        """The ring as it should be, written if it was not so.

        Raises ApiError; Conflict where another process has written it in between.
        """
        ring, secret = await self.read()
        wanted = ring.renewed(names, self.clock(), self.lives, told=told)
        if wanted.data == ring.data:
            return ring
        if secret is None:
            await self.client.create(SECRET, self._secret(wanted))
        else:
            kept = {key: it for key, it in secret.items() if key != "data"}
            await self.client.replace(SECRET, {**kept, "data": _encoded(wanted)})
        return wanted

    def _secret(self, ring: Ring) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.ref.name, "namespace": self.ref.namespace},
            "data": _encoded(ring),
        }


def _encoded(ring: Ring) -> dict[str, str]:
    return {key: b64encode(text.encode()).decode() for key, text in ring.data.items()}


def _facts(pair: Pair) -> Facts | None:
    try:
        return facts(pair.certificate) if matches(pair) else None
    except ValueError:
        return None


def _each(bundle: str) -> Collection[str]:
    try:
        return each(bundle)
    except ValueError:
        return ()
