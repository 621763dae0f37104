"""Webhooks: their options, and what runs for them where they are switched on."""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from vmoperator.apply.client import Client
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import SECRET, WEBHOOKS
from vmoperator.base.settings import Settings
from vmoperator.watch.endpoints import Address
from vmoperator.watch.machine import Machine
from vmoperator.watch.upkeep import kept_up

if TYPE_CHECKING:
    from vmoperator.watch.admission import Admission

OPTION: Final = "--webhook-address"
_SECRET: Final = "--webhook-secret"
_CONFIGURATION: Final = "--webhook-configuration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the webhooks."""
    parser.add_argument(
        OPTION,
        metavar="[HOST]:PORT",
        default="",
        help="judge objects there before they are stored, over TLS, without a host on every "
        f"address; needs {_SECRET}, {_CONFIGURATION} and all namespaces (default: nowhere)",
    )
    parser.add_argument(
        _SECRET,
        metavar="NAMESPACE/NAME",
        default="",
        help="keep the certificates of the webhooks in this Secret, from which all processes "
        "serve them; it is made if there is none",
    )
    parser.add_argument(
        _CONFIGURATION,
        metavar="NAME",
        default="",
        help="the ValidatingWebhookConfiguration that sends objects here; the operator writes its "
        "caBundle, and signs for the Service or url that it names",
    )


def address(options: argparse.Namespace, settings: Settings) -> Address | None:
    """Where to judge objects; None: nowhere. Raises SettingsInvalid, which names the option."""
    text: str = options.webhook_address
    if not text:
        return None
    if settings.namespaces:
        names = ", ".join(settings.namespaces)
        raise SettingsInvalid(
            f"{OPTION}={text}: webhooks need an operator that looks after all namespaces, for the"
            f" configuration that sends objects to them is the whole cluster's; this one looks"
            f" after {names}: leave the option out, objects are checked when they are rendered"
        )
    namespace, slash, name = options.webhook_secret.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise SettingsInvalid(f"{OPTION}={text}: {_SECRET} must be NAMESPACE/NAME")
    if not options.webhook_configuration:
        raise SettingsInvalid(f"{OPTION}={text}: {_CONFIGURATION} is missing")
    try:
        return Address.of(text)
    except ValueError as error:
        raise SettingsInvalid(f"{OPTION}={text}: {error}") from error


def bound(where: Address) -> socket.socket:
    """A socket at this address that does not listen yet. Raises SettingsInvalid if it is taken."""
    error: OSError | None = None
    for family, host in _places(where):
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6 and not where.host:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            one.bind((host, where.port))
        except OSError as refused:
            one.close()
            error = refused
        else:
            return one
    reason = error and (error.strerror or str(error))
    raise SettingsInvalid(f"{OPTION}={where}: cannot listen there: {reason}") from error


@asynccontextmanager
async def judging(
    machine: Machine, client: Client, options: argparse.Namespace, settings: Settings
) -> AsyncIterator[None]:
    """With a server that judges objects, if there is an address for it.

    Raises SettingsInvalid where it cannot listen there.
    """
    where = address(options, settings)
    if where is None:
        yield
        return
    place = bound(where)

    async def judge() -> None:
        # Guards see what the informers see: nothing yet would be as if there were nothing.
        await asyncio.gather(*(it.synced.wait() for it in machine.informers))
        # The socket outlives a run that ends by a defect.
        await _admission(machine, client, options, settings).run(place.dup())

    task = asyncio.create_task(kept_up("webhooks", judge, machine.meters.restarted))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        place.close()


def _admission(
    machine: Machine, client: Client, options: argparse.Namespace, settings: Settings
) -> Admission:
    # Loaded here and not above: most processes need no certificates.
    from vmoperator.apply.admission import Judge
    from vmoperator.apply.introduction import Introduction
    from vmoperator.apply.keyring import Keyring
    from vmoperator.watch.admission import Admission, wall
    from vmoperator.watch.verdicts import Verdicts

    namespace, _, name = options.webhook_secret.partition("/")
    return Admission(
        Judge(machine.world, settings),
        Keyring(client, Ref(SECRET.kind, namespace, name), wall),
        Introduction(client, Ref(WEBHOOKS.kind, "", options.webhook_configuration)),
        Verdicts(machine.meters.show),
        lambda: machine.is_leading,
    )


def _places(where: Address) -> Iterator[tuple[socket.AddressFamily, str]]:
    if where.host:
        yield socket.AF_INET6 if ":" in where.host else socket.AF_INET, where.host
        return
    if socket.has_dualstack_ipv6():
        yield socket.AF_INET6, "::"
    yield socket.AF_INET, "0.0.0.0"
