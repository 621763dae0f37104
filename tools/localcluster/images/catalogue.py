"""Which images the high-availability document needs, and where each comes from."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localcluster.images.archive import NO_ENVIRONMENT, Image, key, write_archive
from localcluster.images.elf import check_program
from localcluster.images.endpoint import Reference
from localcluster.images.errors import ProgramUnusable, RegistryError, RegistryUnreachable
from localcluster.images.pull import pull
from localcluster.images.standin import ROLES, standin

VERSION = "v1.150.0"
CLUSTER_TAG = f"{VERSION}-cluster"
ALERTMANAGER_TAG = "v0.31.1"
# Another tag of the same program, so that a change of the version can be tried.
EXTRA_TAGS = ("v1.150.1-cluster",)
# The real program that keeps the data of a vmstorage that is a stand-in.
ENGINE = "victoria-metrics"
ENGINE_PATH = "/victoria-metrics"
_KEPT_PER_PROGRAM = 3
_PULLS_AT_ONCE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A program and the image that holds it; `path` is where the public image keeps it."""

    program: str
    repository: str
    tag: str
    path: str
    user: str = ""
    folders: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    @property
    def is_standin_possible(self) -> bool:
        """Whether a stand-in exists: for those that no Go module serves."""
        return self.program in ROLES

    def references(self, extra_tags: Sequence[str]) -> tuple[str, ...]:
        """Full names; the extra tags are for the three programs of a VMCluster."""
        tags = (self.tag, *extra_tags) if self.is_standin_possible else (self.tag,)
        return tuple(f"{self.repository}:{tag}" for tag in tags)


def _victoria_metrics(program: str, tag: str) -> Entry:
    return Entry(
        program=program,
        repository=f"docker.io/victoriametrics/{program}",
        tag=tag,
        path=f"/{program}-prod",
    )


