"""Options: what of a VMAlertmanager decides how the objects that it selects are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from vmoperator.base.manifest import digest
from vmoperator.render.routes.matchers import Mode

Version = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What all pieces of one VMAlertmanager have in common."""

    namespace_label: str = "namespace"
    """Label by which an object gets alerts of its namespace alone; empty: it gets all."""
    forces_continue: bool = True
    """Whether the routes of other objects get an alert too, whatever an object says."""
    top_matchers: tuple[str, ...] = ()
    """Matchers that every top route has beside its own."""
    denies_files: bool = False
    """Whether objects may not name files of the container."""
    mode: Mode = Mode.EITHER
    """How matchers are read."""
    version: Version | None = None
    """Major and minor version of Alertmanager; None if its tag does not say."""
    global_fields: frozenset[str] = frozenset()
    """Fields of the global section, which stand in for some of a receiver."""

    @property
    def key(self) -> str:
        """Hash of all of it."""
        told = asdict(self)
        return digest({**told, "mode": self.mode.name, "global_fields": sorted(self.global_fields)})
