"""Mounts: the volumes in which an agent finds the jobs of selected objects and their certificates.

They are there from the start, whatever is selected: what is selected later restarts no pod.
"""

from __future__ import annotations

from vmoperator.render.buckets import JOBS, bucket_volume
from vmoperator.render.source import Source

_CERTIFICATES = "tls-assets"


def mounts(base: str, *, jobs: str, certificates: str) -> tuple[Source, ...]:
    """The volumes; `base` begins the names of the Secrets, the others are paths in the pod."""
    copies = Source(
        field="the operator's configuration",
        name=_CERTIFICATES,
        volume={"secret": {"secretName": certificates_secret(base), "optional": True}},
        mount_path=certificates,
        is_read_only=True,
    )
    return (bucket_volume(JOBS, base=base, mount_path=jobs), copies)


def certificates_secret(base: str) -> str:
    """Name of the Secret with the certificates that jobs name."""
    return f"{_CERTIFICATES}-{base}"


def job_files(folder: str) -> str:
    """The pattern of the files with jobs, as scrape_config_files takes it."""
    return f"{folder}/*/{JOBS.file}"
