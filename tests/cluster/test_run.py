"""`vmoperator run` in its pod: a service account, JSON logs, SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from localcluster.patience import drawn_out
from tests.cluster.conftest import KNOWS, Operator, until
from tests.cluster.installed import Installed

pytestmark = pytest.mark.cluster

END_SECONDS = 6.0


def _ended(installed: Installed) -> dict[str, Any] | None:
    """How the container before the one of now ended."""
    for pod in installed.pods():
        for status in pod["status"].get("containerStatuses") or ():
            found: dict[str, Any] | None = status.get("lastState", {}).get("terminated")
            return found
    return None


def test_it_runs_with_a_service_account_and_ends_in_time(
    operator: Operator, installed: Installed
) -> None:
    operator.stop()
    before = len(operator.log)
    operator.start()
    until(lambda: KNOWS in operator.log[before:], seconds=30, what="it has read everything")
    lines = [json.loads(line) for line in operator.log[before:].splitlines()]
    began = time.monotonic()
    os.kill(operator.pid, signal.SIGTERM)
    until(lambda: not operator.is_running, seconds=30, what="it ends")
    assert time.monotonic() - began < drawn_out(END_SECONDS)
    ended = until(lambda: _ended(installed), what="Kubernetes knows that it ended")
    operator.restart()
    assert ended["exitCode"] == 0
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert "service account" in lines[0]["message"]
    assert [line for line in lines if line["level"] in ("error", "warning")] == []
