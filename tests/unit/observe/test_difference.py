"""What differs between two states of an object is told by the path that people would write."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.observe.difference import HIDDEN, Difference, differences, line, words


def _pods(**container: Any) -> Manifest:
    one = {"name": "vmstorage", "image": "vmstorage:v1", **container}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "vmstorage-demo", "namespace": "a"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [one]}}},
    }


def _in_container(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    prefix = "spec.template.spec.containers[vmstorage]."
    found = differences(_pods(**before), _pods(**after))
    assert all(it.path.startswith(prefix) for it in found)
    return tuple(Difference(it.path.removeprefix(prefix), it.before, it.after) for it in found)


def _secret(**data: str) -> Manifest:
    return {"kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_equal_objects_differ_in_nothing() -> None:
    assert differences(_pods(), _pods()) == ()


def test_what_the_api_server_and_the_operator_note_down_is_no_difference() -> None:
    before, after = _pods(), _pods()
    before["metadata"] |= {"annotations": {labels.HASH: "1", labels.CONTENT_HASH: "1"}}
    after["metadata"] |= {
        "annotations": {labels.HASH: "2", labels.CONTENT_HASH: "2"},
        "managedFields": [{"manager": "x"}],
        "resourceVersion": "5",
        "generation": 3,
        "uid": "u",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    after["status"] = {"replicas": 2}
    assert differences(before, after) == ()


def test_what_users_ask_for_in_an_annotation_is_a_difference() -> None:
    def asking(kind: str, value: str) -> Manifest:
        return {"kind": kind, "metadata": {"annotations": {labels.HASH: value}}}

    assert differences(asking("Deployment", "1"), asking("Deployment", "2")) == ()
    assert differences(asking("VMCluster", "1"), asking("VMCluster", "2")) == (
        Difference(f"metadata.annotations[{labels.HASH}]", "1", "2"),
    )


def test_a_container_is_known_by_its_name_and_a_flag_by_its_own() -> None:
    found = differences(
        _pods(args=["-retentionPeriod=30d", "-httpListenAddr=:8482"]),
        _pods(args=["-retentionPeriod=60d", "-httpListenAddr=:8482"]),
    )
    path = "spec.template.spec.containers[vmstorage].args[-retentionPeriod]"
    assert found == (Difference(path, "30d", "60d"),)
    assert found[0].restarts


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        pytest.param(
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]},
            [Difference("env[B].value", "2", "3")],
            id="variables by name",
        ),
        pytest.param(
            {"ports": [{"containerPort": 8480, "protocol": "TCP"}]},
            {"ports": [{"containerPort": 8480, "protocol": "UDP"}]},
            [Difference("ports[8480].protocol", "TCP", "UDP")],
            id="ports without a name by number",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]},
            {"volumeMounts": [{"name": "v", "mountPath": "/a"}]},
            [Difference("volumeMounts[/b]", {"name": "v", "mountPath": "/b"}, None)],
            id="a volume that is mounted twice by path",
        ),
        pytest.param(
            {"args": ["-remoteWrite.url=a"]},
            {"args": ["-remoteWrite.url=a", "-remoteWrite.url=b", "-dryRun"]},
            [
                Difference("args[-remoteWrite.url]", "a", ("a", "b")),
                Difference("args[-dryRun]", None, "true"),
            ],
            id="flags that are given twice, and without a value",
        ),
        pytest.param(
            {"args": ["-a=1", "-b=2"]},
            {"args": ["-b=2", "-a=1"]},
            [Difference("args", ["-a=1", "-b=2"], ["-b=2", "-a=1"])],
            id="another order restarts as well",
        ),
        pytest.param(
            {"command": ["/bin/sh", "x"]},
            {"command": ["/bin/sh"]},
            [Difference("command", ["/bin/sh", "x"], ["/bin/sh"])],
            id="plain lists as a whole",
        ),
        pytest.param(
            {"tolerations": [{"operator": "Exists"}, {"key": "a"}]},
            {"tolerations": [{"operator": "Exists"}, {"key": "b"}]},
            [Difference("tolerations[1].key", "a", "b")],
            id="elements that nothing names by their place",
        ),
        pytest.param(
            {"resources": {}},
            {"resources": {"limits": {"nvidia.com/gpu": "1"}}},
            [Difference("resources.limits", None, {"nvidia.com/gpu": "1"})],
            id="what was added as a whole",
        ),
    ],
)
def test_elements_are_compared_with_those_of_the_same_name(
    before: dict[str, Any], after: dict[str, Any], wanted: list[Difference]
) -> None:
    assert list(_in_container(before, after)) == wanted


def test_keys_with_dots_stand_in_brackets() -> None:
    before, after = _pods(), _pods()
    before["metadata"]["labels"] = {"app.kubernetes.io/name": "a"}
    after["metadata"]["labels"] = {"app.kubernetes.io/name": "b"}
    assert differences(before, after) == (
        Difference("metadata.labels[app.kubernetes.io/name]", "a", "b"),
    )
    assert not differences(before, after)[0].restarts


def test_a_claim_template_is_known_by_the_name_in_its_metadata() -> None:
    def with_claim(size: str) -> Manifest:
        claim = {"metadata": {"name": "data"}, "spec": {"storage": size}}
        return {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [claim]}}

    assert differences(with_claim("1Gi"), with_claim("2Gi")) == (
        Difference("spec.volumeClaimTemplates[data].spec.storage", "1Gi", "2Gi"),
    )


def test_values_of_a_secret_are_never_shown() -> None:
    before = _secret(same="c2FtZQ==", changed="b2xk", gone="Z29uZQ==")
    after = _secret(same="c2FtZQ==", changed="bmV3", added="YWRkZWQ=")
    after["stringData"] = {"plain": "in the clear"}
    found = differences(before, after)
    assert found == (
        Difference("data.changed", HIDDEN, HIDDEN),
        Difference("data.gone", HIDDEN, None),
        Difference("data.added", None, HIDDEN),
        Difference("stringData", None, HIDDEN),
    )
    assert words(found, 9) == (
        "data.changed changed; data.gone removed; data.added added; stringData added"
    )


def test_a_whole_secret_that_comes_or_goes_is_not_shown_either() -> None:
    secret = _secret(key="aGlkZGVu")
    secret["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "aGlkZGVu"
    }
    assert "aGlkZGVu" not in words(differences({}, secret), 9)
    assert "aGlkZGVu" not in words(differences(secret, {}), 9)


@pytest.mark.parametrize(
    ("difference", "wanted"),
    [
        (Difference("spec.replicas", 2, 3), "spec.replicas: 2 -> 3"),
        (Difference("spec.x", None, {"a": True}), 'spec.x added: {"a":true}'),
        (Difference("spec.x", "a", None), "spec.x removed (was a)"),
        (Difference("spec.x", "", "a"), 'spec.x: "" -> a'),
        (Difference("args[-n]", "a", ("a", "b")), "args[-n]: a -> a, b"),
        (Difference("args", ["-a", "-b"], ["-b", "-a"]), "args: the same in another order"),
        (Difference("x", "a\nb", "c" * 90), f"x: a b -> {'c' * 79}…"),
    ],
    ids=["changed", "added", "removed", "empty", "several", "order", "long"],
)
def test_a_difference_is_one_line(difference: Difference, wanted: str) -> None:
    assert line(difference) == wanted


def test_only_so_many_differences_are_told() -> None:
    many = [Difference(f"spec.f{number}", 1, 2) for number in range(5)]
    assert words(many, 2) == "spec.f0: 1 -> 2; spec.f1: 1 -> 2; and 3 more"
    assert words(many, 5).count("->") == 5


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (
            ",".join(f"vmstorage-{number}.demo:8400" for number in range(5)),
            ",".join(f"vmstorage-{number}.demo:8400" for number in range(1, 6)),
            "now with vmstorage-5.demo:8400, now without vmstorage-0.demo:8400",
        ),
        (f"{'x' * 100}a", f"{'x' * 100}b", "…a -> …b"),
    ],
    ids=["an enumeration", "a common beginning"],
)
def test_of_long_values_that_are_alike_the_part_that_differs_is_told(
    before: str, after: str, wanted: str
) -> None:
    assert line(Difference("args[-x]", before, after)) == f"args[-x]: {wanted}"
