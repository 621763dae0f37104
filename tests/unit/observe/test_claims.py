"""Volume claims of a running StatefulSet stay, and the rest of its spec does not wait for them."""

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
    ("wanted", "told"),
    [
        pytest.param(
            _claim("20Gi"),
            "(db 10Gi), for those of a running StatefulSet cannot be changed to db 20Gi yet"
            " (db spec.resources.requests.storage)",
            id="growth",
        ),
        pytest.param(_claim("5Gi"), "to db 5Gi yet", id="shrinking"),
        pytest.param(
            _claim(storageClassName="fast"), "yet (db spec.storageClassName)", id="another class"
        ),
        pytest.param(
            _claim(accessModes=["ReadWriteMany"]), "yet (db spec.accessModes)", id="another mode"
        ),
        pytest.param(
            _claim(metadata={"labels": {"a": "b"}}), "yet (db metadata.labels)", id="another label"
        ),
        pytest.param(_claim(name="more"), "yet (db, more)", id="another name"),
    ],
)
def test_claims_that_differ_are_kept_and_told(wanted: Tree, told: str) -> None:
    manifest = _stateful_set(wanted)
    before = copy.deepcopy(manifest)
    kept = kept_claims(manifest, (_live(_claim()),))
    (sent,) = kept.manifest["spec"]["volumeClaimTemplates"]
    assert sent["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert sent["metadata"] == {"name": "db"}
    assert "status" not in sent
    assert kept.manifest["spec"]["replicas"] == 2
    (message,) = kept.messages
    assert message.startswith("StatefulSet vmstorage-demo: its volume claims stay as they are")
    assert told in message
    assert manifest == before


def test_a_claim_that_is_added_or_taken_away_is_told() -> None:
    added = kept_claims(_stateful_set(_claim()), ())
    assert added.manifest["spec"]["volumeClaimTemplates"] == []
    assert "stay as they are (none)" in added.messages[0]
    removed = kept_claims(_stateful_set(), (_live(_claim()),))
    assert len(removed.manifest["spec"]["volumeClaimTemplates"]) == 1
    assert "cannot be changed to none yet" in removed.messages[0]


def test_another_order_of_claims_is_kept_in_silence() -> None:
    one, other = _claim(name="a"), _claim(name="b")
    kept = kept_claims(_stateful_set(one, other), (_live(other), _live(one)))
    names = [claim["metadata"]["name"] for claim in kept.manifest["spec"]["volumeClaimTemplates"]]
    assert names == ["b", "a"]
    assert kept.messages == ()


def _own(size: str = "10Gi", **spec: Any) -> Tree:
    claim = _claim(size, name="vmsingle-demo", **spec)
    return {**claim, "metadata": {**claim["metadata"], "labels": {"a": "b"}}}


def _bound(**spec: Any) -> Tree:
    live = _live(_own(storageClassName="slow", **spec))
    return {**live, "spec": {**live["spec"], "volumeName": "pv-1"}}


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
    kept = kept_claims(wanted, (_bound(),))
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
