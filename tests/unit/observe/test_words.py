"""Words of programs: the line that tells why, and nothing of the secrets that it quotes."""

from __future__ import annotations

import json

import pytest

from vmoperator.observe.words import last_words, without_values

SLACK = "https://hooks.slack.com/services/T0/B0/grep-2e8b%zz"
ALERTMANAGER = {
    "alertmanager.yaml": (
        "global: {smtp_smarthost: mail-grep-1f7a}\n"
        "route: {receiver: team}\n"
        "receivers:\n"
        "- name: team\n"
        f'  slack_configs: [{{api_url: "{SLACK}", channel: alerts}}]\n'
        "  opsgenie_configs: [{responders: [{type: Grep-3d9c}]}]\n"
        "  webhook_configs: [{url: 'http://user:grep-4cad@host:99x/', max_alerts: grep-5bbe77}]\n"
    )
}

REFUSALS = {
    "a URL": (
        f'failed to reload config: parse "{SLACK}": invalid URL escape "%zz"',
        'failed to reload config: parse "…": invalid URL escape "…"',
    ),
    "a part of a URL": (
        'parse "http://user:grep-4cad@host:99x/": invalid port ":99x" after host',
        'parse "…": invalid port "…" after host',
    ),
    "a value of another type": (
        "yaml: unmarshal errors: line 5: cannot unmarshal !!str `grep-5b...` into uint64",
        "yaml: unmarshal errors: line 5: cannot unmarshal !!str `…` into uint64",
    ),
    "a value without quotes": (
        "address mail-grep-1f7a: missing port in address",
        "address …: missing port in address",
    ),
    "a value that is cut": (f'parse "{SLACK[:-8]}…', 'parse "……'),
    "a value in small letters": (
        "opsGenieConfig responder { x grep-3d9c} type does not match valid options",
        "opsGenieConfig responder { x …} type does not match valid options",
    ),
}


@pytest.mark.parametrize(("words", "told"), REFUSALS.values(), ids=REFUSALS)
def test_what_a_program_quotes_from_its_files_is_not_told(words: str, told: str) -> None:
    assert without_values(words, ALERTMANAGER) == told


def test_a_file_of_one_line_of_json_is_hidden_alike() -> None:
    route = {"receiver": "team", "slack_configs": [{"api_url": SLACK}]}
    files = {"alertmanager.yaml": json.dumps(route, separators=(",", ":"))}
    told = without_values(f'api_url: parse "{SLACK}": invalid receiver', files)
    assert told == 'api_url: parse "…": invalid receiver'


@pytest.mark.parametrize(
    "words",
    [
        "yaml: line 4: field smtp_smarthost not found in type config.plain",
        'cannot read "/etc/vmagent/config/jobs.yaml": unexpected end',
        "loaded no file of /etc/vmagent/config/jobs.yaml",
    ],
)
def test_keys_and_places_are_told(words: str) -> None:
    files = {**ALERTMANAGER, "vmagent.yaml": "scrape_config_files: [/etc/vmagent/config/jobs.yaml]"}
    assert without_values(words, files) == words


def test_without_files_nothing_is_hidden() -> None:
    assert without_values(f'parse "{SLACK}"', {}) == f'parse "{SLACK}"'


def test_alertmanager_tells_its_error_and_not_what_comes_after_it() -> None:
    log = (
        'time=2026-11-23T03:15:41.1Z level=INFO source=main.go:191 msg="Starting Alertmanager"\n'
        "time=2026-11-23T03:15:41.4Z level=ERROR source=coordinator.go:116"
        ' msg="Loading configuration file failed" file=/x err="parse \\"h\\": invalid"\n'
        'time=2026-11-23T03:15:41.5Z level=INFO msg="gossip not settled" polls=0\n'
    )
    assert last_words(log) == 'Loading configuration file failed: parse "h": invalid'


def test_a_log_of_json_tells_its_error() -> None:
    lines = [
        {"time": "2026", "level": "ERROR", "msg": "Loading failed", "err": "no route"},
        {"time": "2026", "level": "INFO", "msg": "gossip not settled"},
    ]
    log = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    assert last_words(log) == "Loading failed: no route"


@pytest.mark.parametrize(
    "said",
    [
        "flag provided but not defined: -noSuchFlag",
        "flag needs an argument: -retentionPeriod",
        'invalid value "x" for flag -memory.allowedPercent: parse error',
        'invalid boolean value "x" for -enableTCP6: strconv.ParseBool: parsing "x": invalid syntax',
    ],
)
def test_of_a_wrong_flag_its_name_is_told_and_not_what_the_program_is_for(said: str) -> None:
    usage = 'vmagent collects metrics data.\n\nRun "/vmagent-prod -help" in order to see all flags'
    assert last_words(f"{said}\n\n{usage}\n") == said
