"""The real vmalert takes what is rendered for it, and does what it says."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.unit.render.alerts import alertmanager, planned
from tests.unit.render.vmalert_process import receiver, running, until

from vmoperator.api.around import Known

SECRETS = {"s": {"user": b"me", "pass": b"hunter2", "token": b"t0ken", "id": b"the-client"}}
BASIC = {"username": {"name": "s", "key": "user"}, "password": {"name": "s", "key": "pass"}}
TOKEN = {"name": "s", "key": "token"}
RULES = """
groups:
  - name: good
    interval: 1s
    rules:
      - alert: Always
        expr: vector(1)
        for: 1s
      - record: one
        expr: vector(1)
  - name: sick
    interval: 1s
    rules:
      - alert: Broken
        expr: sum(
"""


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def test_vmalert_starts_without_any_rule_or_notifier(tmp_path: Path) -> None:
    plan = planned(rulePath=["/nowhere/*.yaml", "/nowhere/{a,b}.yaml"])
    with running(plan, tmp_path, {}) as vmalert:
        assert vmalert.notifiers() == []


def test_every_field_becomes_a_flag_that_vmalert_reads_as_it_was_meant(tmp_path: Path) -> None:
    rules = tmp_path / "odd, name.yaml"
    rules.write_text(RULES)
    with receiver() as there:
        base = f"http://127.0.0.1:{there.port}"
        plan = planned(
            Known(secrets=SECRETS),
            datasource={"url": f"{base}/query", "basicAuth": BASIC, "headers": ["X-A: 1, 2"]},
            remoteWrite={
                "url": f"{base}/write",
                "bearerTokenSecret": TOKEN,
                "concurrency": 1,
                "flushInterval": "1s",
                "maxBatchSize": 10,
                "maxQueueSize": 100,
            },
            remoteRead={"url": f"{base}/read", "lookback": "2h", "bearerTokenSecret": TOKEN},
            notifier={"url": f"{base}/prefix/", "basicAuth": BASIC, "headers": ["X-B: a, b"]},
            rulePath=[str(rules)],
            evaluationInterval="1s",
            externalLabels={"cluster": 'a, "b"', "replica": "x"},
            logLevel="WARN",
            logFormat="json",
            extraArgs={"group.maxStartDelay": "1ms"},
        )
        with running(plan, tmp_path, SECRETS):
            query = there.waited("/query/api/v1/query")
            sent = there.waited("/prefix/api/v2/alerts")
            written = there.waited("/write/api/v1/write")
            restored = there.waited("/read/api/v1/query")
    assert query.headers["Authorization"] == _basic("me", "hunter2")
    assert query.headers["X-A"] == "1, 2"
    assert sent.path == "/prefix/api/v2/alerts"
    assert sent.headers["Authorization"] == _basic("me", "hunter2")
    assert sent.headers["X-B"] == "a, b"
    (alert,) = json.loads(sent.body)
    labels = alert["labels"]
    assert (labels["alertname"], labels["cluster"], labels["replica"]) == ("Always", 'a, "b"', "x")
    assert written.headers["Authorization"] == restored.headers["Authorization"] == "Bearer t0ken"


def test_a_broken_rule_leaves_the_others_alone_and_is_named(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with receiver() as there:
        url = {"url": f"http://127.0.0.1:{there.port}"}
        extra = {"group.maxStartDelay": "1ms"}
        plan = planned(datasource=url, remoteWrite=url, rulePath=[str(rules)], extraArgs=extra)
        with running(plan, tmp_path, {}) as vmalert:

            def health() -> dict[str, str] | None:
                groups = vmalert.get("/api/v1/rules")["data"]["groups"]
                found = {rule["name"]: rule["health"] for it in groups for rule in it["rules"]}
                return found if found["Broken"] == "err" else None

            assert until(health) == {"Always": "ok", "one": "ok", "Broken": "err"}


@pytest.mark.parametrize("holder", ["datasource", "notifier"])
def test_every_scope_and_parameter_is_asked_for_when_a_token_is(
    holder: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with receiver() as there:
        base = f"http://127.0.0.1:{there.port}"
        oauth2 = {
            "client_id": {"secret": {"name": "s", "key": "id"}},
            "client_secret": {"name": "s", "key": "pass"},
            "token_url": f"{base}/token",
            "scopes": ["read", "write"],
            "endpoint_params": {"audience": 'a, "b"'},
        }
        spec: dict[str, Any] = {
            "datasource": {"url": f"{base}/query"},
            "remoteWrite": {"url": f"{base}/write"},
            "notifier": {"url": base},
        }
        spec[holder] = {**spec[holder], "oauth2": oauth2}
        extra = {"group.maxStartDelay": "1ms"}
        plan = planned(Known(secrets=SECRETS), rulePath=[str(rules)], extraArgs=extra, **spec)
        with running(plan, tmp_path, SECRETS):
            asked = there.waited("/token")
    assert asked.headers["Authorization"] == _basic("the-client", "hunter2")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["read write"],
        "audience": ['a, "b"'],
    }


def test_a_file_of_the_users_own_says_who_is_notified(tmp_path: Path) -> None:
    file = b"static_configs: [{targets: ['other:9093']}]"
    secrets = {"s": {"notifiers.yml": file}}
    reference = {"name": "s", "key": "notifiers.yml"}
    plan = planned(Known(secrets=secrets), notifierConfigRef=reference)
    with running(plan, tmp_path, secrets) as vmalert:
        assert vmalert.notifiers() == ["http://other:9093/api/v2/alerts"]


def test_a_scaled_vmalertmanager_is_known_after_a_reload(tmp_path: Path) -> None:
    secrets = {"s": {"token": b"key"}}
    spec: dict[str, Any] = {
        "notifier": {"url": "http://vmalertmanager-main:9093"},
        "configReloadAuthKeySecret": TOKEN,
    }

    def scaled(replicas: int) -> Any:
        known = Known(secrets=secrets, parents=(alertmanager(replicaCount=replicas),))
        return planned(known, **spec)

    with running(scaled(2), tmp_path, secrets) as vmalert:
        assert len(vmalert.notifiers()) == 2
        vmalert.write(scaled(3))
        urllib.request.urlopen(f"http://127.0.0.1:{vmalert.port}/-/reload?authKey=key").close()
        until(lambda: len(vmalert.notifiers()) == 3)
        assert vmalert.notifiers()[2] == (
            "http://vmalertmanager-main-2.vmalertmanager-main.monitoring.svc:9093/api/v2/alerts"
        )
