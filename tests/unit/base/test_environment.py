"""Environment: variables become settings, and nothing that is set is passed over in silence."""

from __future__ import annotations

import pytest
from tests.unit.render.singles import planned

from vmoperator.api.around import NOTHING
from vmoperator.base.environment import Variable, settings_of, variables, without_effect
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings

SAMPLES = {
    "_PORT": "1234",
    "_TERMINATION_GRACE_PERIOD_SECONDS": "77",
    "_LIMIT_CPU": "3",
    "_REQUEST_CPU": "11m",
    "_LIMIT_MEM": "3Gi",
    "_REQUEST_MEM": "11Mi",
    "_EPHEMERAL_STORAGE": "3Gi",
    "ENABLETCP6": "true",
    "OLD_BACKUP_RESTORE_PORT_NAMES": "true",
    "ENFORCEENDPOINTSLICES": "true",
    "STRICTSECURITY": "true",
    "DISABLESELFSERVICESCRAPECREATION": "true",
    "USEDEFAULTRESOURCES": "false",
    "PRESTOP_HOOK": "false",
    "SHARDS_AT_ONCE": "3",
    "FORCERESYNCINTERVAL": "1m30s",
    "SERVICESCRAPE": "false",
    "PODMONITOR": "false",
    "PROBE": "false",
    "SCRAPECONFIG": "false",
    "PROMETHEUSRULE": "false",
    "ALERTMANAGERCONFIG": "false",
    "COMMON_LABELS": "a=b",
    "COMMON_ANNOTATIONS": "a=b",
}


def sample(name: str) -> str:
    return next((text for end, text in SAMPLES.items() if name.endswith(end)), "other")


def settings(**environ: str) -> Settings:
    return settings_of(environ, Settings())


@pytest.mark.parametrize("name", [it.name for it in variables()])
def test_each_variable_changes_the_settings(name: str) -> None:
    assert settings(**{name: sample(name)}) != Settings()
    assert settings(**{name: ""}) == Settings()


@pytest.mark.parametrize("variable", tuple(variables()), ids=lambda it: it.name)
def test_the_default_that_is_told_is_the_default(variable: Variable) -> None:
    assert settings(**{variable.name: variable.default}) == Settings()


def test_kinds_of_the_prometheus_operator_are_read_unless_their_variable_is_false() -> None:
    prefix = "VM_ENABLEDPROMETHEUSCONVERTER_"
    found = settings(**{f"{prefix}SERVICESCRAPE": "false", f"{prefix}PODMONITOR": "false"})
    assert found.unread_kinds == ("PodMonitor", "ServiceMonitor")
    assert settings(**{f"{prefix}PROBE": "true"}).unread_kinds == ()
    every = [it.name for it in variables() if it.name.startswith(prefix)]
    assert len(settings(**dict.fromkeys(every, "false")).unread_kinds) == len(every) == 6


def test_a_request_above_its_limit_is_refused_with_both_variables() -> None:
    name = "VM_VMAGENTDEFAULT_RESOURCE_%s_MEM"
    with pytest.raises(SettingsInvalid, match=name % "REQUEST" + ".* set " + name % "LIMIT"):
        settings(**{name % "LIMIT": "10Mi"})
    assert settings(**{name % "LIMIT": "10Mi", name % "REQUEST": "5Mi"}) != Settings()
    assert settings(**{name % "LIMIT": "10Mi", name % "REQUEST": "unlimited"}) != Settings()


def test_variables_that_do_nothing_here_are_named() -> None:
    environ = {"VM_CUSTOMCONFIGRELOADERIMAGE": "x", "VM_ENABLETCP6": "true", "HOME": "/"}
    assert without_effect(environ) == ("VM_CUSTOMCONFIGRELOADERIMAGE",)
    assert without_effect(environ, ["VM_CUSTOMCONFIGRELOADERIMAGE"]) == ()


def test_variables_that_kubernetes_sets_for_a_service_are_nobodys_wish() -> None:
    address = "tcp://10.0.0.1:80"
    environ = {
        "VM_UI_SERVICE_HOST": "10.0.0.1",
        "VM_UI_SERVICE_PORT": "80",
        "VM_UI_SERVICE_PORT_HTTP": "80",
        "VM_UI_PORT": address,
        "VM_UI_PORT_80_TCP": address,
        "VM_UI_PORT_80_TCP_ADDR": "10.0.0.1",
        "VM_UI_PORT_80_TCP_PORT": "80",
        "VM_UI_PORT_80_TCP_PROTO": "tcp",
    }
    assert without_effect(environ) == ()
    assert without_effect({"VM_VLOGSDEFAULT_PORT": "9428"}) == ("VM_VLOGSDEFAULT_PORT",)


def test_one_version_for_all_programs_of_victoriametrics() -> None:
    components = settings(VM_METRICS_VERSION="v1.200.0").components
    assert components["vmagent"].version == "v1.200.0"
    assert components["vmstorage"].version == "v1.200.0-cluster"
    assert components["vmalertmanager"].version == Settings().components["vmalertmanager"].version


def test_a_resource_can_be_left_unlimited() -> None:
    components = settings(VM_VMAGENTDEFAULT_RESOURCE_LIMIT_CPU="unlimited").components
    assert "cpu" not in components["vmagent"].limits
    assert "memory" in components["vmagent"].limits


def test_labels_for_every_object_stand_on_every_object() -> None:
    made = planned(NOTHING, settings(VM_COMMON_LABELS="team=a, cost=b"))
    assert made.manifests
    for manifest in made.manifests:
        labels = manifest["metadata"]["labels"]
        assert {"team": "a", "cost": "b"}.items() <= labels.items(), manifest["kind"]
