"""examples/high-availability: the document's manifests unchanged, and what it takes beside them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vmoperator.api import KINDS, parsed
from vmoperator.base.settings import Settings
from vmoperator.offline import known, placed
from vmoperator.render import plan
from vmoperator.render.rbac import IN_CLUSTER

FOLDER = Path(__file__).parents[2] / "examples/high-availability"
FILES = sorted(FOLDER.rglob("*.yaml"))
DOCUMENT = {
    "vmcluster.yaml": "69d4e4d288a5cf765410daf7960563185ee499906dc06691f7bb8e05d3fff85b",
    "vmagent.yaml": "1d9a2158c675e20ed5baf640e580b068e0eb73d6079b4c5ab41daa67ae670916",
    "vmalert.yaml": "af61c884ccf5a80f5256d4e5b2777b4ee1a7d689fbe300d368fa06b04545b90f",
}


def _objects(path: Path) -> list[dict[str, Any]]:
    return [it for it in yaml.safe_load_all(path.read_text()) if it]


@pytest.mark.parametrize("name", DOCUMENT)
def test_the_documents_manifests_are_unchanged(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == DOCUMENT[name]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_manifest_is_taken_and_becomes_something(path: Path) -> None:
    everything = [placed(it, "default") for each in FILES for it in _objects(each)]
    around = known(everything, "default")
    for manifest in _objects(path):
        if manifest["kind"] in KINDS:
            parent = parsed(placed(manifest, "default"))
            assert plan(parent, Settings(), around).manifests


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_manifest_but_the_documents_says_what_it_is_for(path: Path) -> None:
    told = path.read_text().startswith("# ")
    assert told or path.name in DOCUMENT
    assert path.name in (FOLDER / "README.md").read_text()


def _rights(rules: Any) -> set[tuple[str, str, str]]:
    """(verb, group, resource) of each thing that the rules allow."""
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule.get("apiGroups", ["URL"])
        for resource in (*rule.get("resources", ()), *rule.get("nonResourceURLs", ()))
    }


def test_the_rights_are_those_that_the_operator_would_give() -> None:
    role = next(it for it in _objects(FOLDER / "rbac.yaml") if it["kind"] == "ClusterRole")
    wanted = {one for one in _rights(IN_CLUSTER) if "openshift" not in one[1]}
    assert _rights(role["rules"]) == wanted


def test_the_rights_are_bound_to_the_account_of_the_agent() -> None:
    account, role, binding = _objects(FOLDER / "rbac.yaml")
    (agent,) = _objects(FOLDER / "vmagent.yaml")
    assert account["metadata"]["name"] == agent["spec"]["serviceAccountName"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account["metadata"]["name"], "namespace": "default"}
    ]


def test_a_variant_replaces_an_object_of_the_document() -> None:
    named = {
        (it["kind"], it["metadata"]["name"]) for name in DOCUMENT for it in _objects(FOLDER / name)
    }
    variants = {
        (it["kind"], it["metadata"]["name"])
        for path in FOLDER.glob("variants/*.yaml")
        for it in _objects(path)
        if it["kind"] in KINDS
    }
    assert variants == named


def test_the_deduplicated_cluster_fits_the_agent_with_targets() -> None:
    (cluster,) = _objects(FOLDER / "variants/vmcluster-deduplicated.yaml")
    (agent,) = _objects(FOLDER / "variants/vmagent-with-targets.yaml")
    intervals = [
        cluster["spec"][part]["extraArgs"]["dedup.minScrapeInterval"]
        for part in ("vmstorage", "vmselect")
    ]
    assert intervals == [agent["spec"]["scrapeInterval"]] * 2


def test_the_page_names_no_file_that_is_not_there() -> None:
    named = re.findall(r"`([a-z/-]+\.yaml)`", (FOLDER / "README.md").read_text())
    assert [name for name in named if not (FOLDER / name).exists()] == []
