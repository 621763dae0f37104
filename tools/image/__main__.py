"""`python -m image`: builds the operator's image and prints where its archive lies."""

from __future__ import annotations

import argparse
import sys

from image.build import archive, reference
from localcluster import preflight
from localcluster.errors import ClusterError
from localcluster.progress import Progress


def main() -> int:
    """Exit code: 0, or 1 when the image cannot be built."""
    parser = argparse.ArgumentParser(prog="image", description=__doc__)
    parser.add_argument("--base", default="", help="public image to build upon (default: a Debian)")
    options = parser.parse_args()
    try:
        preflight.check_root()
        with Progress() as progress:
            found = archive(progress, base_image=options.base)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{reference()}\n{found} ({found.stat().st_size / 1e6:.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
