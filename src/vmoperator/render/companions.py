"""Companions: what stands beside a workload, whichever of it the object asks for."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping

import orjson

from vmoperator.api.embedded import DisruptionBudget
from vmoperator.base import labels
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.autoscaling import horizontal_autoscaler, vertical_autoscaler
from vmoperator.render.config import Config
from vmoperator.render.network_policy import network_policies
from vmoperator.render.workload import Workload


def companions(workload: Workload) -> Iterator[Manifest]:
    """Secret of the configuration, budget, network policy, autoscalers."""
    if workload.config and not workload.shares_service:
        yield from config_secrets(workload, workload.config)
    if workload.budget:
        yield numbered(disruption_budget(workload, workload.budget), workload.shard)
    if not workload.shares_service:
        yield from network_policies(workload)
    if workload.hpa:
        yield horizontal_autoscaler(workload, workload.hpa)
    if workload.vpa:
        yield vertical_autoscaler(workload, workload.vpa)


def config_secrets(workload: Workload, config: Config) -> Iterator[Manifest]:
    """The Secrets of the files that a program loads while it runs."""
    encoded = {name: b64encode(text.encode()).decode() for name, text in config.files.items()}
    yield _secret(workload, config.secret, encoded)
    for bucket in config.buckets:
        yield _secret(workload, bucket.secret, bucket.data, digest=bucket.digest)


def _secret(
    workload: Workload, name: str, data: Mapping[str, str], *, digest: str = ""
) -> Manifest:
    metadata = workload.scope.metadata(workload.app, name)
    if digest:
        annotations = {**(metadata["annotations"] or {}), labels.CONTENT_HASH: digest}
        metadata = {**metadata, "annotations": annotations}
    return engine.manifest("secret", metadata=metadata, data=dict(data))


def disruption_budget(workload: Workload, budget: DisruptionBudget) -> Manifest:
    """The PodDisruptionBudget of a workload; selectorLabels choose other pods than its own.

    Budgets of several shards never cover one pod: Kubernetes would not let it be evicted at all.
    """
    field = f"{workload.field}.podDisruptionBudget"
    if (budget.min_available is None) == (budget.max_unavailable is None):
        raise SpecInvalid(field, "set either minAvailable or maxUnavailable")
    return engine.manifest(
        "poddisruptionbudget",
        metadata=workload.metadata,
        selector={**workload.shard_label, **(budget.selector_labels or workload.selector)},
        budget=budget,
    )


def numbered(manifest: Manifest, shard: int | None) -> Manifest:
    """The manifest with the number of the shard wherever %SHARD_NUM% stands in it."""
    if shard is None:
        return manifest
    text = orjson.dumps(manifest).replace(b"%SHARD_NUM%", str(shard).encode())
    found: Manifest = orjson.loads(text)
    return found
