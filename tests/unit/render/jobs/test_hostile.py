"""Objects that would cost others their jobs: nothing that one says spoils a file for all."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.scrapes import around, job, refusal, refusals, scrape, secrets_of
from tests.unit.render.real_programs import answer

from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.re2 import re2_problem
from vmoperator.render.series_selector import series_selector_problem

KIND = "VMStaticScrape"
SOUND_EXPRESSIONS = (
    *("a", "", "a|b", "(?i)a", "(?s-m:a)", "(?P<n>a)", "(?<n>a)", "a{2}", "a{,2}", "a{x", "{", "}"),
    *(r"\pN", r"\p{^Greek}", r"\x41", r"\x{41}", r"\07", r"\12", r"\_", r"\-", r"\Qa.b\E", "[]a]"),
    *("[[:alpha:]_-]", "[a-]", "[^]]", r"[\d\s]", "a*?", "(a{30}){33}", "(a|b)+", r"\.", "^a$"),
)
ODD_EXPRESSIONS = (
    *("(", ")", "[", "*", "a**", "a++", "a{2}{3}", "a{1001}", "a{2,1}", "(a{500}){3}", "[z-a]"),
    *("(?=a)", "(?!a)", "(?>a)", "(?#a)", "(?x)a", "(?P=n)", "(?P<é>a)", "(?", "a)(b", "[[:foo:]]"),
    *(r"\1", r"\8", r"\Z", r"\C", r"\X", r"\u0041", r"\é", r"\E", r"\p{Foo}", r"\x{110000}", "\\"),
    *(r"\Qa", r"[\b]", r"[a-\d]", "(|*)"),
)
SOUND_SELECTORS = (
    *("a", "a:b", "{}", "a{}", '{a="b"}', "{a='b'}", "{a=`b`}", '{a="b",}', ' {a != "b"} '),
    *('{a=~"b.*"}', '{a="b" or c="d"}', '{"a b"}', '{"a"="b"}', 'foo{a!~"x|y",b="c"}'),
    *(r'{a=~"\\d+\\.x"}', '{or="a"}', '{a="{}"}'),
)
ODD_SELECTORS = (
    *("", "{", "{a}", "{a=}", '{1a="b"}', '{a="b" or}', '{a="b";c="d"}', '{a="b"}{', '{a=="b"}'),
    *('{a=~"("}', '{a=~"a++"}', "foo bar", "1", "NaN", "-a", "rate(a)", 'a{b="c"}[5m]', "{a=b}"),
    *(r'{a="\z"}', "{,}", '{a="b"c="d"}', "a offset 5m", '{a="b"} or {c="d"}'),
)
MOST = {"sampleLimit": 2**63 - 1, "seriesLimit": 2**31 - 1}
TEXTS = (
    *("%{HOME}", "$1", "a'b", 'a"b', "\\", "\x85", "\u2028", "\ufeff", "\x00", "\x7f", "\ufffe"),
    *("~", "null", "{{", "a: b", "#", "- ", "\t", "é", "🙂", "!!binary x", "&a", "*a", "\r\n", "y"),
)


@pytest.mark.parametrize("text", SOUND_EXPRESSIONS)
def test_an_expression_that_go_takes_is_taken(text: str) -> None:
    assert re2_problem(text) is None


@pytest.mark.parametrize("text", ODD_EXPRESSIONS)
def test_an_expression_that_go_refuses_is_refused(text: str) -> None:
    assert str(re2_problem(text)).startswith("is no regular expression of RE2: ")


@pytest.mark.parametrize("text", SOUND_SELECTORS)
def test_a_selector_that_agents_read_is_taken(text: str) -> None:
    assert series_selector_problem(text) is None


@pytest.mark.parametrize("text", ODD_SELECTORS)
def test_a_selector_that_agents_cannot_read_is_refused(text: str) -> None:
    assert series_selector_problem(text)


def _rule(**rule: Any) -> dict[str, Any]:
    return {"relabelConfigs": [rule]}


def _noise(chance: random.Random, alphabet: str) -> str:
    return "".join(chance.choice(alphabet) for _ in range(chance.randint(0, 9)))


def _endpoints() -> list[dict[str, Any]]:
    chance = random.Random(7)
    expressions = [
        *SOUND_EXPRESSIONS,
        *ODD_EXPRESSIONS,
        *(_noise(chance, "ab()[]{}*+?|^$\\.1,:<>P=!xQE") for _ in range(700)),
    ]
    selectors = [
        *SOUND_SELECTORS,
        *ODD_SELECTORS,
        *(_noise(chance, "ab{}=\"~!,' or(1[]*") for _ in range(500)),
        *(f"{{a=~{json.dumps(it)}}}" for it in expressions),
    ]
    proxies = [f"http://{_noise(chance, 'a:/@[]%1.-_~?#&{}|<>^`')}" for _ in range(300)]
    return [
        *(_rule(action="labeldrop", regex=it) for it in expressions),
        *(_rule(action="keep", **{"if": it}) for it in selectors),
        *({"proxyURL": it} for it in proxies),
        *({"labels": {it: it}, "params": {it: [it]}, "path": it} for it in TEXTS),
        *(_rule(target_label=it, replacement=it, separator=it) for it in TEXTS),
        *({"vm_scrape_params": {"headers": [f"a:{it}"]}} for it in TEXTS),
        *({"max_scrape_size": it} for it in (*TEXTS, "1KB", 5, 0)),
        *({"scrapeTimeout": it} for it in ("5s", "1.5h", "0s", "99999999y")),
        *({key: it} for key in ("sampleLimit", "seriesLimit") for it in (0, 2**63 - 1, 2**63)),
    ]


def _object(number: int, endpoint: dict[str, Any]) -> SelectedObject | None:
    try:
        spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
        return scrape(KIND, spec, f"n{number}")
    except SpecInvalid:
        return None


def test_the_program_loads_the_job_of_every_object_that_is_not_refused(tmp_path: Path) -> None:
    found = [_object(number, it) for number, it in enumerate(_endpoints())]
    made = planned(around(*(it for it in found if it is not None)))
    lines = [
        line
        for name, data in secrets_of(made).items()
        if "-jobs-" in name
        for line in data["jobs.yaml"].splitlines()
    ]
    assert len(lines) > 500
    assert len(refusals(made)) > 500
    for number, line in enumerate(lines):
        (tmp_path / f"{number}.yml").write_bytes(line)
    (tmp_path / "main.yaml").write_text(json.dumps({"scrape_config_files": [f"{tmp_path}/*.yml"]}))
    _, output = answer(
        "vmagent",
        "-dryRun",
        "-promscrape.config.strictParse=false",
        f"-promscrape.config={tmp_path}/main.yaml",
        "-remoteWrite.url=http://127.0.0.1:1",
        "-loggerErrorsPerSecondLimit=0",
    )
    wrong = re.findall(r"\t(?:error|fatal|panic)\t.*", output)
    assert wrong == []


@pytest.mark.parametrize(("field", "most"), MOST.items(), ids=MOST)
def test_a_limit_of_an_endpoint_over_which_agents_would_end_is_refused(
    field: str, most: int
) -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], field: most + 1}]}
    assert refusal(KIND, spec) == f"spec.targetEndpoints[0].{field}: must be at most {most}"


@pytest.mark.parametrize(("field", "most"), MOST.items(), ids=MOST)
@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("VMServiceScrape", {"endpoints": [{}]}),
        ("VMPodScrape", {"podMetricsEndpoints": [{}]}),
        ("VMStaticScrape", {"targetEndpoints": [{"targets": ["a:1"]}]}),
        ("VMNodeScrape", {}),
    ],
)
def test_a_limit_of_a_whole_object_over_which_agents_would_end_is_refused(
    kind: str, spec: dict[str, Any], field: str, most: int
) -> None:
    assert refusal(kind, {**spec, field: most + 1}) == f"spec.{field}: must be at most {most}"
    assert job(kind, {**spec, field: most})


@pytest.mark.parametrize("name", ["a" * 2000, 'a":' * 700], ids=["plain", "with-quotes"])
def test_a_name_that_yaml_cannot_hold_is_refused(name: str) -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], "labels": {name: "b"}}]}
    assert refusal(KIND, spec) == "spec: has a name of more than 1000 bytes"
