"""Takes what Alertmanager sends to a webhook, and prints one line for each notification."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Not there when this file runs as a program, in the cluster's network.
    from localcluster import Cluster

ADDRESS = "172.30.0.1"
"""Where pods reach what runs beside the API server (localcluster.network.MASTER)."""
PORT = 18093
URL = f"http://{ADDRESS}:{PORT}/"


@dataclass(frozen=True)
class Notification:
    """What one request told: when (seconds since 1970), from which pod, of which state."""

    moment: float
    sender: str
    state: str
    path: str = "/"
    """Path of the request, by which routes can be told apart."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts in it."""


@dataclass
class Received:
    """The notifications so far."""

    _output: Path

    def since(self, moment: float) -> list[Notification]:
        lines = self._output.read_text().splitlines()
        found = [Notification(**json.loads(line)) for line in lines if line.endswith("}")]
        return [one for one in found if one.moment >= moment]

    def gaps_seconds(self, since: float, until: float) -> list[float]:
        """The times between one notification and the next, with both ends of the span."""
        moments = [since, *(one.moment for one in self.since(since)), until]
        return [after - before for before, after in zip(moments, moments[1:], strict=False)]


@contextmanager
def receiving(cluster: Cluster, output: Path) -> Iterator[Received]:
    """A receiver in the cluster's network until the block ends."""
    with output.open("wb") as lines:
        process = cluster.popen_inside(
            [sys.executable, str(Path(__file__))], stdout=lines, text=False
        )
        try:
            yield Received(output)
        finally:
            process.terminate()
            process.wait()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alerts = tuple(it["labels"]["alertname"] for it in body["alerts"])
        sender = self.client_address[0]
        told = Notification(time.time(), sender, body["status"], self.path, alerts)
        # In one piece, for several requests may be told at once.
        print(f"{json.dumps(vars(told))}\n", end="", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing beside the notifications."""


if __name__ == "__main__":
    ThreadingHTTPServer((ADDRESS, PORT), _Handler).serve_forever()
