"""What pods of an earlier version of the operator live on, and what is put back before a write."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base import labels
from vmoperator.observe.facts import Child, child
from vmoperator.observe.remains import (
    Held,
    completed,
    is_foreseen,
    is_incomplete,
    is_kept,
    keeping,
    reads_ahead,
)


def template(*arguments: str, secret: str = "config", port: Any = 80, mount: str = "/etc/a") -> Any:
    container = {
        "name": "main",
        "args": list(arguments),
        "ports": [{"name": f"p{port}", "containerPort": port}],
        "volumeMounts": [{"name": "v", "mountPath": mount}],
    }
    volume = {"name": "v", "secret": {"secretName": secret}}
    return {"spec": {"containers": [container], "volumes": [volume]}}


FORMER = template("-config=/etc/a/old.yaml", "-rule=/etc/a/x.yaml,/etc/a/y.yaml", secret="former")
NEXT = template("-config=/etc/a/new.yaml", secret="latter", port=90, mount="/etc/b")
HELD = [Held(FORMER, NEXT)]
FIELDS: dict[str, Any] = {
    "f:data": {".": {}, "f:old.yaml": {}, "f:new.yaml": {}, "f:gone.yaml": {}}
}


def live(kind: str, name: str) -> Child:
    entry = {"manager": labels.MANAGER, "operation": "Apply", "fieldsV1": FIELDS}
    return child({"kind": kind, "metadata": {"name": name, "managedFields": [entry]}})


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Secret", "former", True),
        ("ConfigMap", "former", True),
        ("Secret", "latter", False),
        ("Secret", "rules-3", False),
        ("ServiceAccount", "any", True),
        ("Service", "any", True),
        ("PodDisruptionBudget", "any", False),
        ("StatefulSet", "any", False),
    ],
)
def test_a_child_is_kept_that_only_former_pods_use(kind: str, name: str, expected: bool) -> None:
    assert is_kept(live(kind, name), HELD) is expected


def secret(**data: str) -> dict[str, Any]:
    return {"kind": "Secret", "metadata": {"name": "config"}, "data": data}


def test_keys_are_kept_that_only_former_pods_name() -> None:
    kept = keeping(secret(**{"new.yaml": "bg=="}), live("Secret", "config"), HELD)
    assert kept["metadata"]["annotations"] == {labels.KEPT_KEYS: "old.yaml"}
    assert kept["data"] == {"new.yaml": "bg=="}


def test_a_secret_that_has_all_keys_or_is_new_is_left_alone() -> None:
    whole = secret(**{"old.yaml": "", "new.yaml": ""})
    assert keeping(whole, live("Secret", "config"), HELD) == whole
    assert keeping(secret(), None, HELD) == secret()


def test_kept_keys_get_the_values_that_they_have() -> None:
    kept = keeping(secret(**{"new.yaml": "bg=="}), live("Secret", "config"), HELD)
    found = {"metadata": {"resourceVersion": "7"}, "data": {"old.yaml": "b2xk", "new.yaml": "eA=="}}
    assert is_incomplete(kept)
    result = completed(kept, found)
    assert result["data"] == {"old.yaml": "b2xk", "new.yaml": "bg=="}
    assert result["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize(
    ("target", "expected"),
    [(80, False), (90, True), ("p80", False), ("p90", True), (7, False)],
)
def test_a_service_waits_whose_port_only_next_pods_have(target: Any, expected: bool) -> None:
    service = {"kind": "Service", "spec": {"ports": [{"port": 1, "targetPort": target}]}}
    assert is_foreseen(service, HELD) is expected


@pytest.mark.parametrize(
    ("text", "mount", "expected"),
    [
        ("file: /etc/b/token", "/etc/b", True),
        ("file: /etc/c/token", "/etc/b", False),
        ("file: /etc/a/token", "/etc", False),
    ],
    ids=["a new folder", "another folder", "a folder above a known one"],
)
def test_configuration_waits_that_leads_to_what_only_next_pods_mount(
    text: str, mount: str, expected: bool
) -> None:
    assert reads_ahead([text], [Held(FORMER, template(mount=mount))]) is expected


def test_what_is_ours_of_a_template_is_sent_as_it_stands() -> None:
    ours = {
        "f:spec": {
            "f:replicas": {},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"main"}': {
                            ".": {},
                            "f:name": {},
                            "f:args": {},
                            "f:ports": {
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                }
                            },
                        }
                    },
                    "f:securityContext": {},
                },
            },
        }
    }
    container = {
        "name": "main",
        "args": ["-a"],
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
    }
    found = {
        "metadata": {
            "resourceVersion": "7",
            "managedFields": [
                {"manager": "other", "operation": "Update", "fieldsV1": {"f:spec": {}}},
                {"manager": labels.MANAGER, "operation": "Apply", "fieldsV1": ours},
            ],
        },
        "spec": {
            "template": {
                "metadata": {"labels": {"a": "b", "c": "d"}, "annotations": {"restartedAt": "x"}},
                "spec": {
                    "containers": [{"name": "foreign"}, container],
                    "securityContext": {},
                    "dnsPolicy": "ClusterFirst",
                },
            }
        },
    }
    stub = {"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"replicas": 2}}
    assert completed(stub, found)["spec"] == {
        "replicas": 2,
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [
                    {"name": "main", "args": ["-a"], "ports": [{"containerPort": 80}]},
                ],
                "securityContext": {},
            },
        },
    }


def test_a_workload_with_its_template_is_complete() -> None:
    assert not is_incomplete({"kind": "Deployment", "metadata": {}, "spec": {"template": {}}})
