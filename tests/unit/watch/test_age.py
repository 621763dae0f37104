"""Age: a process knows for how long it has been running, not only since its modules were loaded."""

from __future__ import annotations

import subprocess
import sys
import time

from vmoperator.watch.age import age_seconds

SLOW = (
    "import time; time.sleep(0.5); from vmoperator.watch.age import age_seconds as it; print(it())"
)


def test_the_age_counts_from_the_start_of_the_interpreter() -> None:
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", SLOW], check=True, capture_output=True, text=True)
    assert 0.4 < float(said.stdout) < time.monotonic() - began + 0.1


def test_the_age_grows_with_the_clock() -> None:
    before = age_seconds()
    time.sleep(0.05)
    assert age_seconds() - before >= 0.04
