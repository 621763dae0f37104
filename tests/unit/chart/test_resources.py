"""Default resources as values of the chart: the operator gets what they say, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from tests.unit.chart.helm import CHART, only, rendered

from vmoperator.base.environment import settings_of
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.quantity import quantity
from vmoperator.base.setting_values import size
from vmoperator.base.settings import Settings

PROGRAMS = {
    **{app: app for app in Settings().components},
    "vmclusterlb-vmauth-balancer": "vmauth",
    "vmbackupmanager": "vmbackup",
}
"""What the operator calls a program -> what the chart calls it."""
RESOURCES = ("cpu", "memory", "ephemeral-storage")


def settings(resources: Any) -> Settings:
    """What the operator makes of the environment that helm gives it."""
    values = json.dumps({"operands": {"resources": resources}})
    pod = only("Deployment", rendered(values=values))["spec"]["template"]["spec"]
    environ = {it["name"]: it["value"] for it in pod["containers"][0]["env"]}
    return settings_of(environ, Settings())


def numbers(sizes: Mapping[str, str]) -> dict[str, int]:
    return {key: int(quantity(text)) for key, text in sizes.items()}


def test_each_resource_of_each_program_reaches_the_operator() -> None:
    wanted = {
        program: {
            "requests": {it: 100 + 10 * place + number for number, it in enumerate(RESOURCES)},
            "limits": {it: 500 + 10 * place + number for number, it in enumerate(RESOURCES)},
        }
        for place, program in enumerate(PROGRAMS.values())
    }
    found = {
        PROGRAMS[app]: {"requests": numbers(own.requests), "limits": numbers(own.limits)}
        for app, own in settings(wanted).components.items()
    }
    assert found == wanted


def test_what_is_not_named_stays_and_what_is_unlimited_goes() -> None:
    resources = {"vmagent": {"limits": {"cpu": "unlimited", "memory": "2Gi"}}, "vmalert": {}}
    before, after = Settings().components, settings(resources).components
    assert after["vmagent"].limits == {"memory": "2Gi"}
    assert after["vmagent"].requests == before["vmagent"].requests
    assert {app: it for app, it in after.items() if app != "vmagent"} == {
        app: it for app, it in before.items() if app != "vmagent"
    }


def test_a_number_of_bytes_stays_one() -> None:
    found = settings({"vmagent": {"limits": {"memory": 1073741824, "cpu": 0.5}}})
    assert found.components["vmagent"].limits == {"memory": "1073741824", "cpu": "0.5"}


def test_a_request_above_the_limit_that_there_is_ends_the_start_with_both_names() -> None:
    with pytest.raises(SettingsInvalid, match="VM_VMAGENTDEFAULT_RESOURCE_REQUEST_MEM=1Gi: is ab"):
        settings({"vmagent": {"requests": {"memory": "1Gi"}}})
    assert settings({"vmagent": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}})


SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
GOOD = ("1", "0", "1.5", "2.", ".5", "100m", "1Gi", "1e3", "1E-3", "1E", "5Ei", "unlimited", 2, 0.5)
BAD = ("", "1GB", "-1", "1 Gi", "1mi", "Gi", "1e", "unlimit", ".", "0x1", -1)


@pytest.mark.parametrize("text", [*GOOD, *BAD], ids=repr)
def test_helm_takes_the_quantities_that_the_operator_takes(text: str | float) -> None:
    values = {"operands": {"resources": {"vmagent": {"limits": {"memory": text}}}}}
    try:
        size(str(text))
        is_taken = True
    except ValueError:
        is_taken = False
    assert is_taken == (text in GOOD)
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(values) == is_taken
