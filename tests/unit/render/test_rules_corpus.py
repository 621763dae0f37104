"""Many expressions, templates and whole objects against the real vmalert: we refuse no more."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.render.alerts import planned
from tests.unit.render.real_programs import answer
from tests.unit.render.rules import ALERT, refusals, rule_texts, selecting, vmrule

from vmoperator.base.manifest import Manifest
from vmoperator.render.rules.logsql import logs_problem
from vmoperator.render.rules.metricsql import shape_problem
from vmoperator.render.rules.templates import template_problem

_FAILED = re.compile(r'in file "[^"]*/(\d+)\.yaml"|parse file "[^"]*/(\d+)\.yaml"')
_EXPRESSION = [
    *("up", "sum", "rate", "a\\(b", "by", "(", ")", "(", ")", "[", "]", "[5m]", "{", "}", '"', "'"),
    *("`", '"a"', "'b'", "`c`", '"(\\""', "'\\\\'", "`\\`", "=", "=~", "{a=", "}", "#", "# (\n"),
    *("\n", "1", "+", " ", " ", ",", "\\", "or", "WITH (a = b)", "{}", "@", "offset 5m", "é", "$"),
]
_TEMPLATE = [
    *("{{", "}}", "{{", "}}", "{{-", "-}}", " ", "$value", ".Value", "|", "printf", '"%.2f"', '"'),
    *("'", "`", "if", "end", "{{ end }}", "{{ if .Value }}", "range", "else", "{{ else }}", "/*"),
    *("{{/* }} */}}", "*/", "text", "{", "}", "\n", "{{ $labels.a }}", "'}'", '"}}"', "`}}`"),
    *("{{ with .Value }}", "end", "$labels", ".Labels.end", "{{ $end := 1 }}", "(", ")", "\\"),
]
_FILTERS = [
    *("error", "*", "_time:5m", 'a:"b | c"', "a:in(b,c)", "a:range(1, 2]", "_time:[1h, 5m)", "-b"),
    *('{a="b",c=~"d"}', "a:~'f(oo'", "a:>5", "!b", "(a or b)", "a:in(* | fields b)", 'a:"b\\"c"'),
    *("`(`", "a#b\n", "# c (\n*", "a.b:c", "a:{b=c}", "'", '"', "(", "]", "a:", "|"),
]
_BEFORE = ["", "", "| fields a", "| limit 5 ", '| extract "<a> ("', "| unpack_json", "| x", "| ("]
_STATISTICS = [
    *("| stats count() x", "|STATS by (a, b:5) count() c, sum(d) e", "| Count()", "|\n max(a) b"),
    *("| by (a) avg(b) c", "| stats count() if (a:b or c) d", "| stats_remote sum(a) b", "stats"),
    *("", "| stats", "| filter a:b", "| stats count( x", "| stats nothing() x"),
]
_BEHIND = ["", "", "", "| filter x:>0", "| math x/2 as y", "| sort by (x)", "| unpack_json", "|"]
_COUNT = 3000


def _texts(parts: list[str], seed: int) -> list[str]:
    dice = random.Random(seed)  # noqa: S311  # no secret
    return ["".join(dice.choices(parts, k=dice.randint(1, 9))) for _ in range(_COUNT)]


def _refused(rules: Iterable[Manifest], folder: Path, **group: str) -> set[int]:
    """Numbers of the rules, each in a file of its own, that vmalert refuses."""
    for number, rule in enumerate(rules):
        document = {"groups": [{"name": "g", "rules": [rule], **group}]}
        (folder / f"{number}.yaml").write_text(json.dumps(document))
    whole = "-loggerMaxArgLen=100000000"
    _, output = answer("vmalert", "-dryRun", whole, f"-rule={folder}/*.yaml")
    return {int(first or second) for first, second in _FAILED.findall(output)}


def test_an_expression_that_we_refuse_is_refused_by_vmalert(tmp_path: Path) -> None:
    texts = _texts(_EXPRESSION, 1)
    theirs = _refused(({"alert": "A", "expr": text} for text in texts), tmp_path)
    ours = {number for number, text in enumerate(texts) if shape_problem(text)}
    assert [texts[number] for number in sorted(ours - theirs)] == []
    assert 0 < len(ours) < len(theirs) < _COUNT


def test_a_template_that_we_refuse_is_refused_by_vmalert(tmp_path: Path) -> None:
    texts = _texts(_TEMPLATE, 2)
    rules = ({"alert": "A", "expr": "up", "annotations": {"a": text}} for text in texts)
    theirs = _refused(rules, tmp_path)
    ours = {number for number, text in enumerate(texts) if template_problem(text)}
    assert [texts[number] for number in sorted(ours - theirs)] == []
    assert 0 < len(ours) < len(theirs) < _COUNT


def test_a_query_of_logs_that_we_refuse_is_refused_by_vmalert(tmp_path: Path) -> None:
    dice = random.Random(3)  # noqa: S311  # no secret
    parts = (_FILTERS, _FILTERS, _BEFORE, _STATISTICS, _BEHIND)
    texts = [" ".join(map(dice.choice, parts)) for _ in range(_COUNT)]
    theirs = _refused(({"alert": "A", "expr": text} for text in texts), tmp_path, type="vlogs")
    ours = {number for number, text in enumerate(texts) if logs_problem(text)}
    assert [texts[number] for number in sorted(ours - theirs)] == []
    assert _COUNT / 10 < len(ours) < len(theirs) < _COUNT * 0.9


_TEXT = st.text(max_size=20).filter(lambda it: "{{" not in it and not _is_half(it))
_TIME = st.sampled_from(["", "0", "5", "1.5h", "30s", "1h30m", "2d", "1w", "500ms", "1y", "300y"])
_LABELS = st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.]{0,8}", fullmatch=True), _TEXT)
_ANNOTATIONS = st.dictionaries(
    st.text(min_size=1, max_size=60).filter(lambda it: not _is_half(it)), _TEXT
)
_NAME = st.text(min_size=1, max_size=20).filter(lambda it: not _is_half(it))
_HEADER = st.sampled_from(["", "A: b", "X-A:", 'X-Quote: "'])


def _is_half(text: str) -> bool:
    """Half of a character beyond 16 bits, which no JSON from the API server holds."""
    return any(0xD800 <= ord(it) <= 0xDFFF for it in text)


def _some(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=fields)


_MORE_OF_RULES = _some(
    **{"for": _TIME},
    keep_firing_for=_TIME,
    labels=_LABELS,
    annotations=_ANNOTATIONS,
    debug=st.booleans(),
    update_entries_limit=st.integers(0, 2**31 - 1),
)
_MORE_OF_GROUPS = _some(
    interval=_TIME,
    limit=st.integers(0, 2**31 - 1),
    eval_delay=_TIME,
    eval_offset=_TIME,
    eval_alignment=st.booleans(),
    concurrency=st.integers(0, 9),
    labels=_LABELS,
    params=st.dictionaries(_NAME, st.lists(_TEXT, max_size=2), max_size=2),
    type=st.just("prometheus"),
    headers=st.lists(_HEADER, max_size=2),
    notifier_headers=st.lists(_HEADER, max_size=2),
)
_RULE = st.builds(
    lambda key, name, more: {key: name, "expr": "up", **more},
    st.sampled_from(["alert", "record"]),
    _NAME,
    _MORE_OF_RULES,
)
_GROUP = st.builds(
    lambda name, rules, more: {"name": name, "rules": rules, **more},
    _NAME,
    st.lists(_RULE, max_size=4),
    _MORE_OF_GROUPS,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(_GROUP, min_size=1, max_size=3), min_size=1, max_size=5))
def test_whatever_is_taken_is_sound_to_vmalert(
    tmp_path: Path, objects: list[list[Manifest]]
) -> None:
    found = [vmrule(*groups, name=f"r{number}") for number, groups in enumerate(objects)]
    always = vmrule({"name": "always", "rules": [ALERT]}, name="always")
    write: dict[str, Any] = {"remoteWrite": {"url": "http://a"}}
    plan = planned(selecting(*found, always), ruleSelector={}, **write)
    texts = rule_texts(plan)
    assert len(texts) == len(found) + 1 - len(refusals(plan))
    for path in tmp_path.iterdir():
        path.unlink()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert answer("vmalert", "-dryRun", f"-rule={tmp_path}/*.yaml")[0] == 0
