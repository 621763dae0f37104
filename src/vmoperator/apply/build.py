"""Build: the name of exactly this operator, by which it tells its own rendering from another's."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from vmoperator import __version__
from vmoperator.base.settings import Settings

UNKNOWN: Final = "unknown"
"""The build of whatever was rendered by an operator that did not note it down."""
_PACKAGE: Final = Path(__file__).parents[1]
_SUFFIXES: Final = (".py", ".j2")
_DIGITS: Final = 12


def build(settings: Settings) -> str:
    """`VERSION-HASH` of the package's files, of what it depends on, and of the settings.

    Reads about a megabyte: ask once. Which namespaces are looked after, and how often, renders
    nothing.
    """
    told = sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in _SUFFIXES:
            told.update(f"{path.relative_to(_PACKAGE)}\0".encode())
            told.update(path.read_bytes())
    for name in _dependencies():
        told.update(f"{name} {version(name)}\0".encode())
    told.update(repr(replace(settings, namespaces=(), resync_seconds=0)).encode())
    return f"{__version__}-{told.hexdigest()[:_DIGITS]}"


def _dependencies() -> list[str]:
    """Names of the installed packages without which there is no operator."""
    try:
        wanted = requires("vmoperator") or []
    except PackageNotFoundError:
        return []
    lines = (line for line in wanted if "extra ==" not in line)
    return sorted(filter(None, (_name(line) for line in lines)))


def _name(line: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", line)
    return found[0] if found else ""
