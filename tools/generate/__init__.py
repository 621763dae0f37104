"""Files that are made from the code: crds/, parts of charts/, pages of docs/, deploy/rbac.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from functools import cache
from pathlib import Path
from types import MappingProxyType

from chart.files import CRDS_FOLDER, FOLDER, chart_files
from generate.crds import definition_files
from generate.rbac import rbac
from generate.reference import reference
from generate.security import security_page
from generate.settings import settings_page
from generate.unsupported import unsupported_page

ROOT = Path(__file__).parents[2]


@cache
def outputs() -> Mapping[str, str]:
    """Path below the root of the project -> text of the file, the same on every run."""
    files = {
        **definition_files(),
        **chart_files(),
        "deploy/rbac.yaml": rbac(),
        "docs/api.md": reference(),
        "docs/security.md": security_page(),
        "docs/settings.md": settings_page(),
        "docs/unsupported.md": unsupported_page(),
    }
    return MappingProxyType(files)


def write(root: Path = ROOT) -> list[str]:
    """Writes all files and removes definitions of kinds that are gone; the paths that changed."""
    changed = []
    for path, text in outputs().items():
        if _text(root / path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            changed.append(path)
    for path in _left_over(root):
        (root / path).unlink()
        changed.append(path)
    return changed


def differences(root: Path = ROOT) -> str:
    """What `write` would change, as one unified diff; "" when the files are up to date."""
    wanted = {**outputs(), **dict.fromkeys(_left_over(root), "")}
    return "".join(_difference(root, path, text) for path, text in wanted.items())


def _difference(root: Path, path: str, text: str) -> str:
    found = _text(root / path).splitlines(keepends=True)
    name = path if (root / path).exists() else "/dev/null"
    lines = unified_diff(found, text.splitlines(keepends=True), name, f"{path} (generated)")
    return "".join(lines)


def _left_over(root: Path) -> list[str]:
    globs = ("crds/*.yaml", f"{FOLDER}/files/crds/*.json", f"{CRDS_FOLDER}/files/crds/*.json")
    present = {str(path.relative_to(root)) for glob in globs for path in root.glob(glob)}
    return sorted(present - outputs().keys())


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
