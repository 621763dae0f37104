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
    "_CPU": "333m",
    "_MEM": "333Mi",
    "_EPHEMERAL_STORAGE": "3Gi",
    "ENABLETCP6": "true",
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


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("VM_ENABLETCP6", "maybe", "must be true or false"),
        ("VM_VMAGENTDEFAULT_PORT", "http", "must be a port"),
        ("VM_VMAGENTDEFAULT_RESOURCE_LIMIT_MEM", "much", "much"),
        ("VM_VMSINGLEDEFAULT_TERMINATION_GRACE_PERIOD_SECONDS", "1m", "seconds"),
        ("VM_SHARDS_AT_ONCE", "all", "must be a number"),
        ("VM_COMMON_LABELS", "team", "KEY=VALUE"),
        ("VM_FORCERESYNCINTERVAL", "1s", "0 or at least 10s"),
        ("VM_FORCERESYNCINTERVAL", "60", "is not a duration"),
        ("VM_ENABLEDPROMETHEUSCONVERTER_PROBE", "no", "must be true or false"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_the_variable(
    name: str, text: str, words: str
) -> None:
    with pytest.raises(SettingsInvalid, match=f"{name}={text}: .*{words}"):
        settings(**{name: text})


def test_kinds_of_the_prometheus_operator_are_read_unless_their_variable_is_false() -> None:
    prefix = "VM_ENABLEDPROMETHEUSCONVERTER_"
    found = settings(**{f"{prefix}SERVICESCRAPE": "false", f"{prefix}PODMONITOR": "false"})
    assert found.unread_kinds == ("PodMonitor", "ServiceMonitor")
    assert settings(**{f"{prefix}PROBE": "true"}).unread_kinds == ()
    every = [it.name for it in variables() if it.name.startswith(prefix)]
    assert len(settings(**dict.fromkeys(every, "false")).unread_kinds) == len(every) == 6


def test_variables_that_do_nothing_here_are_named() -> None:
    environ = {"VM_CUSTOMCONFIGRELOADERIMAGE": "x", "VM_ENABLETCP6": "true", "HOME": "/"}
    assert without_effect(environ) == ("VM_CUSTOMCONFIGRELOADERIMAGE",)


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
