"""The real vmagent takes what is rendered for it, and does what it says."""

from __future__ import annotations

import base64
import json
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.golden import EVERY_CASE, around, golden_plan
from tests.unit.render.real_programs import answer
from tests.unit.render.test_golden import ENTERPRISE
from tests.unit.render.vmagent_process import (
    Vmagent,
    local_arguments,
    running,
    storage,
    write_files,
)
from tests.unit.render.vmalert_process import Receiver, receiver, until

from vmoperator.api.around import Known

CASES = [name for name in EVERY_CASE if name.startswith("vmagent/")]
SECRETS = {"s": {"user": b"me", "pass": b"hunter2\n", "token": b"t0ken", "key": b"reload"}}
BASIC = {"username": {"name": "s", "key": "user"}, "password": {"name": "s", "key": "pass"}}
AROUND = Known(secrets=SECRETS)
SELF = "- job_name: itself\n  scrape_interval: 1s\n  static_configs: [{targets: [TARGET]}]\n"


def _is_free(arg: str) -> bool:
    return arg[1:].partition("=")[0] not in ENTERPRISE


@pytest.mark.parametrize("name", CASES)
def test_the_programs_own_dry_run_takes_every_golden_case(name: str, tmp_path: Path) -> None:
    secrets = {secret: dict(data) for secret, data in around(name).secrets.items()}
    given = local_arguments(golden_plan(name), tmp_path, secrets)
    flags = [arg for arg in given if _is_free(arg)]
    code, said = answer("vmagent", "-dryRun", "-promscrape.config.strictParse=true", *flags)
    assert code == 0, said


def _target(there: Receiver, **given: Any) -> dict[str, Any]:
    return {"url": f"http://127.0.0.1:{there.port}/write?a=1,2", "sendTimeout": "5s", **given}


def _headers(there: Receiver) -> Mapping[str, str]:
    return there.waited("/write?a=1,2").headers


def test_each_target_gets_its_own_credentials_and_no_others(tmp_path: Path) -> None:
    with receiver() as one, receiver() as two, receiver() as three:
        made = planned(
            AROUND,
            inlineScrapeConfig=SELF.replace("TARGET", f'"127.0.0.1:{one.port}"'),
            remoteWriteSettings={"flushInterval": "1s"},
            remoteWrite=[
                _target(one, basicAuth=BASIC, headers=["X-One: a,b", 'X-Quoted: "it\'s"']),
                _target(two, bearerTokenSecret={"name": "s", "key": "token"}),
                _target(three),
            ],
        )
        with running(made, tmp_path, SECRETS):
            found = [_headers(there) for there in (one, two, three)]
    basic = base64.b64encode(b"me:hunter2").decode()
    said = [headers.get("Authorization") for headers in found]
    assert said == [f"Basic {basic}", "Bearer t0ken", None]
    assert [headers.get("X-One") for headers in found] == ["a,b", None, None]
    assert found[0]["X-Quoted"] == '"it\'s"'


