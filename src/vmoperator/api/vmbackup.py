"""Backups of vmstorage by vmbackupmanager."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vmoperator.api.embedded import Image, Resources, SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Count, ListMap, LogFormat, LogLevel, Open, Port


class RestoreOnStart(SpecModel):
    """Restoring before the storage starts."""

    enabled: bool | None = None
    """Whether a backup that was marked for it is restored before the storage starts."""


class Restore(SpecModel):
    """Restoring of backups."""

    on_start: RestoreOnStart | None = None
    """Restoring before the storage starts."""


class VMBackup(SpecModel):
    """A vmbackupmanager beside each storage; needs a licence."""

    accept_eula: bool | None = Field(default=None, alias="acceptEULA")
    """Older way to agree to the terms of use; a licence takes its place (-eula)."""
    destination: str | None = None
    """Where backups go, such as s3://bucket/folder (-dst)."""
    destination_disable_suffix_add: bool | None = None
    """Whether the name of the pod stays out of the destination."""
    custom_s3_endpoint: str | None = Field(default=None, alias="customS3Endpoint")
    """Address of an S3 service other than Amazon's (-customS3Endpoint)."""
    credentials_secret: SecretKeySelector | None = None
    """Secret with the credentials for the destination (-credsFilePath)."""
    snapshot_create_url: str | None = Field(default=None, alias="snapshotCreateURL")
    """URL that makes a snapshot (-snapshot.createURL)."""
    snapshot_delete_url: str | None = Field(default=None, alias="snapshotDeleteURL")
    """URL that deletes a snapshot (-snapshot.deleteURL)."""
    concurrency: Count | None = None
    """Number of uploads at once (-concurrency)."""
    disable_hourly: bool | None = None
    """Whether hourly backups are left out (-disableHourly)."""
    disable_daily: bool | None = None
    """Whether daily backups are left out (-disableDaily)."""
    disable_weekly: bool | None = None
    """Whether weekly backups are left out (-disableWeekly)."""
    disable_monthly: bool | None = None
    """Whether monthly backups are left out (-disableMonthly)."""
    image: Image | None = None
    """Image of vmbackupmanager."""
    port: Port | None = None
    """HTTP port (-httpListenAddr); 8300 when unset."""
    log_level: LogLevel | None = None
    """Smallest level that is logged (-loggerLevel)."""
    log_format: LogFormat | None = None
    """Format of the log (-loggerFormat)."""
    resources: Resources | None = None
    """Requests and limits of the container."""
    extra_args: dict[str, str] | None = None
    """Flags by name without dashes."""
    extra_envs: list[Open] | None = None
    """Environment variables of the container."""
    extra_envs_from: list[Open] | None = None
    """Secrets and ConfigMaps whose keys become environment variables."""
    volume_mounts: Annotated[list[Open], ListMap("mountPath")] | None = None
    """Mounts to add to the container."""
    restore: Restore | None = None
    """Restoring of backups."""
