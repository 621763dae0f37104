"""Contents of Secrets and ConfigMaps, and the two stores behind one informer."""

from __future__ import annotations

import operator
from base64 import b64encode
from typing import Any

import pytest

from vmoperator.apply.contents import Contents, Foreign, Shelf, ours_or_foreign
from vmoperator.apply.store import Store
from vmoperator.base.labels import MANAGED_BY, MANAGER
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import Child

TOKEN = Ref("Secret", "default", "token")


def secret(*, version: str = "7", ours: bool = False, **data: bytes) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "token",
            "namespace": "default",
            "resourceVersion": version,
            "labels": {MANAGED_BY: MANAGER} if ours else {},
        },
        "data": {key: b64encode(value).decode() for key, value in data.items()},
    }


def shelf() -> tuple[Shelf, Store[Child], Store[Foreign]]:
    ours: Store[Child] = Store(operator.attrgetter("parent"))
    foreign: Store[Foreign] = Store()
    return Shelf(ours, foreign), ours, foreign


def test_of_a_foreign_secret_only_its_version_is_kept() -> None:
    assert ours_or_foreign(secret(password=b"hunter2")) == Foreign("7")


def test_a_secret_that_becomes_ours_changes_sides() -> None:
    both, ours, foreign = shelf()
    both.put(TOKEN, ours_or_foreign(secret()))
    assert (len(ours), len(foreign)) == (0, 1)
    both.put(TOKEN, ours_or_foreign(secret(ours=True)))
    assert (len(ours), len(foreign)) == (1, 0)
    both.put(TOKEN, ours_or_foreign(secret()))
    assert (len(ours), len(foreign)) == (0, 1)
    both.remove(TOKEN)
    assert both.all() == {}


def test_what_a_pass_put_in_is_found_by_the_informer() -> None:
    both, ours, _ = shelf()
    mine = ours_or_foreign(secret(ours=True))
    assert isinstance(mine, Child)
    ours.put(TOKEN, mine)
    assert both.get(TOKEN) is mine
    assert both.all() == {TOKEN: mine}


@pytest.mark.parametrize(
    ("version", "current"),
    [
        pytest.param("7", True, id="of that version"),
        pytest.param("6", True, id="of a later one than the informer knows"),
        pytest.param("8", False, id="outdated"),
    ],
)
def test_a_content_is_read_again_when_there_is_a_later_version(version: str, current: bool) -> None:
    contents = Contents()
    assert not contents.is_current(TOKEN, version)
    contents.put(TOKEN, secret(version="7", key=b"value"))
    assert contents.is_current(TOKEN, version) is current


def test_an_object_that_was_gone_when_it_was_read_is_missing() -> None:
    contents = Contents()
    contents.put_missing(TOKEN, "7")
    assert contents.is_current(TOKEN, "7")
    assert contents.data(TOKEN) is None


def test_texts_and_bytes_of_a_config_map_are_both_content() -> None:
    contents = Contents()
    rules = Ref("ConfigMap", "default", "rules")
    manifest = {
        "kind": "ConfigMap",
        "metadata": {"name": "rules", "namespace": "default", "resourceVersion": "1"},
        "data": {"a": "ä"},
        "binaryData": {"b": b64encode(b"\x00").decode()},
    }
    contents.put(rules, manifest)
    assert contents.data(rules) == {"a": "ä".encode(), "b": b"\x00"}


def test_what_nobody_asks_for_is_dropped() -> None:
    contents = Contents()
    contents.put(TOKEN, secret(key=b"value"))
    contents.drop([TOKEN, Ref("Secret", "default", "never read")])
    assert len(contents) == 0


def test_a_secret_is_in_no_representation() -> None:
    contents = Contents()
    contents.put(TOKEN, secret(password=b"hunter2"))
    assert "hunter2" not in repr(contents)
    assert "hunter2" not in repr(contents._read)