@contextmanager
def _login(asked: list[dict[str, list[str]]]) -> Iterator[str]:
    """A server that hands out tokens, and the URL where it does; `asked` gets the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(parse_qs(body))
            answer = json.dumps({"access_token": "handed-out", "token_type": "Bearer"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
        thread.join()


def test_oauth2_asks_for_the_scopes_and_parameters_of_its_target(tmp_path: Path) -> None:
    asked: list[dict[str, list[str]]] = []
    with receiver() as one, receiver() as two, _login(asked) as url:
        oauth2 = {
            "client_id": {"secret": {"name": "s", "key": "user"}},
            "client_secret": {"name": "s", "key": "token"},
            "token_url": url,
            "scopes": ["read", "write"],
            "endpoint_params": {"audience": "a,b"},
        }
        made = planned(
            AROUND,
            inlineScrapeConfig=SELF.replace("TARGET", f'"127.0.0.1:{one.port}"'),
            remoteWriteSettings={"flushInterval": "1s"},
            remoteWrite=[_target(one), _target(two, oauth2=oauth2)],
        )
        with running(made, tmp_path, SECRETS):
            said = [_headers(there).get("Authorization") for there in (one, two)]
    assert said == [None, "Bearer handed-out"]
    assert asked[0]["scope"] == ["read write"]
    assert asked[0]["audience"] == ["a,b"]


def test_shards_share_all_targets_without_overlap(tmp_path: Path) -> None:
    addresses = [f"127.0.0.1:{port}" for port in range(1, 31)]
    made = planned(shardCount=3, inlineScrapeConfig=SELF.replace("TARGET", ", ".join(addresses)))
    with ExitStack() as stack:
        agents = []
        for place in range(3):
            root = tmp_path / str(place)
            root.mkdir()
            agents.append(stack.enter_context(running(made, root, place=place)))
        until(lambda: set(addresses) == {one for agent in agents for one in agent.targets()})
        shares = [agent.targets() for agent in agents]
    assert all(shares)
    assert sorted(address for share in shares for address in share) == sorted(addresses)


def test_changed_files_are_loaded_without_a_restart_by_whoever_has_the_key(
    tmp_path: Path,
) -> None:
    key: dict[str, Any] = {"configReloadAuthKeySecret": {"name": "s", "key": "key"}}

    def made(target: str, label: str) -> Any:
        return planned(
            AROUND,
            **key,
            inlineScrapeConfig=SELF.replace("TARGET", target),
            inlineRelabelConfig=[{"target_label": label, "replacement": "x"}],
            externalLabels={"cluster": label},
        )

    before, after = made("127.0.0.1:1", "before"), made("127.0.0.1:2", "after")
    with running(before, tmp_path, SECRETS) as agent:
        assert until(agent.targets) == ["127.0.0.1:1"]
        write_files(after, tmp_path)
        with pytest.raises(urllib.error.HTTPError):
            agent.text("/-/reload")
        agent.text("/-/reload?authKey=reload")
        until(lambda: agent.targets() == ["127.0.0.1:2"])
        until(lambda: "after" in agent.text("/remotewrite-relabel-config"))
        assert "cluster: after" in agent.text("/config")


def test_a_broken_change_leaves_the_last_good_configuration_running(tmp_path: Path) -> None:
    made = planned(inlineScrapeConfig=SELF.replace("TARGET", "127.0.0.1:1"))
    with running(made, tmp_path) as agent:
        assert until(agent.targets) == ["127.0.0.1:1"]
        (tmp_path / "etc/vmagent/config/vmagent.yaml").write_text("global: [")
        agent.text("/-/reload")
        until(lambda: "vm_promscrape_config_last_reload_successful 0" in agent.text("/metrics"))
        assert agent.targets() == ["127.0.0.1:1"]


def test_samples_of_a_tenant_arrive_with_the_labels_of_all_targets(tmp_path: Path) -> None:
    with storage(tmp_path) as there:
        made = planned(
            ingestOnlyMode=True,
            remoteWrite=[{"url": there.url}],
            remoteWriteSettings={
                "flushInterval": "1s",
                "label": {"zone": "a,b", "quoted": 'say "it\'s"', "path": "C:\\x"},
                "useMultiTenantMode": True,
            },
        )
        with running(made, tmp_path) as agent:
            agent.send("/insert/7/prometheus/api/v1/import/prometheus", "sent 1")
            (found,) = until(lambda: there.series("sent"))
    assert (found["zone"], found["quoted"]) == ("a,b", 'say "it\'s"')
    assert found["path"] == "C:\\x"


def test_two_replicas_write_the_same_series(tmp_path: Path) -> None:
    with storage(tmp_path) as there:
        address = f'"127.0.0.1:{there.port}"'
        made = planned(
            replicaCount=2,
            externalLabels={"cluster": "one"},
            inlineScrapeConfig=SELF.replace("TARGET", address),
            remoteWriteSettings={"flushInterval": "1s"},
            remoteWrite=[{"url": there.url}],
        )
        roots = [tmp_path / "0", tmp_path / "1"]
        for root in roots:
            root.mkdir()
        with running(made, roots[0]) as one, running(made, roots[1]) as two:
            for agent in (one, two):
                until(lambda agent=agent: _has_sent(agent))
            found = there.series("up")
    want = {"cluster": "one", "prometheus": "monitoring/demo", "job": "itself"}
    assert [{key: it[key] for key in want} for it in found] == [want]


def _has_sent(agent: Vmagent) -> bool:
    lines = agent.text("/metrics").splitlines()
    counted = [line for line in lines if line.startswith("vmagent_remotewrite_blocks_sent_total")]
    return any(not line.endswith(" 0") for line in counted)
