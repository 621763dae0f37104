"""Which objects agents select by which field, and the Secrets that their jobs come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.render.agents import flag, planned, pod
from tests.unit.render.jobs.scrapes import (
    Job,
    around,
    jobs_of,
    refusals,
    scrape,
    secrets_of,
)

from vmoperator.api import parsed
from vmoperator.api.around import NOTHING, Around, Known, Recipe
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan

STATIC = {"targetEndpoints": [{"targets": ["a:1"]}]}
FIELDS = {
    "VMServiceScrape": "serviceScrape",
    "ServiceMonitor": "serviceMonitor",
    "VMPodScrape": "podScrape",
    "PodMonitor": "podMonitor",
    "VMProbe": "probe",
    "Probe": "probe",
    "VMNodeScrape": "nodeScrape",
    "VMStaticScrape": "staticScrape",
    "VMScrapeConfig": "scrapeConfig",
    "ScrapeConfig": "scrapeConfig",
}


def _single(around: Around = NOTHING, **spec: Any) -> Plan:
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMSingle",
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {"retentionPeriod": "1", **spec},
    }
    return plan(parsed(manifest), Settings(), around)


@pytest.mark.parametrize(("kind", "field"), FIELDS.items(), ids=FIELDS)
def test_each_kind_is_selected_by_its_own_fields(kind: str, field: str) -> None:
    given: dict[str, Any] = {
        f"{field}Selector": {"matchLabels": {"a": "b"}},
        f"{field}NamespaceSelector": {},
    }
    made = planned(**given)
    (choice,) = (it.choice for it in made.picked if it.choice.kinds == (kind,))
    assert choice == Choice(
        kinds=(kind,),
        field=f"spec.{field}Selector",
        objects={"matchLabels": {"a": "b"}},
        namespaces={},
    )


def test_everything_is_selected_on_demand() -> None:
    assert all(it.choice.takes_all for it in planned(selectAllByDefault=True).picked)
    assert not any(it.choice.takes_all for it in planned().picked)


def test_an_agent_that_only_takes_in_selects_nothing() -> None:
    made = planned(around(scrape("VMStaticScrape", STATIC)), ingestOnlyMode=True)
    assert made.picked == ()
    assert {it["name"] for it in pod(made).get("volumes") or ()} & {"jobs", "tls-assets"} == set()


def test_a_vmsingle_scrapes_objects_only_on_demand() -> None:
    world = around(scrape("VMStaticScrape", STATIC))
    assert _single(world).picked == ()
    made = _single(world, ingestOnlyMode=False)
    assert [it["job_name"] for it in jobs_of(made)] == ["staticScrape/shop/web/0"]
    mounts = made.stages[0].workload["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {"/etc/vm/jobs", "/etc/vm-tls/certs"} <= {it["mountPath"] for it in mounts}


def test_what_is_selected_changes_nothing_about_the_pods() -> None:
    tls = {"ca": {"secret": {"name": "keys", "key": "a"}}}
    objects = [
        scrape("VMStaticScrape", {"targetEndpoints": [{"targets": ["a"], "tlsConfig": tls}]}, name)
        for name in map(str, range(100))
    ]
    world = around(*objects, keys={"a": b"CA"})
    assert planned(world).stages[0].workload == planned().stages[0].workload
    assert flag(planned(), "promscrape.config") == "/etc/vmagent/config/vmagent.yaml"


def test_a_change_of_one_object_rewrites_one_secret_and_is_delivered() -> None:
    before = [scrape("VMStaticScrape", STATIC, name) for name in map(str, range(100))]
    changed = {"targetEndpoints": [{"targets": ["b:1"]}]}
    after = [*before[:50], scrape("VMStaticScrape", changed, "50"), *before[51:]]
    one, other = planned(around(*before)), planned(around(*after))
    old, new = secrets_of(one), secrets_of(other)
    assert old.keys() == new.keys()
    assert len([name for name in old if old[name] != new[name]]) == 1
    deliveries = [it.stages[0].config for it in (one, other)]
    assert deliveries[0] is not None
    assert deliveries[1] is not None
    assert deliveries[0].digest != deliveries[1].digest


def test_the_same_objects_make_the_same_secrets_whatever_their_order() -> None:
    objects = [scrape("VMStaticScrape", STATIC, name) for name in map(str, range(50))]
    assert planned(around(*objects)).shared == planned(around(*reversed(objects))).shared


def test_an_object_that_is_refused_leaves_the_others_alone() -> None:
    wrong = {"targetEndpoints": [{"targets": ["a:1"], "bearerTokenSecret": {"key": "a"}}]}
    world = around(scrape("VMStaticScrape", STATIC), scrape("VMStaticScrape", wrong, "wrong"))
    made = planned(world)
    assert [it["job_name"] for it in jobs_of(made)] == ["staticScrape/shop/web/0"]
    assert refusals(made) == ["spec.targetEndpoints[0].bearerTokenSecret.name: name the Secret"]


class _Foreign(Known):
    """A world whose objects belong to the Prometheus operator as well."""

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """The objects as those of the foreign kind of the same meaning."""
        ours = {"ServiceMonitor": "VMServiceScrape", "Probe": "VMProbe", "VMProbe": "-"}
        (kind,) = choice.kinds
        found = super().picked(replace(choice, kinds=(ours.get(kind, kind),)), recipe)
        renamed = tuple(
            Fragment(
                ref=Ref(kind, it.ref.namespace, it.ref.name), content=it.content, refusal=it.refusal
            )
            for it in found.fragments
        )
        return replace(found, choice=choice, fragments=renamed)


PORT = {"endpoints": [{"port": "http"}]}


def _names(made: Plan) -> list[str]:
    return [str(it["job_name"]) for it in jobs_of(made)]


OTHER = {"endpoints": [{"port": "metrics"}]}
PROBE = {"vmProberSpec": {"url": "p"}, "targets": {"static": {"targets": ["a"]}}}
NODES = {"kubernetesSDConfigs": [{"role": "node"}]}
SAME = "the {} of this name says the same"
DIFFERS = "the VMServiceScrape of this name differs, and both are used"


def _notes(made: Plan) -> list[str]:
    return [it.note for one in made.picked for it in one.fragments if it.note]


def _with_original(kind: str, foreign: str, own: dict[str, Any], theirs: dict[str, Any]) -> Known:
    return Known(objects=(scrape(kind, own),), foreign=((foreign, scrape(kind, theirs)),))


def test_objects_of_the_prometheus_operator_have_job_names_of_their_own() -> None:
    world = _with_original("VMServiceScrape", "ServiceMonitor", PORT, OTHER)
    made = planned(world, serviceScrapeSelector={}, serviceMonitorSelector={})
    assert _names(made) == ["serviceMonitor/shop/web/0", "serviceScrape/shop/web/0"]
    assert _notes(made) == [DIFFERS]


@pytest.mark.parametrize(
    ("kind", "foreign", "spec", "job"),
    [
        ("VMServiceScrape", "ServiceMonitor", PORT, "serviceScrape/shop/web/0"),
        ("VMPodScrape", "PodMonitor", {"podMetricsEndpoints": [{}]}, "podScrape/shop/web/0"),
        ("VMProbe", "Probe", PROBE, "probe/shop/web"),
        ("VMScrapeConfig", "ScrapeConfig", NODES, "scrapeConfig/shop/web"),
        (
            "VMScrapeConfig",
            "ScrapeConfig",
            {**NODES, "relabelConfigs": [{"action": "labeldrop", "regex": "a"}]},
            "scrapeConfig/shop/web",
        ),
    ],
    ids=["service", "pod", "probe", "config", "config-with-rules"],
)
@pytest.mark.parametrize(
    "selected",
    [
        {"selectAllByDefault": True},
        {f"{name}Selector": {} for name in set(FIELDS.values())},
    ],
    ids=["by-default", "by-selectors"],
)
def test_a_copy_that_says_the_same_as_its_original_is_scraped_alone(
    kind: str, foreign: str, spec: dict[str, Any], job: str, selected: dict[str, Any]
) -> None:
    made = planned(_with_original(kind, foreign, spec, spec), **selected)
    assert _names(made) == [job]
    assert refusals(made) == []
    assert _notes(made) == [SAME.format(kind)]


def test_an_original_whose_copy_is_refused_is_scraped() -> None:
    wrong = {"endpoints": [{"port": "http", "bearerTokenSecret": {"key": "a"}}]}
    world = _with_original("VMServiceScrape", "ServiceMonitor", wrong, PORT)
    made = planned(world, selectAllByDefault=True)
    assert _names(made) == ["serviceMonitor/shop/web/0"]
    assert _notes(made) == []


def test_where_everything_is_selected_two_objects_of_one_name_are_scraped_once() -> None:
    world = _with_original("VMServiceScrape", "ServiceMonitor", PORT, OTHER)
    made = planned(world, selectAllByDefault=True)
    assert _names(made) == ["serviceScrape/shop/web/0"]
    assert refusals(made) == ["spec: the VMServiceScrape of this name is scraped instead of it"]


def test_a_foreign_probe_keeps_the_label_job_that_it_had() -> None:
    (found,) = jobs_of(planned(_Foreign(objects=(scrape("VMProbe", PROBE),)), probeSelector={}))
    first: Job = found["relabel_configs"][0]
    assert found["job_name"] == "prometheusProbe/shop/web"
    assert first == {"target_label": "job", "replacement": "probe/shop/web"}


def test_secrets_hold_no_more_than_kubernetes_takes_and_no_job_is_lost() -> None:
    labels = {"a": "x" * 60_000}
    spec = {"targetEndpoints": [{"targets": ["a:1"], "labels": labels}]}
    objects = [scrape("VMStaticScrape", spec, f"o{number}") for number in range(300)]
    made = planned(around(*objects))
    assert len(jobs_of(made)) == 300
    sizes = [sum(map(len, it.values())) for it in secrets_of(made).values()]
    assert max(sizes) <= 900_000
    assert refusals(made) == []


def test_an_object_that_is_larger_than_a_secret_is_refused() -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], "labels": {"a": "x" * 1_000_000}}]}
    made = planned(around(scrape("VMStaticScrape", spec), scrape("VMStaticScrape", STATIC, "b")))
    assert _names(made) == ["staticScrape/shop/b/0"]
    assert refusals(made)[0].startswith("spec: makes 1000")


def test_objects_for_which_all_secrets_are_full_are_refused_by_name() -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], "labels": {"a": "x" * 800_000}}]}
    objects = [scrape("VMStaticScrape", spec, f"o{number:02}") for number in range(35)]
    made = planned(around(*objects))
    assert len(jobs_of(made)) == 32
    assert len([it for it in refusals(made) if "all 32 Secrets of jobs are full" in it]) == 3


def test_certificates_that_fit_into_no_secret_cost_only_the_later_objects() -> None:
    tls = {"ca": {"secret": {"name": "keys", "key": "a"}}}
    other = {"ca": {"secret": {"name": "keys", "key": "b"}}}
    spec = [{"targetEndpoints": [{"targets": ["a"], "tlsConfig": it}]} for it in (tls, other)]
    objects = [scrape("VMStaticScrape", it, name) for it, name in zip(spec, "ab", strict=True)]
    made = planned(around(*objects, keys=dict.fromkeys("ab", b"x" * 500_000)))
    assert _names(made) == ["staticScrape/shop/a/0"]
    assert "certificates of all objects are larger" in refusals(made)[0]


def test_the_volume_names_every_bucket_as_optional() -> None:
    (volume,) = (it for it in pod(planned())["volumes"] if it["name"] == "jobs")
    sources = [it["secret"] for it in volume["projected"]["sources"]]
    assert [it["name"] for it in sources] == [f"vmagent-demo-jobs-{number}" for number in range(32)]
    assert all(it["optional"] for it in sources)
