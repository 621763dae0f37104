"""Modes of a VMAgent: Deployment, StatefulSet or DaemonSet, whole or in shards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from vmoperator.api.vmagent import DaemonSetRolling, VMAgentSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.flags import Flags
from vmoperator.render.scrape import scrapes
from vmoperator.render.strategies import deployment_strategy
from vmoperator.render.workload import Workload

_COUNT = "promscrape.cluster.membersCount"
_NUMBER = "promscrape.cluster.memberNum"


def mode(spec: VMAgentSpec) -> Literal["StatefulSet", "Deployment", "DaemonSet"]:
    """Kind of the workload."""
    if spec.daemon_set_mode:
        return "DaemonSet"
    return "StatefulSet" if spec.stateful_mode else "Deployment"


def is_sharded(spec: VMAgentSpec) -> bool:
    """True if several agents, or one of a number that may grow, share the targets."""
    return bool(spec.shard_count) and not spec.daemon_set_mode


def refuse_rivals(spec: VMAgentSpec) -> None:
    """Raises SpecInvalid for fields that exclude each other."""
    if spec.daemon_set_mode:
        if spec.stateful_mode:
            raise SpecInvalid(
                "spec.statefulMode", "daemonSetMode and statefulMode exclude each other"
            )
        for field, value in (
            ("hpa", spec.hpa),
            ("vpa", spec.vpa),
            ("podDisruptionBudget", spec.pod_disruption_budget),
        ):
            if value is not None:
                raise SpecInvalid(f"spec.{field}", f"{field} and daemonSetMode exclude each other")
    if spec.hpa is not None and not spec.shard_count:
        message = "scales the shards: set shardCount to at least 1, for Kubernetes leaves 0 alone"
        raise SpecInvalid("spec.hpa", message)


def shards(whole: Workload, spec: VMAgentSpec) -> list[Workload]:
    """The workload once for each shard; Services, configuration and autoscalers are shared.

    Each shard is told its number, and takes its share of the targets by it.
    """
    count = spec.shard_count or 0
    scraping = scrapes(spec, by_default=True)
    return [
        replace(
            whole,
            shard=number,
            # The user's would tell each shard the same number.
            spec=_without_membership(spec) if scraping else spec,
            defaults={**whole.defaults, **(_membership(number, count) if scraping else {})},
            shares_service=number > 0,
            hpa=None if number else whole.hpa,
            vpa=None if number else whole.vpa,
            waits=False,
        )
        for number in range(count)
    ]


def strategy(spec: VMAgentSpec) -> dict[str, Any]:
    """How the workload replaces its pods."""
    if spec.stateful_mode:
        return {"type": spec.stateful_rolling_update_strategy or "OnDelete"}
    if not spec.daemon_set_mode:
        return deployment_strategy(spec, field="spec")
    if spec.daemon_set_update_strategy == "OnDelete":
        if spec.daemon_set_rolling_update_strategy_behavior is not None:
            message = "only daemonSetUpdateStrategy RollingUpdate rolls, OnDelete does not"
            raise SpecInvalid("spec.daemonSetRollingUpdateStrategyBehavior", message)
        return {"type": "OnDelete"}
    return {"type": "RollingUpdate", "rollingUpdate": _steps(spec)}


def _steps(spec: VMAgentSpec) -> dict[str, Any]:
    given = spec.daemon_set_rolling_update_strategy_behavior or DaemonSetRolling()
    surge = 0 if given.max_surge is None else given.max_surge
    is_surging = surge not in (0, "0%")
    missing = given.max_unavailable
    if missing is None:
        missing = 0 if is_surging else 1
    # The API server wants just one of the two.
    if is_surging == (missing not in (0, "0%")):
        field = "spec.daemonSetRollingUpdateStrategyBehavior"
        raise SpecInvalid(field, "set either maxUnavailable or maxSurge above 0")
    return {"maxSurge": surge, "maxUnavailable": missing}


def _membership(number: int, count: int) -> Flags:
    return {_COUNT: str(count), _NUMBER: str(number)}


def _without_membership(spec: VMAgentSpec) -> VMAgentSpec:
    given = spec.extra_args or {}
    kept = {name: it for name, it in given.items() if name.lstrip("-") not in (_COUNT, _NUMBER)}
    return spec if kept == given else spec.model_copy(update={"extra_args": kept})
