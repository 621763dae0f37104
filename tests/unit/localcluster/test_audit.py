"""Calls are counted from the audit log: per user, verb, resource and subresource, in a span."""

import json
from pathlib import Path
from typing import Any

import pytest

from localcluster import audit
from localcluster.audit import Call, Log


def line(number: int, **changes: Any) -> dict[str, Any]:
    target = {"resource": "configmaps", "namespace": "default", "name": "a"}
    return {
        "auditID": f"id-{number}",
        "stage": "ResponseComplete",
        "verb": "patch",
        "user": {"username": "vmoperator"},
        "objectRef": target,
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": f"2026-01-02T03:04:{number:02d}.500000Z",
        **changes,
    }


START = audit.seconds_since_1970("2026-01-02T03:04:00.000000Z")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    records = [
        line(1),
        line(2, objectRef={"resource": "statefulsets", "subresource": "status", "name": "a"}),
        line(3, verb="list"),
        line(4, user={"username": "admin"}, verb="delete"),
        line(5, verb="watch", stage="ResponseStarted"),
        line(5, verb="watch"),
        line(6, verb="get", objectRef={}),
        line(7),
    ]
    path = tmp_path / "audit.log"
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return Log(path)


def test_calls_are_counted_by_user_verb_resource_and_subresource(log: Log) -> None:
    counts = log.counts()
    assert counts[Call("vmoperator", "patch", "configmaps", "")] == 2
    assert counts[Call("vmoperator", "patch", "statefulsets", "status")] == 1
    assert counts[Call("admin", "delete", "configmaps", "")] == 1


def test_a_long_call_with_two_lines_counts_once(log: Log) -> None:
    assert log.counts()[Call("vmoperator", "watch", "configmaps", "")] == 1


def test_a_call_without_an_object_counts_under_no_resource(log: Log) -> None:
    assert log.counts()[Call("vmoperator", "get", "", "")] == 1


def test_a_call_without_a_valid_token_counts_under_no_user(log: Log) -> None:
    with log.path.open("a") as file:
        file.write(json.dumps(line(8, user={}, responseStatus={"code": 401})) + "\n")
    assert log.counts()[Call("", "patch", "configmaps", "")] == 1


def test_a_span_holds_its_start_and_not_its_end(log: Log) -> None:
    found = [e.seconds - START for e in log.events(START + 2.5, START + 4.5)]
    assert found == [2.5, 3.5]


def test_writes_are_those_of_the_operator_unless_another_user_is_named(log: Log) -> None:
    assert [e.seconds - START for e in log.writes()] == [1.5, 2.5, 7.5]
    assert [e.call.verb for e in log.writes(user="admin")] == ["delete"]


def test_the_operator_has_the_name_of_its_release_as_well(log: Log) -> None:
    with log.path.open("a") as file:
        for number, account in enumerate(("vmoperator:vmoperator", "vmoperator:other"), 8):
            caller = {"username": f"system:serviceaccount:{account}"}
            file.write(json.dumps(line(number, user=caller)) + "\n")
    assert [e.seconds - START for e in log.writes()] == [1.5, 2.5, 7.5, 8.5]
    assert sum(log.counts(user="vmoperator").values()) == 7


def test_events_are_writes_only_if_asked_for_and_a_renewed_lease_never_is(log: Log) -> None:
    with log.path.open("a") as file:
        for number, resource in ((8, "events"), (9, "leases")):
            file.write(json.dumps(line(number, objectRef={"resource": resource})) + "\n")
    assert [e.seconds - START for e in log.writes()] == [1.5, 2.5, 7.5]
    assert [e.seconds - START for e in log.writes(told=True)] == [1.5, 2.5, 7.5, 8.5]


def test_rotated_files_are_read_before_the_one_that_grows(log: Log) -> None:
    rotated = log.path.with_name("audit-2026-01-02T03-00-00.000.log")
    rotated.write_text(json.dumps(line(9, auditID="old")) + "\n")
    assert [e.seconds - START for e in log.writes()] == [9.5, 1.5, 2.5, 7.5]


def test_a_line_in_the_middle_of_being_written_is_left_for_later(log: Log) -> None:
    with log.path.open("a") as file:
        file.write('{"auditID": "id-8", "verb": "pa')
    assert len(log.writes()) == 3


def test_a_log_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert Log(tmp_path / "audit.log").counts() == {}


def test_the_table_shows_the_most_frequent_call_first(log: Log) -> None:
    lines = audit.table(log.counts()).splitlines()
    assert lines[1].split() == ["2", "vmoperator", "patch", "configmaps"]
    assert any(line.endswith("statefulsets/status") for line in lines)
