"""Data through the stand-ins: kept by a real single-node victoria-metrics in each vmstorage."""

import os
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest
from tests.unit.standin.process import Standin, Standins, wait_for

from localcluster.paths import cache_root
from localcluster.versions import programs_key

ENGINE = cache_root() / "programs" / programs_key() / "victoria-metrics"
INSERT = "/insert/0/prometheus/api/v1/import/prometheus"
SERIES = 50

needs_engine = pytest.mark.skipif(
    not ENGINE.exists(), reason="victoria-metrics is not built: `tools/cluster build`"
)


def call(one: Standin, path: str, body: str | None = None) -> tuple[int, str]:
    """Status and body of a GET, or of a POST of the body."""
    data = None if body is None else body.encode()
    try:
        with urllib.request.urlopen(f"http://{one.http}{path}", data, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def export(one: Standin) -> list[str]:
    """The series that are read, one line each."""
    query = urllib.parse.urlencode({"match[]": "written"})
    return call(one, f"/select/0/prometheus/api/v1/export?{query}")[1].splitlines()


def written(round_: int = 0) -> str:
    now = int(time.time()) - 60 + round_
    return "".join(f'written{{series="{i}"}} {i} {now}000\n' for i in range(SERIES))


class Small:
    """Two vmstorages, one vminsert, one vmselect."""

    def __init__(self, standins: Standins, engine: str) -> None:
        self._standins, self._engine = standins, engine
        self.storages = [self.storage(name, "127.0.0.1:0", "127.0.0.1:0") for name in "ab"]
        self.insert_ports = [one.port("-vminsertAddr=") for one in self.storages]
        self.select_ports = [one.port("-vmselectAddr=") for one in self.storages]
        self.insert = self._client("vminsert", self.insert_ports)
        self.select = self._client("vmselect", self.select_ports)

    def storage(self, name: str, insert_port: str, select_port: str) -> Standin:
        return self._standins.start(
            "vmstorage",
            f"-storageDataPath={self._standins.folder / name}",
            f"-vminsertAddr={insert_port}",
            f"-vmselectAddr={select_port}",
            STANDIN_ENGINE=self._engine,
        )

    def _client(self, role: str, nodes: list[str]) -> Standin:
        one = self._standins.start(role, f"-storageNode={','.join(nodes)}", "-replicationFactor=2")
        for node in nodes:
            sign = f"storage node {node} is up"
            wait_for(partial(one.log_holds, sign), sign)
        return one

    def engine_runs(self, name: str) -> bool:
        """Whether the engine of the vmstorage runs; its data folder tells it apart."""
        wanted = f"-storageDataPath={self._standins.folder / name / 'single-node'}".encode()
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if wanted in line.read_bytes().split(b"\0"):
                    return True
            except OSError:
                continue
        return False


def wait_for_all_series(small: Small) -> None:
    # victoria-metrics remembers for 10 s that it had none, so it is not asked too early.
    time.sleep(2.5)
    wait_for(lambda: len(export(small.select)) == SERIES, "all series", seconds=30)


@pytest.fixture
def small(standins: Standins) -> Small:
    return Small(standins, str(ENGINE))


@needs_engine
def test_what_is_written_through_vminsert_is_read_through_vmselect(small: Small) -> None:
    assert call(small.insert, INSERT, written())[0] == HTTPStatus.NO_CONTENT
    wait_for_all_series(small)


@needs_engine
def test_with_one_vmstorage_killed_all_is_read_and_written_and_it_comes_back_with_its_data(
    small: Small,
) -> None:
    call(small.insert, INSERT, written())
    wait_for_all_series(small)
    # Rows reach the disk some seconds after they are written, as with the real program.
    small.storages[0].stop()
    assert len(export(small.select)) == SERIES
    assert call(small.insert, INSERT, written(1))[0] == HTTPStatus.NO_CONTENT
    small.storage("a", small.insert_ports[0], small.select_ports[0])
    small.storages[1].stop(signal.SIGKILL)
    wait_for_all_series(small)


@needs_engine
def test_the_engine_ends_with_its_vmstorage(small: Small) -> None:
    call(small.insert, INSERT, written())
    assert small.engine_runs("a")
    small.storages[0].stop(signal.SIGKILL)
    wait_for(lambda: not small.engine_runs("a"), "the engine has ended")


@needs_engine
def test_nothing_runs_before_data_comes(small: Small) -> None:
    assert [small.engine_runs(name) for name in "ab"] == [False, False]


def test_without_an_engine_a_write_is_refused_in_words(standins: Standins) -> None:
    small = Small(standins, "")
    status, text = call(small.insert, INSERT, written())
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "stand-in for vminsert: keeps no data" in text


def test_without_a_storage_node_a_write_is_refused_in_words(standins: Standins) -> None:
    one = standins.start("vminsert", "-storageNode=127.0.0.1:1")
    status, text = call(one, INSERT, written())
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "no storage node can be reached" in text


def test_an_engine_that_does_not_start_is_named(standins: Standins) -> None:
    small = Small(standins, os.devnull)
    status, text = call(small.insert, INSERT, written())
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "permission denied" in text
