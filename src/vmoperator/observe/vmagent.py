"""VMAgent: what it lacks to scrape on while a pod is gone, and to leave no sample twice.

Several replicas scrape the same targets, so whatever they write to has to deduplicate:
https://docs.victoriametrics.com/victoriametrics/vmagent/#high-availability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from vmoperator.api.around import Around
from vmoperator.api.embedded import Downsampling, ServiceSpec
from vmoperator.api.parent import Parent
from vmoperator.api.vmagent import VMAgent
from vmoperator.api.vmcluster import VMCluster
from vmoperator.api.vmsingle import VMSingle
from vmoperator.base import names
from vmoperator.base.duration import duration_seconds
from vmoperator.observe.shortcomings import (
    TOO_FEW_REPLICAS,
    Shortcoming,
    few_replicas,
    replicas,
)

_INTERVAL = "30s"
"""Global scrape interval where the agent names none."""
_FLAG = "dedup.minScrapeInterval"
_BALANCER = "vmclusterlb"


def shortcomings(parent: VMAgent, around: Around) -> Iterator[Shortcoming]:
    """What the spec of an agent lacks, and the targets that it writes to."""
    spec = parent.spec
    if spec.daemon_set_mode:
        message = (
            "daemonSetMode runs one pod on each node: what it scrapes is lost while it is gone"
        )
        yield Shortcoming(TOO_FEW_REPLICAS, message)
        return
    yield from few_replicas("vmagent", replicas(spec), field="spec.replicaCount")
    seen: set[tuple[str, str, str]] = set()
    for target in _targets(parent, around):
        identity = (target.kind, target.metadata.namespace, target.metadata.name)
        if identity not in seen:
            seen.add(identity)
            yield from _copies(target, interval=spec.scrape_interval or _INTERVAL)


def is_unsharded(parent: Parent) -> bool:
    """Whether each of the pods is there for all targets, and shards could divide them."""
    if not isinstance(parent, VMAgent):
        return False
    return (parent.spec.shard_count or 1) == 1 and not parent.spec.daemon_set_mode


def _targets(parent: VMAgent, around: Around) -> Iterator[Parent]:
    """The VMSingles and VMClusters of this Kubernetes cluster that it writes to."""
    for target in parent.spec.remote_write:
        host = _host(target.url)
        service, _, rest = host.partition(".")
        namespace = rest.partition(".")[0] or parent.metadata.namespace
        if not service or rest.count(".") and not rest.startswith(f"{namespace}.svc"):
            continue
        for kind in ("VMCluster", "VMSingle"):
            for one in around.neighbours(kind, namespace):
                if service in _services(one):
                    yield one


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _services(parent: Parent) -> frozenset[str]:
    """Names of the Services of a parent that take samples in."""
    name, legacy = parent.metadata.name, bool(parent.spec.use_legacy_naming)
    if isinstance(parent, VMCluster):
        main = names.component("vminsert", name, legacy=legacy)
        others = {
            names.internal("vminsert", name, legacy=legacy),
            names.component(_BALANCER, name, legacy=legacy),
        }
        insert = parent.spec.vminsert
        given = insert.service_spec if insert else None
        return frozenset({main, *others, _additional(main, given)})
    main = name if legacy else names.component("vmsingle", name)
    given = parent.spec.service_spec if isinstance(parent, VMSingle) else None
    return frozenset({main, _additional(main, given)})


def _additional(main: str, given: ServiceSpec | None) -> str:
    named = given and given.metadata and given.metadata.name
    return named or names.additional_service(main)


def _copies(target: Parent, *, interval: str) -> Iterator[Shortcoming]:
    lacking = [place for place, found in _intervals(target) if _is_shorter(found, interval)]
    if lacking:
        name = f"{target.kind} {target.metadata.namespace}/{target.metadata.name}"
        message = (
            f"{name} keeps the samples of every replica instead of one each {interval}:"
            f" set -{_FLAG}={interval} there ({', '.join(f'{it}.extraArgs' for it in lacking)})"
        )
        yield Shortcoming("NotDeduplicated", message)


def _intervals(target: Parent) -> Iterator[tuple[str, str]]:
    """Path of each program that has to deduplicate, and by which interval it does."""
    if isinstance(target, VMCluster):
        spec = target.spec
        default = "1ms" if (spec.replication_factor or 0) > 1 else "0"
        default = _dedup(spec.downsampling) or default
        for place, program in (
            ("spec.vmselect", spec.vmselect),
            ("spec.vmstorage", spec.vmstorage),
        ):
            if program is not None:
                yield place, _flag(program.extra_args) or default
    elif isinstance(target, VMSingle):
        default = _dedup(target.spec.downsampling) or "0"
        yield "spec", _flag(target.spec.extra_args) or default


def _dedup(downsampling: Downsampling | None) -> str | None:
    return downsampling.dedup_interval if downsampling else None


def _flag(extra: Mapping[str, str] | None) -> str | None:
    found = (value for name, value in (extra or {}).items() if name.lstrip("-") == _FLAG)
    return next(found, None)


def _is_shorter(found: str, wanted: str) -> bool:
    return _seconds(found) < _seconds(wanted)


def _seconds(text: str) -> Decimal:
    try:
        return duration_seconds(text)
    except ValueError:
        return Decimal(0)  # what the program makes of it is between it and the user
