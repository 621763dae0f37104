"""What programs show of the configuration that they run, and what is told of it."""

from __future__ import annotations

import pytest

from vmoperator.observe.loading import (
    Loading,
    Standing,
    config_loaded,
    is_program,
    is_refused,
    mark,
    marks_of,
)
from vmoperator.observe.verdict import Aspect, Remark

ALERTMANAGER = """\
# HELP alertmanager_config_hash Hash of the currently loaded alertmanager configuration.
# TYPE alertmanager_config_hash gauge
alertmanager_config_hash 1.24915275320555e+14
alertmanager_config_last_reload_successful 1
"""
"""What Alertmanager 0.31.1 shows with the file of the test below."""
FILE = '{"route": {"receiver": "r2"}, "receivers": [{"name": "r2"}]}'


def at(pod: str, standing: Standing, words: str = "") -> Loading:
    return Loading(pod=pod, standing=standing, words=words)


def test_alertmanager_is_known_to_run_a_file_by_its_hash() -> None:
    wanted = marks_of({"alertmanager.yaml": FILE, "gossip.yaml": "{}"})
    assert mark(ALERTMANAGER) in wanted
    assert mark(ALERTMANAGER.replace("1.2", "1.3")) not in wanted


@pytest.mark.parametrize(
    "line",
    [
        "vm_promscrape_config_last_reload_successful 0",
        "vmagent_relabel_config_last_reload_successful 0",
        'vmagent_streamaggr_config_reload_successful{path="/a"} 0',
        "vminsert_streamagg_config_last_reload_successful 0",
        "vm_relabel_config_last_reload_successful 0",
        "vmalert_config_last_reload_successful 0",
        "vmauth_config_last_reload_successful 0",
        "alertmanager_config_last_reload_successful 0",
    ],
)
def test_every_program_says_when_it_refuses_its_files(line: str) -> None:
    assert is_refused(f"a 0\n{line}\nb 0\n")
    assert not is_refused(f"a 0\n{line[:-1]}1\nb 0\n")


def test_a_page_that_differs_has_another_mark() -> None:
    assert mark("global: {}\n") == mark("global: {}\n")
    assert mark("global: {}\n") != mark("global: {}\n#\n")


def test_an_error_of_a_notifier_is_no_other_configuration() -> None:
    page = (
        '{"status":"success","data":{"notifiers":[{"kind":"static","targets":'
        '[{"address":"http://a/","labels":{},"lastError":"%s"}]}]}}'
    )
    assert mark(page % "") == mark(page % "connection refused")
    assert mark(page % "") != mark((page % "").replace("//a/", "//b/"))


def test_something_else_at_the_address_is_no_program_of_ours() -> None:
    assert is_program('vm_app_version{version="vmagent"} 1')
    assert is_program("alertmanager_build_info{} 1")
    assert not is_program("<html>not found</html>")
    assert not is_program("")


@pytest.mark.parametrize(
    ("loadings", "status", "reason", "message"),
    [
        pytest.param(
            [at("a", Standing.LOADED), at("b", Standing.LOADED)],
            "True",
            "Loaded",
            "loaded by 2 of 2 replicas",
            id="all",
        ),
        pytest.param(
            [at("a", Standing.LOADED), at("b", Standing.REFUSED, "says no")],
            "False",
            "Refused",
            "loaded by 1 of 2 replicas; pod b: says no",
            id="one refuses",
        ),
        pytest.param(
            [at("b", Standing.UNREACHABLE, "far away"), at("a", Standing.UNREACHABLE, "far away")],
            "Unknown",
            "Unreachable",
            "loaded by 0 of 2 replicas; pods a, b: far away",
            id="none can be reached",
        ),
        pytest.param(
            [at("a", Standing.LOADED), at("b", Standing.LOADING, "takes long")],
            "Unknown",
            "Loading",
            "loaded by 1 of 2 replicas; pod b: takes long",
            id="one takes long",
        ),
        pytest.param(
            [at("a", Standing.FAILED, "answers 401"), at("b", Standing.UNREACHABLE, "far away")],
            "False",
            "NotLoaded",
            "loaded by 0 of 2 replicas; pod a: answers 401; pod b: far away",
            id="a wrong key",
        ),
        pytest.param(
            [at(f"p{number}", Standing.FAILED, "no") for number in range(5)],
            "False",
            "NotLoaded",
            "loaded by 0 of 5 replicas; pods p0, p1, p2: no; and 2 more",
            id="many",
        ),
    ],
)
def test_the_condition_says_who_runs_it_and_who_does_not(
    loadings: list[Loading], status: str, reason: str, message: str
) -> None:
    assert config_loaded(loadings) == Remark(
        Aspect.CONFIG_LOADED,
        status,  # type: ignore[arg-type]  # a parameter of the test, no literal
        reason,
        message,
    )


def test_nothing_is_told_while_a_pod_is_at_it() -> None:
    assert config_loaded([]) is None
    assert config_loaded([at("a", Standing.LOADED), at("b", Standing.PENDING)]) is None
