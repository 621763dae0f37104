"""Options of the test run, and what is told at its end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from generate.unused import unproved
from tests.cluster.rights import RIGHTS, Use, figure

# How long an example takes says how busy the machine is, and nothing about what is tested.
_PATIENT = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
# Every run tries the same examples: what fails has been broken by the change that is tested.
settings.register_profile("patient", _PATIENT)
# `--hypothesis-profile=searching` tries others.
settings.register_profile("searching", _PATIENT, derandomize=False)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/golden/**/want.yaml from what is rendered now; read the difference",
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over which rights of the operator were used on its cluster.

    A run of all tests fails if one was of no use to any of them, and no reason is given for it.
    """
    found = session.config.stash.get(RIGHTS, set())
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["rights"] = [tuple(it) for it in found]
    elif found and not session.exitstatus and _is_whole(session.config) and unproved(found):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_whole(config: pytest.Config) -> bool:
    """Whether all tests were asked for, those of the cluster as well."""
    chosen = (config.option.markexpr, config.option.keyword, config.getoption("deselect", None))
    all_files = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return all_files and not any(chosen) and not config.option.collectonly


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Whoever runs the workers puts together what they found; one that broke has found nothing."""
    found = node.config.stash.setdefault(RIGHTS, set())
    found.update(Use(*it) for it in getattr(node, "workeroutput", {}).get("rights", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if found := config.stash.get(RIGHTS, set()):
        terminalreporter.write_line(figure(found))
