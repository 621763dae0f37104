"""The chart's alerts in the real programs: each fires for what it is about, and only for that."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import yaml
from tests.unit.chart.helm import CHART, only, rendered
from tests.unit.render.real_programs import free_port, program

from chart.alerts import ALERTS, RUNBOOKS
from chart.dashboard import PANELS
from localcluster.patience import drawn_out

ROOT = CHART.parents[1]
Series = Mapping[str, tuple[float, float]]
STEP_SECONDS = 15
HOUR_STEPS = 3600 // STEP_SECONDS
WELL = {
    'vmoperator_build_info{version="1"}': (1, 0),
    "vmoperator_leader": (1, 0),
    'vmoperator_leader_scope{scope="*"}': (1, 0),
    'vmoperator_objects{kind="VMAgent",status="operational"}': (3, 0),
    "vmoperator_queue_oldest_waiting_seconds": (0, 0),
    "vmoperator_queue_longest_running_seconds": (1, 0),
    'vmoperator_watch_age_seconds{kind="Secret"}': (30, 0),
    'vmoperator_api_requests_total{verb="get",code="200"}': (0, 10),
    "vmoperator_loop_lag_seconds": (0.01, 0),
    "vmoperator_webhook_certificate_expiry_timestamp_seconds": (time.time() + 80 * 86400, 0),
}
"""Series of an operator that is well -> first value, and how much is added with each sample."""
SICK: dict[str, Series] = {
    "VMOperatorDown": {'vmoperator_build_info{version="1"}': (float("nan"), 0)},
    "VMOperatorNothingReconciled": {"vmoperator_queue_oldest_waiting_seconds": (0, STEP_SECONDS)},
    "VMOperatorReconcileErrors": {
        'vmoperator_reconcile_errors_total{kind="VMAgent",error="Invalid"}': (0, 1)
    },
    "VMOperatorObjectFailed": {'vmoperator_objects{kind="VMAgent",status="failed"}': (1, 0)},
    "VMOperatorObjectNotOperational": {
        'vmoperator_objects{kind="VMAgent",status="expanding"}': (1, 0)
    },
    "VMOperatorRejectedObjects": {'vmoperator_rejected_objects{kind="VMRule"}': (2, 0)},
    "VMOperatorWatchStale": {'vmoperator_watch_age_seconds{kind="Secret"}': (0, STEP_SECONDS)},
    "VMOperatorWatchDegraded": {
        'vmoperator_watch_degraded{kind="Secret",reason="forbidden"}': (1, 0)
    },
    "VMOperatorApiErrors": {'vmoperator_api_requests_total{verb="get",code="500"}': (0, 10)},
    "VMOperatorSlow": {"vmoperator_loop_lag_seconds": (5, 0)},
    "VMOperatorTaskRestarts": {'vmoperator_task_restarts_total{task="work"}': (0, 1)},
    "VMOperatorWebhookCertificateEnds": {
        "vmoperator_webhook_certificate_expiry_timestamp_seconds": (time.time() + 7 * 86400, 0)
    },
    "VMOperatorNoLeader": {"vmoperator_leader": (0, 0)},
    "VMOperatorTwoLeaders": {'vmoperator_leader_scope{scope="*"}': (2, 0)},
}


def _leader(where: str, pod: int, *, leads: bool, scope: str) -> Series:
    """What a pod of an installation in that namespace, or CLUSTER/NAMESPACE, tells of itself."""
    cluster, _, namespace = where.rpartition("/")
    labels = f'cluster="{cluster}",namespace="{namespace}",job="vmoperator",pod="{pod}"'
    return {
        f"vmoperator_leader{{{labels}}}": (leads, 0),
        f'vmoperator_leader_scope{{{labels},scope="{scope}"}}': (leads, 0),
    }


BESIDE = {
    "two that look after namespaces of their own": ("a:10:x", "b:10:y", set()),
    "one of two without a leader": ("a:10:x", "b:00:y", {"VMOperatorNoLeader"}),
    "two of one name in two clusters": ("one/a:10:*", "two/a:10:*", set()),
    "two that look after the same namespace": ("a:10:x", "b:10:x", {"VMOperatorTwoLeaders"}),
    "two that look after all": ("a:10:*", "b:10:*", {"VMOperatorTwoLeaders"}),
    "one for all and one for some": ("a:10:*", "b:10:y", {"VMOperatorTwoLeaders"}),
    "one with two that lead": ("a:11:x", "b:10:y", {"VMOperatorTwoLeaders"}),
}
"""Two installations, `PLACE:who of its two pods leads:namespaces`, and what fires."""


@dataclass
class Database:
    """A real victoria-metrics."""

    url: str
    now: int
    """Seconds; the samples lie in the hour before."""

    def put(self, series: Series) -> None:
        lines = [
            f"{name} {value + step * added} {(self.now - 3600 + step * STEP_SECONDS) * 1000}"
            for name, (value, added) in series.items()
            for step in range(HOUR_STEPS)
            if value == value
        ]
        self._post("/api/v1/import/prometheus", "\n".join(lines).encode())
        self._post("/internal/force_flush", b"")

    def firing(self) -> set[str]:
        self._post("/internal/force_flush", b"")
        query = urllib.parse.quote('last_over_time(ALERTS{alertstate="firing"}[70m])')
        found = self.get(f"/api/v1/query?query={query}&time={self.now + 60}")
        return {it["metric"]["alertname"] for it in found["data"]["result"]}

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(f"{self.url}{path}", data=body, method="POST")
        urllib.request.urlopen(request, timeout=30).close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    now = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    with (tmp_path / "log").open("wb") as log:
        for _ in range(5):
            one = Database(f"http://127.0.0.1:{free_port()}", now)
            process = _started(one, tmp_path / "data", log)
            try:
                if _serves(one, process):
                    yield one
                    return
            finally:
                process.kill()
                process.wait()
    pytest.fail(f"victoria-metrics ends at once: {(tmp_path / 'log').read_text()[-2000:]}")


def _started(one: Database, data: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    address = one.url.removeprefix("http://")
    flags = [f"-storageDataPath={data}", f"-httpListenAddr={address}"]
    return subprocess.Popen([program("victoria-metrics"), *flags], stdout=log, stderr=log)


def _serves(one: Database, process: subprocess.Popen[bytes]) -> bool:
    """Whether it does; not if it has ended, as when somebody else has taken its port meanwhile."""
    deadline = time.monotonic() + drawn_out(60)
    while process.poll() is None:
        try:
            one.get("/api/v1/labels")
        except OSError:
            assert time.monotonic() < deadline, "victoria-metrics does not serve"
            time.sleep(0.1)
        else:
            return process.poll() is None
    return False


def replay(one: Database, rules: Path = CHART / "files/rules.yaml") -> None:
    flags = [
        f"-rule={rules}",
        f"-datasource.url={one.url}",
        f"-remoteWrite.url={one.url}",
        f"-replay.timeFrom={_moment(one.now - 3600)}",
        f"-replay.timeTo={_moment(one.now)}",
        "-replay.rulesDelay=0s",
        f"-evaluationInterval={STEP_SECONDS}s",
        "-httpListenAddr=127.0.0.1:0",
    ]
    done = subprocess.run([program("vmalert"), *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def test_no_alert_fires_while_all_is_well(database: Database) -> None:
    database.put(WELL)
    replay(database)
    assert database.firing() == set()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_for_what_it_is_about(database: Database, alert: Any) -> None:
    database.put({**WELL, **SICK[alert.name]})
    replay(database)
    assert database.firing() == {alert.name}


@pytest.mark.parametrize(("one", "other", "fires"), BESIDE.values(), ids=BESIDE)
def test_leaders_are_counted_by_installation_and_by_what_they_look_after(
    database: Database, one: str, other: str, fires: set[str]
) -> None:
    series: dict[str, tuple[float, float]] = {
        name: value for name, value in WELL.items() if "leader" not in name
    }
    for place, pods, scope in (one.split(":"), other.split(":")):
        for number, digit in enumerate(pods):
            series.update(_leader(place, number, leads=digit == "1", scope=scope))
    database.put(series)
    replay(database)
    assert database.firing() == fires


def _installed_in(namespace: str, series: Series, job: str = "vmoperator") -> Series:
    """The same, with the labels that the chart's scrape adds."""
    labels = f'namespace="{namespace}",job="{job}",pod="{job}-1"'
    parts = ((name.rstrip("}").partition("{"), it) for name, it in series.items())
    return {
        f"{name}{{{','.join(filter(None, (own, labels)))}}}": it for (name, _, own), it in parts
    }


