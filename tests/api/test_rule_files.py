"""Secrets with the rules of a VMAlert: those that hold nothing any more go."""

from __future__ import annotations

from typing import Any

from tests.api.room import Room, running
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import GROUP

Tree = dict[str, Any]

ALERT = Ref("VMAlert", "default", "demo")
FOREIGN = {"apiVersion": "v1", "kind": "Secret", "data": {}}


def _object(kind: str, name: str, spec: Tree) -> Tree:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": f"{GROUP}/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _secrets(room: Room) -> int:
    """How many of the Secrets there are."""
    names = (f"vmalert-demo-rules-{number}" for number in range(32))
    return sum(room.api.find(Ref("Secret", "default", name)) is not None for name in names)


async def test_a_secret_whose_objects_are_gone_goes_and_no_other(api: FakeApi) -> None:
    flags = {"notifier.blackhole": "true"}
    spec = {"datasource": {"url": "http://a:8428"}, "ruleSelector": {}, "extraArgs": flags}
    groups = [{"name": "a", "rules": [{"alert": "Always", "expr": "vector(1)"}]}]
    rules = [_object("VMRule", f"rules{number}", {"groups": groups}) for number in range(12)]
    theirs = {**FOREIGN, "metadata": {"name": "vmalert-demo-rules-theirs", "namespace": "default"}}
    for manifest in (*rules, theirs, _object("VMAlert", "demo", spec)):
        await api.put(manifest)
    async with running(api) as room:
        await room.until_operational(ALERT)
        await until(lambda: _secrets(room) > 1)
        for manifest in rules[1:]:
            await api.remove(ref_of(manifest))
        await until(lambda: _secrets(room) == 1)
        await api.remove(ref_of(rules[0]))
        await until(lambda: _secrets(room) == 0)
        assert room.api.find(ref_of(theirs)) is not None
