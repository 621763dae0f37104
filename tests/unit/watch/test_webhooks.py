"""What webhooks cost a process that has none."""

from __future__ import annotations

import subprocess
import sys


def test_a_process_without_webhooks_does_not_load_what_makes_certificates() -> None:
    code = "import sys, vmoperator.watch.process; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
