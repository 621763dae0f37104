"""VMNodeScrape: what each of its fields does to the targets that an agent scrapes."""

from __future__ import annotations

import pytest
from tests.unit.render.jobs.scrapes import (
    META,
    condition,
    job,
    jobs_of,
    labels,
    refusal,
    refusals,
    restricted,
    rules,
)

KIND = "VMNodeScrape"


def test_a_node_is_scraped_with_its_name_as_a_label() -> None:
    found = job(KIND, {})
    assert found["job_name"] == "nodeScrape/shop/web"
    assert found["kubernetes_sd_configs"] == [{"role": "node"}]
    assert labels(found) == {"node": f"{META}node_name", "job": "shop/web"}


def test_nodes_are_chosen_by_their_labels() -> None:
    found = job(KIND, {"selector": {"matchLabels": {"zone": "a"}}, "targetLabels": ["zone"]})
    assert condition(found) == f"{{{META}node_label_zone='a'}}"
    assert labels(found)["zone"] == f"{META}node_label_zone"


def test_a_port_replaces_that_of_the_kubelet() -> None:
    assert rules(job(KIND, {"port": "9100"}))[-1] == {
        "source_labels": ["__address__"],
        "regex": "(.*):.*",
        "target_label": "__address__",
        "replacement": "$1:9100",
    }


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert refusal(KIND, {"port": port}).startswith("spec.port: must be the number of a port")


def test_a_label_of_the_node_becomes_the_job() -> None:
    assert labels(job(KIND, {"jobLabel": "role"}))["job"] == f"{META}node_label_role"


def test_where_the_operator_looks_after_some_namespaces_nodes_cannot_be_listed() -> None:
    made = restricted(("shop",), {}, KIND)
    assert jobs_of(made) == []
    assert refusals(made)[0].startswith("spec: VMNodeScrape is for an operator that looks after")
