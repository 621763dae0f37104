"""A real vmalert that runs with rendered flags and files, and what it talks to, on loopback."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from tests.unit.render.alerts import args, pod
from tests.unit.render.real_programs import free_port, program

from localcluster.patience import drawn_out
from vmoperator.render import Plan

BROKEN = "sum("
"""An expression that no database can parse."""
_PATIENCE_SECONDS = 20.0
_CONFIG, _RULES = "/etc/vmalert/config", "/etc/vmalert/rules"
_FOLDERS = (_CONFIG, _RULES, "/etc/vm/credentials", "/etc/vm/notifier_config")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server that keeps what it is asked; every sound query has the answer 1."""

    port: int
    requests: list[Request] = field(default_factory=list)

    def asked(self, part: str) -> list[Request]:
        """The requests whose path contains a part."""
        return [request for request in list(self.requests) if part in request.path]

    def waited(self, part: str) -> Request:
        """The first such request, as soon as there is one."""
        found: Request = until(lambda: next(iter(self.asked(part)), None))
        return found


def until(look: Any) -> Any:
    """What `look` gives as soon as it is something."""
    deadline = time.monotonic() + drawn_out(_PATIENCE_SECONDS)
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {_PATIENCE_SECONDS:.0f} s")


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A running Receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.requests.append(Request(self.command, self.path, dict(self.headers), body))
            sample = {"metric": {}, "value": [time.time(), "1"]}
            data = {"resultType": "vector", "result": [sample]}
            token = {"access_token": "t", "token_type": "Bearer"}
            answer = json.dumps({"status": "success", "data": data, **token}).encode()
            self.send_response(422 if BROKEN in unquote_plus(self.path) else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Vmalert:
    """A running vmalert."""

    root: Path
    port: int

    def get(self, path: str) -> Any:
        """The JSON that stands at a path."""
        return json.loads(self.text(path))

    def text(self, path: str) -> str:
        """What stands at a path."""
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # loopback
            found: bytes = answer.read()
        return found.decode()

    def notifiers(self) -> list[str]:
        """Addresses that alerts are sent to."""
        groups = self.get("/api/v1/notifiers")["data"]["notifiers"] or []
        return sorted(target["address"] for group in groups for target in group["targets"] or [])

    def reload(self, plan: Plan) -> None:
        """Write the plan's configuration files, and have them read again."""
        self.write(plan)
        self.text("/-/reload")

    def groups(self) -> list[dict[str, Any]]:
        """The groups that it evaluates."""
        found: list[dict[str, Any]] = self.get("/api/v1/rules")["data"]["groups"]
        return found

    def write(self, plan: Plan) -> None:
        """Write the plan's configuration files, as the kubelet would."""
        _write_config(plan, self.root)


@contextmanager
def running(plan: Plan, root: Path, secrets: dict[str, dict[str, bytes]]) -> Iterator[Vmalert]:
    """The vmalert of a plan, its files below `root`, once it is healthy."""
    made = Vmalert(root, free_port())
    for name, data in secrets.items():
        for key, value in data.items():
            for folder in (f"etc/vm/credentials/{name}", "etc/vm/notifier_config"):
                path = root / folder / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(value)
    _write_config(plan, root)
    command = [_local(arg, root) for arg in args(plan) if not arg.startswith("-httpListenAddr=")]
    env = dict(_variables(plan, secrets))
    log = (root / "log").open("w")
    process = subprocess.Popen(  # noqa: S603  # a program of our own cache
        [program("vmalert"), f"-httpListenAddr=127.0.0.1:{made.port}", *command],
        stdout=log,
        stderr=log,
        env=env,
    )
    try:
        until(lambda: _is_healthy(made) or process.poll() is not None)
        assert process.poll() is None, (root / "log").read_text()
        yield made
    finally:
        process.terminate()
        process.wait(timeout=drawn_out(10))
        log.close()


def _variables(plan: Plan, secrets: dict[str, dict[str, bytes]]) -> Iterator[tuple[str, str]]:
    for one in pod(plan)["containers"][0].get("env") or ():
        source = one["valueFrom"]["secretKeyRef"]
        yield one["name"], secrets[source["name"]][source["key"]].decode()


def _is_healthy(made: Vmalert) -> bool:
    try:
        return made.text("/health") == "OK"
    except OSError:
        return False


def _local(text: str, root: Path) -> str:
    for folder in _FOLDERS:
        text = text.replace(folder, f"{root}{folder}")
    return text


def _write_config(plan: Plan, root: Path) -> None:
    for folder in (_CONFIG, _RULES):
        shutil.rmtree(f"{root}{folder}", ignore_errors=True)
        Path(f"{root}{folder}").mkdir(parents=True)
    for secret in (one for one in plan.shared if one["kind"] == "Secret"):
        folder = _RULES if "-rules-" in secret["metadata"]["name"] else _CONFIG
        for name, content in secret["data"].items():
            text = _local(base64.b64decode(content).decode(), root)
            Path(f"{root}{folder}/{name}").write_text(text)
