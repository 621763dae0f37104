"""VMProbe: one job for each kind of targets that a prober is asked about.

Each has a job of its own, for a rule that picks the targets of one role drops those of another.
"""

from __future__ import annotations

from typing import Any

from vmoperator.api.selected.vmprobe import (
    KubernetesProbeTargets,
    StaticProbeTargets,
    VMProbe,
    VMProbeSpec,
)
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render.jobs.discovery import agent_picks, kubernetes, namespaces, with_selectors
from vmoperator.render.jobs.matching import META, selection
from vmoperator.render.jobs.rules import Rule, copied, copied_if_set, said
from vmoperator.render.jobs.scrape_class import attached
from vmoperator.render.jobs.shape import Shape

_TARGET = "__param_target"
_ANNOTATION = "annotation_operator_victoriametrics_com_probe"


def jobs(probe: VMProbe, shape: Shape) -> list[dict[str, Any]]:
    """The jobs: of the written targets, and of each entry of kubernetes. Raises SpecInvalid."""
    given, field = probe.spec.targets, "spec.targets"
    found: list[dict[str, Any]] = []
    if given is None:
        return found
    for name, static in (("static", given.static), ("staticConfig", given.static_config)):
        if static is not None:
            found.append(_static_job(probe, static, f"{field}.{name}", shape))
    for place, targets in enumerate(given.kubernetes or ()):
        found.append(_discovered(probe, targets, f"{field}.kubernetes[{place}]", shape))
    if given.ingress is not None:
        ingress = given.ingress.model_copy(update={"role": "ingress"})
        found.append(_discovered(probe, ingress, f"{field}.ingress", shape))
    return found


def _static_job(
    probe: VMProbe, given: StaticProbeTargets, field: str, shape: Shape
) -> dict[str, Any]:
    targets = {"targets": given.targets, "labels": given.labels or None}
    rules = [
        copied("__address__", _TARGET),
        *shape.targets(given.relabeling_configs, field=f"{field}.relabelingConfigs"),
    ]
    return _job(probe, {"static_configs": [pruned(targets)]}, rules, shape)


def _discovered(
    probe: VMProbe, given: KubernetesProbeTargets, field: str, shape: Shape
) -> dict[str, Any]:
    terms, role = shape.terms, given.role
    if role is None:
        message = "say what is probed: service, ingress, pod or node"
        raise SpecInvalid(f"{field}.role", message)
    searched = None
    if role != "node":
        searched = namespaces(given.namespace_selector, shape.namespace, terms=terms)
    attach = attached(shape.chosen.attach_metadata)
    entry = kubernetes(role, searched, terms=terms, attach=attach)
    rules = [
        *selection(given.selector if agent_picks(terms) else None, role),
        *_addressed(role),
        *([] if role == "node" else [copied(f"{META}namespace", "namespace")]),
        copied(f"{META}{role}_name", role),
        *shape.targets(given.relabeling_configs, field=f"{field}.relabelingConfigs"),
    ]
    found = {"kubernetes_sd_configs": [with_selectors(entry, given.selector, terms=terms)]}
    return _job(probe, found, rules, shape)


def _job(probe: VMProbe, found: dict[str, Any], rules: list[Rule], shape: Shape) -> dict[str, Any]:
    spec = probe.spec
    closing = [
        *([said("job", spec.job_name)] if spec.job_name else []),
        copied(_TARGET, "instance"),
        said("__address__", spec.vm_prober_spec.url),
    ]
    return {
        **found,
        **_scraping(spec, shape),
        "relabel_configs": [*rules, *closing, *shape.closing()],
        "metric_relabel_configs": shape.series(
            spec.metric_relabel_configs, field="spec.metricRelabelConfigs"
        ),
    }


def _scraping(spec: VMProbeSpec, shape: Shape) -> dict[str, Any]:
    prober = spec.vm_prober_spec
    found = shape.scraping(spec, field="spec")
    params = {**(spec.params or {}), **({"module": [spec.module]} if spec.module else {})}
    scheme = (prober.scheme or spec.scheme or "").lower()
    own = {
        "metrics_path": prober.path or spec.path or "/probe",
        "params": dict(sorted(params.items())) or None,
        "scheme": scheme if scheme == "https" else None,
    }
    whole: dict[str, Any] = pruned({**found, **own})
    return whole


def _addressed(role: str) -> list[Rule]:
    """Rules that put together the URL to probe."""
    parts = (f"{META}{role}_scheme", f"__tmp_{role}_address", f"{META}{role}_path")
    return [
        *([] if role == "ingress" else _annotated(role)),
        copied("__address__", f"__tmp_{role}_address"),
        {
            "source_labels": list(parts),
            "regex": "(.+);(.+);(.+)",
            "target_label": _TARGET,
            "replacement": "${1}://${2}${3}",
        },
    ]


def _annotated(role: str) -> list[Rule]:
    """Only an Ingress tells a scheme and a path of itself; others may by annotations."""
    return [
        rule
        for part, default in (("path", "/"), ("scheme", "http"))
        for rule in (
            said(f"{META}{role}_{part}", default),
            copied_if_set(f"{META}{role}_{_ANNOTATION}_{part}", f"{META}{role}_{part}"),
        )
    ]