NEIGHBOURS = {
    "both are there": ("a", "vmoperator", set()),
    "another in another namespace alone": ("b", "vmoperator", {"VMOperatorDown"}),
    "another in its namespace alone": ("a", "other", {"VMOperatorDown"}),
}
"""Where an installation is seen, as what job, and what the release `vmoperator` in `a` says."""


@pytest.mark.parametrize(("namespace", "job", "fires"), NEIGHBOURS.values(), ids=NEIGHBOURS)
def test_another_installation_does_not_hide_that_this_one_is_gone(
    database: Database, tmp_path: Path, namespace: str, job: str, fires: set[str]
) -> None:
    made = rendered("rules.enabled=true", "monitor.enabled=true", "namespaceOverride=a")
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(only("VMRule", made)["spec"]))
    database.put(_installed_in(namespace, WELL, job))
    replay(database, rules)
    assert database.firing() == fires


def test_of_a_scrape_that_is_not_the_charts_no_label_is_asked_for() -> None:
    rules = only("VMRule", rendered("rules.enabled=true"))["spec"]["groups"][0]["rules"]
    assert rules[0]["expr"] == "absent(vmoperator_build_info)"


def test_a_busy_installation_does_not_hide_that_another_is_refused(database: Database) -> None:
    refused = {'vmoperator_api_requests_total{verb="get",code="500"}': (0.0, 1.0)}
    well = {name: it for name, it in WELL.items() if "api_requests" not in name}
    busy = {'vmoperator_api_requests_total{verb="get",code="200"}': (0.0, 1000.0)}
    apart = {name: it for name, it in well.items() if "leader_scope" not in name}
    scope = {'vmoperator_leader_scope{scope="x"}': (1.0, 0.0)}
    database.put(_installed_in("a", {**apart, **scope, **refused}))
    scope = {'vmoperator_leader_scope{scope="y"}': (1.0, 0.0)}
    database.put(_installed_in("b", {**apart, **scope, **busy}))
    replay(database)
    assert database.firing() == {"VMOperatorApiErrors"}


def test_each_alert_has_a_runbook() -> None:
    page = (ROOT / RUNBOOKS).read_text()
    rules = yaml.safe_load((CHART / "files/rules.yaml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [alert.name for alert in ALERTS]
    for rule in rules:
        assert f"\n## {rule['alert']}\n" in page
        assert rule["annotations"]["runbook"] == f"{RUNBOOKS}#{rule['alert'].lower()}"


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel[0])
def test_a_query_of_the_dashboard_is_understood(database: Database, panel: Any) -> None:
    for expr, _ in panel[2]:
        query = urllib.parse.quote(expr.replace("$__rate_interval", "5m"))
        assert database.get(f"/api/v1/query?query={query}")["status"] == "success"


def test_every_metric_that_alerts_and_panels_ask_for_is_one_of_the_operators() -> None:
    source = "".join(it.read_text() for it in (ROOT / "src/vmoperator/watch").glob("*.py"))
    told = [alert.expr for alert in ALERTS] + [expr for panel in PANELS for expr, _ in panel[2]]
    for name in {it for expr in told for it in re.findall(r"vmoperator_\w+", expr)}:
        stem = re.sub(r"_(total|bucket|count|sum)$", "", name).removeprefix("vmoperator_")
        assert f"{stem}" in source, name
