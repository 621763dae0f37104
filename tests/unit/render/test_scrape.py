"""Scraping: the files that -promscrape.config begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.render.real_programs import answer

from vmoperator.api.around import NOTHING, Around, Known
from vmoperator.api.model import Metadata
from vmoperator.api.scrape import ScrapeFields
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.scrape import scrape_files, scrapes

JOB_FILES = "jobs/*/jobs.yaml"
PARENT = Metadata(name="demo", namespace="monitoring")
JOBS = {"additionalScrapeConfigs": {"name": "jobs", "key": "a.yaml"}}


def _spec(**given: Any) -> ScrapeFields:
    return ScrapeFields.model_validate(given, by_alias=True, by_name=False)


def _files(around: Around = NOTHING, /, **given: Any) -> dict[str, str]:
    return scrape_files(_spec(**given), PARENT, main="main.yaml", jobs=JOB_FILES, around=around)


def _global(**given: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_files(**given)["main.yaml"])["global"]
    return found


def _secret(text: str) -> Known:
    return Known(secrets={"jobs": {"a.yaml": text.encode()}})


def test_an_agent_without_jobs_still_looks_for_those_of_objects() -> None:
    (text,) = _files().values()
    labels = {"prometheus": "monitoring/demo"}
    assert json.loads(text) == {
        "global": {"scrape_interval": "30s", "external_labels": labels},
        "scrape_config_files": [JOB_FILES],
    }


def test_what_holds_for_all_jobs_stands_in_the_global_section() -> None:
    made = _global(
        scrapeInterval="15s",
        scrapeTimeout="5s",
        sampleLimit=100,
        globalScrapeRelabelConfigs=[{"action": "labeldrop", "regex": "a"}],
        globalScrapeMetricRelabelConfigs=[{"sourceLabels": ["a"], "targetLabel": "b"}],
    )
    assert (made["scrape_interval"], made["scrape_timeout"], made["sample_limit"]) == (
        "15s",
        "5s",
        100,
    )
    assert made["relabel_configs"] == [{"action": "labeldrop", "regex": "a"}]
    assert made["metric_relabel_configs"] == [{"source_labels": ["a"], "target_label": "b"}]


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        pytest.param({}, {"prometheus": "monitoring/demo"}, id="default"),
        pytest.param({"externalLabelName": "agent"}, {"agent": "monitoring/demo"}, id="named"),
        pytest.param(
            {"vmAgentExternalLabelName": "agent"}, {"agent": "monitoring/demo"}, id="older name"
        ),
        pytest.param({"externalLabelName": ""}, {}, id="none"),
        pytest.param(
            {"externalLabels": {"prometheus": "x", "a": "b"}},
            {"a": "b", "prometheus": "x"},
            id="the user's own wins",
        ),
    ],
)
def test_scraped_series_say_who_scraped_them(given: dict[str, Any], labels: dict[str, str]) -> None:
    assert _global(**given).get("external_labels", {}) == labels


def test_the_label_cannot_have_two_names() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.externalLabelName: "):
        _files(externalLabelName="a", vmAgentExternalLabelName="b")


def test_jobs_of_the_user_stay_the_text_that_they_are() -> None:
    text = "# why\n- job_name: a\n  honor_labels: yes\n  params: {x: [1:30, on]}\n"
    made = _files(_secret("- {job_name: b}"), inlineScrapeConfig=text, **JOBS)
    assert made["inline-scrape-config.yaml"] == text
    assert made["additional-scrape-configs.yaml"] == "- {job_name: b}"
    assert json.loads(made["main.yaml"])["scrape_config_files"] == [
        JOB_FILES,
        "additional-scrape-configs.yaml",
        "inline-scrape-config.yaml",
    ]


def test_the_program_runs_all_jobs(tmp_path: Path) -> None:
    text = "- job_name: a\n  honor_labels: yes\n  params: {x: [1:30, on]}\n"
    for name, content in _files(
        _secret("- {job_name: b}"), inlineScrapeConfig=text, **JOBS
    ).items():
        (tmp_path / name).write_text(content)
    config = f"-promscrape.config={tmp_path}/main.yaml"
    assert answer("victoria-metrics", "-dryRun", config)[0] == 0
    (tmp_path / "inline-scrape-config.yaml").write_text("- {job_name: b}")
    status, output = answer("victoria-metrics", "-dryRun", config)
    assert status != 0
    assert "duplicate `job_name`" in output


@pytest.mark.parametrize("program", ["vmagent", "victoria-metrics"])
def test_what_is_refused_would_end_or_empty_the_program(program: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("scrape_configs: [{job_name: a}, {job_name: a}]")
    args = ["-remoteWrite.url=http://127.0.0.1:1"] if program == "vmagent" else []
    config = f"-promscrape.config={tmp_path}/main.yaml"
    assert answer(program, "-dryRun", config, *args)[0] != 0


def test_a_secret_that_is_not_there_is_named_unless_it_is_optional() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.additionalScrapeConfigs: Secret jobs does not"):
        _files(**JOBS)
    optional = {**JOBS["additionalScrapeConfigs"], "optional": True}
    assert list(_files(additionalScrapeConfigs=optional)) == ["main.yaml"]
    assert list(_files(_secret(""), **JOBS)) == ["main.yaml"]


INLINE: dict[str, tuple[str, str]] = {
    "no list": ("job_name: a", ": must be a list"),
    "no mapping": ("- a", r"\[0\]: must be a mapping"),
    "a tab": ("- job_name: a\n\tparams: {}", "line 2.*tab"),
    "no name": ("- {job_name: a}\n- {params: {}}", r"\[1\].job_name: a job needs a name"),
    "one name twice": ("- {job_name: a}\n- {job_name: a}", r"\[1\].job_name: another job"),
    "a bad rule": (
        "- {job_name: a, relabel_configs: [{action: kepe}]}",
        r"\[0\].relabel_configs\[0\].action",
    ),
    "a bad rule of series": (
        "- {job_name: a, metric_relabel_configs: [{target_label: a}, {action: hashmod}]}",
        r"\[0\].metric_relabel_configs\[1\]",
    ),
    "no list of rules": ("- {job_name: a, relabel_configs: {a: b}}", "must be a list of rules"),
}


@pytest.mark.parametrize(("text", "told"), INLINE.values(), ids=INLINE.keys())
def test_jobs_that_no_program_takes_are_refused_with_their_place(text: str, told: str) -> None:
    with pytest.raises(SpecInvalid, match=f"^spec.inlineScrapeConfig.*{told}"):
        _files(inlineScrapeConfig=text)


def test_a_job_of_the_user_is_not_named_like_those_of_objects() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.inlineScrapeConfig\[0\].job_name: .*otherwise"):
        _files(inlineScrapeConfig="- {job_name: serviceScrape/a/b/0}")


def test_a_refusal_shows_nothing_of_a_secret() -> None:
    for text in ("- {password: sesame", "sesame: sesame: sesame", "- *sesame", "- !sesame x"):
        with pytest.raises(SpecInvalid, match=r"^spec.additionalScrapeConfigs") as refused:
            _files(_secret(text), **JOBS)
        assert "sesame" not in str(refused.value)


def test_a_job_of_the_specification_may_not_have_the_name_of_one_of_the_secret() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.inlineScrapeConfig\[0\].job_name: another job"):
        _files(_secret("- {job_name: a}"), inlineScrapeConfig="- {job_name: a}", **JOBS)


@pytest.mark.parametrize(
    ("mode", "by_default", "wanted"),
    [(None, True, True), (None, False, False), (True, True, False), (False, False, True)],
)
def test_a_program_scrapes_as_its_kind_does_unless_it_is_told(
    mode: bool | None, by_default: bool, wanted: bool
) -> None:
    assert scrapes(_spec(ingestOnlyMode=mode), by_default=by_default) is wanted


@pytest.mark.parametrize(
    "depth", [pytest.param(1, id="shallow"), pytest.param(100_000, id="deep enough to overflow")]
)
def test_a_document_is_refused_whatever_its_shape(depth: int) -> None:
    with pytest.raises(SpecInvalid):
        _files(inlineScrapeConfig="[" * depth)


def test_what_yaml_repeats_is_read_once() -> None:
    anchored = "- &a {job_name: a, params: &p {x: [y]}}\n- {<<: *a, job_name: b, params: *p}\n"
    assert yaml.safe_load(_files(inlineScrapeConfig=anchored)["inline-scrape-config.yaml"])
