"""Docker archives around one static program, with the same bytes for the same content."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

PASSWD = b"root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n"
GROUP = b"root:x:0:\nnobody:x:65534:\n"
NOBODY = 65534
_FORMAT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One program as an image: its files by path, and what starts.

    `references` are full names with their environment, so that two tags of one program can differ.
    """

    references: Mapping[str, Mapping[str, str]]
    entrypoint: str
    files: Mapping[str, Path]
    command: tuple[str, ...] = ()
    user: str = ""
    # Folders beside /tmp and /etc that a process which is not root may write to.
    folders: tuple[str, ...] = field(default=())


def key(image: Image) -> str:
    """A short name of the image's content: equal for equal bytes of the archive."""
    digest = hashlib.sha256(_FORMAT.encode())
    digest.update(json.dumps([image.entrypoint, image.command, image.user, image.folders]).encode())
    for reference, environment in sorted(image.references.items()):
        digest.update(json.dumps([reference, dict(environment)], sort_keys=True).encode())
    for path, source in sorted(image.files.items()):
        with source.open("rb") as file:
            digest.update(f"{path} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return digest.hexdigest()[:16]


def write_archive(image: Image, out: Path) -> None:
    """Writes the archive; an interrupted run leaves no file named `out`."""
    layer = _layer(image)
    diff_id = hashlib.sha256(layer).hexdigest()
    members: dict[str, bytes] = {f"{diff_id}/layer.tar": layer}
    manifests = []
    for reference, environment in image.references.items():
        config = _config(image, diff_id, environment)
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        members[name] = config
        manifests.append(
            {"Config": name, "RepoTags": [reference], "Layers": [f"{diff_id}/layer.tar"]}
        )
    members["manifest.json"] = json.dumps(manifests).encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    with tarfile.open(unfinished, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in members.items():
            _add_file(archive, name, content, 0o644)
    unfinished.replace(out)


def _config(image: Image, diff_id: str, environment: Mapping[str, str]) -> bytes:
    """The image's configuration, as the OCI image specification names its fields."""
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": [image.entrypoint],
                "Cmd": list(image.command),
                "User": image.user,
                "WorkingDir": "/",
                "Env": ["PATH=/:/bin", *(f"{name}={text}" for name, text in environment.items())],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        }
    ).encode()


def _layer(image: Image) -> bytes:
    """The one layer: /tmp, /etc/passwd, /etc/group, the folders and the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as layer:
        _add_folder(layer, "tmp", 0o1777)
        _add_folder(layer, "etc", 0o755)
        _add_file(layer, "etc/passwd", PASSWD, 0o644)
        _add_file(layer, "etc/group", GROUP, 0o644)
        for folder in image.folders:
            _add_folder(layer, folder.lstrip("/"), 0o755, owner=NOBODY)
        for path, source in sorted(image.files.items()):
            mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
            _add_file(layer, path.lstrip("/"), source.read_bytes(), mode)
    return buffer.getvalue()


def _add_folder(archive: tarfile.TarFile, name: str, mode: int, owner: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
    archive.addfile(entry)


def _add_file(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})
