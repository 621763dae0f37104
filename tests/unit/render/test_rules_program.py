"""The real vmalert evaluates the rules of selected objects, and follows them without a restart."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.unit.render.alerts import planned
from tests.unit.render.real_programs import answer, free_port, program
from tests.unit.render.rules import ALERT, RECORD, group, rule_texts, selecting, vmrule
from tests.unit.render.vmalert_process import Vmalert, receiver, running, until

from localcluster.patience import drawn_out
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.manifest import Ref
from vmoperator.observe.loading import RULES_PAGE, markers_of_rules
from vmoperator.observe.rules import SICK_PAGE, sick_rules
from vmoperator.render import Plan
from vmoperator.render.plan import Delivery

QUICK = {"group.maxStartDelay": "1ms"}
EVERYTHING = group(
    {
        **ALERT,
        "for": "1m",
        "keep_firing_for": "1h30m",
        "debug": True,
        "labels": {"severity": "none", "a.b": "{{ $labels.job }}"},
        "annotations": {"summary": 'is {{ $value | printf "%.2f" }}: 100%{', "e": "\u2028\x85"},
        "update_entries_limit": 5,
    },
    RECORD,
    name='everything "at" once',
    interval="1d",
    limit=10,
    eval_offset="-5m",
    eval_alignment=False,
    concurrency=2,
    labels={"team": "a"},
    params={"nocache": ["1"]},
    type="prometheus",
    headers=["X-A: b"],
    notifier_headers=["X-B: c", ""],
)


def _plan(port: int, *objects: SelectedObject, **spec: Any) -> Plan:
    url = {"url": f"http://127.0.0.1:{port}"}
    given = {"datasource": url, "remoteWrite": url, "notifier": url, "ruleSelector": {}, **spec}
    return planned(selecting(*objects), evaluationInterval="1s", extraArgs=QUICK, **given)


def _files(vmalert: Vmalert) -> list[tuple[str, str]]:
    return sorted((Path(it["file"]).name, it["name"]) for it in vmalert.groups())


def test_rules_come_change_and_go_while_vmalert_runs(tmp_path: Path) -> None:
    with receiver() as there, running(_plan(there.port), tmp_path, {}) as vmalert:
        assert vmalert.groups() == []
        vmalert.reload(_plan(there.port, vmrule(), vmrule(namespace="other")))
        both = [("monitoring_rules.vmrule.yaml", "group"), ("other_rules.vmrule.yaml", "group")]
        until(lambda: _files(vmalert) == both)
        changed = vmrule(group({**ALERT, "expr": "vector(2)"}))
        vmalert.reload(_plan(there.port, changed))
        until(lambda: [it["rules"][0]["query"] for it in vmalert.groups()] == ["vector(2)"])
        vmalert.reload(_plan(there.port))
        until(lambda: vmalert.groups() == [])


AWKWARD = (
    group(
        {
            **ALERT,
            "expr": "  up == 0 # c\n  and 1 < 2\t",
            "annotations": {"a": "", "%{HOME}": "é\n"},
        },
        {**ALERT, "expr": "vector(3) > 1", "labels": {"a": "b"}},
        {**RECORD, "expr": '"%{HOME}"'},
        name="b",
    ),
    group(name="a: #"),
    {"name": "none", "rules": []},
)


def test_vmalert_shows_by_its_rules_which_content_it_runs(tmp_path: Path) -> None:
    def shown(vmalert: Vmalert) -> frozenset[str]:
        page = vmalert.text(RULES_PAGE).replace(str(tmp_path), "")
        return markers_of_rules(page)

    with receiver() as there, running(_plan(there.port), tmp_path, {}) as vmalert:
        assert shown(vmalert) == _markers(_plan(there.port)) == frozenset()
        seen = set[frozenset[str]]()
        for objects in (
            (vmrule(EVERYTHING), vmrule(*AWKWARD, namespace="other")),
            (vmrule(EVERYTHING), vmrule(*AWKWARD[:2], namespace="other")),
            (vmrule(*AWKWARD, namespace="other"),),
        ):
            wanted = _markers(_plan(there.port, *objects))
            assert wanted not in seen
            seen.add(wanted)
            vmalert.reload(_plan(there.port, *objects))
            until(lambda wanted=wanted: shown(vmalert) == wanted)


def test_of_rules_that_name_a_variable_nobody_knows_what_vmalert_shows() -> None:
    named = vmrule(group({**ALERT, "annotations": {"a": "%{POD}"}}))
    variable = {"name": "POD", "value": "b"}
    assert _delivery(_plan(1, named)).markers
    assert _delivery(_plan(1, named, extraEnvs=[variable])).markers is None


def _delivery(plan: Plan) -> Delivery:
    found = plan.stages[0].config
    assert found is not None
    return found


def _markers(plan: Plan) -> frozenset[str]:
    found = _delivery(plan).markers
    assert found is not None
    return found


def test_what_becomes_of_other_objects_makes_no_alert_pending_again(tmp_path: Path) -> None:
    slow = vmrule(group({**ALERT, "for": "1h"}))

    def since(vmalert: Vmalert) -> str | None:
        found = [
            it for it in vmalert.groups() if it["file"].endswith("monitoring_rules.vmrule.yaml")
        ]
        alerts = found[0]["rules"][0].get("alerts") if found else None
        return alerts[0]["activeAt"] if alerts else None

    with receiver() as there, running(_plan(there.port, slow), tmp_path, {}) as vmalert:
        before = until(lambda: since(vmalert))
        others = [vmrule(name=f"other-{number}") for number in range(40)]
        vmalert.reload(_plan(there.port, slow, *others))
        until(lambda: len(vmalert.groups()) == 41)
        assert since(vmalert) == before


def test_every_field_is_taken_as_it_is_written(tmp_path: Path) -> None:
    with receiver() as there:
        plan = _plan(there.port, vmrule(EVERYTHING))
        with running(plan, tmp_path, {}) as vmalert:
            (found,) = vmalert.groups()
    assert (found["name"], found["interval"]) == ('everything "at" once', 86400)
    assert (found["concurrency"], found["eval_offset"]) == (2, -300)
    assert (found["labels"], found["params"]) == ({"team": "a"}, ["nocache=1"])
    assert (found["headers"], found["notifier_headers"]) == (["X-A: b"], ["X-B: c"])
    alert, record = found["rules"]
    assert (alert["duration"], alert["keep_firing_for"]) == (60, 5400)
    assert alert["annotations"]["summary"] == 'is {{ $value | printf "%.2f" }}: 100%{'
    assert alert["annotations"]["e"] == "\u2028\x85"
    assert (alert["max_updates_entries"], record["name"]) == (5, "one")


def test_an_expression_that_only_vmalert_knows_to_be_wrong_leaves_all_others_running(
    tmp_path: Path,
) -> None:
    sick = group({"alert": "Sick", "expr": "nosuchfunction(up) by"}, name="sick")
    with receiver() as there:
        plan = _plan(there.port, vmrule(), vmrule(sick, name="sick"))
        with running(plan, tmp_path, {}) as vmalert:
            assert len(vmalert.groups()) == 2
            assert there.waited("/api/v2/alerts")


@pytest.mark.parametrize(
    "text",
    ["{{ nofunc }}", "{{ $unknown }}"],
    ids=["function", "variable"],
)
def test_a_template_that_only_vmalert_knows_to_be_wrong_keeps_it_from_nothing_and_is_told(
    text: str, tmp_path: Path
) -> None:
    sick = group({**ALERT, "alert": "Sick", "annotations": {"summary": text}}, name="sick")
    objects = vmrule(), vmrule(sick, name="sick")
    with receiver() as there:
        plan = _plan(there.port, *objects)
        with running(plan, tmp_path, {}) as vmalert:
            refs = [Ref(it.kind, it.metadata.namespace, it.metadata.name) for it in objects]
            found = until(lambda: sick_rules(vmalert.text(SICK_PAGE), refs))
            assert list(found) == [refs[1]]
            assert found[refs[1]].startswith("spec.groups: sick: alert Sick: ")
            assert there.waited("/api/v2/alerts")


def test_alerts_without_a_notifier_are_evaluated_and_shown(tmp_path: Path) -> None:
    with receiver() as there:
        plan = _plan(there.port, vmrule(), notifier=None)
        with running(plan, tmp_path, {}) as vmalert:
            until(lambda: vmalert.groups()[0]["rules"][0]["state"] == "firing")


def test_vmalert_takes_no_value_of_its_environment_for_a_rule(tmp_path: Path) -> None:
    leaking = vmrule(group({**ALERT, "annotations": {"a": "%{HOME} %{REGION} %{HOM"}}))
    plan = planned(
        selecting(leaking),
        ruleSelector={},
        extraEnvs=[
            {"name": "REGION", "value": "north"},
            {"name": "HOME", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
    )
    (text,) = rule_texts(plan).values()
    shown = _as_vmalert_reads(text, tmp_path, {"HOME": 'the "secret"', "REGION": "north"})
    assert shown == "%{HOME} north %{HOM"


def _as_vmalert_reads(text: str, root: Path, environment: dict[str, str]) -> str:
    path = root / "rules.yaml"
    path.write_text(text)
    vmalert = Vmalert(root, free_port())
    process = subprocess.Popen(  # noqa: S603  # a program of our own cache
        [
            program("vmalert"),
            f"-httpListenAddr=127.0.0.1:{vmalert.port}",
            f"-rule={path}",
            "-datasource.url=http://127.0.0.1:1",
            "-notifier.blackhole",
        ],
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        found = until(lambda: _answered(vmalert))
        return str(found[0]["rules"][0]["annotations"]["a"])
    finally:
        process.terminate()
        process.wait(timeout=drawn_out(10))


def _answered(vmalert: Vmalert) -> list[dict[str, Any]]:
    try:
        return vmalert.groups()
    except OSError:
        return []


SOUND = [
    "up",
    "sum(rate(http_requests_total{job=~\"a|b\", code!='500'}[5m:1m] offset 1h)) by (job) > 0",
    'WITH (x(a) = a + 1, y = `raw ("`) x({__name__=~"foo\\\\("}) or y',
    'foo\\(bar{a="}"} # a comment ( [ {\n + 1',
    "{__name__=\"a\" or job='b\\''}[1h]",
    "histogram_quantile(0.9, sum(increase(a_bucket[$__interval])) by (le, vmrange)) @ end()",
    '{"http.requests", "a.b"="c"}',
    "1 # `",
    'foo\\"bar',
]


@pytest.mark.parametrize("expression", SOUND)
def test_no_expression_is_refused_that_vmalert_takes(expression: str, tmp_path: Path) -> None:
    (text,) = rule_texts(
        planned(selecting(vmrule(group({"alert": "A", "expr": expression}))), ruleSelector={})
    ).values()
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    code, output = answer("vmalert", "-dryRun", f"-rule={path}")
    assert code == 0, output
