"""Process: `vmoperator run`, from its options to its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vmoperator.apply import options as settings_options
from vmoperator.apply.client import USER_AGENT, Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.connection import Connection
from vmoperator.apply.election import Election
from vmoperator.apply.login import add_login_arguments, connection
from vmoperator.apply.programs import Programs
from vmoperator.base.environment import without_effect
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import LEASE
from vmoperator.base.settings import Settings
from vmoperator.observe.lease import LEAST_SECONDS, MOST_SECONDS, Terms
from vmoperator.watch import webhooks
from vmoperator.watch.endpoints import OPTION, Address, Endpoints, Pages
from vmoperator.watch.gauges import Gauges
from vmoperator.watch.heart import Heart
from vmoperator.watch.logs import FORMATS, LEVELS, configure
from vmoperator.watch.machine import Lines, Machine, assembled
from vmoperator.watch.memory import spare
from vmoperator.watch.metrics import Meters
from vmoperator.watch.upkeep import kept_up

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `vmoperator run`; those that are not given are read from variables by
    `take_environment`."""
    add_login_arguments(parser)
    parser.add_argument(
        "-n",
        "--namespace",
        metavar="NAMESPACE",
        action="append",
        type=settings_options.namespace,
        default=[],
        dest="namespaces",
        help="look after this namespace alone; may be given more than once (default: those "
        "of $WATCH_NAMESPACE, with commas between them, else all)",
    )
    parser.add_argument(
        "--confined",
        action="store_true",
        help="ask for nothing beyond these namespaces, as where the operator has Roles alone: "
        "neither whether a storage class lets volumes grow nor what a service account may do",
    )
    _add_ways(parser)
    settings_options.add_settings_arguments(parser)
    parser.set_defaults(variables=settings_options.read_variables(parser))


def _add_ways(parser: argparse.ArgumentParser) -> None:
    """What changes how it runs, and not what it looks after."""
    parser.add_argument(
        "--log-format",
        choices=FORMATS,
        default="text",
        help="text for people, or one JSON object per line (default: %(default)s)",
    )
    parser.add_argument(
        "--log-level",
        choices=LEVELS,
        default="info",
        help="tell nothing below this level (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=settings_options.count,
        default=8,
        help="bring so many objects in line at the same time (default: %(default)s)",
    )
    settings_options.add_resync_argument(parser)
    _add_turns(parser)
    webhooks.add_arguments(parser)


def _add_turns(parser: argparse.ArgumentParser) -> None:
    """How it gets on with other processes, and where it tells of itself."""
    parser.add_argument(
        "--lease",
        metavar="NAMESPACE/NAME",
        type=_lease,
        help="write only while holding this Lease, so that several processes may run; one works, "
        "the others stand by (default: none, there has to be one process)",
    )
    parser.add_argument(
        "--lease-seconds",
        metavar="N",
        type=_lease_seconds,
        default=12,
        help=f"how many seconds the Lease lasts when nobody renews it, {LEAST_SECONDS} to "
        f"{MOST_SECONDS}: so long nothing is written after its holder has vanished "
        "(default: %(default)s)",
    )
    parser.add_argument(
        OPTION,
        metavar="[HOST]:PORT",
        type=_address,
        default=":8080",
        help="serve /healthz, /readyz and /metrics there, without a host on every address; "
        "nowhere if empty (default: %(default)s)",
    )


def main(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; exit code 0 then, 1 when the options cannot work."""
    configure(options.log_format, options.log_level)
    try:
        found = connection(options.kubeconfig, context=options.context)
        settings = _settings(options)
        webhooks.address(options, settings)
        if options.confined and not settings.namespaces:
            raise SettingsInvalid("--confined: name the namespaces by --namespace")
    except SettingsInvalid as wrong:
        log.error("%s", wrong)
        return 1
    log.info("%s: %s, by %s", USER_AGENT, found.server, found.source)
    spare()
    return asyncio.run(_run(found, options, settings))


def _settings(options: argparse.Namespace) -> Settings:
    """The settings that options and the environment ask for. Raises SettingsInvalid."""
    if idle := without_effect(os.environ, options.variables):
        log.warning("these variables of the environment have no effect: %s", ", ".join(idle))
    named = settings_options.namespaces(options, os.environ)
    return settings_options.settings(options, os.environ, Settings(namespaces=named))


async def _run(found: Connection, options: argparse.Namespace, settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    meters = Meters()
    async with Client(found, on_answer=meters.answered) as client, Programs() as programs:
        _bound(client, options, settings)
        lines = Lines(found, client, programs)
        election = _election(client, options.lease, options.lease_seconds)
        machine = assembled(lines, settings, meters, workers=options.workers, election=election)
        try:
            async with (
                _observed(machine, options.http_address),
                webhooks.judging(machine, client, options, settings),
            ):
                await machine.run(stop)
        except SettingsInvalid as wrong:
            log.error("%s", wrong)
            return 1
    return 0


def _bound(client: Client, options: argparse.Namespace, settings: Settings) -> None:
    """Say once what an operator that looks after some namespaces alone never knows."""
    if settings.namespaces:
        names = ", ".join(settings.namespaces)
        words = "labels of namespaces are not read, so namespace selectors take all of these"
        log.info("looking after %s alone: %s", names, words)
    if options.confined:
        client.confine()
        log.info("confined: storage classes and the rights of service accounts stay unknown")


def _election(client: Client, lease: Ref | None, seconds: int) -> Election | None:
    if lease is None:
        return None
    # A container that is started again in its pod is another process.
    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    election = Election(client, lease, identity, precise_now, Terms.lasting(seconds))
    client.only_while(election.check)
    return election


@asynccontextmanager
async def _observed(machine: Machine, address: Address | None) -> AsyncIterator[None]:
    """With a heart that beats, and endpoints that tell of it if there is an address for them."""
    meters, heart = machine.meters, Heart(machine.vitals)
    meters.show(Gauges(machine, heart))
    pages = Pages(ailments=heart.ailments, obstacles=heart.obstacles, metrics=meters.page)
    endpoints = Endpoints(pages)
    if address:
        await endpoints.start(address)
    beating = asyncio.create_task(kept_up("heart", heart.run, meters.restarted))
    try:
        yield
    finally:
        beating.cancel()
        await endpoints.close()


def _lease_seconds(text: str) -> int:
    number = settings_options.count(text)
    if not LEAST_SECONDS <= number <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text}: must be {LEAST_SECONDS} to {MOST_SECONDS}")
    return number


def _lease(text: str) -> Ref:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise argparse.ArgumentTypeError(f"{text}: must be NAMESPACE/NAME")
    return Ref(LEASE.kind, namespace, name)


def _address(text: str) -> Address | None:
    if not text:
        return None
    try:
        return Address.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
