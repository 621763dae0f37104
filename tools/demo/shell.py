"""Runs programs for the demo and shows what they say."""

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoFailed

ROOT = Path(__file__).parents[2]


def say(text: str = "") -> None:
    """Prints at once, also into a pipe."""
    print(text, flush=True)


def run(command: Sequence[str], text: str | None = None) -> str:
    """The output of a program; raises DemoFailed with its errors."""
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        words = " ".join(command[:4])
        raise DemoFailed(f"`{words} ...` failed:\n{result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def show_run(command: Sequence[str]) -> None:
    """Runs a program whose own output is shown as it comes; raises DemoFailed."""
    say(f"$ {shlex.join(command)}")
    sys.stdout.flush()
    if subprocess.run(command).returncode != 0:
        raise DemoFailed(f"`{' '.join(command)}` failed")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl for one cluster; `options` name the cluster."""

    program: str
    options: tuple[str, ...]

    def command(self, *words: str) -> list[str]:
        return [self.program, *self.options, *words]

    def run(self, *words: str, text: str | None = None) -> str:
        """The output; raises DemoFailed."""
        return run(self.command(*words), text)

    def show(self, *words: str) -> None:
        """Shows the command as a user types it at the project's root, and its output."""
        say(f"$ kubectl {shlex.join(words)}".replace(f"{ROOT}/", ""))
        say(indented(self.run(*words)))

    def get_raw(self, path: str) -> str:
        """The body of a GET through the API server."""
        return self.run("get", "--raw", path)

    def post_raw(self, path: str, body: str) -> str:
        """The body of the answer to a POST through the API server."""
        return self.run("create", "--raw", path, "-f", "-", text=body)


def patiently(asked: Callable[[], str], *, wanted: str = "", seconds: float) -> str:
    """The first answer that holds `wanted`; raises DemoFailed when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = asked()
            if wanted in answer:
                return answer
            problem = DemoFailed(f"{wanted} did not come; the answer is {answer}")
        except DemoFailed as error:
            problem = error
        if time.monotonic() > deadline:
            raise problem
        time.sleep(0.5)


def indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip().splitlines())
