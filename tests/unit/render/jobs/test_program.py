"""Jobs as the real vmagent takes them: what is loaded, and what becomes of discovered targets."""

from __future__ import annotations

import copy
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.api.scrapes import SCRAPES
from tests.unit.render.agents import planned
from tests.unit.render.jobs.scrapes import META, Job, around, job, refusals, scrape, secrets_of
from tests.unit.render.real_programs import answer, free_port, program

from localcluster.patience import drawn_out
from vmoperator.api.around import Known
from vmoperator.api.selected import selected
from vmoperator.api.selected.object import SelectedObject
from vmoperator.render import Plan

KEYS = dict.fromkeys(("value", "tls.crt", "tls.key", "ca.crt", "token", "a"), b"value")
SECRETS = dict.fromkeys(("credentials", "client", "authorities", "sample", "keys", "cloud"), KEYS)
MAPS = {name: dict.fromkeys(KEYS, "value") for name in SECRETS}


def every_kind() -> tuple[SelectedObject, ...]:
    """An object of each kind that says all that it can."""
    given = copy.deepcopy(SCRAPES)
    # Agents have no credentials for a proxy in front of an API server: such an object is refused.
    for entry in given["VMScrapeConfig"]["spec"]["kubernetesSDConfigs"]:
        entry.pop("proxy_client_config", None)
    return tuple(selected(it) for it in given.values())


def written(made: Plan, root: Path) -> Path:
    """The files with all jobs as the kubelet would put them below `root`; path of the main file."""
    for name, data in secrets_of(made).items():
        if "-jobs-" in name:
            folder = root / "jobs" / name.rpartition("-")[2]
            folder.mkdir(parents=True)
            (folder / "jobs.yaml").write_bytes(data["jobs.yaml"])
    main = root / "main.yaml"
    main.write_text(json.dumps({"scrape_config_files": [f"{root}/jobs/*/jobs.yaml"]}))
    return main


def told(main: Path) -> str:
    """What vmagent says about a configuration, empty where it takes all of it."""
    status, output = answer(
        "vmagent",
        "-dryRun",
        "-promscrape.config.strictParse",
        f"-promscrape.config={main}",
        "-remoteWrite.url=http://127.0.0.1:1",
    )
    wrong = [line for line in output.splitlines() if "\terror\t" in line or "\tfatal\t" in line]
    return "\n".join(wrong) or ("" if status == 0 else output)


AGENTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with everything": {
        "enforcedNamespaceLabel": "tenant",
        "enableKubernetesAPISelectors": True,
        "minScrapeInterval": "1m",
        "serviceScrapeRelabelTemplate": [{"target_label": "a", "replacement": "b"}],
        "apiServerConfig": {"host": "https://api:6443", "bearerToken": "sesame"},
    },
    "on each node": {"daemonSetMode": True},
}


@pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS.keys())
def test_the_program_takes_all_that_objects_can_say(agent: dict[str, Any], tmp_path: Path) -> None:
    made = planned(
        Known(secrets=SECRETS, config_maps=MAPS, objects=every_kind()),
        scrapeClasses=[{"name": "mesh", "attachMetadata": {"node": True}}],
        **agent,
    )
    assert refusals(made) == []
    assert told(written(made, tmp_path)) == ""


def test_a_file_that_the_program_cannot_read_would_be_noticed(tmp_path: Path) -> None:
    made = planned(around(scrape("VMStaticScrape", {"targetEndpoints": [{"targets": ["a:1"]}]})))
    main = written(made, tmp_path)
    (file,) = tmp_path.glob("jobs/*/jobs.yaml")
    file.write_text(file.read_text().replace("static_configs", "static_conf"))
    assert "unmarshal errors" in told(main)


