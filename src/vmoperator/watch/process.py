"""Process: `vmoperator run`, from its options to its end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from vmoperator.apply.access import Access
from vmoperator.apply.aftercare import Aides
from vmoperator.apply.announcements import Announcements
from vmoperator.apply.build import build
from vmoperator.apply.client import USER_AGENT, Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.delivery import Deliveries
from vmoperator.apply.login import connection
from vmoperator.apply.object_reports import ObjectReports
from vmoperator.apply.programs import Programs
from vmoperator.apply.reconcile import Reconciler
from vmoperator.apply.rule_health import RuleHealth
from vmoperator.apply.world import World
from vmoperator.base.environment import settings_of, without_effect
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings
from vmoperator.watch.informer import Informer
from vmoperator.watch.logs import FORMATS, LEVELS, configure
from vmoperator.watch.queue import WorkQueue
from vmoperator.watch.shell import Shell
from vmoperator.watch.wiring import Wiring

log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 1.5
"""A pass that runs when the process is asked to end may go on for so long."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `vmoperator run`."""
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        default="",
        help="how to reach the API server (default: $KUBECONFIG, the pod's service account, "
        "~/.kube/config)",
    )
    parser.add_argument(
        "--context", metavar="NAME", default="", help="context of the kubeconfig to use"
    )
    parser.add_argument(
        "-n",
        "--namespace",
        metavar="NAMESPACE",
        action="append",
        default=[],
        dest="namespaces",
        help="look after this namespace alone; may be given more than once (default: those "
        "of $WATCH_NAMESPACE, with commas between them, else all)",
    )
    _add_ways(parser)


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
        type=_positive,
        default=8,
        help="bring so many objects in line at the same time (default: %(default)s)",
    )


def main(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; exit code 0 then, 1 when the connection is not set up well."""
    configure(options.log_format, options.log_level)
    try:
        found = connection(options.kubeconfig, context=options.context)
        settings = _settings(options.namespaces)
    except SettingsInvalid as wrong:
        log.error("%s", wrong)
        return 1
    log.info("%s: %s, by %s", USER_AGENT, found.server, found.source)
    asyncio.run(_run(found, options, settings))
    return 0


def _settings(namespaces: Sequence[str]) -> Settings:
    """The settings that the environment asks for. Raises SettingsInvalid."""
    named = namespaces or os.environ.get("WATCH_NAMESPACE", "").replace(",", " ").split()
    if idle := without_effect(os.environ):
        log.warning("these variables of the environment have no effect: %s", ", ".join(idle))
    return settings_of(os.environ, Settings(namespaces=tuple(dict.fromkeys(named))))


async def _run(found: Connection, options: argparse.Namespace, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    namespaces = settings.namespaces
    async with Client(found) as client, Programs() as programs:
        world = World()
        deliveries = Deliveries(client, programs, lambda ref: queue.add(ref))
        aides = Aides(deliveries, Access(client))
        reports = ObjectReports(client, world)
        announcements = Announcements(client)
        reconciler = Reconciler(
            client,
            world,
            settings,
            aides,
            reports,
            announcements=announcements,
            build=build(settings),
        )
        queue = WorkQueue(reconciler.reconcile, workers=options.workers)
        informers = Wiring(client, world, queue.add, reports.touch).informers(namespaces)
        shell = Shell(found, namespaces, queue.add)
        health = RuleHealth(programs, deliveries, reports)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(informer.run()) for informer in informers]
            tasks.append(group.create_task(shell.run()))
            tasks.append(group.create_task(_know(informers, reports.run)))
            tasks.append(group.create_task(health.run()))
            tasks.append(group.create_task(announcements.run()))
            tasks.append(group.create_task(_work(informers, queue, world)))
            await stop.wait()
            log.info("asked to end: finishing what runs")
            # kopf needs a moment to end; it has it while the queue drains.
            for task in tasks[:-1]:
                task.cancel()
            if not await queue.drain(_DRAIN_SECONDS):
                log.warning("a pass was cut short; the next start takes it up again")
            tasks[-1].cancel()
            await deliveries.close()


async def _know(
    informers: Sequence[Informer[Any]], go: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Return, or go on, as soon as the world is known: what half of it tells would do harm."""
    await asyncio.gather(*(informer.synced.wait() for informer in informers))
    if go:
        await go()


async def _work(informers: Sequence[Informer[Any]], queue: WorkQueue, world: World) -> None:
    """Work the queue as soon as the world is known."""
    await _know(informers)
    log.info(
        "the world is known: %s objects to look after, with %s children and %s pods",
        len(world.parents),
        len(world.children),
        len(world.pods),
    )
    await queue.run()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
