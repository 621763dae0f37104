"""Endpoints of a VMStaticScrape: what becomes of their fields, and the Secrets that they name."""

from __future__ import annotations

from typing import Any

from tests.unit.render.jobs.scrapes import around, job, refusal

from vmoperator.api.around import Known

KIND = "VMStaticScrape"
KEYS = {"keys": {"user": b"ann\n", "password": b"sesame", "ca.crt": b"CA", "tls.key": b"KEY"}}
WORLD = around(**KEYS)
FILES = "/etc/vmagent-tls/certs"
DENIED = {"arbitraryFSAccessThroughSMs": {"deny": True}}


def key(name: str, **more: Any) -> dict[str, Any]:
    """A key of the Secret `keys`."""
    return {"name": "keys", "key": name, **more}


def scraped(world: Known = WORLD, /, agent: dict[str, Any] | None = None, **endpoint: Any) -> Any:
    """What a job says beside its name and its targets."""
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
    found = job(KIND, spec, world, **(agent or {}))
    return {name: it for name, it in found.items() if name not in ("job_name", "static_configs")}


def refused(agent: dict[str, Any] | None = None, **endpoint: Any) -> str:
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
    return refusal(KIND, spec, WORLD, **(agent or {}))
