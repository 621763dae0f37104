"""VMAlert: what it lacks to go on alerting while a pod of it, or of an Alertmanager, is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from vmoperator.api.around import Around
from vmoperator.api.vmalert import Notifier, VMAlert, VMAlertSpec
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base import names
from vmoperator.observe.shortcomings import ENOUGH, Shortcoming, few_replicas, replicas

_APP = "vmalertmanager"
_OPERATED = "alertmanager-operated"
_POD = re.compile(r"(?P<set>.+)-(?P<ordinal>\d+)")


def shortcomings(parent: VMAlert, around: Around) -> Iterator[Shortcoming]:
    """What the spec of a VMAlert lacks, and the Alertmanagers that it does not reach."""
    spec = parent.spec
    wanted = spec.replicas if spec.replica_count is None else spec.replica_count
    count = 1 if wanted is None else wanted
    yield from few_replicas("vmalert", count, field="spec.replicaCount")
    yield from _forgetful(spec)
    yield from _unreached(parent, around)


def _forgetful(spec: VMAlertSpec) -> Iterator[Shortcoming]:
    flags = {name.lstrip("-") for name in spec.extra_args or {}}
    missing = [
        field
        for field, given in (("remoteWrite", spec.remote_write), ("remoteRead", spec.remote_read))
        if given is None and f"{field}.url" not in flags
    ]
    if missing:
        message = (
            "a pod that starts again forgets which alerts are pending and fires them late:"
            f" set {' and '.join(f'spec.{field}' for field in missing)}"
        )
        yield Shortcoming("StateNotKept", message)


def _unreached(parent: VMAlert, around: Around) -> Iterator[Shortcoming]:
    """Alertmanagers pass on notifications, not alerts: each of them has to get every alert."""
    notifiers = _notifiers(parent.spec)
    for one in around.neighbours("VMAlertmanager"):
        if isinstance(one, VMAlertmanager):
            named = _named(one, notifiers, namespace=parent.metadata.namespace)
            wanted = replicas(one.spec)
            if named and not named >= set(range(wanted)) and wanted >= ENOUGH:
                yield _some_only(one, len(named), wanted)


def _notifiers(spec: VMAlertSpec) -> Sequence[Notifier]:
    return [*([spec.notifier] if spec.notifier else ()), *(spec.notifiers or ())]


def _named(
    one: VMAlertmanager, notifiers: Sequence[Notifier], *, namespace: str
) -> frozenset[int] | None:
    """Ordinals of the pods that URLs name one by one; None where one of them reaches them all."""
    found: set[int] = set()
    for notifier in notifiers:
        if notifier.selector is not None:
            return None
        for ordinal in _ordinals(one, notifier.url or "", namespace=namespace):
            if ordinal is None:
                return None
            found.add(ordinal)
    return frozenset(found)


def _ordinals(one: VMAlertmanager, url: str, *, namespace: str) -> Iterator[int | None]:
    """The pod that a URL names; None for the Service over all of them; nothing for others."""
    name, metadata = _service(one), one.metadata
    host = _host(url).split(".")
    first, rest = host[0], host[1:]
    if first in (name, _OPERATED) and (rest or [namespace])[0] == metadata.namespace:
        yield None
    pod = _POD.fullmatch(first)
    is_named = pod is not None and pod["set"] == name and rest[:1] in ([name], [_OPERATED])
    if pod and is_named and (rest[1:] or [namespace])[0] == metadata.namespace:
        yield int(pod["ordinal"])


def _service(one: VMAlertmanager) -> str:
    name = one.metadata.name
    return name if one.spec.use_legacy_naming else names.component(_APP, name)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _some_only(one: VMAlertmanager, count: int, wanted: int) -> Shortcoming:
    metadata = one.metadata
    message = (
        f"alerts reach {count} of {wanted} pods of VMAlertmanager"
        f" {metadata.namespace}/{metadata.name}: let a notifier name its Service,"
        f" {_service(one)}.{metadata.namespace}.svc, which stands for all of them"
    )
    return Shortcoming("AlertmanagersNotReached", message)
