"""The Kubernetes resources that the operator reads and writes: where each lives in the API."""

from __future__ import annotations

from dataclasses import dataclass

GROUP = "operator.victoriametrics.com"
VERSION = "v1beta1"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object: group ("" for core), version, kind, and plural as in the URL."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    metadata_only: bool = False
    """Lists and watches bring metadata alone: there may be many of them, large or secret."""
    is_optional: bool = False
    """A cluster may do without it: its CRD comes and goes."""

    @property
    def api_version(self) -> str:
        """As it stands in a manifest: `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path of the collection, or of one object or its subresource when named."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        tail = "".join(f"/{part}" for part in (self.plural, name, subresource) if part)
        return f"{root}{scope}{tail}"


VM_CLUSTER = Resource(GROUP, VERSION, "VMCluster", "vmclusters")
VM_SINGLE = Resource(GROUP, VERSION, "VMSingle", "vmsingles")
VM_AGENT = Resource(GROUP, VERSION, "VMAgent", "vmagents")
VM_ALERT = Resource(GROUP, VERSION, "VMAlert", "vmalerts")
VM_ALERTMANAGER = Resource(GROUP, VERSION, "VMAlertmanager", "vmalertmanagers")

STATEFUL_SET = Resource("apps", "v1", "StatefulSet", "statefulsets")
DEPLOYMENT = Resource("apps", "v1", "Deployment", "deployments")
DAEMON_SET = Resource("apps", "v1", "DaemonSet", "daemonsets")
# Kept by the controllers of workloads: the pod template of each revision.
CONTROLLER_REVISION = Resource("apps", "v1", "ControllerRevision", "controllerrevisions")
REPLICA_SET = Resource("apps", "v1", "ReplicaSet", "replicasets")
SERVICE = Resource("", "v1", "Service", "services")
SERVICE_ACCOUNT = Resource("", "v1", "ServiceAccount", "serviceaccounts")
SECRET = Resource("", "v1", "Secret", "secrets", metadata_only=True)
CONFIG_MAP = Resource("", "v1", "ConfigMap", "configmaps", metadata_only=True)
CLAIM = Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
STORAGE_CLASS = Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False)
POD = Resource("", "v1", "Pod", "pods")
EVENT = Resource("", "v1", "Event", "events")
ENDPOINT_SLICE = Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
DISRUPTION_BUDGET = Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY = Resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
HORIZONTAL_AUTOSCALER = Resource(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"
)
VERTICAL_AUTOSCALER = Resource(
    "autoscaling.k8s.io",
    "v1",
    "VerticalPodAutoscaler",
    "verticalpodautoscalers",
    is_optional=True,
)
_RBAC = "rbac.authorization.k8s.io"
ROLE = Resource(_RBAC, "v1", "Role", "roles")
ROLE_BINDING = Resource(_RBAC, "v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Resource(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False)
CLUSTER_ROLE_BINDING = Resource(
    _RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
LEASE = Resource("coordination.k8s.io", "v1", "Lease", "leases")
WEBHOOKS = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    namespaced=False,
)
ACCESS_REVIEW = Resource(
    "authorization.k8s.io", "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False
)

# Kinds that users apply, kinds that the operator writes, kinds that it only watches.
PARENTS: tuple[Resource, ...] = (VM_CLUSTER, VM_SINGLE, VM_AGENT, VM_ALERT, VM_ALERTMANAGER)
# Objects that parents select, which the operator writes for its own programs as well.
VM_SERVICE_SCRAPE = Resource(
    GROUP, VERSION, "VMServiceScrape", "vmservicescrapes", is_optional=True
)
VM_POD_SCRAPE = Resource(GROUP, VERSION, "VMPodScrape", "vmpodscrapes", is_optional=True)
SELF_SCRAPES = (VM_SERVICE_SCRAPE, VM_POD_SCRAPE)
CHILDREN = (
    SERVICE_ACCOUNT,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    SERVICE,
    SECRET,
    CONFIG_MAP,
    CLAIM,
    STATEFUL_SET,
    DEPLOYMENT,
    DAEMON_SET,
    DISRUPTION_BUDGET,
    NETWORK_POLICY,
    HORIZONTAL_AUTOSCALER,
    VERTICAL_AUTOSCALER,
    *SELF_SCRAPES,
)
WITNESSES = (POD, ENDPOINT_SLICE)

BINDINGS = (ROLE_BINDING.kind, CLUSTER_ROLE_BINDING.kind)
"""Kinds that the API server takes only after the roles that they name."""

NAMESPACE = Resource("", "v1", "Namespace", "namespaces", namespaced=False, metadata_only=True)

# Objects that parents select and turn into configuration: our own kinds ...
SELECTED: tuple[Resource, ...] = (
    *SELF_SCRAPES,
    *(
        Resource(GROUP, VERSION, kind, f"{kind.lower()}s", is_optional=True)
        for kind in (
            "VMProbe",
            "VMNodeScrape",
            "VMStaticScrape",
            "VMScrapeConfig",
            "VMRule",
            "VMAlertmanagerConfig",
        )
    ),
)
# ... and those of the Prometheus operator, whose definitions need not be installed.
PROMETHEUS_GROUP = "monitoring.coreos.com"
PROMETHEUS: tuple[Resource, ...] = tuple(
    Resource(PROMETHEUS_GROUP, version, kind, f"{kind.lower()}s", is_optional=True)
    for kind, version in (
        ("ServiceMonitor", "v1"),
        ("PodMonitor", "v1"),
        ("Probe", "v1"),
        ("ScrapeConfig", "v1alpha1"),
        ("PrometheusRule", "v1"),
        ("AlertmanagerConfig", "v1alpha1"),
    )
)

BY_KIND = {
    resource.kind: resource
    for resource in (*PARENTS, *CHILDREN, *WITNESSES, LEASE, NAMESPACE, *SELECTED, *PROMETHEUS)
}
