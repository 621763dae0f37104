"""Builds the stand-in for vminsert, vmselect and vmstorage."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from localcluster.images.errors import StandinNotBuilt

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "tools" / "standin"
FLAGS = ROOT / "tests" / "flags"
ROLES = ("vminsert", "vmselect", "vmstorage")


def standin(programs: Path) -> Path:
    """The program `programs`/standin, built if it is missing or older than its source.

    Raises StandinNotBuilt. Takes some seconds with an empty Go build cache, below one otherwise.
    """
    program, mark = programs / "standin", programs / "standin.key"
    key = _source_key()
    if program.exists() and mark.exists() and mark.read_text() == key:
        return program
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise StandinNotBuilt(
            "the stand-in needs Go 1.26 to be built, and there is no `go` in PATH"
        )
    programs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=programs, prefix=".standin-") as scratch:
        _build(go, Path(scratch))
        (Path(scratch) / "standin").replace(program)
    mark.write_text(key)
    return program


def _source_files() -> list[Path]:
    return [
        *sorted(path for path in SOURCE.iterdir() if path.suffix in {".go", ".mod"}),
        *(FLAGS / f"{role}.txt" for role in ROLES),
    ]


def _source_key() -> str:
    digest = hashlib.sha256()
    for path in _source_files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def overlay() -> dict[str, dict[str, str]]:
    """Go's -overlay: lays the flag lists, which are kept in tests/flags, over the source folder."""
    return {
        "Replace": {
            str(SOURCE / "flaglists" / f"{role}.txt"): str(FLAGS / f"{role}.txt") for role in ROLES
        }
    }


def _build(go: str, scratch: Path) -> None:
    """Leaves the program as `scratch`/standin."""
    (scratch / "overlay.json").write_text(json.dumps(overlay()))
    result = subprocess.run(
        [go, "build", "-overlay", str(scratch / "overlay.json"), "-trimpath", "-buildvcs=false"]
        + ["-ldflags", "-s -w", "-o", str(scratch / "standin"), "."],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise StandinNotBuilt(f"the stand-in does not build:\n{result.stderr.strip()}")
