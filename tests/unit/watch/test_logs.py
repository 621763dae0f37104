"""Log lines in both forms."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from vmoperator.base.manifest import Ref
from vmoperator.watch.logs import configure

REF = Ref("VMCluster", "default", "demo")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    for name in ("kopf", "kopf._core.reactor.observation", "kopf._core.reactor.running", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def _told(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure(form, level, stream)
    return stream


def test_a_json_line_carries_the_object() -> None:
    stream = _told("json")
    logging.getLogger("vmoperator.x").warning('said "%s"\nand more', "so", extra={"ref": REF})
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "vmoperator.x",
        "message": 'said "so"\nand more',
        "kind": "VMCluster",
        "namespace": "default",
        "name": "demo",
    }
    assert stream.getvalue().count("\n") == 1


def test_a_traceback_stays_in_its_json_line() -> None:
    stream = _told("json")
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("x").exception("oh")
    assert "RuntimeError: broken" in json.loads(stream.getvalue())["error"]
    assert stream.getvalue().count("\n") == 1


def test_a_text_line_begins_with_time_and_level_and_names_the_object_once() -> None:
    stream = _told("text")
    logging.getLogger("x").info("applied", extra={"ref": REF})
    logging.getLogger("x").info("deleting VMCluster default/demo", extra={"ref": REF})
    first, second = stream.getvalue().splitlines()
    assert first[24:] == " INFO    VMCluster default/demo: applied"
    assert second[24:] == " INFO    deleting VMCluster default/demo"


def test_kopf_names_the_object_in_a_way_of_its_own() -> None:
    stream = _told("json")
    theirs = {"kind": "VMCluster", "namespace": "default", "name": "demo", "uid": "1"}
    logging.getLogger("kopf.objects").warning("odd", extra={"k8s_ref": theirs})
    assert json.loads(stream.getvalue())["name"] == "demo"


def test_the_chatter_of_kopf_is_left_out() -> None:
    stream = _told("json")
    logging.getLogger("kopf.objects").info("Handler 'changed' succeeded.")
    logging.getLogger("kopf.objects").warning("odd")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["odd"]


def test_nothing_below_the_level_is_told() -> None:
    stream = _told("text", "error")
    logging.getLogger("x").warning("hidden")
    assert stream.getvalue() == ""
