"""The base of a local build: a small Debian with Python, made by debootstrap once."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from image.commands import run
from localcluster.progress import Progress

SUITE = "bookworm"
NAME = f"localhost/vmoperator-base:{SUITE}"
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = "python3-minimal,python3,ca-certificates"
# What a running operator never reads.
_DROPPED = (
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
)


def mirror(sources: Path = Path("/etc/apt")) -> str:
    """Where this machine gets Debian's packages from, else Debian's own address."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    text = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^(?:URIs: *|deb +(?:\[[^]]*\] +)?)(https?://\S+)", text, re.MULTILINE)
    return found[1] if found else _MIRROR


def archive(cache: Path, progress: Progress) -> Path:
    """The root file system as a tar archive; made if it is not in the cache yet."""
    target = cache / f"base-{SUITE}.tar"
    if target.exists():
        return target
    root = cache / "base.tmp"
    shutil.rmtree(root, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    with progress.step(f"base image: Debian {SUITE} with Python"):
        include = f"--include={_PACKAGES}"
        run("debootstrap", "--variant=minbase", include, SUITE, str(root), mirror())
        for path in _DROPPED:
            shutil.rmtree(root / path, ignore_errors=True)
            (root / path).mkdir(parents=True)
        partial = target.with_suffix(".tmp")
        subprocess.run(["tar", "-C", str(root), "-cf", str(partial), "."], check=True)
        partial.rename(target)
        shutil.rmtree(root)
    return target
