"""Fields that are set and do not act yet are named, and only those."""

from __future__ import annotations

from typing import Any

from tests.unit.api.refused import example

from vmoperator.api import parsed
from vmoperator.api.unsupported import marked_fields, unsupported
from vmoperator.api.vmagent import VMAgent

IMAGE, MEMORY = "spec.configReloaderImage", "spec.configReloaderResources"


def _named(**spec: Any) -> tuple[str, ...]:
    manifest = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"remoteWrite": [{"url": "http://a"}], **spec},
    }
    return unsupported(parsed(manifest))


def test_the_example_sets_nothing_that_does_not_act() -> None:
    assert unsupported(parsed(example())) == ()


def test_a_field_that_does_not_act_is_named() -> None:
    assert _named(configReloaderImage="a:1") == (IMAGE,)


def test_a_field_that_is_unset_is_not_named() -> None:
    assert _named(configReloaderImage=None) == ()


def test_paths_are_sorted() -> None:
    assert _named(configReloaderResources={}, configReloaderImage="a:1") == (IMAGE, MEMORY)


def test_a_field_in_a_list_is_named_with_its_place() -> None:
    client = {"client_id": {"secret": {"name": "a", "key": "b"}}, "token_url": "http://a"}
    targets = [{"url": "http://a"}, {"url": "http://b", "oauth2": {**client, "proxy_url": "c"}}]
    assert _named(remoteWrite=targets) == ("spec.remoteWrite[1].oauth2.proxy_url",)


def test_every_mark_has_a_reason_and_a_path_below_spec() -> None:
    marked = marked_fields(VMAgent)
    assert IMAGE in dict(marked)
    assert [path for path, why in marked if not path.startswith("spec.") or not why] == []
