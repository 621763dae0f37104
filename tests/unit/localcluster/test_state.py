"""What is remembered between commands, also when a command was killed in the middle."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcluster import paths, processes, state
from localcluster.errors import ClusterError, PartFailed
from localcluster.paths import Paths
from localcluster.patience import drawn_out
from localcluster.processes import MARK, Process, Records
from localcluster.state import State

SAVED = State(port=16443, nodes=2, boot_id="b", programs="k")
SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
WITHOUT_FIRST_THREAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


@pytest.fixture(autouse=True)
def any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders of tests are longer than sockets allow; none is made here."""
    monkeypatch.setattr(paths, "LONGEST_RUN_DIR", 200)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "one" / "cluster.json"
    SAVED.completed().write(path)
    found = State.read(path)
    assert found is not None
    assert (found.port, found.nodes, found.complete) == (16443, 2, True)


@pytest.mark.parametrize(
    "text", ["", "{", '{"port": 1}', "[]", '{"port": "x", "nodes": 1}'], ids=repr
)
def test_a_state_that_a_crash_left_half_written_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(text)
    assert State.read(path) is None


def test_no_two_clusters_get_the_same_port(tmp_path: Path) -> None:
    first, second = Paths("one", tmp_path), Paths("two", tmp_path)
    port = state.free_port(first)
    State(port, 1, "b", "k").write(first.state)
    assert state.free_port(second) != port


def test_a_port_that_another_program_listens_on_is_not_free() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not state.port_is_free(server.getsockname()[1])


def test_a_lock_keeps_the_next_command_waiting(tmp_path: Path) -> None:
    lock = tmp_path / "one.lock"
    code = (
        "import sys; from pathlib import Path; from localcluster.state import locked\n"
        f"with locked(Path({str(lock)!r})): print('got it', flush=True)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with state.locked(lock):
        waiting = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "waiting for another command (one) to end\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=1)
        # As `down` does at its end: the waiting one must not take a lock that is gone.
        lock.unlink()
    printed, said = waiting.communicate(timeout=drawn_out(10))
    assert (printed, said) == ("got it\n", "")
    assert lock.exists()


def test_a_pid_that_is_used_again_is_not_the_process(tmp_path: Path) -> None:
    records = Records(tmp_path)
    own = processes.identified(os.getpid())
    assert own is not None
    records.write("etcd", own)
    assert records.running("etcd") == own
    records.write("etcd", Process(own.pid, own.start_ticks - 1))
    assert records.running("etcd") is None


@pytest.mark.parametrize("text", ["", '{"pid": 1', '{"pid": 1}', "[]"], ids=repr)
def test_a_half_written_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "etcd.json").write_text(text)
    assert Records(tmp_path).read("etcd") is None


def test_a_process_without_a_record_is_found_by_its_mark(tmp_path: Path) -> None:
    mark = f"{tmp_path}:etcd"
    started = processes.spawn(SLEEP, tmp_path / "log", {**os.environ, MARK: mark})
    try:
        deadline = time.monotonic() + drawn_out(10)
        while processes.marked(mark) != [started] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes.marked(f"{tmp_path}:") == [started]
    finally:
        processes.kill([started])
    assert not processes.alive(started)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match="no-such-program"):
        processes.spawn(("no-such-program",), tmp_path / "log", dict(os.environ))


@pytest.mark.parametrize("name", ["", "Upper", "-a", "a-", "a/b", "a" * 33])
def test_a_name_that_cannot_be_a_folder_and_namespace_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="name"):
        Paths(name, Path("/c"))


def test_a_process_lives_until_its_last_thread_has_ended() -> None:
    with subprocess.Popen((sys.executable, "-c", WITHOUT_FIRST_THREAD)) as started:
        deadline = time.monotonic() + drawn_out(20)
        while (processes.stat_fields(started.pid) or [""])[0] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        found = processes.identified(started.pid)
        assert found is not None
        processes.kill([found])
        assert not processes.alive(found)


def test_a_run_directory_too_long_for_sockets_is_refused() -> None:
    with pytest.raises(ClusterError, match="VMOPERATOR_CACHE"):
        Paths("one", Path("/" + "x" * 200))


def test_another_cache_has_namespaces_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VMOPERATOR_CACHE", raising=False)
    usual = Paths("one", tmp_path).namespace
    monkeypatch.setenv("VMOPERATOR_CACHE", str(tmp_path))
    assert Paths("one", tmp_path).namespace != usual == "localcluster-one"
