"""Objects of the same files, where there is no cluster."""

from __future__ import annotations

import pytest
from tests.unit.api.prometheus.monitors import service_monitor
from tests.unit.api.scrapes import SCRAPES

from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.manifest import Ref
from vmoperator.offline import known

FILES = [
    service_monitor(),
    SCRAPES["VMServiceScrape"],
    service_monitor(bodySizeLimit=1),
    {"kind": "ServiceMonitor", "metadata": {}},
]


def _kind(selected: SelectedObject, _around: Around) -> bytes:
    return selected.kind.encode()


@pytest.mark.parametrize(
    "kinds",
    [("ServiceMonitor",), ("VMServiceScrape",), ("ServiceMonitor", "VMServiceScrape"), ("VMRule",)],
    ids=str,
)
def test_an_object_is_picked_under_the_kind_that_its_author_wrote(kinds: tuple[str, ...]) -> None:
    choice = Choice(kinds=kinds, field="spec.a", objects=None, namespaces=None)
    picked = known(FILES, "demo").picked(choice, Recipe(key="", make=_kind))
    want = [Ref(kind, "demo", "web") for kind in kinds if kind != "VMRule"]
    assert [it.ref for it in picked.fragments] == want
    assert set(picked.contents) <= {b"VMServiceScrape"}
