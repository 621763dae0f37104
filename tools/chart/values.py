"""Values of the chart: defaults, types and words; values.yaml, its schema and its table follow."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chart.kubernetes_types import (
    ContainerSecurity,
    LabelSelector,
    MatchConditions,
    Peers,
    PodSecurity,
    References,
)
from chart.resources import OperandResources

Map = dict[str, Any]
Texts = dict[str, str]
_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w|y))+$"
# What the operator would end over at its start (base/setting_values.py) is refused by helm.
_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST = "[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?"
_REGISTRY = rf"^({_HOST}(:[0-9]+)?(/[a-z0-9]+([._/-]+[a-z0-9]+)*)?)?$"
_DOMAIN = rf"^({_PART}(\.{_PART})*\.?)?$"
_TAG = "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"
_LABEL = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
Namespace = Annotated[str, Field(pattern=f"^{_PART}$", max_length=63)]
Labels = dict[str, Annotated[str, Field(pattern=_LABEL)]]
Annotations = dict[str, Annotated[str, Field(pattern="^[^,]*$")]]


class Values(BaseModel):
    """A group of values; a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Global(Values):
    """Values that a parent chart sets for all of its charts."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)

    imageRegistry: str = ""
    """Registry that wins over image.registry."""
    imagePullSecrets: References = []
    """Pull secrets, `- name: NAME`, beside imagePullSecrets."""


class Image(Values):
    """The operator's image."""

    registry: str = "docker.io"
    """Registry."""
    repository: str = "vmoperator/vmoperator"
    """Repository."""
    tag: str = ""
    """Tag; by default the chart's appVersion."""
    digest: str = Field(default="", pattern="^(sha256:[0-9a-f]{64})?$")
    """Digest, `sha256:...`; wins over the tag."""
    pullPolicy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When the kubelet pulls it."""


class Crds(Values):
    """CustomResourceDefinitions of all kinds."""

    enabled: bool = True
    """Whether this chart brings them; otherwise install vmoperator-crds, or apply crds/."""
    keep: bool = True
    """Whether they, and with them all objects, stay when the chart is uninstalled."""
    annotations: Texts = {}
    """Further annotations of the definitions."""


class Rbac(Values):
    """What the operator may do."""

    create: bool = True
    """Whether to make the roles and their bindings."""
    aggregate: bool = True
    """Whether people with the roles view, edit and admin get the kinds of the operator; only
    while it looks after all namespaces."""


class ServiceAccount(Values):
    """The operator's identity."""

    create: bool = True
    """Whether to make it."""
    name: str = ""
    """Name; by default the release's."""
    labels: Texts = {}
    """Labels."""
    annotations: Texts = {}
    """Annotations."""
    automount: bool = True
    """Whether its token is mounted; otherwise bring one by extraVolumes and extraVolumeMounts."""


class Operands(Values):
    """What all programs get that the operator runs."""

    imageRegistry: str = Field(default="", pattern=_REGISTRY)
    """Registry of images that name none, for clusters without a way to the internet."""
    clusterDomain: str = Field(default="", pattern=_DOMAIN)
    """DNS domain of the Kubernetes cluster; by default names are left to the search list."""
    version: str = Field(default="", pattern=_TAG)
    """Tag of all programs of VictoriaMetrics where their object names none; by default the
    operator's."""
    commonLabels: Labels = {}
    """Labels of every object that the operator makes; pods keep theirs."""
    commonAnnotations: Annotations = {}
    """Annotations of every object that the operator makes, without commas; pods keep theirs."""
    useStrictSecurity: bool = False
    """Whether all pods run without root, capabilities and a writable root file system, where their
    object does not say otherwise."""
    useDefaultResources: bool = True
    """Whether a program whose object names no resources gets the operator's."""
    resources: OperandResources = {}
    """Default requests and limits by program (vmagent, vmalert, vmalertmanager, vmsingle, vminsert,
    vmselect, vmstorage, vmauth in front of these, vmbackup beside them), such as `vmagent: {limits:
    {memory: 1Gi}}`; what is not named stays as in docs/settings.md, `unlimited` takes it away."""


class Log(Values):
    """What the operator says."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least level."""
    format: Literal["text", "json"] = "json"
    """text for people, or one JSON object per line."""


class Service(Values):
    """The Service in front of the operator's metrics."""

    labels: Texts = {}
    """Labels."""
    annotations: Texts = {}
    """Annotations."""
    port: int = Field(default=8080, ge=1, le=65535)
    """Port."""


class Monitor(Values):
    """What scrapes the operator."""

    enabled: bool = False
    """Whether to make one."""
    kind: Literal["VMServiceScrape", "ServiceMonitor"] = "VMServiceScrape"
    """Kind of the object."""
    labels: Texts = {}
    """Labels, for the selector of the agent."""
    interval: str = Field(default="30s", pattern=_DURATION)
    """How often."""


class Rules(Values):
    """Alerts about the operator and what it looks after."""

    enabled: bool = False
    """Whether to make them."""
    kind: Literal["VMRule", "PrometheusRule"] = "VMRule"
    """Kind of the object."""
    labels: Texts = {}
    """Labels, for the selector of the alerting program."""


class Dashboards(Values):
    """Grafana dashboards as ConfigMaps."""

    enabled: bool = False
    """Whether to make them."""
    labels: Texts = {"grafana_dashboard": "1"}
    """Labels by which Grafana's sidecar finds them."""


class DisruptionBudget(Values):
    """How many pods of the operator evictions leave."""

    enabled: bool = True
    """Whether to make one; with one replica there is none, for no node could be drained."""
    minAvailable: int | str = 1
    """Number or percentage."""
    maxUnavailable: int | str = ""
    """Number or percentage; wins over minAvailable."""


class NetworkPolicy(Values):
    """Who may talk to the operator."""

    enabled: bool = False
    """Whether to make one: in come metrics and probes, out goes everything."""
    ingressFrom: Peers = []
    """Peers that may read the metrics; by default all."""


class Webhook(Values):
    """What judges objects before they are stored; not with `watchNamespaces` or
    `watchOwnNamespace`."""

    enabled: bool = False
    """Whether to have it."""
    failurePolicy: Literal["Ignore", "Fail"] = "Ignore"
    """What happens to objects while no pod of the operator answers: Ignore stores them unjudged,
    Fail refuses them."""
    timeoutSeconds: int = Field(default=5, ge=1, le=30)
    """How long the API server waits for an answer."""
    port: int = Field(default=9443, ge=1024, le=65535)
    """Port of the container."""
    excludedNamespaces: list[str] = ["kube-system"]
    """Namespaces whose objects are not judged; the release's own never are."""
    namespaceSelector: LabelSelector = {}
    """Labels of the namespaces whose objects are judged; by default all but those above."""
    objectSelector: LabelSelector = {}
    """Labels of the objects that are judged; by default all."""
    matchConditions: MatchConditions = []
    """Further conditions in CEL, `- name: NAME` and `expression: EXPRESSION`, all of which an
    object that is judged fulfils."""
    annotations: Texts = {}
    """Annotations of the ValidatingWebhookConfiguration."""


class Security(Values):
    """Security contexts; the defaults pass the Pod Security Standard `restricted`."""

    pod: PodSecurity = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    """Of the pod."""
    container: ContainerSecurity = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    """Of the container."""
