"""Whether a program runs in an image that holds nothing else."""

import struct
from pathlib import Path

from localcluster.images.errors import ProgramUnusable

_MAGIC = b"\x7fELF"
_64_BIT, _LITTLE_ENDIAN = 2, 1
_X86_64 = 62
_PT_INTERP = 3


def why_unusable(head: bytes) -> str | None:
    """What is wrong with a program whose file begins with `head`; None if nothing is.

    Source: the ELF specification; PT_INTERP names the loader of a dynamically linked program.
    """
    if len(head) < 64 or head[:4] != _MAGIC:
        return "it is no Linux program (ELF)"
    if head[4] != _64_BIT or head[5] != _LITTLE_ENDIAN:
        return "it is not for a 64-bit little-endian machine"
    (machine,) = struct.unpack_from("<H", head, 18)
    if machine != _X86_64:
        return "it is not for linux/amd64"
    (table,) = struct.unpack_from("<Q", head, 32)
    entry_bytes, entries = struct.unpack_from("<HH", head, 54)
    for index in range(entries):
        offset = table + index * entry_bytes
        if offset + 4 > len(head):
            break
        if struct.unpack_from("<I", head, offset)[0] == _PT_INTERP:
            return "it is dynamically linked, but alone in its image; build it with CGO_ENABLED=0"
    return None


def check_program(path: Path) -> None:
    """Returns if `path` is a static program for linux/amd64, else raises ProgramUnusable."""
    with path.open("rb") as file:
        problem = why_unusable(file.read(8192))
    if problem is not None:
        raise ProgramUnusable(f"{path} cannot be made into an image: {problem}")
