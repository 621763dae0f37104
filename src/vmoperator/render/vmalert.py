"""VMAlert: one vmalert Deployment, whose notifiers and rules lie in files that it reads again."""

from __future__ import annotations

from dataclasses import replace

from vmoperator.api.around import Around
from vmoperator.api.vmalert import VMAlert, VMAlertSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects
from vmoperator.render.config import Config
from vmoperator.render.credentials import Files
from vmoperator.render.flags import given
from vmoperator.render.plan import Plan
from vmoperator.render.program import shared_flags
from vmoperator.render.reloading import reload_flags
from vmoperator.render.rules.files import rules_volume
from vmoperator.render.rules.selection import Rules, selected_rules, selects
from vmoperator.render.strategies import deployment_strategy
from vmoperator.render.vmalert_config import config_of, told
from vmoperator.render.vmalert_flags import evaluation_flags
from vmoperator.render.workload import Scope, Workload

APP = "vmalert"
FIELD = "spec"


def plan(parent: VMAlert, settings: Settings, around: Around) -> Plan:
    """The plan of a VMAlert. Raises SpecInvalid naming the field."""
    spec = _with_every_rule(_with_replicas(parent.spec))
    scope = kind.scope(parent, settings, app=APP, licence=spec.license)
    account = [] if spec.service_account_name else [objects.service_account(scope, APP)]
    rules = selected_rules(parent, around, base=scope.named(APP))
    made = objects.plan([_workload(spec, scope, around, rules)], shared=account)
    return replace(made, picked=(rules.picked,)) if rules else made


def _with_replicas(spec: VMAlertSpec) -> VMAlertSpec:
    """The spec with replicaCount set, whichever of its two names was used."""
    if spec.replicas is None:
        return spec
    if spec.replica_count not in (None, spec.replicas):
        message = f"{spec.replicas} is not {spec.replica_count}, as replicaCount says"
        raise SpecInvalid("spec.replicas", f"{message}; set one of the two")
    return spec.model_copy(update={"replica_count": spec.replicas})


def _with_every_rule(spec: VMAlertSpec) -> VMAlertSpec:
    """The spec with a flag -rule of the user's own as one more path beside the selected rules."""
    extra = given(spec.extra_args, field="spec.extraArgs")
    if "rule" not in extra or not selects(spec):
        return spec
    paths = [*(spec.rule_path or ()), extra.pop("rule")]
    return spec.model_copy(update={"extra_args": extra, "rule_path": paths})


def _workload(spec: VMAlertSpec, scope: Scope, around: Around, rules: Rules | None) -> Workload:
    files = Files()
    notifiers = told(spec, scope, around=around, files=files)
    volume = (rules_volume(scope.named(APP)),) if rules else ()
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
        scrape=spec.service_scrape_spec,
        budget=spec.pod_disruption_budget,
        vpa=spec.vpa,
        network_policy=spec.network_policy,
        config=_config(spec, scope, notifiers.config, rules),
        mounts=(*notifiers.mounts, *files.mounts, *volume),
        env=files.env,
        update=deployment_strategy(spec, field=FIELD),
    )


def _config(
    spec: VMAlertSpec, scope: Scope, notifiers: Config | None, rules: Rules | None
) -> Config | None:
    """The files of the notifiers, where the operator writes them, and those of the rules."""
    if rules is None:
        return notifiers
    return replace(notifiers or config_of(spec, scope, {}), buckets=rules.buckets)
