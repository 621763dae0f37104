"""The root of the chart's values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chart.kubernetes_types import (
    Affinity,
    Containers,
    DnsConfig,
    Environment,
    EnvironmentSources,
    HostAliases,
    Lifecycle,
    Mounts,
    Probe,
    References,
    Resources,
    Spread,
    Strategy,
    Tolerations,
    Volumes,
)
from chart.values import (
    Crds,
    Dashboards,
    DisruptionBudget,
    Global,
    Image,
    Log,
    Map,
    Monitor,
    Namespace,
    NetworkPolicy,
    Operands,
    Rbac,
    Rules,
    Security,
    Service,
    ServiceAccount,
    Texts,
    Values,
    Webhook,
)


class Root(Values):
    """All values of the chart."""

    global_: Global = Field(default=Global(), alias="global")
    """Values of a parent chart."""
    nameOverride: str = ""
    """Name in labels; by default the chart's."""
    fullnameOverride: str = ""
    """Name of all objects; by default made from the release's."""
    namespaceOverride: str = ""
    """Namespace; by default the release's."""
    commonLabels: Texts = {}
    """Labels of every object of the chart."""
    commonAnnotations: Texts = {}
    """Annotations of every object of the chart."""
    replicas: int = Field(default=1, ge=0)
    """Pods of the operator."""
    image: Image = Image()
    """The operator's image."""
    imagePullSecrets: References = []
    """Pull secrets, `- name: NAME`."""
    watchNamespaces: list[Namespace] = []
    """Namespaces to look after, with a Role in each; by default all of them, with a ClusterRole."""
    watchOwnNamespace: bool = False
    """Whether to look after the release's namespace alone: nothing cluster-scoped is made."""
    resyncSeconds: Literal[0] | Annotated[int, Field(ge=10)] = 0
    """Seconds after which all objects are gone through again, also if nothing has changed: 0 for
    never, else at least 10."""
    workers: int = Field(default=8, ge=1)
    """Objects that are brought in line at the same time."""
    log: Log = Log()
    """What the operator says."""
    operands: Operands = Operands()
    """What all programs get that the operator runs."""
    crds: Crds = Crds()
    """CustomResourceDefinitions."""
    rbac: Rbac = Rbac()
    """Rights."""
    serviceAccount: ServiceAccount = ServiceAccount()
    """Identity."""
    service: Service = Service()
    """Service in front of the metrics."""
    monitor: Monitor = Monitor()
    """What scrapes the operator."""
    rules: Rules = Rules()
    """Alert rules."""
    dashboards: Dashboards = Dashboards()
    """Grafana dashboards."""
    podDisruptionBudget: DisruptionBudget = DisruptionBudget()
    """Disruption budget."""
    networkPolicy: NetworkPolicy = NetworkPolicy()
    """Network policy."""
    webhook: Webhook = Webhook()
    """Admission webhook."""
    security: Security = Security()
    """Security contexts."""
    resources: Resources = {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"memory": "512Mi"},
    }
    """Resources of the container."""
    podLabels: Texts = {}
    """Labels of the pods."""
    podAnnotations: Texts = {}
    """Annotations of the pods."""
    strategy: Strategy = {}
    """Strategy of the Deployment."""
    deploymentAnnotations: Texts = {}
    """Annotations of the Deployment."""
    minReadySeconds: int = Field(default=0, ge=0)
    """How long a new pod is ready before a former one may go."""
    revisionHistoryLimit: int = Field(default=3, ge=0)
    """Former ReplicaSets that are kept."""
    terminationGracePeriodSeconds: int = Field(default=15, ge=0)
    """Time for the end of what runs."""
    nodeSelector: Texts = {"kubernetes.io/os": "linux"}
    """Labels of nodes to run on."""
    tolerations: Tolerations = []
    """Tolerations."""
    affinity: Affinity = {}
    """Affinity."""
    topologySpreadConstraints: Spread = []
    """Spread; a constraint without labelSelector gets that of the pods. By default several pods go
    to several nodes where they can, unless `affinity` says something."""
    priorityClassName: str = ""
    """Priority class."""
    runtimeClassName: str = ""
    """Runtime class."""
    hostNetwork: bool = False
    """Whether the pod has its node's network, where the API server reaches webhooks no other way;
    not allowed by the Pod Security Standard `restricted`."""
    dnsPolicy: Literal["", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"] = ""
    """How names are resolved; by default as in any pod, with hostNetwork too."""
    dnsConfig: DnsConfig = {}
    """Further settings of name resolution."""
    hostAliases: HostAliases = []
    """Names in the pod's /etc/hosts."""
    port: int = Field(default=8080, ge=1024, le=65535)
    """Port of the container for probes and metrics."""
    lifecycle: Lifecycle = {}
    """What is run after the start and before the end of the container."""
    initContainers: Containers = []
    """Containers that end before the operator starts."""
    extraContainers: Containers = []
    """Containers beside the operator's."""
    extraArgs: list[str] = []
    """Further arguments of `vmoperator run`."""
    env: Environment = []
    """Environment variables."""
    envFrom: EnvironmentSources = []
    """Sources of environment variables."""
    extraVolumes: Volumes = []
    """Volumes of the pod."""
    extraVolumeMounts: Mounts = []
    """Mounts of the container."""
    livenessProbe: Probe = {}
    """Fields that win over those of the default probe."""
    readinessProbe: Probe = {}
    """Fields that win over those of the default probe."""
    startupProbe: Probe = {}
    """Fields that win over those of the default probe."""
    extraObjects: list[Map | str] = []
    """Objects, or texts of objects, that are rendered as templates beside the chart's."""
