"""Volume claims are sent as they are where they cannot change in place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from vmoperator.observe.claims import kept_claims

Tree = dict[str, Any]


def _claim(size: str = "10Gi", *, name: str = "db", **more: Any) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, **more.pop("metadata", {})},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **more,
        },
    }


def _live(claim: Tree) -> Tree:
    """The claim with what the API server fills in."""
    return {
        **claim,
        "metadata": {**claim["metadata"], "creationTimestamp": None},
        "spec": {**claim["spec"], "volumeMode": "Filesystem"},
        "status": {"phase": "Pending"},
    }


def _stateful_set(*claims: Tree) -> Tree:
    spec: Tree = {"replicas": 2, **({"volumeClaimTemplates": list(claims)} if claims else {})}
    return {"kind": "StatefulSet", "metadata": {"name": "vmstorage-demo"}, "spec": spec}


@pytest.mark.parametrize(
    ("wanted", "live"),
    [
        pytest.param(_claim(), _claim(), id="the same claim"),
        pytest.param(_claim("10240Mi"), _claim("10Gi"), id="the same size in another unit"),
        pytest.param(_claim("1e10"), _claim("10G"), id="the same size as a plain number"),
        pytest.param(
            _claim(metadata={"labels": {}}), _claim(), id="no labels, said in another way"
        ),
    ],
)
def test_claims_that_mean_the_same_go_out_as_rendered(wanted: Tree, live: Tree) -> None:
    manifest = _stateful_set(wanted)
    kept = kept_claims(manifest, (_live(live),))
    assert kept.manifest is manifest
    assert kept.messages == ()


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(_claim("20Gi"), id="growth"),
        pytest.param(_claim("5Gi"), id="shrinking"),
        pytest.param(_claim(storageClassName="fast"), id="another class"),
        pytest.param(_claim(metadata={"labels": {"a": "b"}}), id="another label"),
        pytest.param(_claim(name="more"), id="another name"),
    ],
)
def test_claim_templates_that_differ_are_sent_as_they_are(wanted: Tree) -> None:
    manifest = _stateful_set(wanted)
    before = copy.deepcopy(manifest)
    kept = kept_claims(manifest, (_live(_claim()),))
    (sent,) = kept.manifest["spec"]["volumeClaimTemplates"]
    assert sent["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert sent["metadata"] == {"name": "db"}
    assert "status" not in sent
    assert kept.manifest["spec"]["replicas"] == 2
    assert manifest == before


def test_a_template_that_is_added_or_taken_away_waits() -> None:
    added = kept_claims(_stateful_set(_claim()), ())
    assert added.manifest["spec"]["volumeClaimTemplates"] == []
    removed = kept_claims(_stateful_set(), (_live(_claim()),))
    assert len(removed.manifest["spec"]["volumeClaimTemplates"]) == 1


def test_another_order_of_claims_waits_too() -> None:
    one, other = _claim(name="a"), _claim(name="b")
    kept = kept_claims(_stateful_set(one, other), (_live(other), _live(one)))
    names = [claim["metadata"]["name"] for claim in kept.manifest["spec"]["volumeClaimTemplates"]]
    assert names == ["b", "a"]


def _own(size: str = "10Gi", **spec: Any) -> Tree:
    claim = _claim(size, name="vmsingle-demo", **spec)
    return {**claim, "metadata": {**claim["metadata"], "labels": {"a": "b"}}}


def _bound(**spec: Any) -> Tree:
    live = _live(_own(storageClassName="slow", **spec))
    return {**live, "spec": {**live["spec"], "volumeName": "pv-1"}}


SIZED = b'{"f:spec":{"f:resources":{"f:requests":{"f:storage":{}}}}}'


def test_a_claim_that_others_have_enlarged_is_left_alone_and_costs_no_write() -> None:
    wanted = _own("5Gi", storageClassName="slow")
    kept = kept_claims(wanted, (_bound(),), b'{"f:spec":{"f:accessModes":{}}}')
    assert kept.messages == ()
    assert "resources" not in kept.manifest["spec"]
    assert kept.manifest["spec"]["storageClassName"] == "slow"
    assert kept.hashed == wanted


def test_a_claim_of_its_own_may_grow() -> None:
    wanted = _own("20Gi", storageClassName="slow")
    kept = kept_claims(wanted, (_bound(),))
    assert kept.manifest == wanted
    assert kept.messages == ()


@pytest.mark.parametrize(
    ("wanted", "path", "told"),
    [
        pytest.param(
            _own("5Gi"),
            "spec.resources.requests.storage",
            "stays 10Gi, for that of an existing claim cannot change to 5Gi",
            id="a smaller size",
        ),
        pytest.param(
            _own(storageClassName="fast"),
            "spec.storageClassName",
            "stays slow, for that of an existing claim cannot change to fast",
            id="another class",
        ),
        pytest.param(
            _own(selector={"matchLabels": {"a": "b"}}),
            "spec.selector",
            "stays unset, for",
            id="a field that it has not",
        ),
    ],
)
def test_what_a_claim_cannot_change_stays_and_is_named(wanted: Tree, path: str, told: str) -> None:
    kept = kept_claims(wanted, (_bound(),), SIZED)
    assert kept.messages[0].startswith(f"PersistentVolumeClaim vmsingle-demo: {path} {told}")
    assert len(kept.messages) == 1
    sent = kept.manifest["spec"]
    assert sent["resources"]["requests"]["storage"] == "10Gi"
    assert sent.get("storageClassName", "slow") == "slow"
    assert "selector" not in sent
    assert kept.manifest["metadata"]["labels"] == {"a": "b"}


def test_a_class_that_is_not_asked_for_any_more_is_sent_on_if_it_was_ours() -> None:
    ours = b'{"f:spec":{"f:storageClassName":{},"f:accessModes":{}}}'
    assert kept_claims(_own(), (_bound(),), ours).manifest["spec"]["storageClassName"] == "slow"
    assert "storageClassName" not in kept_claims(_own(), (_bound(),)).manifest["spec"]


def test_a_claim_that_does_not_exist_yet_goes_out_as_rendered() -> None:
    assert kept_claims(_own(), ()).manifest == _own()


def test_only_a_stateful_set_has_claims() -> None:
    deployment = {"kind": "Deployment", "metadata": {"name": "x"}, "spec": {}}
    assert kept_claims(deployment, (_claim(),)).manifest is deployment
