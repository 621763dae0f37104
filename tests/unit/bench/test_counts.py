"""The benchmark counts what an operator asks for, and not what Kubernetes does by itself."""

import pytest

from bench.counts import parsed, since


def _line(verb: str, resource: str, count: int, subresource: str = "") -> str:
    labels = f'code="200",resource="{resource}",subresource="{subresource}",verb="{verb}"'
    return f"apiserver_request_total{{{labels}}} {count}"


def test_writes_and_reads_are_told_apart_and_only_new_ones_count() -> None:
    before = parsed(_line("APPLY", "services", 3))
    after = parsed("\n".join([_line("APPLY", "services", 5), _line("GET", "services", 1)]))
    assert since(before, after) == {
        "writes": {"APPLY services": 2},
        "reads": {"GET services": 1},
    }


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(_line("PUT", "leases", 9), id="leases"),
        pytest.param(_line("PATCH", "pods", 9, "status"), id="the kubelet's pod status"),
        pytest.param(_line("POST", "pods", 9), id="pods that a controller makes"),
        pytest.param(_line("PUT", "statefulsets", 9, "status"), id="a controller's status"),
        pytest.param(_line("POST", "serviceaccounts", 9, "token"), id="the kubelet's tokens"),
        pytest.param("apiserver_current_inflight_requests 4", id="another metric"),
    ],
)
def test_what_no_operator_does_is_left_out(line: str) -> None:
    assert parsed(line) == {}


def test_evictions_count() -> None:
    assert parsed(_line("POST", "pods", 2, "eviction")) == {"POST pods/eviction": 2}
