"""Ports for other protocols of writing: vminsert, vmagent and victoria-metrics have them alike."""

from __future__ import annotations

from vmoperator.api.embedded import InsertPorts
from vmoperator.render.flags import Flags
from vmoperator.render.workload import Port, port_number


def insert_ports(given: InsertPorts | None, *, field: str) -> tuple[tuple[Port, ...], Flags]:
    """Ports of further protocols, most of them over TCP and UDP, and the flags that open them."""
    wanted = given or InsertPorts()
    ports: list[Port] = []
    flags: dict[str, str] = {}
    for name, text, key in (
        ("graphite", wanted.graphite_port, "graphitePort"),
        ("influx", wanted.influx_port, "influxPort"),
        ("opentsdb", wanted.open_tsdb_port, "openTSDBPort"),
    ):
        if text:
            number = port_number(text, field=f"{field}.{key}")
            flags[f"{name}ListenAddr"] = f":{number}"
            ports.append(Port(name=f"{name}-tcp", number=number))
            ports.append(Port(name=f"{name}-udp", number=number, protocol="UDP"))
    if wanted.open_tsdb_http_port:
        number = port_number(wanted.open_tsdb_http_port, field=f"{field}.openTSDBHTTPPort")
        flags["opentsdbHTTPListenAddr"] = f":{number}"
        ports.append(Port(name="opentsdb-http", number=number))
    return tuple(ports), flags
