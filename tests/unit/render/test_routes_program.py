"""The real amtool takes whatever is made of objects that are not refused."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.unit.render.alertmanager_configs import AROUND, any_config, config
from tests.unit.render.real_programs import answer

from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.matchers import Mode, matcher_problem
from vmoperator.render.routes.options import Options
from vmoperator.render.routes.recipe import piece

OBJECTS = 150
GLOBAL = {
    "smtp_smarthost": "mail:25",
    "smtp_from": "a@example.com",
    "slack_api_url": "https://example.com",
    "opsgenie_api_key": "k",
    "victorops_api_key": "k",
    "wechat_api_secret": "k",
    "wechat_api_corp_id": "k",
    "telegram_bot_token": "k",
    "jira_api_url": "https://example.com",
    "rocketchat_token": "k",
    "rocketchat_token_id": "k",
}
MATCHERS = (
    *("a=b", 'a="b"', '{a="b",c=~"d.*"}', "a=", 'a=""', "", "{}", "a=b,c=d", "a=b,", '{a="b",}'),
    *(" a = b ", "é=x", '"a b"="c"', 'a.b="c"', "a=~b|c", 'a!~"x"', 'a="b\\d"', 'a=~"b\\\\d"'),
    *('a=~"("', "a", "a==b", "{", "}", "a=b c=d", "a=b,,c=d", 'foo=bar"baz', "a='b'", "a=b{"),
    *("a=~a++", 'a=~"a{1001}"', 'a=~"a{2,1}"', 'a=~"(?=x)"', 'a=~"[[:foo:]]"', 'a=~"\\\\u1234"'),
    *('a=~"(?<n>x)"', 'a=~"(?i)x"', 'a=~"\\\\p{Greek}"', 'a="\\x41"', '"\\q"=x', "a~b", "{,}"),
)


def _refused(document: dict[str, Any], path: Path, *flags: str) -> str:
    file = path / "alertmanager.yaml"
    file.write_text(json.dumps(document))
    code, output = answer("amtool", *flags, "check-config", str(file))
    return output if code else ""


def _document(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    def every(key: str) -> list[Any]:
        return [entry for piece in pieces for entry in piece.get(key, ())]

    return {
        "global": GLOBAL,
        "route": {"receiver": "none", "routes": [it["route"] for it in pieces]},
        "receivers": [{"name": "none"}, *every("receivers")],
        "inhibit_rules": every("inhibit_rules"),
    }


@pytest.mark.parametrize("has_global", [True, False], ids=["global section", "none"])
@pytest.mark.parametrize("seed", range(4))
def test_amtool_takes_all_objects_that_are_not_refused(
    seed: int, has_global: bool, tmp_path: Path
) -> None:
    random = Random(seed)  # noqa: S311  # the same objects on every run
    options = Options(version=(0, 31), global_fields=frozenset(GLOBAL if has_global else ()))
    made = []
    for number in range(OBJECTS):
        try:
            found = config(any_config(random, f"n{number}"), f"n{number}")
            made.append(json.loads(piece(found, AROUND, options)))
        except SpecInvalid:
            continue
    document = _document(made) if has_global else {**_document(made), "global": {}}
    assert len(made) > OBJECTS / 6
    assert _refused(document, tmp_path) == ""


@pytest.mark.parametrize("line", MATCHERS)
@pytest.mark.parametrize(
    ("mode", "flags"),
    [
        pytest.param(Mode.EITHER, (), id="either"),
        pytest.param(Mode.UTF8, ("--enable-feature=utf8-strict-mode",), id="utf8"),
        pytest.param(Mode.CLASSIC, ("--enable-feature=classic-mode",), id="classic"),
    ],
)
def test_matchers_are_read_as_alertmanager_reads_them(
    line: str, mode: Mode, flags: tuple[str, ...], tmp_path: Path
) -> None:
    route = {"receiver": "a", "routes": [{"matchers": [line]}]}
    refused = _refused({"route": route, "receivers": [{"name": "a"}]}, tmp_path, *flags)
    assert bool(matcher_problem(line, mode)) == bool(refused)
