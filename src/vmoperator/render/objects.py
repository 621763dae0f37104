"""Objects: a Workload as Kubernetes' kinds, each through the template of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vmoperator.api.embedded import DisruptionBudget
from vmoperator.base import names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.plan import Plan, Stage
from vmoperator.render.pod import pod_template
from vmoperator.render.services import lists_pods, services
from vmoperator.render.volumes import volumes
from vmoperator.render.workload import Scope, Workload

_REVISIONS = 10
_LONGEST_STATEFUL_SET = 52
"""The label controller-revision-hash holds this name and 11 characters more, 63 in all."""


def plan(workloads: Sequence[Workload], *, shared: Sequence[Manifest] = ()) -> Plan:
    """The plan of these workloads in rollout order; `shared` is applied before everything.

    Raises SpecInvalid for names that Kubernetes cannot take, and for a Service made twice.
    """
    made: dict[str, Workload] = {}
    children, stages = list(shared), []
    for workload in workloads:
        own = services(workload)
        for service in own:
            _refuse_name_of_another(service["metadata"]["name"], workload, made)
            made[service["metadata"]["name"]] = workload
        budget = workload.budget
        children += [*own, *([disruption_budget(workload, budget)] if budget else ())]
        stages.append(stage(workload, services=own))
    return Plan(shared=tuple(children), stages=tuple(stages))


def stage(workload: Workload, *, services: Sequence[Manifest]) -> Stage:
    """One workload, behind its Services, as a step of the rollout."""
    made = stateful_set if workload.kind == "StatefulSet" else deployment
    listing = (service for service in services if lists_pods(workload, service))
    return Stage(
        name=workload.app,
        workload=made(workload),
        services=tuple(service["metadata"]["name"] for service in listing),
        max_unavailable=workload.max_unavailable,
        looks_up=workload.looks_up,
        is_paused=bool(workload.spec.paused),
    )


def stateful_set(workload: Workload) -> Manifest:
    """The StatefulSet of a workload, behind the headless Service of the same name."""
    _refuse_long_name(workload)
    disks = volumes(workload)
    retention = workload.storage.retention if workload.storage else None
    return engine.manifest(
        "statefulset",
        metadata=workload.scope.metadata(workload.app, workload.name),
        service_name=workload.name,
        replicas=workload.replicas,
        selector=workload.selector,
        update=workload.update,
        revisions=_revisions(workload),
        claim_retention=retention.manifest() if retention else None,
        claims=list(disks.claims) or None,
        pod=pod_template(workload, disks),
        fields=workload.spec,
    )


def deployment(workload: Workload) -> Manifest:
    """The Deployment of a workload."""
    return engine.manifest(
        "deployment",
        metadata=workload.scope.metadata(workload.app, workload.name),
        replicas=workload.replicas,
        selector=workload.selector,
        update=workload.update,
        revisions=_revisions(workload),
        pod=pod_template(workload, volumes(workload)),
        fields=workload.spec,
    )


def disruption_budget(workload: Workload, budget: DisruptionBudget) -> Manifest:
    """The PodDisruptionBudget of a workload; selectorLabels choose other pods than its own."""
    field = f"{workload.field}.podDisruptionBudget"
    if (budget.min_available is None) == (budget.max_unavailable is None):
        raise SpecInvalid(field, "set either minAvailable or maxUnavailable")
    return engine.manifest(
        "poddisruptionbudget",
        metadata=workload.scope.metadata(workload.app, workload.name),
        selector=budget.selector_labels or workload.selector,
        budget=budget,
    )


def service_account(scope: Scope, app: str) -> Manifest:
    """The ServiceAccount of all pods of a parent."""
    return engine.manifest("serviceaccount", metadata=scope.metadata(app, scope.named(app)))


def _revisions(workload: Workload) -> int:
    given = workload.spec.revision_history_limit_count
    return _REVISIONS if given is None else given


def _refuse_name_of_another(name: str, workload: Workload, made: Mapping[str, Workload]) -> None:
    is_main = name == workload.name
    if name in made:
        field = f"{(made[name] if is_main else workload).field}.serviceSpec.metadata.name"
        raise SpecInvalid(field, f"another component has a Service {name}")
    if not names.is_dns_label(name):
        field = "metadata.name" if is_main else f"{workload.field}.serviceSpec.metadata.name"
        message = f"{name} is no name for a Service: lower-case letters, digits and -, at most 63"
        raise SpecInvalid(field, message)


def _refuse_long_name(workload: Workload) -> None:
    if len(workload.name) > _LONGEST_STATEFUL_SET:
        message = f"{workload.name} is longer than {_LONGEST_STATEFUL_SET} characters"
        raise SpecInvalid("metadata.name", f"{message}, and its pods could not be labelled")
