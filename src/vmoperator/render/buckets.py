"""Buckets: the pieces that come of selected objects, shared out over a fixed number of Secrets.

All Secrets are mounted as one volume in which each of them is optional, so from the first object
to the last nothing about the pods changes. An object lives in the bucket that its name hashes to:
a change of it rewrites that bucket alone. A full bucket hands its later objects on to the next one
that has room.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias

import orjson

from vmoperator.api.picking import Fragment
from vmoperator.base.manifest import Ref
from vmoperator.base.names import JOB_MARKER, JOB_MARKER_DIGITS
from vmoperator.render.source import Source

Contents: TypeAlias = tuple[bytes | tuple[str, bytes], ...]
"""The pieces of a bucket, each with the name of its file where it has one of its own."""
COUNT = 32
"""Buckets of one kind of pieces."""
CAPACITY_BYTES = 900_000
"""Most that a bucket holds; the API server takes no Secret above 1 MiB."""
# Eight parents of thousands of objects: a pass at rest encodes and hashes nothing.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Form:
    """How pieces, one line each, make a file: what stands before, between and behind them."""

    name: str
    """What the Secrets have in their names: jobs, rules."""
    opening: bytes
    between: bytes
    closing: bytes
    frame_bytes: int = 0
    """What each piece takes beside its lines, where it is a file of its own."""
    is_marked: bool = False
    """Whether a job without targets stands first, whose name tells the content."""

    @property
    def file(self) -> str:
        """Name of the file in each bucket."""
        return f"{self.name}.yaml"

    def text(self, contents: Iterable[bytes]) -> bytes:
        """The file of these pieces, of which each ends its lines."""
        lines = b"".join(contents)
        return self.opening + lines[:-1].replace(b"\n", self.between) + self.closing

    def size(self, content: bytes) -> int:
        """Bytes that a piece takes in a file, or a little more."""
        return len(content) + content.count(b"\n") * len(self.between) + self.frame_bytes


JOBS = Form("jobs", b"- ", b"\n- ", b"\n", is_marked=True)
RULES = Form("rules", b'{"groups":[\n', b",\n", b"\n]}\n", frame_bytes=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A Secret of ours with files that programs load while they run."""

    secret: str
    """Its name."""
    digest: str
    """Hash of its content."""
    data: Mapping[str, str] = field(repr=False)
    """File name -> content in base64."""
    markers: frozenset[str] | None = frozenset()
    """What a program shows that runs this content and no other: the name of a job, the words of
    rules. None if that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What became of the pieces."""

    buckets: tuple[Bucket, ...]
    """Those that hold something."""
    refused: Mapping[Ref, str] = field(default_factory=dict)
    """Objects that found no place, and why."""


def packed(fragments: Iterable[Fragment], *, form: Form, base: str, namespace: str) -> Packed:
    """The sound pieces in buckets `BASE-jobs-0`, `BASE-jobs-1` and so on, in the order given.

    `namespace` is the one that they are for.
    """
    places, refused = shared_out(fragments, form=form)
    filled = (
        _bucket(Ref("Secret", namespace, f"{base}-{form.name}-{index}"), form, place)
        for index, place in enumerate(places)
        if place
    )
    return Packed(buckets=tuple(filled), refused=refused)


def shared_out(
    fragments: Iterable[Fragment], *, form: Form
) -> tuple[list[list[Fragment]], dict[Ref, str]]:
    """The sound pieces of each bucket, in the order given; objects without a place, and why."""
    places: list[list[Fragment]] = [[] for _ in range(COUNT)]
    sizes = [0] * COUNT
    spilled: list[tuple[int, Fragment]] = []
    for fragment in fragments:
        if fragment.refusal or not fragment.content:
            continue
        home, size = _home(fragment.ref), form.size(fragment.content)
        if sizes[home] + size > CAPACITY_BYTES:
            spilled.append((home, fragment))
            continue
        places[home].append(fragment)
        sizes[home] += size
    refused = {
        fragment.ref: reason
        for home, fragment in spilled
        if (reason := _spill(fragment, home, places, sizes, form))
    }
    return places, refused


def latest(secret: Ref, contents: Contents, make: Callable[[], Bucket]) -> Bucket:
    """The bucket of these pieces; made once for as long as they are the same."""
    # What it held before is let go: of thousands of objects that would be as much again.
    known = _latest(secret)
    if known.bucket is None or known.contents != contents:
        known.bucket = make()
        known.contents = contents
    return known.bucket


def _bucket(secret: Ref, form: Form, place: Iterable[Fragment]) -> Bucket:
    contents = tuple(it.content for it in place)

    def make() -> Bucket:
        marker = _marker(secret.name, contents) if form.is_marked else ""
        first = (orjson.dumps({"job_name": marker}) + b"\n",) if marker else ()
        made = sealed(secret.name, {form.file: form.text((*first, *contents))})
        return replace(made, markers=frozenset([marker] if marker else []))

    return latest(secret, contents, make)


def _marker(secret: str, contents: tuple[bytes, ...]) -> str:
    summed = hashlib.sha256(secret.encode())
    for content in contents:
        summed.update(content)
    return f"{JOB_MARKER}{summed.hexdigest()[:JOB_MARKER_DIGITS]}"


@dataclass(slots=True)
class _Latest:
    """What a bucket was made of last."""

    contents: Contents = ()
    bucket: Bucket | None = None


@lru_cache(maxsize=_KEPT)
def _latest(secret: Ref) -> _Latest:
    del secret
    return _Latest()


def sealed(secret: str, files: Mapping[str, bytes]) -> Bucket:
    """A Secret of these files, encoded and hashed."""
    summed = hashlib.sha256()
    for name, content in sorted(files.items()):
        summed.update(f"{name}\0{len(content)}\0".encode())
        summed.update(content)
    data = {name: b64encode(content).decode() for name, content in sorted(files.items())}
    return Bucket(secret=secret, digest=summed.hexdigest()[:16], data=data)


def bucket_volume(form: Form, *, base: str, mount_path: str) -> Source:
    """The volume with all buckets, each in a folder of its own: MOUNT_PATH/7/jobs.yaml."""
    sources = [
        {
            "secret": {
                "name": f"{base}-{form.name}-{index}",
                "optional": True,
                "items": [{"key": form.file, "path": f"{index}/{form.file}"}],
            }
        }
        for index in range(COUNT)
    ]
    return Source(
        field="the operator's configuration",
        name=form.name,
        volume={"projected": {"sources": sources}},
        mount_path=mount_path,
        is_read_only=True,
    )


def _home(ref: Ref) -> int:
    return zlib.crc32(f"{ref.kind}/{ref.namespace}/{ref.name}".encode()) % COUNT


def _spill(
    fragment: Fragment, home: int, places: list[list[Fragment]], sizes: list[int], form: Form
) -> str:
    """Why the piece finds no place; empty once it has one."""
    size = form.size(fragment.content)
    if size > CAPACITY_BYTES:
        return (
            f"spec: makes {size} bytes of {form.name}, and one object may make"
            f" {CAPACITY_BYTES}; split it"
        )
    for step in range(1, COUNT):
        place = (home + step) % COUNT
        if sizes[place] + size <= CAPACITY_BYTES:
            places[place].append(fragment)
            sizes[place] += size
            return ""
    return (
        f"spec: all {COUNT} Secrets of {form.name} are full; select fewer objects, and others by"
        " a second parent"
    )
