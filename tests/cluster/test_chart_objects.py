"""What the chart makes of each file of values, before the API server itself: dry runs, no pod."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import ROOT, Namespace
from tests.cluster.installed import CHART, Installed

pytestmark = pytest.mark.cluster

FILES = sorted((ROOT / "tests/unit/chart/values").glob("*.yaml"))
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
FOREIGN = "monitoring.coreos.com/"
UNRESTRICTED = {"whole-pod"}
"""Its node's network and containers that say nothing of rights, as it asks for."""
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def trials(cluster: Cluster) -> Iterator[Namespace]:
    """A namespace that takes restricted pods only."""
    one = Namespace(cluster, "chart-trials")
    cluster.kubectl("create", "namespace", one.name)
    cluster.kubectl("label", "namespace", one.name, RESTRICTED)
    yield one
    cluster.kubectl("delete", "namespace", one.name, "--wait=false")


@pytest.fixture(scope="module")
def made(trials: Namespace) -> dict[str, list[Manifest]]:
    """Name of the file of values -> objects, but for kinds that are not served here."""
    helm = Installed(trials.cluster).helm

    def objects(path: Path) -> list[Manifest]:
        given = ("-f", str(path), "--set", "crds.enabled=false")
        text = helm("template", "trial", str(CHART), *given, namespace=trials.name)
        found = [it for it in yaml.load_all(text, Loader=yaml.CSafeLoader) if it]
        return [it for it in found if not it["apiVersion"].startswith(FOREIGN)]

    return {path.stem: objects(path) for path in FILES}


def test_the_api_server_takes_every_object_as_it_stands(
    trials: Namespace, made: dict[str, list[Manifest]]
) -> None:
    assert len(made) >= 12
    objects = [it for manifests in made.values() for it in manifests]
    # A dry run finds no namespace that it has not made: all go to the one that is there.
    moved = [_moved(it, trials.name) for it in objects]
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": moved})
    how = ("--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts")
    said = trials.cluster.kubectl("apply", *how, "-f", "-", input=whole)
    assert said.count("serverside-applied") == len(objects)


def _moved(manifest: Manifest, namespace: str) -> Manifest:
    about = manifest["metadata"]
    if "namespace" not in about:
        return manifest
    return {**manifest, "metadata": {**about, "namespace": namespace}}


def test_a_namespace_of_restricted_pods_takes_the_pod_unless_it_asks_for_more(
    trials: Namespace, made: dict[str, list[Manifest]]
) -> None:
    refused = {
        name: words for name, manifests in made.items() if (words := _refusal(trials, manifests))
    }
    assert {name for name, words in refused.items() if "PodSecurity" in words} == refused.keys()
    assert refused.keys() == UNRESTRICTED


def _refusal(trials: Namespace, manifests: list[Manifest]) -> str:
    """What the API server has against the pod; empty if nothing."""
    (template,) = (it["spec"]["template"] for it in manifests if it["kind"] == "Deployment")
    # Neither those classes nor that account are there, and they are not asked about.
    others = {"serviceAccountName", "priorityClassName", "runtimeClassName"}
    spec = {key: it for key, it in template["spec"].items() if key not in others}
    labels = template["metadata"]["labels"]
    about = {"name": "trial", "namespace": trials.name, "labels": labels}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": spec}
    try:
        trials.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    except ClusterError as error:
        return str(error)
    return ""
