"""VMStaticScrape: what each of its fields does to the targets that an agent scrapes."""

from __future__ import annotations

from tests.unit.render.jobs.scrapes import job, jobs, labels

KIND = "VMStaticScrape"


def test_addresses_are_scraped_with_their_labels() -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1", "b:2"], "labels": {"env": "dev"}}]}
    assert job(KIND, spec) == {
        "job_name": "staticScrape/shop/web/0",
        "static_configs": [{"targets": ["a:1", "b:2"], "labels": {"env": "dev"}}],
    }


def test_the_label_job_is_what_the_object_says() -> None:
    spec = {"jobName": "it costs $1", "targetEndpoints": [{"targets": ["a:1"]}]}
    assert labels(job(KIND, spec))["job"] == "it costs $$1"


def test_each_list_is_a_job_of_its_own() -> None:
    endpoints = [{"targets": ["a:1"]}, {"targets": ["b:1"], "sampleLimit": 7}]
    found = jobs(KIND, {"targetEndpoints": endpoints, "sampleLimit": 3, "seriesLimit": 4})
    assert [it["sample_limit"] for it in found] == [3, 7]
    assert [it["series_limit"] for it in found] == [4, 4]
