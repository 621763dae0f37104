"""Writes and queries without a pause, run inside the cluster's network, and what became of them."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Not there when this file runs as a program, in the cluster's network.
    from localcluster import Cluster

SERIES = 50
PERIOD_SECONDS = 0.5
TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True)
class Attempt:
    """One write or query; `began` in seconds since 1970."""

    began: float
    seconds: float
    is_write: bool
    is_good: bool
    words: str


@dataclass
class Traffic:
    """The attempts so far."""

    _output: Path

    def attempts(self, since: float = 0.0, until: float = float("inf")) -> list[Attempt]:
        lines = self._output.read_text().splitlines()
        found = [Attempt(**json.loads(line)) for line in lines if line.endswith("}")]
        return [one for one in found if since <= one.began < until]

    def longest_gap_seconds(self, *, is_write: bool, since: float, until: float) -> float:
        """The longest time without a good answer between the two moments."""
        good = [
            one.began + one.seconds
            for one in self.attempts(since, until)
            if one.is_good and one.is_write is is_write
        ]
        moments = [since, *good, until]
        return max(after - before for before, after in zip(moments, moments[1:], strict=False))

    def story(self, since: float) -> str:
        """One line for each run of attempts that ended alike."""
        lines: list[str] = []
        for kind in (True, False):
            last = ""
            for one in self.attempts(since):
                said = one.words or "good"
                if one.is_write is kind and said != last:
                    name = "write" if kind else "query"
                    lines.append(f"{one.began - since:6.1f} s {name}: {said}")
                    last = said
        return "\n".join(lines)


@contextmanager
def flowing(cluster: Cluster, output: Path, insert: str, select: str) -> Iterator[Traffic]:
    """Traffic to `insert` and `select`, the addresses up to /api/v1, until the block ends."""
    with output.open("wb") as lines:
        process = cluster.popen_inside(
            [sys.executable, str(Path(__file__)), insert, select], stdout=lines, text=False
        )
        try:
            yield Traffic(output)
        finally:
            process.terminate()
            process.wait()


def _body(moment: float) -> bytes:
    stamp = int(moment * 1000)
    rows = (f'flow{{series="{index}"}} {index} {stamp}\n' for index in range(SERIES))
    return "".join(rows).encode()


def _ask(url: str, body: bytes | None) -> bytes:
    with urllib.request.urlopen(url, body, timeout=TIMEOUT_SECONDS) as response:
        answer: bytes = response.read()
        return answer


def _write(insert: str) -> None:
    _ask(f"{insert}/api/v1/import/prometheus", _body(time.time()))


def _query(select: str) -> None:
    words = {"query": "count(flow)", "nocache": "1", "latency_offset": "1ms"}
    answer = json.loads(_ask(f"{select}/api/v1/query?{urllib.parse.urlencode(words)}", None))
    found = [int(one["value"][1]) for one in answer["data"]["result"]]
    if found != [SERIES]:
        raise ValueError(f"{found} series instead of {SERIES}")


def _attempt(is_write: bool, insert: str, select: str) -> Attempt:
    began = time.time()
    words = ""
    try:
        _write(insert) if is_write else _query(select)
    except (OSError, ValueError, urllib.error.URLError) as error:
        words = str(error)
    return Attempt(began, time.time() - began, is_write, not words, words)


def main(insert: str, select: str) -> None:
    """Writes and queries in turn, and prints one line for each attempt."""
    while True:
        for is_write in (True, False):
            one = _attempt(is_write, insert, select)
            print(json.dumps(vars(one)), flush=True)
        time.sleep(PERIOD_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
