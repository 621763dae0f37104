"""Large Secrets are hashed once: by whoever made their content."""

from __future__ import annotations

import pytest

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.observe.facts import child
from vmoperator.observe.sending import rehearsed, sent


def _hash(text: str, *, content_hash: str = "", key: str = "jobs.yaml") -> str:
    annotations = {labels.CONTENT_HASH: content_hash} if content_hash else {}
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "vmagent-demo-jobs-1", "annotations": annotations},
        "data": {key: text},
    }
    return str(sent(manifest, None)["metadata"]["annotations"][labels.HASH])


def test_data_with_a_hash_of_its_own_is_told_apart_by_that_hash() -> None:
    assert _hash("a", content_hash="1") != _hash("a", content_hash="2")
    assert _hash("a", content_hash="1") == _hash("b", content_hash="1")
    assert _hash("a", content_hash="1") != _hash("a", content_hash="1", key="other.yaml")


def test_other_data_is_hashed() -> None:
    assert _hash("a") != _hash("b")


@pytest.mark.parametrize("name", ["vmstorage-demo", f"vmstorage-{'x' * 42}", "vmagent-a", "a"])
def test_a_set_is_tried_under_a_name_of_the_same_length(name: str) -> None:
    manifest: Manifest = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 2, "template": {}},
    }
    tried = rehearsed(manifest, child({**manifest, "metadata": {"name": name, "uid": "1"}}))
    found = tried["metadata"]["name"]
    assert (len(found), found != name) == (len(name), True)
    assert tried["spec"] == manifest["spec"]
