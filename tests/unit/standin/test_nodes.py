"""vminsert and vmselect find their storage nodes, and say which they have lost."""

import re
import signal
import urllib.request

import pytest
from tests.unit.standin.process import Standin, Standins, wait_for


def metrics(one: Standin) -> str:
    with urllib.request.urlopen(f"http://{one.http}/metrics", timeout=5) as response:
        return str(response.read().decode())


def wait_for_node(client: Standin, addr: str, *, up: bool) -> None:
    line = f'standin_storage_node_up{{addr="{addr}"}} {int(up)}'
    wait_for(lambda: line in metrics(client), f"{line}\n{client.log}")


@pytest.mark.parametrize("role", ["vminsert", "vmselect"])
def test_every_storage_node_is_connected(standins: Standins, role: str) -> None:
    nodes = [standins.vmstorage(name) for name in ("one", "two")]
    addrs = [node.port(f"-{role}Addr=") for node in nodes]
    client = standins.start(role, f"-storageNode={','.join(addrs)}")
    for addr in addrs:
        wait_for_node(client, addr, up=True)
    words = f"{role} connected from 127.0.0.1"
    wait_for(lambda: all(node.log_holds(words) for node in nodes), words)


def test_a_lost_node_is_noticed_and_found_again(standins: Standins) -> None:
    node = standins.vmstorage("one")
    addr = node.port("-vminsertAddr=")
    client = standins.start("vminsert", f"-storageNode={addr}")
    wait_for_node(client, addr, up=True)
    node.stop(signal.SIGKILL)
    wait_for_node(client, addr, up=False)
    words = f"storage node {addr} is down, trying again"
    wait_for(lambda: client.log_holds(words), words)
    standins.vmstorage("one", f"-vminsertAddr={addr}", "-vmselectAddr=127.0.0.1:0")
    wait_for_node(client, addr, up=True)


def test_a_node_that_comes_later_is_found(standins: Standins) -> None:
    before = standins.vmstorage("one")
    addr = before.port("-vmselectAddr=")
    before.stop()
    client = standins.start("vmselect", f"-storageNode={addr}")
    wait_for_node(client, addr, up=False)
    standins.vmstorage("one", f"-vmselectAddr={addr}", "-vminsertAddr=127.0.0.1:0")
    wait_for_node(client, addr, up=True)


def test_the_port_for_vmselect_does_not_take_vminsert(standins: Standins) -> None:
    node = standins.vmstorage("one")
    addr = node.port("-vmselectAddr=")
    client = standins.start("vminsert", f"-storageNode={addr}")
    wait_for(lambda: "this port is for vmselect" in client.log, "the refusal")
    wait_for_node(client, addr, up=False)


def test_a_node_without_a_port_gets_the_default_one(standins: Standins) -> None:
    for role, port in (("vminsert", 8400), ("vmselect", 8401)):
        client = standins.start(role, "-storageNode=nowhere.invalid")
        wait_for_node(client, f"nowhere.invalid:{port}", up=False)


@pytest.mark.parametrize("role", ["vminsert", "vmselect"])
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param([], "missing -storageNode arg", id="none"),
        pytest.param(["-storageNode=a,a"], 'equal addresses .*"a"', id="=="),
        pytest.param(["-storageNode=a,"], "an empty address among", id="empty"),
    ],
)
def test_it_does_not_start_without_usable_storage_nodes(
    standins: Standins, role: str, flags: list[str], message: str
) -> None:
    one = standins.start(role, *flags)
    assert one.exit_code() == 255
    assert re.search(f"fatal: .*{message}", one.log)


def test_more_copies_than_nodes_are_warned_about(standins: Standins) -> None:
    one = standins.start("vminsert", "-storageNode=127.0.0.1:1", "-replicationFactor=3")
    assert one.http
    assert "-replicationFactor=3, but there are 1 -storageNode" in one.log
