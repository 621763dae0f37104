"""Lines of a watch: what is an event, what is an error, and what is neither."""

from __future__ import annotations

import pytest

from vmoperator.apply.answers import error, event
from vmoperator.base.errors import ApiError, Gone, Unavailable


def test_an_event_is_its_type_and_object() -> None:
    line = b'{"type":"ADDED","object":{"metadata":{"resourceVersion":"3"}}}'
    assert event(line, request="watch pods") == ("ADDED", {"metadata": {"resourceVersion": "3"}})


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"type":"ERROR","object":{"kind":"Status","code":410}}', Gone),
        (b'{"type":"ERROR","object":{}}', Unavailable),
        (b"<html>proxy</html>", Unavailable),
        (b'"a text"', Unavailable),
        (b'{"type":"ADDED"}', Unavailable),
        (b'{"type":"ADDED","object":{"metadata":{}}}', Unavailable),
        (b'{"type":"ADDED","object":null}', Unavailable),
    ],
    ids=["gone", "unknown", "page", "text", "no object", "no version", "null"],
)
def test_what_is_no_event_is_a_typed_error(line: bytes, kind: type[ApiError]) -> None:
    with pytest.raises(kind) as raised:
        event(line, request="watch pods")
    assert raised.value.request == "watch pods"


def test_nobody_is_obeyed_who_asks_for_hours_of_patience() -> None:
    found = error(503, b"", request="list pods", retry_after="86400")
    assert isinstance(found, Unavailable)
    assert found.after_seconds == 60
