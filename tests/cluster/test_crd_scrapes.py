"""The definitions of scrape objects on a real API server: what it takes, and what it refuses."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.unit.api.scrapes import REFUSED, SCRAPES, scrape

pytestmark = pytest.mark.cluster

OURS_ALONE = {
    "a zone that is no text",
    "a proxy of a discovery with two kinds of credentials",
}
"""What the definition leaves open, so that only the operator finds it."""


def _dry_run(cluster: Cluster, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the API server would store, in the namespace default."""
    placed = copy.deepcopy(manifest)
    placed["metadata"]["namespace"] = "default"
    command = ("apply", "--dry-run=server", "-o", "json", "-f", "-")
    stored: dict[str, Any] = json.loads(cluster.kubectl(*command, input=json.dumps(placed)))
    return stored


@pytest.mark.parametrize("kind", SCRAPES)
def test_an_object_with_every_field_is_stored_as_it_is(cluster: Cluster, kind: str) -> None:
    assert _dry_run(cluster, SCRAPES[kind])["spec"] == SCRAPES[kind]["spec"]


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in OURS_ALONE])
def test_what_is_wrong_is_refused_by_the_name_of_its_field(cluster: Cluster, name: str) -> None:
    kind, path, value, field, _ = REFUSED[name]
    with pytest.raises(ClusterError) as refused:
        _dry_run(cluster, scrape(kind, path, value))
    # A rule about several fields names the part that holds them, or one of them.
    assert field.removesuffix(".static").removesuffix("[1].role") in str(refused.value)


@pytest.mark.parametrize("name", sorted(OURS_ALONE))
def test_what_the_definition_leaves_open_is_stored(cluster: Cluster, name: str) -> None:
    kind, path, value, _, _ = REFUSED[name]
    assert _dry_run(cluster, scrape(kind, path, value))["kind"] == kind


def test_a_misspelt_field_is_refused_by_its_path(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match=r'unknown field "spec.endpoints\[0\].prot"'):
        _dry_run(cluster, scrape("VMServiceScrape", "endpoints.0.prot", "http"))


def test_many_endpoints_are_taken(cluster: Cluster) -> None:
    many = [{"port": f"port-{number}"} for number in range(256)]
    stored = _dry_run(cluster, scrape("VMServiceScrape", "endpoints", many))
    assert len(stored["spec"]["endpoints"]) == len(many)
