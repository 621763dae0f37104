"""What the Go operator leaves behind: five parents, and everything that it made for them."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster import former
from tests.cluster.conftest import small
from tests.cluster.former import Former
from tests.cluster.stack import API_VERSION, small_object
from vmoperator.base.labels import FORMER_FINALIZER

Tree = dict[str, Any]

STORAGE = {"volumeClaimTemplate": {"spec": former.SIZE}}
URL = "http://vmsingle-demo:8429"
SPECS: dict[str, Tree] = {
    "VMCluster": small(
        vmstorage={"storage": STORAGE}, vmselect={"storage": STORAGE}, replicationFactor=1
    )["spec"],
    "VMSingle": small_object("VMSingle", "demo", retentionPeriod="1", storage=former.SIZE)["spec"],
    "VMAgent": small_object(
        "VMAgent",
        "demo",
        statefulMode=True,
        statefulStorage=STORAGE,
        remoteWrite=[{"url": f"{URL}/api/v1/write"}],
    )["spec"],
    "VMAlert": small_object(
        "VMAlert",
        "demo",
        datasource={"url": URL},
        notifier={"url": "http://vmalertmanager-demo:9093"},
        ruleSelector={},
    )["spec"],
    "VMAlertmanager": small_object("VMAlertmanager", "demo", storage=STORAGE)["spec"],
}
PLAIN = small_object("VMAgent", "plain", remoteWrite=[{"url": f"{URL}/api/v1/write"}])["spec"]
"""A VMAgent as most people have it: a Deployment."""
OBJECTS = (*((kind, "demo") for kind in SPECS), ("VMAgent", "plain"))
"""Kinds and names of all parents."""
ROLES = ("vmagent-demo", "vmagent-plain")
"""Whose rights to discover targets there are."""


def left_behind(one: Former, parents: dict[str, Tree]) -> None:
    """Everything that the former operator made for its parents."""
    cluster = parents["VMCluster"]
    one.child(cluster, "ServiceAccount", "vmcluster")
    ports = {"vmstorage": (8482, 8400, 8401), "vmselect": (8481,), "vminsert": (8480,)}
    nodes = {"vmselect": 8401, "vminsert": 8400}
    for app, numbers in ports.items():
        arguments = [f"-httpListenAddr=:{numbers[0]}"]
        if app in nodes:
            names = (f"vmstorage-demo-{it}.vmstorage-demo:{nodes[app]}" for it in (0, 1))
            arguments.append(f"-storageNode={','.join(names)}")
        claim, path = {
            "vmstorage": ("vmstorage-db", "/vmstorage-data"),
            "vmselect": ("vmselect-cachedir", "/cache"),
        }.get(app, ("", ""))
        if app == "vmstorage":
            arguments += ["-storageDataPath=vmstorage-data", "-retentionPeriod=4"]
        mounts = [{"name": claim, "mountPath": path}] if claim else []
        template = former.pod(
            app, app, arguments, sidecar=False, mounts=mounts, serviceAccountName="vmcluster-demo"
        )
        if claim:
            policy = "OrderedReady" if app == "vmstorage" else "Parallel"
            more = {"podManagementPolicy": policy, "replicas": 2}
            spec = former.stateful_set(app, template, claim=claim, **more)
            one.child(cluster, "StatefulSet", app, spec=spec)
        else:
            spec = former.deployment(app, template, replicas=2)
            one.child(cluster, "Deployment", app, spec=spec)
        one.child(
            cluster,
            "Service",
            app,
            spec=former.service(app, *numbers, headless=bool(claim)),
            metadata={"finalizers": [FORMER_FINALIZER]},
        )
    _single(one, parents["VMSingle"])
    _configured(one, parents)
    _plain_agent(one)


def own_claims(one: Former, parent: Tree) -> None:
    """Owner references to the parent on the claims of its vmstorage, once these are there."""
    patch = json.dumps({"metadata": {"ownerReferences": [former.owner(parent)]}})
    for number in (0, 1):
        claim = f"vmstorage-db-vmstorage-demo-{number}"
        one.namespace.kubectl(
            *("patch", "pvc", claim, "--type=merge", f"--field-manager={former.MANAGER}"),
            *("-p", patch),
        )


def _single(one: Former, parent: Tree) -> None:
    app = "vmsingle"
    one.child(parent, "ServiceAccount", app)
    one.child(parent, "PersistentVolumeClaim", app, spec=former.SIZE)
    template = former.pod(
        *(app, app),
        ["-httpListenAddr=:8429", f"-storageDataPath=/{former.DATA}", "-retentionPeriod=1"],
        sidecar=False,
        mounts=[{"name": "data", "mountPath": f"/{former.DATA}"}],
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "vmsingle-demo"}}],
        serviceAccountName="vmsingle-demo",
    )
    spec = former.deployment(app, template, strategy={"type": "Recreate"})
    one.child(parent, "Deployment", app, spec=spec)
    one.child(parent, "Service", app, spec=former.service(app, 8429))


def _configured(one: Former, parents: dict[str, Tree]) -> None:
    """Programs with configuration: Secrets, ConfigMaps, rights, and a program beside them."""
    agent, alert, manager = (parents[it] for it in ("VMAgent", "VMAlert", "VMAlertmanager"))
    for parent, app in ((agent, "vmagent"), (alert, "vmalert"), (manager, "vmalertmanager")):
        one.child(parent, "ServiceAccount", app)
    one.child(agent, "Secret", "vmagent", stringData={"vmagent.yaml.gz": "zipped"})
    one.child(agent, "Secret", "vmagent", name="tls-assets-vmagent-demo")
    _role(one, agent)
    template = former.pod(
        *("vmagent", "vmagent"),
        [f"-remoteWrite.url={URL}/api/v1/write", "-remoteWrite.tmpDataPath=/vmagent_pq/data"],
        sidecar=True,
        mounts=[
            {"name": "persistent-queue-data", "mountPath": "/vmagent_pq/data"},
            {"name": "config", "mountPath": "/etc/vmagent/config"},
        ],
        volumes=[
            {"name": "tls-assets", "secret": {"secretName": "tls-assets-vmagent-demo"}},
            {"name": "config", "secret": {"secretName": "vmagent-demo"}},
        ],
        serviceAccountName="vmagent-demo",
    )
    claim = "persistent-queue-data"
    spec = former.stateful_set("vmagent", template, claim=claim, serviceName="")
    one.child(agent, "StatefulSet", "vmagent", spec=spec)
    one.child(agent, "Service", "vmagent", spec=former.service("vmagent", 8429, headless=True))
    one.child(alert, "ConfigMap", "vmalert", name="vm-demo-rulefiles-0", data={"rules.yaml": ""})
    template = former.pod(
        *("vmalert", "vmalert"),
        ["-rule=/etc/rules/*.yaml", f"-datasource.url={URL}", "-notifier.blackhole"],
        sidecar=True,
        mounts=[{"name": "rules", "mountPath": "/etc/rules"}],
        volumes=[{"name": "rules", "configMap": {"name": "vm-demo-rulefiles-0"}}],
        serviceAccountName="vmalert-demo",
    )
    one.child(alert, "Deployment", "vmalert", spec=former.deployment("vmalert", template))
    one.child(alert, "Service", "vmalert", spec=former.service("vmalert", 8080))
    _alertmanager(one, manager)


def _role(one: Former, agent: Tree) -> None:
    name = agent["metadata"]["name"]
    role = f"monitoring:{one.namespace.name}:vmagent-{name}"
    labelled = {"name": role, "labels": former.selector("vmagent", name), "ownerReferences": []}
    one.child(agent, "ClusterRole", "vmagent", rules=[], metadata=labelled)


def _plain_agent(one: Former) -> None:
    agent = one.parent("VMAgent", PLAIN, "plain")
    one.child(agent, "ServiceAccount", "vmagent")
    one.child(agent, "Secret", "vmagent", stringData={"vmagent.yaml.gz": "zipped"})
    _role(one, agent)
    template = former.pod(
        *("vmagent", "vmagent"),
        [f"-remoteWrite.url={URL}/api/v1/write", "-remoteWrite.tmpDataPath=/tmp/vmagent"],
        sidecar=True,
        mounts=[{"name": "config", "mountPath": "/etc/vmagent/config"}],
        volumes=[{"name": "config", "secret": {"secretName": "vmagent-plain"}}],
        serviceAccountName="vmagent-plain",
        instance="plain",
    )
    one.child(agent, "Deployment", "vmagent", spec=former.deployment("vmagent", template))
    service = former.service("vmagent", 8429)
    service["selector"] = former.selector("vmagent", "plain")
    one.child(agent, "Service", "vmagent", spec=service)


def _alertmanager(one: Former, parent: Tree) -> None:
    app, subject = "vmalertmanager", "vmalertmanager-demo"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}]
    one.child(parent, "Role", app, rules=rules)
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": subject}
    account = {"kind": "ServiceAccount", "name": subject, "namespace": one.namespace.name}
    one.child(parent, "RoleBinding", app, roleRef=ref, subjects=[account])
    config = {"alertmanager.yaml": "{receivers: [{name: a}], route: {receiver: a}}"}
    one.child(parent, "Secret", app, name="vmalertmanager-demo-config", stringData=config)
    template = former.pod(
        *(app, "alertmanager"),
        ["--config.file=/etc/am/alertmanager.yaml", "--storage.path=/alertmanager"],
        sidecar=True,
        mounts=[
            {"name": "vmalertmanager-demo-db", "mountPath": "/alertmanager", "subPath": "am-db"},
            {"name": "config", "mountPath": "/etc/am"},
        ],
        volumes=[{"name": "config", "secret": {"secretName": "vmalertmanager-demo-config"}}],
        serviceAccountName=subject,
    )
    spec = former.stateful_set(app, template, claim="vmalertmanager-demo-db")
    one.child(parent, "StatefulSet", app, spec=spec)
    one.child(parent, "Service", app, spec=former.service(app, 9093, headless=True))


def of_other_kinds(one: Former) -> None:
    """What the Go operator keeps on keeping: the same labels, another kind of owner."""
    template = former.pod("vmauth", "vmsingle", [], sidecar=False)
    spec = former.deployment("vmauth", template, replicas=0)
    auth: Tree = {
        "apiVersion": API_VERSION,
        "kind": "VMAuth",
        "metadata": {"name": "demo", "uid": "6d3c1b0a-0000-4000-8000-000000000001"},
    }
    one.child(auth, "Deployment", "vmauth", spec=spec)
    one.child(auth, "Secret", "vmauth", name="vmuser-demo")
    one.child(auth, "PersistentVolumeClaim", "vlsingle", spec=former.SIZE)
