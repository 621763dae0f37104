"""`vmoperator plan`: what the operator would do, asked of the API server, which writes nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import orjson

from vmoperator.apply.build import build
from vmoperator.apply.connection import Connection
from vmoperator.apply.dry_run import DryClient
from vmoperator.apply.intended import KINDS, Intention, concerned, intend
from vmoperator.apply.login import add_login_arguments, connection
from vmoperator.apply.options import add_settings_arguments, namespace, settings
from vmoperator.apply.rehearsal import Rehearsal
from vmoperator.apply.snapshot import snapshot
from vmoperator.apply.warrant import warrant
from vmoperator.apply.world import World
from vmoperator.base.errors import ApiError, Forbidden, SettingsInvalid, Unavailable
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import PARENTS
from vmoperator.base.settings import Settings
from vmoperator.commands import Streams
from vmoperator.files import Unreadable, documents
from vmoperator.observe.access import Account
from vmoperator.observe.outlook import Action, Fate, Outlook, Refusal
from vmoperator.planned import Planned, document, text

_PARENTS: Final = {it.kind for it in PARENTS}
_MANY: Final = 20
"""With more objects than this, how far it is is told as it goes on."""
_ERROR: Final = 2


@dataclass(slots=True)
class _Files:
    """What files hold, and what is wrong with them."""

    objects: list[Mapping[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `vmoperator plan`."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="file of objects as if they were applied, - for stdin (default: the objects that the "
        "cluster holds, as they stand)",
    )
    parser.add_argument(
        "-n",
        "--namespace",
        default="",
        metavar="NAMESPACE",
        help="without files, the objects of this namespace alone; with files, the namespace of "
        "objects that name none (default: all; that of the kubeconfig's context)",
    )
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="text for people, or one JSON document (default: %(default)s)",
    )
    add_login_arguments(parser)
    _add_operator(parser)


def _add_operator(parser: argparse.ArgumentParser) -> None:
    """Which operator it plans for."""
    parser.add_argument(
        "--service-account",
        metavar="NAMESPACE/NAME",
        type=_account,
        help="look whether this account, the operator's, has all the rights that the operator needs"
        " (default: that of the Deployment that the chart has installed)",
    )
    parser.add_argument(
        "--watch-namespace",
        metavar="NAMESPACE",
        action="append",
        type=namespace,
        default=[],
        dest="watch_namespaces",
        help="plan for an operator that looks after this namespace alone (`run --namespace`); may "
        "be given more than once (default: all namespaces)",
    )
    add_settings_arguments(parser)


def main(options: argparse.Namespace, streams: Streams) -> int:
    """Exit code 0 when nothing would change, 1 when something would, 2 for an error."""
    try:
        found = connection(options.kubeconfig, context=options.context)
        planned = asyncio.run(_plan(found, options, streams))
    except (SettingsInvalid, ApiError) as error:
        streams.stderr.write(f"error: {error}\n")
        if isinstance(error, Forbidden):
            streams.stderr.write(
                "plan reads and tries what the operator does: whoever runs it needs these rights"
                " too (deploy/rbac.yaml)\n"
            )
        return _ERROR
    if options.output == "json":
        streams.stdout.write(orjson.dumps(document(planned), option=orjson.OPT_INDENT_2).decode())
        streams.stdout.write("\n")
    else:
        streams.stdout.writelines(f"{line}\n" for line in text(planned))
    return planned.exit_code


async def _plan(found: Connection, options: argparse.Namespace, streams: Streams) -> Planned:
    namespaces = tuple(dict.fromkeys(options.watch_namespaces))
    chosen = settings(options, os.environ, Settings(namespaces=namespaces))
    files = _read(options, found.namespace, streams)
    if files.errors and not files.objects:
        return Planned(errors=tuple(files.errors))
    async with DryClient(found) as client:
        found_rights = await warrant(client, namespaces, options.service_account)
        _tell(streams, found_rights.told)
        tell, unread = partial(_tell, streams), chosen.unread_kinds
        world = await snapshot(client, namespaces, unread=unread, tell=tell)
        rehearsal = Rehearsal(client, world, chosen, build(chosen))
        desk = _Desk(rehearsal, streams, list(files.errors))
        planned = await _told(desk, options, files)
        return replace(planned, warrant=found_rights)


async def _told(desk: _Desk, options: argparse.Namespace, files: _Files) -> Planned:
    if options.files:
        return await desk.of_files(files.objects)
    world, namespace = desk.rehearsal.world, options.namespace
    known = (ref for ref in world.parents.all() if namespace in ("", ref.namespace))
    return await desk.of_cluster([*sorted(known), *_gone(world, namespace)])


@dataclass(slots=True)
class _Desk:
    """Plans one parent after the other, and says how far it is."""

    rehearsal: Rehearsal
    streams: Streams
    errors: list[str]

    async def of_cluster(self, refs: Sequence[Ref]) -> Planned:
        """The parents as they stand."""
        outlooks = await self._outlooks(refs, {})
        return Planned(outlooks=tuple(outlooks.values()), errors=tuple(self.errors))

    async def of_files(self, objects: Sequence[Mapping[str, Any]]) -> Planned:
        """The parents of files, and those that notice a change of what else is in the files."""
        intentions, refused = await self._intended(objects)
        fates = {it.fate.ref: it.fate for it in intentions}
        named = [ref for ref in fates if ref.kind in _PARENTS]
        others = sorted(self.rehearsal.world.parents.all().keys() - fates.keys())
        outlooks = await self._outlooks([*named, *others], fates)
        noticing = {ref for it in intentions for ref in concerned(self.rehearsal.world, it)}
        shown = [*named, *(ref for ref in others if ref in noticing and outlooks[ref].changes)]
        return Planned(
            objects=tuple(it for ref, it in fates.items() if ref.kind not in _PARENTS),
            outlooks=(*(outlooks[ref] for ref in shown), *refused),
            errors=tuple(self.errors),
        )

    async def _intended(
        self, objects: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Intention], list[Outlook]]:
        """The objects that the API server takes, and the parents that it refuses."""
        taken, refused = [], []
        # What parents select and name comes before them, whatever the order in the files.
        for manifest in sorted(objects, key=lambda it: it["kind"] in _PARENTS):
            ref = ref_of(manifest)
            try:
                taken.append(await intend(self.rehearsal.client, self.rehearsal.world, manifest))
            except Unavailable:
                raise
            except ApiError as error:
                if ref.kind in _PARENTS:
                    refused.append(_refused(ref, error))
                else:
                    self.errors.append(f"{ref}: {error}")
                    _tell(self.streams, f"error: {ref}: {error}")
        return taken, refused

    async def _outlooks(self, refs: Sequence[Ref], fates: Mapping[Ref, Fate]) -> dict[Ref, Outlook]:
        found = {}
        for number, ref in enumerate(refs, 1):
            found[ref] = await self.rehearsal.outlook(ref, fates.get(ref))
            if len(refs) > _MANY and (number % _MANY == 0 or number == len(refs)):
                _tell(self.streams, f"planned {number} of {len(refs)} objects")
        return found


def _refused(ref: Ref, error: ApiError) -> Outlook:
    refusal = Refusal(reason=type(error).__name__, message=str(error))
    return Outlook(parent=Fate(ref=ref, action=Action.NONE), refusals=(refusal,))


def _gone(world: World, namespace: str) -> list[Ref]:
    """Parents that are gone and have left something that no garbage collector takes."""
    found = {it.parent for it in world.children.all().values() if it.is_marked and it.parent}
    missing = found - world.parents.all().keys()
    return sorted(ref for ref in missing if namespace in ("", ref.namespace))


def _read(options: argparse.Namespace, default: str, streams: Streams) -> _Files:
    found = _Files()
    for path in options.files:
        name = "stdin" if path == "-" else path
        try:
            for it in documents(path, streams.stdin):
                _take(found, it, name, options.namespace or default)
        except Unreadable as error:
            found.errors.append(f"{name}: {error}")
    for words in (*(f"error: {it}" for it in found.errors), *found.skipped):
        _tell(streams, words)
    return found


def _take(found: _Files, manifest: Any, name: str, namespace: str) -> None:
    metadata = manifest.get("metadata") if isinstance(manifest, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str):
        found.errors.append(f"{name}: a document is no object with kind and metadata.name")
    elif manifest.get("kind") in KINDS:
        placed = {"namespace": namespace, **metadata}
        found.objects.append({**manifest, "metadata": placed})
    else:
        found.skipped.append(f"{name}: skipped {manifest.get('kind')}: nothing is made of it")


def _tell(streams: Streams, words: str) -> None:
    streams.stderr.write(f"{words}\n")
    streams.stderr.flush()


def _account(text: str) -> Account:
    namespace, slash, name = text.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise argparse.ArgumentTypeError("must be NAMESPACE/NAME")
    return Account(namespace, name)
