"""VMAlert: one vmalert Deployment, whose notifiers lie in a file that it reads again."""

from __future__ import annotations

from vmoperator.api.around import Around
from vmoperator.api.vmalert import VMAlert, VMAlertSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects
from vmoperator.render.credentials import Files
from vmoperator.render.plan import Plan
from vmoperator.render.program import shared_flags
from vmoperator.render.reloading import reload_flags
from vmoperator.render.strategies import deployment_strategy
from vmoperator.render.vmalert_config import told
from vmoperator.render.vmalert_flags import evaluation_flags
from vmoperator.render.workload import Scope, Workload

APP = "vmalert"
FIELD = "spec"


def plan(parent: VMAlert, settings: Settings, around: Around) -> Plan:
    """The plan of a VMAlert. Raises SpecInvalid naming the field."""
    spec = _with_replicas(parent.spec)
    scope = kind.scope(parent, settings, app=APP, licence=spec.license)
    account = [] if spec.service_account_name else [objects.service_account(scope, APP)]
    return objects.plan([_workload(spec, scope, around)], shared=account)


def _with_replicas(spec: VMAlertSpec) -> VMAlertSpec:
    """The spec with replicaCount set, whichever of its two names was used."""
    if spec.replicas is None:
        return spec
    if spec.replica_count not in (None, spec.replicas):
        message = f"{spec.replicas} is not {spec.replica_count}, as replicaCount says"
        raise SpecInvalid("spec.replicas", f"{message}; set one of the two")
    return spec.model_copy(update={"replica_count": spec.replicas})


def _workload(spec: VMAlertSpec, scope: Scope, around: Around) -> Workload:
    files = Files()
    notifiers = told(spec, scope, around=around, files=files)
    flags = {
        **shared_flags(APP, spec, scope),
        **evaluation_flags(spec, around=around, files=files),
        **reload_flags(spec, around=around, files=files),
        **notifiers.flags,
    }
    return Workload(
        scope=scope,
        kind="Deployment",
        app=APP,
        field=FIELD,
        spec=spec,
        defaults=flags,
        version=spec.component_version,
        pod_metadata=spec.pod_metadata,
        service=spec.service_spec,
        budget=spec.pod_disruption_budget,
        vpa=spec.vpa,
        network_policy=spec.network_policy,
        config=notifiers.config,
        mounts=(*notifiers.mounts, *files.mounts),
        env=files.env,
        update=deployment_strategy(spec, field=FIELD),
    )
