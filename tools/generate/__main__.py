"""`python -m generate` writes the generated files, `python -m generate --check` compares them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from generate import ROOT, differences, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 1 when --check finds a file that is not up to date."""
    parser = argparse.ArgumentParser(prog="generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, show differences")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the project")
    options = parser.parse_args(arguments)
    if options.check:
        return _check(options.root)
    for path in write(options.root):
        print(f"wrote {path}")
    return 0


def _check(root: Path) -> int:
    found = differences(root)
    if found:
        print(found, end="")
        print("generated files are not up to date: run `make generate`", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
