"""VMCluster: vmstorage, vmselect and vminsert as workloads, in the order of a rollout."""

from __future__ import annotations

from dataclasses import replace

from vmoperator.api.around import Around
from vmoperator.api.vmcluster import VMCluster, VMClusterSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects
from vmoperator.render.plan import Plan
from vmoperator.render.vmcluster_balancer import balancer
from vmoperator.render.vmcluster_nodes import least_replicas
from vmoperator.render.vmcluster_vminsert import vminsert
from vmoperator.render.vmcluster_vmselect import vmselect
from vmoperator.render.vmcluster_vmstorage import vmstorage
from vmoperator.render.workload import Scope

APP = "vmcluster"


def plan(parent: VMCluster, settings: Settings, around: Around) -> Plan:
    """The plan of a cluster; components that the spec does not name are not part of it.

    Raises SpecInvalid naming the field.
    """
    spec, scope = parent.spec, _scope(parent, settings)
    _refuse_replication(spec)
    workloads = [
        *([vmstorage(spec, spec.vmstorage, scope, around)] if spec.vmstorage else ()),
        *([vmselect(spec, spec.vmselect, scope, around)] if spec.vmselect else ()),
        *([vminsert(spec, spec.vminsert, scope, around)] if spec.vminsert else ()),
    ]
    front = balancer(spec, scope, workloads)
    return objects.plan([*workloads, *front], shared=_account(spec, scope))


def _scope(parent: VMCluster, settings: Settings) -> Scope:
    spec = parent.spec
    return replace(
        kind.scope(parent, settings, app=APP, part_of=APP, licence=spec.license),
        pull_secrets=tuple(spec.image_pull_secrets or ()),
        version=spec.cluster_version,
        domain=spec.cluster_domain_name or settings.cluster_domain,
    )


def _account(spec: VMClusterSpec, scope: Scope) -> list[Manifest]:
    return [] if spec.service_account_name else [objects.service_account(scope, APP)]


def _refuse_replication(spec: VMClusterSpec) -> None:
    replicas, factor = least_replicas(spec), spec.replication_factor or 0
    extra = (spec.vminsert and spec.vminsert.extra_args) or {}
    names_nodes = any(name.lstrip("-") == "storageNode" for name in extra)
    if 0 < replicas < factor and not names_nodes:
        message = f"{factor} copies need as many nodes; spec.vmstorage.replicaCount is {replicas}"
        raise SpecInvalid("spec.replicationFactor", message)
