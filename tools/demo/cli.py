"""The command line of the demo."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from demo.choice import AUTO, CLUSTERS, choice, engine_answers
from demo.errors import DemoFailed
from demo.places import IMAGE_NEEDED, place, state_folder
from demo.shell import say
from demo.story import Story
from localcluster.errors import ClusterError


def main(args: Sequence[str]) -> int:
    """0 if everything was shown, 1 if a step failed; the reason is printed."""
    options = parser().parse_args(args)
    asked = None if options.cluster == AUTO else options.cluster
    try:
        if options.down:
            down(asked)
        else:
            up(asked, once=options.once, binaries=options.binaries, image=options.image)
    except (DemoFailed, ClusterError) as error:
        say(f"\nThe demo stops here: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; what is up stays up. `make demo` goes on, `make demo-down` cleans up.")
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The options; `make demo` and `make demo-down` set them."""
    options = argparse.ArgumentParser(
        prog="demo",
        description="From nothing to the High Availability document in operation, step by step. "
        "Leaves everything running, and says how to clean up.",
    )
    options.add_argument(
        "--cluster",
        choices=(AUTO, *CLUSTERS),
        default=AUTO,
        help="auto: kind if a Docker engine answers, else local (with --down: all that are up)",
    )
    options.add_argument(
        "--binaries",
        type=_folder,
        metavar="DIR",
        help="your own vminsert, vmselect, vmstorage ... for the local cluster (docs/images.md)",
    )
    options.add_argument(
        "--image",
        default="",
        metavar="IMAGE",
        help="the operator's image: an archive of `docker save`, or a name that the nodes can pull "
        "(default: built from these sources; needed for the cluster `current`)",
    )
    after = options.add_mutually_exclusive_group()
    after.add_argument("--down", action="store_true", help="take away what the demo brought up")
    after.add_argument("--once", action="store_true", help="take it away right after (for CI)")
    return options


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return Path(text).absolute()


def up(asked: str | None, *, once: bool, binaries: Path | None = None, image: str = "") -> None:
    """Tells the story; raises DemoFailed."""
    chosen = choice(asked, has_engine=asked is None and engine_answers())
    if binaries and chosen.cluster != "local":
        raise DemoFailed("own programs are for the local cluster: add CLUSTER=local")
    if chosen.cluster == "current" and not image:
        raise DemoFailed(IMAGE_NEEDED)
    say(f"Cluster: {chosen.cluster} ({chosen.why})")
    state_folder(chosen.cluster).mkdir(parents=True, exist_ok=True)
    story = Story(place(chosen.cluster, binaries), image)
    try:
        story.tell()
    finally:
        if once:
            _take_down(chosen.cluster)
    if not once:
        say("\n" + story.hints(f"make demo-down CLUSTER={chosen.cluster}"))


def down(asked: str | None) -> None:
    """Takes down the demo that was asked for, or all that are up."""
    standing = [name for name in CLUSTERS if state_folder(name).exists()]
    for cluster in [asked] if asked else standing:
        _take_down(cluster)
    if not asked and not standing:
        say("No demo is up.")


def _take_down(cluster: str) -> None:
    here = place(cluster)
    say(f"\nCleaning up {here.words}")
    here.down()
    shutil.rmtree(state_folder(cluster), ignore_errors=True)
    say("Nothing of the demo is left.")