CATALOGUE = (
    *(_victoria_metrics(program, CLUSTER_TAG) for program in ROLES),
    *(
        _victoria_metrics(program, VERSION)
        for program in ("victoria-metrics", "vmagent", "vmalert", "vmauth")
    ),
    Entry(
        program="alertmanager",
        repository="docker.io/prom/alertmanager",
        tag=ALERTMANAGER_TAG,
        path="/bin/alertmanager",
        user="nobody",
        folders=("/alertmanager", "/etc/alertmanager"),
        command=(
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where one image came from: `origin` in words, `archive` to import (None: not to be had)."""

    program: str
    origin: str
    archive: Path | None


def ensure(
    programs: Path,
    folder: Path,
    *,
    binaries: Path | None,
    report: Callable[[str], None],
    extra_tags: Sequence[str] = EXTRA_TAGS,
) -> list[Path]:
    """The archives to import, made or pulled into `folder` unless they lie there already.

    Order of the sources: `binaries` (the user's own programs), the public registry, `programs`
    (built here), the stand-in. Says in one line through `report` which it was.
    Raises ProgramUnusable, StandinNotBuilt.
    """
    own = own_programs(binaries) if binaries is not None else {}
    asked = [entry for entry in CATALOGUE if entry.program not in own]
    pulled = _pull_all(asked, folder, extra_tags, report)
    sources = []
    for entry in CATALOGUE:
        if entry.program in own:
            archive = _wrap(entry, own[entry.program], folder, extra_tags)
            sources.append(Source(entry.program, f"from {binaries}", archive))
        elif isinstance(found := pulled[entry.program], Path):
            sources.append(Source(entry.program, "pulled from the registry", found))
        else:
            sources.append(_made_here(entry, programs, folder, extra_tags))
    report(summary(sources, [p for p in pulled.values() if isinstance(p, RegistryError)]))
    return [source.archive for source in sources if source.archive is not None]


def made_here(programs: Path, folder: Path, extra_tags: Sequence[str] = EXTRA_TAGS) -> list[Source]:
    """All images without asking a registry, for clusters that can reach none either.

    Raises ProgramUnusable, StandinNotBuilt.
    """
    return [_made_here(entry, programs, folder, extra_tags) for entry in CATALOGUE]


def own_programs(binaries: Path) -> dict[str, Path]:
    """The user's programs by name (`vminsert` or `vminsert-prod`); raises ProgramUnusable."""
    found = {}
    for entry in CATALOGUE:
        for name in (entry.program, f"{entry.program}-prod"):
            if (binaries / name).is_file():
                check_program(binaries / name)
                found[entry.program] = binaries / name
    if not found:
        names = ", ".join(entry.program for entry in CATALOGUE)
        raise ProgramUnusable(f"{binaries} holds none of: {names} (nor with the ending -prod)")
    return found


def summary(sources: Sequence[Source], refusals: Sequence[RegistryError]) -> str:
    """One line: which programs came from where, and why not from the registry."""
    origins = dict.fromkeys(source.origin for source in sources)
    parts = [
        f"{', '.join(s.program for s in sources if s.origin == origin)}: {origin}"
        for origin in origins
    ]
    if any(isinstance(refusal, RegistryUnreachable) for refusal in refusals):
        parts.append("registry not reachable")
    elif refusals:
        parts.append(str(refusals[0]))
    return "; ".join(parts)


def _made_here(entry: Entry, programs: Path, folder: Path, extra_tags: Sequence[str]) -> Source:
    program = programs / entry.program
    if entry.is_standin_possible:
        engine = _engine(entry, programs)
        archive = _wrap(entry, standin(programs), folder, extra_tags, engine=engine)
        return Source(entry.program, _standin_words(programs), archive)
    if not program.is_file():
        return Source(entry.program, "not there (neither built nor pulled)", None)
    check_program(program)
    return Source(entry.program, "built here", _wrap(entry, program, folder, extra_tags))


def _standin_words(programs: Path) -> str:
    if (programs / ENGINE).is_file():
        return "stand-ins (data goes to a real single-node victoria-metrics in each vmstorage)"
    return "stand-ins (no data is kept)"


def _engine(entry: Entry, programs: Path) -> Path | None:
    """The real program that keeps the data of this stand-in."""
    program = programs / ENGINE
    return program if entry.program == "vmstorage" and program.is_file() else None


def _standin_environment(reference: str, engine: Path | None) -> dict[str, str]:
    """What the stand-in is told: the version that it stands for, and who keeps its data."""
    keeps = {"STANDIN_ENGINE": ENGINE_PATH} if engine else {}
    return {"STANDIN_VERSION": reference.rpartition(":")[2], **keeps}


def _wrap(
    entry: Entry,
    program: Path,
    folder: Path,
    extra_tags: Sequence[str],
    *,
    engine: Path | None = None,
) -> Path:
    """The archive around `program`, written unless one with the same content is there."""
    references = entry.references(extra_tags)
    image = Image(
        references={
            name: _standin_environment(name, engine)
            if program.name == "standin"
            else NO_ENVIRONMENT
            for name in references
        },
        entrypoint=entry.path,
        files={entry.path: program, **({ENGINE_PATH: engine} if engine else {})},
        command=entry.command,
        user=entry.user,
        folders=entry.folders,
    )
    archive = folder / f"{entry.program}-{key(image)}.tar"
    if not archive.exists():
        write_archive(image, archive)
        _drop_old(entry, folder)
    return archive


def _drop_old(entry: Entry, folder: Path) -> None:
    """Keeps the newest archives of a program, so that the folder stays bounded."""
    pattern = f"{entry.program}-{'[0-9a-f]' * 16}.tar"
    archives = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    for archive in archives[:-_KEPT_PER_PROGRAM]:
        archive.unlink(missing_ok=True)


def _pull_all(
    entries: Sequence[Entry],
    folder: Path,
    extra_tags: Sequence[str],
    report: Callable[[str], None],
) -> dict[str, Path | RegistryError]:
    """For each program its pulled archive, or why there is none."""

    async def pull_all() -> dict[str, Path | RegistryError]:
        turns = asyncio.Semaphore(_PULLS_AT_ONCE)

        async def one(entry: Entry) -> Path | RegistryError:
            async with turns:
                return await _pull_one(entry, folder, extra_tags, report)

        results = await asyncio.gather(*(one(entry) for entry in entries))
        return {entry.program: result for entry, result in zip(entries, results, strict=True)}

    # A thread, since the caller may be inside an event loop of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, pull_all()).result()


async def _pull_one(
    entry: Entry, folder: Path, extra_tags: Sequence[str], report: Callable[[str], None]
) -> Path | RegistryError:
    names = entry.references(extra_tags)
    archive = folder / f"{entry.program}-{'+'.join(n.rpartition(':')[2] for n in names)}.tar"
    if archive.exists():
        return archive
    # Images share layers, so those that are pulled at the same time each keep their own.
    blobs = folder / "blobs" / entry.program
    try:
        await pull(Reference.parse(names[0]), names, archive, blobs)
    except RegistryError as error:
        return error
    report(f"pulled {names[0]} ({archive.stat().st_size / 1e6:.0f} MB)")
    return archive
