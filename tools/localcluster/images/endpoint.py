"""Where a registry is, and whether it answers at all."""

import os
import socket
import threading
import urllib.request
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

CONNECT_SECONDS = 2.5
VARIABLE = "VMOPERATOR_REGISTRY"
# Docker Hub's API lives at another host than its images' names say.
_API_HOSTS = {"docker.io": "https://registry-1.docker.io"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Reference:
    """A full image name, such as docker.io/prom/alertmanager:v0.31.1."""

    registry: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """The parts of a name that is written in full."""
        path, _, tag = text.rpartition(":")
        registry, _, repository = path.partition("/")
        return cls(registry, repository, tag)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of a registry's API, with an optional path in front of every repository."""

    url: str
    prefix: str = ""

    def repository(self, reference: Reference) -> str:
        """The repository's path as this registry knows it."""
        return f"{self.prefix}/{reference.repository}".lstrip("/")


def endpoint(reference: Reference, override: str | None = None) -> Endpoint | None:
    """The registry to ask for `reference`; None if the override says `off`.

    `override`, by default the variable VMOPERATOR_REGISTRY, is a mirror's URL (its path, if any,
    goes in front of the repositories), a bare host (https then), or `off`.
    """
    text = os.environ.get(VARIABLE, "") if override is None else override
    if text == "off":
        return None
    if not text:
        return Endpoint(_API_HOSTS.get(reference.registry, f"https://{reference.registry}"))
    parts = urlsplit(text if "://" in text else f"https://{text}")
    return Endpoint(f"{parts.scheme}://{parts.netloc}", parts.path.strip("/"))


@cache
def is_reachable(url: str) -> bool:
    """Whether a TCP connection to the registry (or to the proxy before it) can be made.

    Answers within CONNECT_SECONDS, and remembers the answer as long as the process lives.
    """
    host, port = _first_hop(url)
    answers: list[bool] = []
    # A name look-up cannot be interrupted, so it gets a thread that nobody waits for.
    attempt = threading.Thread(target=lambda: answers.append(_connects(host, port)), daemon=True)
    attempt.start()
    attempt.join(CONNECT_SECONDS)
    return bool(answers and answers[0])


def _first_hop(url: str) -> tuple[str, int]:
    """Host and port that a request to `url` connects to first."""
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.hostname or ""):
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
