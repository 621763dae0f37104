"""VMProbe: asks a prober, such as the blackbox exporter, about targets from outside."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from vmoperator.api.auth import either
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.relabeling import RelabelConfig
from vmoperator.api.scalars import Labels, misfit
from vmoperator.api.selected.endpoint import EndpointAuth, EndpointScrapeParams
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.targets import LabelSelector, NamespaceSelector

_ROLE = "say what is probed: service, ingress, pod or node"


class VMProberSpec(SpecModel):
    """The prober that is asked."""

    url: str = Field(min_length=1)
    """Address of the prober as HOST:PORT."""
    scheme: Literal["http", "https"] | None = None
    """Scheme of the prober's URL; http when unset."""
    path: str | None = None
    """Path of the prober; /probe when unset."""


class StaticProbeTargets(SpecModel):
    """Targets that are written down."""

    targets: list[str]
    """Addresses or URLs to probe."""
    labels: Labels | None = None
    """Labels of all series of these targets."""
    relabeling_configs: list[RelabelConfig] | None = None
    """Relabelling of these targets."""


class KubernetesProbeTargets(SpecModel):
    """Targets that are found in Kubernetes."""

    role: Literal["service", "ingress", "pod", "node"] | None = None
    """What is probed; required but below ingress."""
    selector: LabelSelector | None = None
    """Labels of the objects; all of them when unset."""
    namespace_selector: NamespaceSelector | None = None
    """Namespaces of the objects; that of this object when unset."""
    relabeling_configs: list[RelabelConfig] | None = None
    """Relabelling of these targets."""


class ProbeTargets(SpecModel):
    """What is probed."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(("static", "has(self.static)"), ("staticConfig", "has(self.staticConfig)")),
        Rule(
            "!has(self.kubernetes) || self.kubernetes.all(it, has(it.role))", _ROLE, ".kubernetes"
        ),
    )

    static: StaticProbeTargets | None = None
    """Targets that are written down."""
    kubernetes: list[KubernetesProbeTargets] | None = Field(default=None, max_length=64)
    """Targets that are found in Kubernetes."""
    static_config: StaticProbeTargets | None = None
    """Older name of static."""
    ingress: KubernetesProbeTargets | None = None
    """Older form of an entry of kubernetes with the role ingress."""

    @model_validator(mode="after")
    def _each_once_and_with_a_role(self) -> Self:
        if self.static is not None and self.static_config is not None:
            raise misfit("is the newer name of staticConfig; set just this one", "static")
        for place, target in enumerate(self.kubernetes or ()):
            if target.role is None:
                raise misfit(_ROLE, f"kubernetes[{place}]", "role")
        return self


class VMProbeSpec(EndpointScrapeParams, EndpointAuth):
    """What is probed, by which prober, and how that is scraped."""

    job_name: str | None = None
    """Value of the label job; the name of the job in the configuration when unset."""
    vm_prober_spec: VMProberSpec = Field(alias="vmProberSpec")
    """The prober that is asked."""
    module: str | None = None
    """Module of the prober, such as http_2xx."""
    targets: ProbeTargets | None = None
    """What is probed."""
    metric_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the scraped series."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMProbe(SelectedObject):
    """Asks a prober, such as the blackbox exporter, about targets from outside."""

    kind: Literal["VMProbe"]
    spec: VMProbeSpec
    """What is probed, by which prober, and how that is scraped."""
