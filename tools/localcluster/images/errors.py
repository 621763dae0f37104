"""What can go wrong with an image, each with a message that says what to do.

ImageError
├── ProgramUnusable       a program cannot run alone in an image (dynamic, no ELF file, missing)
├── StandinNotBuilt       Go is missing, or the stand-in does not compile
└── RegistryError
    ├── RegistryUnreachable   no connection; another source is taken
    ├── ImageNotFound         the registry answers, but has no such image (or wants a log-in)
    └── DigestMismatch        what arrived is not what the manifest promises
"""

from localcluster.errors import ClusterError


class ImageError(ClusterError):
    """An image cannot be had; the message names it."""


class ProgramUnusable(ImageError):
    """A program cannot be wrapped into an image."""


class StandinNotBuilt(ImageError):
    """The stand-in could not be compiled."""


class RegistryError(ImageError):
    """A registry did not give an image."""


class RegistryUnreachable(RegistryError):
    """No connection to the registry."""


class ImageNotFound(RegistryError):
    """The registry has no such image for linux/amd64, or not for us."""


class DigestMismatch(RegistryError):
    """A blob's bytes do not have the digest that the manifest names."""
