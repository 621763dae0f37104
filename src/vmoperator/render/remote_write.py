"""Remote write of vmagent: the flags of its targets, and those that hold for all of them.

The value for a target stands at the target's place in each flag (positional.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vmoperator.api.around import Around
from vmoperator.api.vmagent_remote_write import AWS, RemoteWrite, RemoteWriteSettings
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import Files
from vmoperator.render.flags import Flags
from vmoperator.render.http_auth import Values, auth_values, listed
from vmoperator.render.positional import quoted

FIELD = "spec.remoteWrite"
_SETTINGS = "spec.remoteWriteSettings"
PREFIX = "remoteWrite"
_PROXY = re.compile(r"(https?|socks5)://.+")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GIGABYTE = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Where samples wait until a target takes them."""

    path: str
    """Folder, -remoteWrite.tmpDataPath."""
    bytes: int | None = None
    """Room on their volume, if that is a claim; the targets share it evenly."""


def target_flags(
    targets: Sequence[RemoteWrite],
    settings: RemoteWriteSettings,
    queues: Queues,
    *,
    around: Around,
    files: Files,
) -> Flags:
    """Flags with one value for each target; `files` gets the credentials that they name.

    Raises SpecInvalid, which names the target, for what vmagent would end over.
    """
    values = []
    for place, target in enumerate(targets):
        field = f"{FIELD}[{place}]"
        auth = auth_values(target, field=field, around=around, files=files)
        own = {"url": target.url, **_tuning(target, settings), **_aws(target.aws), **auth}
        values.append({**own, **_proxy(target, field=field)})
    return {**listed(PREFIX, values), **_disk_usage(targets, settings, queues)}


def settings_flags(settings: RemoteWriteSettings, queues: Queues) -> Flags:
    """Flags that hold for all targets. Raises SpecInvalid for a label that cannot be one."""
    for name in settings.label or {}:
        if not _LABEL.fullmatch(name):
            raise SpecInvalid(f"{_SETTINGS}.label", f"{name!r} is not the name of a label")
    labels = [quoted(f"{name}={value}") for name, value in sorted((settings.label or {}).items())]
    return {
        "remoteWrite.flushInterval": settings.flush_interval,
        "remoteWrite.label": ",".join(labels) or None,
        "remoteWrite.maxBlockSize": _text(settings.max_block_size),
        "remoteWrite.showURL": _truth(settings.show_url),
        "remoteWrite.tmpDataPath": queues.path,
        "enableMultitenantHandlers": "true" if settings.use_multi_tenant_mode else None,
    }


def _tuning(target: RemoteWrite, settings: RemoteWriteSettings) -> Values:
    queues = settings.queues if target.queues is None else target.queues
    return _set(
        {
            "forceVMProto": "true" if target.force_vm_proto else None,
            "queues": _text(queues),
            "sendTimeout": target.send_timeout,
        }
    )


def _proxy(target: RemoteWrite, *, field: str) -> Values:
    proxy = target.proxy_url
    if proxy and not _PROXY.fullmatch(proxy):
        message = "must start with http://, https:// or socks5://"
        raise SpecInvalid(f"{field}.proxyURL", message)
    return _set({"proxyURL": proxy or None})


def _aws(aws: AWS | None) -> Values:
    if aws is None:
        return {}
    values = {
        "ec2Endpoint": aws.ec2_endpoint,
        "region": aws.region,
        "roleARN": aws.role_arn,
        "service": aws.service,
        "stsEndpoint": aws.sts_endpoint,
        "useSigv4": "true" if aws.use_sigv4 else None,
    }
    return _set({f"aws.{name}": value or None for name, value in values.items()})


def _disk_usage(
    targets: Sequence[RemoteWrite], settings: RemoteWriteSettings, queues: Queues
) -> Flags:
    """Largest queue of each target: its own, the common one, a share of the claim, or 1 GiB."""
    share = _GIGABYTE if queues.bytes is None else queues.bytes // len(targets)
    given = settings.max_disk_usage_per_url
    common = str(share if given is None else given)
    sizes = [common if it.max_disk_usage is None else str(it.max_disk_usage) for it in targets]
    # One value counts for all targets.
    text = common if set(sizes) == {common} else ",".join(sizes)
    return {"remoteWrite.maxDiskUsagePerURL": text}


def _set(values: Mapping[str, str | None]) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()
