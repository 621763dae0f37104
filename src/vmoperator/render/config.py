"""Config: files that the operator writes for a program and that it can load while it runs.

They lie in one Secret, mounted as a whole: a change of their content changes no pod template, so it
restarts nothing. What a program cannot load again belongs into its flags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.render.buckets import Bucket
from vmoperator.render.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The files of one program."""

    secret: str
    """Name of the Secret."""
    mount_path: str
    """Where the program finds the files."""
    files: Mapping[str, str]
    """File name -> text."""
    buckets: tuple[Bucket, ...] = ()
    """Further Secrets with files that it loads; the workload mounts them as optional ones."""
    reload_path: str = "/-/reload"
    """Where a reload is asked for; empty where nobody can: then the kind replaces the pods."""
    reload_key: SecretKeySelector | None = None
    """Where the authKey of the reload request stands (-reloadAuthKey)."""

    @property
    def source(self) -> Source:
        """The volume, and its mount in the program's container."""
        return Source(
            field="the operator's configuration",
            name="config",
            volume={"secret": {"secretName": self.secret}},
            mount_path=self.mount_path,
            is_read_only=True,
        )

    def path(self, file: str) -> str:
        """Path of a file in the pod."""
        return f"{self.mount_path}/{file}"
