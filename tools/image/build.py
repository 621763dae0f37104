"""Builds the image by buildah from the Dockerfile, as an archive that a node takes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from image import base
from image.commands import run
from image.wheels import Target, wheels
from localcluster import preflight, state
from localcluster.paths import cache_root
from localcluster.progress import Progress

ROOT = Path(__file__).parents[2]
REPOSITORY = "docker.io/vmoperator/vmoperator"
_PACKAGES = {"buildah": "buildah", "debootstrap": "debootstrap"}
_BUILDAH = ("buildah", "--storage-driver", "vfs")
LOCKS = ("image/requirements.lock", "image/build.lock")
"""What the image and its build take from elsewhere, with hashes."""
_SOURCES = ("Dockerfile", "pyproject.toml", "README.md", "LICENSE", *LOCKS)
_ARCHIVES_KEPT = 3


def archive(progress: Progress, *, base_image: str = "") -> Path:
    """The image of the sources as they are, as a docker archive; built unless it is there.

    `base_image` is a public image to build upon; without one a Debian is made on the spot.
    """
    cache = cache_root() / "operator-image"
    cache.mkdir(parents=True, exist_ok=True)
    with state.locked(cache / ".lock"):
        target = cache / f"vmoperator-{fingerprint(base_image)}.tar"
        if target.exists():
            return target
        preflight.install_packages(progress, _PACKAGES)
        chosen = base_image or _local_base(cache, progress)
        python = _python_of(base_image, progress) if base_image else base.PYTHON
        with progress.step(f"wheels of the operator's packages for Python {python}"):
            found = wheels(cache, [ROOT / lock for lock in LOCKS], Target(python))
        folder = _context(cache, found)
        with progress.step("image of the operator"):
            _build(folder, chosen, target)
        _drop_old(cache, target)
    return target


def reference() -> str:
    """Name and tag of the image."""
    return f"{REPOSITORY}:{version('vmoperator')}"


def fingerprint(base_image: str = "") -> str:
    """Changes with anything that goes into the image."""
    digest = hashlib.sha256((base_image or base.NAME).encode())
    files = [ROOT / name for name in _SOURCES]
    files += sorted(it for it in (ROOT / "src").rglob("*") if it.is_file() and _counts(it))
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.parent.name.endswith(".egg-info")


def _local_base(cache: Path, progress: Progress) -> str:
    root = base.archive(cache, progress)
    found = subprocess.run([*_BUILDAH, "images", "-q", base.NAME], capture_output=True, check=False)
    if found.returncode != 0:
        with progress.step("base image"):
            text = f'FROM scratch\nADD {root.name} /\nCMD ["python3"]\n'
            (cache / "Basefile").write_text(text)
            bud = ("bud", "--isolation", "chroot", "-q", "-t", base.NAME, "-f", "Basefile")
            run(*_BUILDAH, *bud, str(cache), folder=cache)
    return base.NAME


def _python_of(base_image: str, progress: Progress) -> str:
    """Version of the Python of a public image, such as 3.13; raises BuildFailed if it has none."""
    words = "import sys; print('python', *sys.version_info[:2])"
    with progress.step(f"Python of {base_image}"):
        container = run(*_BUILDAH, "from", "-q", base_image).split()[-1]
        try:
            inside = ("run", "--isolation", "chroot", container, "--", "python3", "-c", words)
            said = run(*_BUILDAH, *inside).split()
        finally:
            run(*_BUILDAH, "rm", container)
    return ".".join(said[-2:])


def _context(cache: Path, found: Path) -> Path:
    """A folder with the sources and all wheels, so that the build itself fetches nothing."""
    folder = cache / "context"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "image").mkdir(parents=True)
    for name in _SOURCES:
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(found, folder / "image" / "wheels")
    return folder


def _build(folder: Path, chosen: str, target: Path) -> None:
    arguments = {
        "BASE": chosen,
        "PIP_OPTIONS": "--no-index",
        "VERSION": version("vmoperator"),
        "REVISION": _revision(),
    }
    given = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
    bud = ("bud", "--isolation", "chroot", "--no-cache", "-t", reference(), *given, ".")
    run(*_BUILDAH, *bud, folder=folder)
    partial = target.with_suffix(".tmp")
    partial.unlink(missing_ok=True)
    run(*_BUILDAH, "push", "-q", reference(), f"docker-archive:{partial}:{reference()}")
    partial.rename(target)


def _revision() -> str:
    said = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"


def _drop_old(cache: Path, newest: Path) -> None:
    run(*_BUILDAH, "rmi", "--prune", "--force")
    others = sorted(cache.glob("vmoperator-*.tar"), key=lambda it: it.stat().st_mtime)
    for path in others[:-_ARCHIVES_KEPT]:
        if path != newest:
            path.unlink()
