"""A few GETs to the API server as its admin, through the forwarder, without starting kubectl."""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any


class ApiClient:
    """Asks the API server at 127.0.0.1:`port`."""

    def __init__(self, pki: Path, port: int) -> None:
        self.pki = pki
        self.port = port

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; status 0 if nobody answers."""
        try:
            context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
            context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=5, context=context
            )
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return 0, b""

    def ready(self) -> bool:
        """True once the API server says that it is ready."""
        return self.get("/readyz")[0] == 200

    def items(self, path: str) -> list[dict[str, Any]]:
        """The items of a list; none if it cannot be had."""
        status, body = self.get(path)
        return json.loads(body)["items"] if status == 200 else []

    def nodes(self) -> dict[str, bool]:
        """Name of each registered node and whether it is Ready."""
        return {
            node["metadata"]["name"]: any(
                c["type"] == "Ready" and c["status"] == "True"
                for c in node.get("status", {}).get("conditions", [])
            )
            for node in self.items("/api/v1/nodes")
        }