@contextmanager
def _running(jobs: list[Job], root: Path) -> Iterator[int]:
    (root / "main.yaml").write_text(json.dumps({"scrape_configs": jobs}))
    port = free_port()
    command = [
        str(program("vmagent")),
        f"-httpListenAddr=127.0.0.1:{port}",
        f"-promscrape.config={root}/main.yaml",
        f"-remoteWrite.tmpDataPath={root}/queue",
        "-remoteWrite.url=http://127.0.0.1:1",
    ]
    with (root / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  # our own cache
        try:
            yield port
        finally:
            process.terminate()
            process.wait(drawn_out(10))


def _targets(port: int, count: int) -> dict[str, dict[str, str]]:
    """Job -> labels of its target, once there are so many targets, kept and dropped."""
    url = f"http://127.0.0.1:{port}/api/v1/targets"
    deadline = time.monotonic() + drawn_out(20)
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  # loopback
                data = json.loads(response.read())["data"]
        except OSError:
            time.sleep(0.1)
            continue
        if len(data["activeTargets"]) + len(data["droppedTargets"]) == count:
            return {it["scrapePool"]: it["labels"] for it in data["activeTargets"]}
        time.sleep(0.1)
    raise AssertionError(f"there are no {count} targets")


SERVICE = {
    f"{META}service_name": "front",
    f"{META}namespace": "shop",
    f"{META}endpoint_port_name": "http",
    f"{META}endpoint_address_target_kind": "Pod",
    f"{META}endpoint_address_target_name": "front-0",
    f"{META}pod_name": "front-0",
    f"{META}pod_container_name": "main",
    f"{META}pod_label_version": "1",
    f"{META}service_label_app": "a.b",
    f"{META}service_labelpresent_app": "true",
    f"{META}service_label_team": "red",
    f"{META}service_labelpresent_team": "true",
}


def _service(selector: dict[str, Any], **spec: Any) -> Job:
    port = {"port": "http"}
    return job("VMServiceScrape", {"endpoints": [port], "selector": selector, **spec})


def _expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    given = {"key": key, "operator": operator, "values": list(values) or None}
    return {"matchExpressions": [{name: it for name, it in given.items() if it is not None}]}


KEPT: dict[str, tuple[dict[str, Any], bool]] = {
    "its label": ({"matchLabels": {"app": "a.b"}}, True),
    "a dot is no pattern": ({"matchLabels": {"app": "a.b", "team": "r.d"}}, False),
    "another value": ({"matchLabels": {"app": "a"}}, False),
    "both labels": ({"matchLabels": {"app": "a.b", "team": "red"}}, True),
    "in": (_expression("app", "In", "x", "a.b"), True),
    "in, whole": (_expression("app", "In", "a", "b"), False),
    "in, with patterns": (_expression("team", "In", "r.d", "b|red"), False),
    "not in": (_expression("app", "NotIn", "a.b", "x"), False),
    "not in others": (_expression("app", "NotIn", "a", "x"), True),
    "not in, one pattern": (_expression("team", "NotIn", "r.d"), True),
    "not in, without the label": (_expression("absent", "NotIn", "a"), True),
    "not in, nor empty, without the label": (_expression("absent", "NotIn", "", "a"), True),
    "exists": (_expression("team", "Exists"), True),
    "exists not": (_expression("absent", "Exists"), False),
    "absent": (_expression("absent", "DoesNotExist"), True),
    "not absent": (_expression("team", "DoesNotExist"), False),
    "empty is not absent": ({"matchLabels": {"absent": ""}}, False),
    "in, empty is not absent": (_expression("absent", "In", "", "b"), False),
}


def test_selectors_keep_and_drop_what_kubernetes_would(tmp_path: Path) -> None:
    jobs = [
        {**_service(selector), "job_name": name, "kubernetes_sd_configs": []}
        for name, (selector, _) in KEPT.items()
    ]
    found = [
        {
            **{key: it for key, it in one.items() if key != "kubernetes_sd_configs"},
            "static_configs": [{"targets": ["127.0.0.1:1"], "labels": SERVICE}],
        }
        for one in jobs
    ]
    with _running(found, tmp_path) as port:
        targets = _targets(port, len(found))
    assert {name: name in targets for name in KEPT} == {name: it for name, (_, it) in KEPT.items()}


def test_targets_get_the_labels_that_objects_ask_for(tmp_path: Path) -> None:
    node = {
        **SERVICE,
        f"{META}endpoint_address_target_kind": "Node",
        f"{META}endpoint_address_target_name": "node-1",
        f"{META}pod_name": "",
        f"{META}pod_container_name": "",
    }
    spec = {"podTargetLabels": ["version"], "targetLabels": ["team"], "jobLabel": "team"}
    plain = _service({})
    jobs = {
        "plain": (plain, SERVICE),
        "node": (plain, node),
        "more": (_service({}, **spec), SERVICE),
        "absent": (_service({}, jobLabel="absent", targetLabels=["absent"]), SERVICE),
    }
    found = [
        {
            "job_name": name,
            "relabel_configs": made["relabel_configs"],
            "static_configs": [{"targets": ["127.0.0.1:1"], "labels": labels}],
        }
        for name, (made, labels) in jobs.items()
    ]
    with _running(found, tmp_path) as port:
        targets = _targets(port, len(found))
    common = {
        "instance": "127.0.0.1:1",
        "namespace": "shop",
        "service": "front",
        "endpoint": "http",
        "job": "front",
    }
    pod = {**common, "pod": "front-0", "container": "main"}
    assert targets == {
        "plain": pod,
        "node": {**common, "node": "node-1"},
        "more": {**pod, "job": "red", "team": "red", "version": "1"},
        "absent": pod,
    }


def test_a_dollar_sign_in_a_text_stays_one(tmp_path: Path) -> None:
    spec = {"jobName": "it costs $1 or $$", "targetEndpoints": [{"targets": ["127.0.0.1:1"]}]}
    with _running([job("VMStaticScrape", spec)], tmp_path) as port:
        targets = _targets(port, 1)
    assert [it["job"] for it in targets.values()] == ["it costs $1 or $$"]


def test_the_prober_is_asked_about_what_was_discovered(tmp_path: Path) -> None:
    labels = {
        f"{META}service_name": "front",
        f"{META}namespace": "shop",
        f"{META}service_annotation_operator_victoriametrics_com_probe_path": "/health",
    }
    spec = {
        "vmProberSpec": {"url": "127.0.0.1:1"},
        "targets": {"kubernetes": [{"role": "service"}]},
    }
    made = job("VMProbe", spec)
    static = [{"targets": ["front.shop.svc:80"], "labels": labels}]
    with _running(
        [{"job_name": "a", "static_configs": static, "relabel_configs": made["relabel_configs"]}],
        tmp_path,
    ) as port:
        targets = _targets(port, 1)
    assert targets["a"] == {
        "instance": "http://front.shop.svc:80/health",
        "job": "a",
        "namespace": "shop",
        "service": "front",
    }
