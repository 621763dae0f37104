"""What parents choose from: for each kind of objects the selectors that its parent has for it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest

from vmoperator.api import parsed
from vmoperator.api.around import Known, Recipe
from vmoperator.api.picking import Choice, Picked
from vmoperator.base.resource import PROMETHEUS, SELECTED
from vmoperator.base.settings import Settings
from vmoperator.render import plan

Selector = dict[str, Any] | None

SCRAPED: dict[str, list[tuple[str, ...]]] = {
    "serviceScrape": [("VMServiceScrape",)],
    "serviceMonitor": [("ServiceMonitor",)],
    "podScrape": [("VMPodScrape",)],
    "podMonitor": [("PodMonitor",)],
    "probe": [("VMProbe",), ("Probe",)],
    "nodeScrape": [("VMNodeScrape",)],
    "staticScrape": [("VMStaticScrape",)],
    "scrapeConfig": [("VMScrapeConfig",), ("ScrapeConfig",)],
}
CHOSEN: dict[str, dict[str, list[tuple[str, ...]]]] = {
    "VMAgent": SCRAPED,
    "VMSingle": SCRAPED,
    "VMAlert": {"rule": [("VMRule", "PrometheusRule")]},
    "VMAlertmanager": {"config": [("VMAlertmanagerConfig", "AlertmanagerConfig")]},
}
"""Parent -> what its selectors begin with -> the kinds that each pair of them chooses from."""
REQUIRED: dict[str, dict[str, Any]] = {
    "VMAgent": {"remoteWrite": [{"url": "http://a"}]},
    "VMSingle": {"ingestOnlyMode": False},
    "VMAlert": {"datasource": {"url": "http://a"}},
    "VMAlertmanager": {},
}
SELECTORS: tuple[Selector, ...] = (
    None,
    {},
    {"matchLabels": {"team": "a"}},
    {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
)


@dataclass(frozen=True)
class _Recorder(Known):
    """An empty world that writes down what a parent chooses."""

    choices: list[Choice] = field(default_factory=list)

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        self.choices.append(choice)
        return super().picked(choice, recipe)


def _choices(parent: str, **spec: Any) -> list[Choice]:
    recorder = _Recorder()
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": parent,
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {**REQUIRED[parent], **spec},
    }
    plan(parsed(manifest), Settings(), recorder)
    return recorder.choices


def test_every_kind_that_is_selected_is_looked_at() -> None:
    every = {
        kind for it in CHOSEN.values() for found in it.values() for kinds in found for kind in kinds
    }
    assert every == {it.kind for it in (*SELECTED, *PROMETHEUS)}


@pytest.mark.parametrize("takes_all", [False, True], ids=["by-selectors", "all-by-default"])
@pytest.mark.parametrize("parent", CHOSEN)
def test_unset_empty_and_set_selectors_are_three_things(parent: str, takes_all: bool) -> None:
    for objects, namespaces in itertools.product(SELECTORS, SELECTORS):
        if parent == "VMAlert" and objects is namespaces is None and not takes_all:
            # It has no volume for rules then.
            assert _choices(parent) == []
            continue
        spec = {
            f"{name}{end}": chosen
            for name in CHOSEN[parent]
            for end, chosen in (("Selector", objects), ("NamespaceSelector", namespaces))
        }
        found = _choices(parent, selectAllByDefault=takes_all, **spec)
        wanted = [
            Choice(
                kinds=kinds,
                field=f"spec.{name}Selector",
                objects=objects,
                namespaces=namespaces,
                takes_all=takes_all,
            )
            for name, listed in CHOSEN[parent].items()
            for kinds in listed
        ]
        assert sorted(found, key=lambda it: it.kinds) == sorted(wanted, key=lambda it: it.kinds)


@pytest.mark.parametrize(
    ("parent", "name"), [(parent, name) for parent, names in CHOSEN.items() for name in names]
)
def test_a_selector_chooses_of_its_own_kinds_alone(parent: str, name: str) -> None:
    selector = {"matchLabels": {"team": "a"}}
    found = _choices(parent, **{f"{name}Selector": selector})
    chosen = {it.kinds for it in found if it.objects is not None}
    assert chosen == set(CHOSEN[parent][name])
    assert all(it.namespaces is None for it in found)
