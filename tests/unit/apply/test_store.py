"""Stores: what is put in is found again, by name and by index."""

from __future__ import annotations

from vmoperator.apply.store import Store
from vmoperator.base.manifest import Ref

A, B, C = (Ref("Pod", "default", name) for name in "abc")


def _by_owner() -> Store[dict[str, str | None]]:
    return Store(lambda value: value["owner"])


def test_an_object_is_found_by_its_name_and_by_its_index() -> None:
    store = _by_owner()
    store.put(A, {"owner": "x"})
    store.put(B, {"owner": "x"})
    store.put(C, {"owner": None})
    assert store.get(A) == {"owner": "x"}
    assert store.by_index("x").keys() == {A, B}
    assert store.by_index("y") == {}
    assert (len(store), A in store, Ref("Pod", "other", "a") in store) == (3, True, False)


def test_an_object_that_changes_its_owner_changes_its_place_in_the_index() -> None:
    store = _by_owner()
    store.put(A, {"owner": "x"})
    store.put(A, {"owner": "y"})
    assert store.by_index("x") == {}
    assert store.by_index("y").keys() == {A}


def test_what_is_removed_is_in_no_index() -> None:
    store = _by_owner()
    store.put(A, {"owner": "x"})
    store.remove(A)
    store.remove(B)
    assert (store.get(A), store.by_index("x"), len(store)) == (None, {}, 0)


def test_a_replacement_tells_what_it_changed() -> None:
    store = _by_owner()
    store.put(A, {"owner": "x"})
    store.put(B, {"owner": "x"})
    changed = store.replace({B: {"owner": "x"}, C: {"owner": "y"}})
    assert changed == {A, C}
    assert store.all().keys() == {B, C}
    assert store.by_index("x").keys() == {B}


def test_what_was_read_does_not_change_afterwards() -> None:
    store = _by_owner()
    store.put(A, {"owner": "x"})
    everything, owned = store.all(), store.by_index("x")
    store.remove(A)
    assert set(everything) == set(owned) == {A}


def _at(version: str) -> dict[str, dict[str, str]]:
    return {"metadata": {"resourceVersion": version}}


def test_the_answer_to_a_write_never_hides_a_later_event() -> None:
    store: Store[dict[str, dict[str, str]]] = Store()
    store.put(A, _at("101"))
    store.put_answer(A, _at("99"))
    assert store.get(A) == _at("101")
    store.put_answer(A, _at("102"))
    assert store.get(A) == _at("102")


def test_the_answer_to_a_write_counts_where_nothing_is_known_or_versions_tell_nothing() -> None:
    store: Store[dict[str, dict[str, str]]] = Store()
    store.put_answer(A, _at("1"))
    assert store.get(A) == _at("1")
    store.put_answer(A, _at("x"))
    assert store.get(A) == _at("x")
