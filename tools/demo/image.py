"""The operator's image for the demo: the one that was given, or one of these sources."""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoFailed
from demo.shell import say
from image.build import archive, reference
from localcluster.errors import ClusterError
from localcluster.progress import Progress

_HOW = (
    "Building it takes root, and Debian's buildah and debootstrap (`make image` does it alone). "
    "Elsewhere build it with any engine (docker build -t vmoperator:demo .), save it (docker save "
    "-o FILE.tar vmoperator:demo) and hand it over: IMAGE=FILE.tar"
)


@dataclass(frozen=True, slots=True)
class OperatorImage:
    """Name with its tag, the archive that holds it, and what changes with its content."""

    name: str
    archive: Path | None = None
    """None: the nodes pull it."""
    build: str = ""

    @property
    def values(self) -> list[str]:
        """What the chart is told, as `--set-string` takes it; raises DemoFailed without a tag."""
        path, _, tag = self.name.rpartition(":")
        if not path or "/" in tag:
            raise DemoFailed(f"IMAGE={self.name}: name a tag too, such as {self.name}:0.1.0")
        host, _, rest = path.partition("/")
        is_host = bool(rest) and ("." in host or ":" in host or host == "localhost")
        registry, repository = (host, rest) if is_host else ("docker.io", path)
        values = [
            f"image.registry={registry}",
            f"image.repository={repository if '/' in path else f'library/{path}'}",
            f"image.tag={tag}",
        ]
        # Under the same tag a later build is another image: by this its pods are others too.
        return [*values, f"podAnnotations.build={self.build}"] if self.build else values


def given(text: str) -> OperatorImage:
    """The image of IMAGE=...: the path of an archive, or a name that the nodes can pull."""
    path = Path(text)
    if not path.is_file():
        return OperatorImage(text)
    try:
        with tarfile.open(path) as content:
            manifest = content.extractfile("manifest.json")
            names = json.load(manifest)[0]["RepoTags"] if manifest else None
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise DemoFailed(f"IMAGE={text} is no archive of `docker save`: {error}") from error
    if not names:
        raise DemoFailed(f"IMAGE={text} names no image: docker save -o FILE.tar NAME:TAG")
    return OperatorImage(names[0], path.absolute(), str(path.stat().st_mtime_ns))


def built() -> OperatorImage:
    """The image of the sources as they are, built by buildah unless it is there."""
    try:
        with Progress() as progress:
            found = archive(progress)
    except ClusterError as error:
        raise DemoFailed(f"no image of the operator: {error}\n{_HOW}") from error
    say(f"  {reference()}, {found.stat().st_size / 1e6:.0f} MB: {found}")
    return OperatorImage(reference(), found, found.stem.rpartition("-")[2])
