"""What shall grow, what is refused, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from vmoperator.base.labels import ALLOW_STORAGE_CHANGE, ALLOW_STORAGE_CLASS
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import Child, child
from vmoperator.observe.growth import (
    cannot_grow,
    changes_in_place,
    elsewhere,
    growing,
    refusals,
    wishes,
)
from vmoperator.observe.volumes import leaving, lost

Tree = dict[str, Any]


def template(size: str = "20Gi", *, name: str = "db", **more: Any) -> Tree:
    return {
        "metadata": {"name": name, **more.pop("metadata", {})},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **more,
        },
    }


def stateful_set(*claims: Tree, **spec: Any) -> Tree:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "vmstorage-demo", "namespace": "default"},
        "spec": {
            "replicas": 2,
            "template": {"spec": spec.pop("pod", {})},
            "volumeClaimTemplates": list(claims),
            **spec,
        },
    }


def claim(
    number: int, requested: str = "10Gi", *, capacity: str | None = None, **more: Any
) -> Child:
    sizes = {"capacity": {"storage": capacity or requested}}
    status: Tree = {"phase": "Bound", **sizes, **more.pop("status", {})}
    return child(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": f"db-vmstorage-demo-{number}",
                "namespace": "default",
                **more.pop("metadata", {}),
            },
            "spec": {
                "storageClassName": "slow",
                "volumeName": "pv",
                "resources": {"requests": {"storage": requested}},
                **more,
            },
            "status": status,
        }
    )


def known(*claims: Child) -> Mapping[Ref, Child]:
    return {one.ref: one for one in claims}


def wish_of(wanted: Tree, *claims: Child, replicas: int = 2) -> Any:
    (wish,) = wishes("vmstorage", stateful_set(wanted), known(*claims).get, replicas)
    return wish


@pytest.mark.parametrize(
    ("claims", "short"),
    [
        pytest.param((claim(0), claim(1)), [0, 1], id="both are too small"),
        pytest.param((claim(0, "20Gi"), claim(1)), [1], id="one was asked already"),
        pytest.param((claim(0, "20480Mi"),), [], id="the same size in another unit"),
        pytest.param((claim(0, "30Gi"),), [], id="one that others have enlarged"),
        pytest.param((claim(2),), [], id="one of a pod that was scaled away"),
        pytest.param((claim(0, status={"phase": "Pending"}),), [], id="one without a volume"),
        pytest.param((claim(0, status={"phase": "Lost"}),), [], id="one that lost its volume"),
    ],
)
def test_claims_of_the_pods_that_there_are_shall_grow(
    claims: tuple[Child, ...], short: list[int]
) -> None:
    found = [int(it.ref.name[-1]) for it in wish_of(template(), *claims).short]
    assert found == short


def _refusals(
    wanted: Tree, live: Tree, *claims: Child, allowed: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    asked = wishes("vmstorage", wanted, known(*claims).get, 2)
    return refusals(wanted, child(live), asked, allowed)


BEFORE = stateful_set(template("10Gi", storageClassName="slow"))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(stateful_set(template("20Gi")), [], id="growth"),
        pytest.param(
            stateful_set(template("5Gi")),
            [
                "vmstorage: its claims stay as large as they are, for no volume can shrink to 5Gi:"
                " set storage to 10Gi or more (PersistentVolumeClaims db-vmstorage-demo-0,"
                " db-vmstorage-demo-1)"
            ],
            id="shrinking",
        ),
        pytest.param(
            stateful_set(template("10Gi", storageClassName="fast")),
            [
                "StatefulSet vmstorage-demo: db spec.storageClassName stays slow, for that of"
                " existing claims cannot change to fast: annotate with"
                ' operator.victoriametrics.com/allow-storage-class: "fast" for claims to come;'
                " docs/storage.md says how to move the data"
            ],
            id="another class",
        ),
        pytest.param(
            stateful_set(template("10Gi", accessModes=["ReadWriteMany"])),
            [
                'StatefulSet vmstorage-demo: db spec.accessModes stays ["ReadWriteOnce"], for that'
                ' of existing claims cannot change to ["ReadWriteMany"]: docs/storage.md says how'
                " to move the data"
            ],
            id="another mode",
        ),
        pytest.param(
            stateful_set(template("10Gi", metadata={"labels": {"a": "b"}})), [], id="a label"
        ),
        pytest.param(
            stateful_set(template("10Gi"), template(name="wal")), [], id="a further claim"
        ),
        pytest.param(
            stateful_set(
                template("10Gi"), template(name="wal"), updateStrategy={"type": "RollingUpdate"}
            ),
            [
                "StatefulSet vmstorage-demo: Kubernetes cannot add the claims wal in a rolling"
                " update: leave rollingUpdateStrategy unset until every pod has its own"
            ],
            id="a further claim in a rolling update",
        ),
        pytest.param(
            stateful_set(template("10Gi", name="data")),
            [
                "StatefulSet vmstorage-demo keeps its claims db, for without them its pods would"
                " start with empty volumes: docs/storage.md says how to move the data"
            ],
            id="another name",
        ),
        pytest.param(
            stateful_set(pod={"volumes": [{"name": "db", "emptyDir": {}}]}),
            [
                "StatefulSet vmstorage-demo keeps its claims db, for without them its pods would"
                " start with empty volumes: docs/storage.md says how to move the data"
            ],
            id="an empty folder instead",
        ),
        pytest.param(stateful_set(), [], id="a claim that nothing stands in for"),
    ],
)
def test_what_would_leave_data_behind_is_refused_by_name(wanted: Tree, said: list[str]) -> None:
    assert list(_refusals(wanted, BEFORE, claim(0), claim(1))) == said


def test_a_size_that_no_claim_has_reached_may_be_taken_back() -> None:
    live = stateful_set(template("20Gi"))
    assert _refusals(stateful_set(template("10Gi")), live, claim(0), claim(1)) == ()
    assert _refusals(stateful_set(template("10Gi")), live, claim(0, "20Gi"), claim(1)) != ()


def test_claims_that_others_have_enlarged_are_no_shrinking() -> None:
    live = stateful_set(template("10Gi"))
    assert _refusals(stateful_set(template("10Gi")), live, claim(0, "30Gi"), claim(1)) == ()


def test_a_claim_is_left_behind_if_the_user_accepts_it() -> None:
    allowed = {ALLOW_STORAGE_CHANGE: "volumeClaimTemplate/db"}
    renamed = stateful_set(template("10Gi", name="data"))
    assert _refusals(renamed, BEFORE, claim(0), allowed=allowed) == ()
    other = {ALLOW_STORAGE_CHANGE: "volumeClaimTemplate/other"}
    assert _refusals(renamed, BEFORE, claim(0), allowed=other) != ()


def test_another_class_is_taken_for_claims_to_come_if_the_user_accepts_it() -> None:
    wanted = stateful_set(template("10Gi", storageClassName="fast"))
    assert _refusals(wanted, BEFORE, claim(0), allowed={ALLOW_STORAGE_CLASS: "fast"}) == ()
    assert _refusals(wanted, BEFORE, claim(0), allowed={ALLOW_STORAGE_CLASS: "other"}) != ()
    asked = wishes("vmstorage", wanted, known(claim(0), claim(1, storageClassName="fast")).get, 2)
    assert elsewhere(asked) == (
        "vmstorage: PersistentVolumeClaim db-vmstorage-demo-0 of another StorageClass stay, new"
        " claims are of fast: docs/storage.md says how to move the data",
    )


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        pytest.param((claim(0), claim(1)), (), id="none was asked yet"),
        pytest.param(
            (claim(0, "20Gi"), claim(1, "20Gi", capacity="10Gi")),
            ("vmstorage: 1 of 2 claims have grown to 20Gi",),
            id="one has grown",
        ),
        pytest.param(
            (
                claim(0, "20Gi"),
                claim(
                    1,
                    "20Gi",
                    capacity="10Gi",
                    status={
                        "conditions": [
                            {"type": "Resizing", "status": "True"},
                            {
                                "type": "FileSystemResizePending",
                                "status": "True",
                                "message": "Waiting for\n a pod",
                            },
                        ]
                    },
                ),
            ),
            (
                "vmstorage: 1 of 2 claims have grown to 20Gi; db-vmstorage-demo-1:"
                " FileSystemResizePending: Waiting for a pod",
            ),
            id="one waits for its pod",
        ),
        pytest.param((claim(0, "20Gi"), claim(1, "20Gi")), (), id="all have grown"),
        pytest.param((claim(0, "30Gi", capacity="20Gi"),), (), id="others make one still larger"),
    ],
)
def test_progress_is_counted_by_what_claims_have(
    claims: tuple[Child, ...], said: tuple[str, ...]
) -> None:
    assert growing([wish_of(template(), *claims)]) == said


def test_several_templates_are_told_apart() -> None:
    manifest = stateful_set(template(), template(name="wal"))
    found = wishes("vmstorage", manifest, known(claim(0, "20Gi", capacity="10Gi")).get, 1)
    assert growing(found) == ("vmstorage db: 0 of 1 claims have grown to 20Gi",)


def test_a_class_that_cannot_grow_is_named_with_what_to_do() -> None:
    wish = wish_of(template(), claim(0), claim(1))
    assert cannot_grow(wish, wish.short, "slow") == (
        "vmstorage: PersistentVolumeClaims db-vmstorage-demo-0, db-vmstorage-demo-1 cannot grow"
        " from 10Gi to 20Gi, for StorageClass slow does not allow it: set its allowVolumeExpansion"
        " to true if its driver can, or take the size back; docs/storage.md says how to move the"
        " data"
    )


def test_a_claim_gains_what_its_template_has_gained_but_for_what_selects_it() -> None:
    wanted = template(
        metadata={"labels": {"team": "a", "managed-by": "x"}, "annotations": {"keep": "1"}},
        volumeAttributesClassName="gold",
    )
    wish = wish_of(wanted, claim(0, metadata={"annotations": {"keep": "1", "theirs": "2"}}))
    (one,) = wish.volumes
    assert changes_in_place(wish, one, {"managed-by": "vm-operator"}) == {
        "metadata": {"labels": {"team": "a"}},
        "spec": {"volumeAttributesClassName": "gold"},
    }
    assert changes_in_place(wish_of(template(), claim(0)), one, {}) == {}


def test_claims_that_are_lost_or_leave_are_named() -> None:
    gone = wish_of(template(), claim(0, status={"phase": "Lost"})).volumes
    assert lost(gone)[0].startswith(
        "PersistentVolumeClaim db-vmstorage-demo-0 has lost its PersistentVolume pv"
    )
    assert leaving(gone) == ()
    going = wish_of(template(), claim(0, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}))
    assert lost(going.volumes) == ()
    assert "db-vmstorage-demo-0 was deleted" in leaving(going.volumes)[0]
