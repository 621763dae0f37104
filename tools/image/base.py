"""The base of a local build: a small Debian with Python, made by debootstrap once."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from image.commands import run
from localcluster.progress import Progress

SUITE = "bookworm"
PYTHON = "3.11"
"""The version that it has."""
_RECIPE = 2
"""Goes up with any change of what is in it or left out."""
NAME = f"localhost/vmoperator-base:{SUITE}-{_RECIPE}"
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = "python3-minimal,python3,ca-certificates"
# What a running operator never reads.
_DROPPED = (
    "var/lib/apt/lists/*",
    "var/cache/apt/*",
    "var/cache/debconf/*",
    "var/log/*",
    "usr/share/doc/*",
    "usr/share/man/*",
    "usr/share/locale/*",
    "usr/share/zoneinfo/right",
    # glibc's own tables of foreign encodings: Python brings its own.
    "usr/lib/*/gconv/*",
    # Perl serves packages while they are installed.
    "usr/bin/perl*",
    "usr/lib/*/perl-base",
    "usr/share/perl*",
    "usr/lib/python3*/lib2to3",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/test",
)


def mirror(sources: Path = Path("/etc/apt")) -> str:
    """Where this machine gets Debian's packages from, else Debian's own address."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^(?:URIs: *|deb +(?:\[[^]]*\] +)?)(https?://\S+)", text, re.MULTILINE)
    return found[1] if found else _MIRROR


def archive(cache: Path, progress: Progress) -> Path:
    """The root file system as a tar archive; made if it is not in the cache yet."""
    target = cache / f"base-{SUITE}-{_RECIPE}.tar"
    if target.exists():
        return target
    root = cache / "base.tmp"
    shutil.rmtree(root, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    with progress.step(f"base image: Debian {SUITE} with Python"):
        include = f"--include={_PACKAGES}"
        run("debootstrap", "--variant=minbase", include, SUITE, str(root), mirror())
        for path in (it for pattern in _DROPPED for it in root.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        partial = target.with_suffix(".tmp")
        subprocess.run(["tar", "-C", str(root), "-cf", str(partial), "."], check=True)
        partial.rename(target)
        shutil.rmtree(root)
    return target
