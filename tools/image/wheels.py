"""Wheels of locked packages, for a version of Python and a machine that need not be this one's."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image.commands import run
from localcluster.errors import BuildFailed

_KEPT = 4
_MANYLINUX = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
"""The C library of each base that is meant is younger than these ask for."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to run the packages."""

    python: str
    """Its version, such as 3.13."""
    machine: str = platform.machine()
    """x86_64 or aarch64."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms whose wheels it takes."""
        return tuple(f"{name}_{self.machine}" for name in _MANYLINUX)


def wheels(cache: Path, locks: Iterable[Path], target: Target) -> Path:
    """A folder with one wheel for each package of these locks, checked by its hash.

    Fetched once for each content of the locks. Raises BuildFailed where a package has no wheel for
    the target.
    """
    found = tuple(locks)
    digest = hashlib.sha256(repr(target).encode())
    for lock in found:
        digest.update(lock.read_bytes())
    folder = cache / f"wheels-{digest.hexdigest()[:12]}"
    if folder.exists():
        return folder
    partial = folder.with_suffix(".tmp")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        run(*_download(found, target), "-d", str(partial))
    except BuildFailed as failed:
        words = f"no wheels for Python {target.python} on {target.machine}: {failed}"
        raise BuildFailed(words) from failed
    partial.rename(folder)
    _drop_old(cache)
    return folder


def _drop_old(cache: Path) -> None:
    for old in sorted(cache.glob("wheels-*"), key=lambda it: it.stat().st_mtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _download(locks: Iterable[Path], target: Target) -> tuple[str, ...]:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "download")
    checked = ("--require-hashes", "--no-deps", "--only-binary", ":all:")
    python = ("--implementation", "cp", "--python-version", target.python)
    platforms = [word for name in target.platforms for word in ("--platform", name)]
    given = [word for lock in locks for word in ("-r", str(lock))]
    return (*pip, *checked, *python, *platforms, *given)
