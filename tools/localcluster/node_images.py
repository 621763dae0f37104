"""Brings image archives into the containerd of a node, each once."""

import json
import subprocess
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.images.archive import NO_ENVIRONMENT, Image, write_archive
from localcluster.node import PAUSE_IMAGE, Node

PAUSE_ARCHIVE = "pause.tar"


def fingerprint(archive: Path) -> str:
    """Tells one content of an archive from another without reading it."""
    status = archive.stat()
    return f"{status.st_size}-{status.st_mtime_ns}"


class NodeImages:
    """The images of one node; `enter` are the words before a command that runs on it."""

    def __init__(self, node: Node, enter: tuple[str, ...]) -> None:
        self.node = node
        self.ctr = (*enter, "ctr", f"--address={node.socket}", "--namespace=k8s.io")
        self.known = node.folder / "imported.json"

    def answers(self) -> bool:
        """True once containerd serves."""
        done = subprocess.run([*self.ctr, "version"], capture_output=True, check=False)
        return done.returncode == 0

    def load_new(self, archives: list[Path]) -> int:
        """Imports the archives that the node does not have yet; returns how many those were."""
        known = self._known()
        new = [a for a in archives if known.get(a.name) != fingerprint(a)]
        if new:
            # An archive that is not wanted now may hold the same names: its import counts no more.
            kept = {a.name for a in archives} | {PAUSE_ARCHIVE}
            known = {name: value for name, value in known.items() if name in kept}
        for archive in new:
            self.load(archive)
            known[archive.name] = fingerprint(archive)
            temporary = self.known.with_suffix(".tmp")
            temporary.write_text(json.dumps(known, indent=2))
            temporary.rename(self.known)
        return len(new)

    def load(self, archive: Path) -> list[str]:
        """Imports one archive; returns the images in it; raises ClusterError."""
        done = subprocess.run(
            [*self.ctr, "images", "import", str(archive)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise ClusterError(f"{archive} is not taken as an image archive: {said}")
        lines = done.stdout.splitlines()
        return [line.split()[1] for line in lines if line.startswith("unpacking ")]

    def ensure_pause(self, programs: Path) -> None:
        """Loads the image that every pod starts with."""
        archive = self.node.folder / PAUSE_ARCHIVE
        if not archive.exists():
            references = {PAUSE_IMAGE: NO_ENVIRONMENT}
            files = {"/pause": programs / "pause"}
            write_archive(Image(references=references, entrypoint="/pause", files=files), archive)
        self.load_new([archive])

    def _known(self) -> dict[str, str]:
        try:
            known: dict[str, str] = json.loads(self.known.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return known
