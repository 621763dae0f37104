"""Objects of monitoring.coreos.com and what another operator made of them, at one parent."""

from __future__ import annotations

import base64
from typing import Any

from tests.api.room import Room, running
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import GROUP

Tree = dict[str, Any]

ALERT = Ref("VMAlert", "default", "demo")
GROUPS = [{"name": "a", "rules": [{"alert": "Always", "expr": "vector(1)"}]}]
OTHERS = [{"name": "a", "rules": [{"alert": "Other", "expr": "vector(1)"}]}]
ORIGINAL, COPY = "default_web.prometheusrule.yaml", "default_web.vmrule.yaml"


def _object(kind: str, name: str, spec: Tree, group: str = f"{GROUP}/v1beta1") -> Tree:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def _original(groups: list[Tree]) -> Tree:
    return _object("PrometheusRule", "web", {"groups": groups}, "monitoring.coreos.com/v1")


def _files(room: Room) -> dict[str, str]:
    found: dict[str, str] = {}
    for number in range(32):
        secret = room.api.find(Ref("Secret", "default", f"vmalert-demo-rules-{number}"))
        found.update((secret or {}).get("data") or {})
    return {name: base64.b64decode(text).decode() for name, text in found.items()}


def _endpoints(kind: str, name: str, group: str = f"{GROUP}/v1beta1") -> Tree:
    spec = {"selector": {"matchLabels": {"app": "web"}}, "endpoints": [{"port": "http"}]}
    return _object(kind, name, spec, group)


def _monitor() -> Tree:
    return _endpoints("ServiceMonitor", "web", "monitoring.coreos.com/v1")


def _owned(original: Tree) -> Tree:
    """What another operator makes of an original, with its name and an owner reference to it."""
    copy = _endpoints("VMServiceScrape", "web")
    owner = {key: original[key] for key in ("apiVersion", "kind")}
    copy["metadata"]["ownerReferences"] = [{**owner, "name": "web", "uid": "u"}]
    return copy


_REPLACED = {
    "updateStatus": "ignored",
    "reason": "its original ServiceMonitor default/web is selected instead",
}


async def test_a_copy_with_an_owner_says_that_its_original_is_selected_instead(
    api: FakeApi,
) -> None:
    copy, agent = _owned(_monitor()), Ref("VMAgent", "default", "demo")
    spec = {"remoteWrite": [{"url": "http://a:8428"}], "selectAllByDefault": True}
    for manifest in (_monitor(), copy, _object("VMAgent", "demo", spec)):
        await api.put(manifest)
    async with running(api) as room:
        await room.until_operational(agent)
        await until(lambda: room.status(ref_of(copy)) == _REPLACED)

        await api.remove(ref_of(_monitor()))
        used = {"updateStatus": "operational", "parents": ["VMAgent/default/demo"]}
        await until(lambda: room.status(ref_of(copy)) == used)

        await api.put(_monitor())
        await until(lambda: room.status(ref_of(copy)) == _REPLACED)
        await room.at_rest()
    async with running(api) as room:
        await room.until_operational(agent)
        await room.at_rest()
        assert room.status(ref_of(copy)) == _REPLACED


async def test_another_operator_that_writes_the_status_of_its_copy_has_the_last_word(
    api: FakeApi,
) -> None:
    copy = _owned(_monitor())
    spec = {"remoteWrite": [{"url": "http://a:8428"}], "selectAllByDefault": True}
    for manifest in (_monitor(), copy, _object("VMAgent", "demo", spec)):
        await api.put(manifest)
    async with running(api) as room:
        await until(lambda: room.status(ref_of(copy)) == _REPLACED)
        await room.at_rest()
        live = api.find(ref_of(copy)) or {}
        theirs = {"updateStatus": "operational", "observedGeneration": 1}
        await api.put({**live, "status": theirs})
        others = _endpoints("VMServiceScrape", "other")
        await api.put(others)
        await until(lambda: room.status(ref_of(others)).get("updateStatus") == "operational")
        await room.at_rest()
        assert room.status(ref_of(copy)) == theirs

        # What is new is told once again.
        await api.remove(ref_of(_monitor()))
        await until(lambda: "parents" in room.status(ref_of(copy)))
        assert room.status(ref_of(copy))["updateStatus"] == "operational"
        await api.put(_monitor())
        await until(lambda: room.status(ref_of(copy)).get("updateStatus") == "ignored")


async def test_rules_are_evaluated_once_as_long_as_the_copy_says_the_same(api: FakeApi) -> None:
    flags = {"notifier.blackhole": "true"}
    spec = {"datasource": {"url": "http://a:8428"}, "ruleSelector": {}, "extraArgs": flags}
    copy = _object("VMRule", "web", {"groups": GROUPS})
    for manifest in (_original(GROUPS), copy, _object("VMAlert", "demo", spec)):
        await api.put(manifest)
    async with running(api) as room:
        await room.until_operational(ALERT)
        await until(lambda: list(_files(room)) == [COPY])
        selected = room.condition(ALERT, "ObjectsSelected")
        assert selected["status"] == "True"
        told = "PrometheusRule default/web: the VMRule of this name says the same"
        assert told in selected["message"]
        await until(lambda: room.status(ref_of(copy)).get("updateStatus") == "operational")

        await api.put(_original(OTHERS))
        await until(lambda: sorted(_files(room)) == [ORIGINAL, COPY])
        told = "PrometheusRule default/web: the VMRule of this name differs, and both are used"
        await until(lambda: told in room.condition(ALERT, "ObjectsSelected")["message"])

        await api.remove(ref_of(copy))
        await until(lambda: list(_files(room)) == [ORIGINAL])
        await until(
            lambda: (
                room.condition(ALERT, "ObjectsSelected")["message"]
                == "selects 1 VMRule, PrometheusRule"
            )
        )
