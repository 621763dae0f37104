"""High availability with the real programs: doubled agents count once, alerts reach everybody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, until
from tests.cluster.installed import Installed
from tests.cluster.receiver import URL, Received, receiving
from tests.cluster.stack import alerts_held, names, peers, pods, query, small_object

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SCRAPE_SECONDS = 5
WINDOW_SECONDS = 60
REPEAT_SECONDS = 20
GROUP_SECONDS = 10
PEER_SECONDS = 3
"""Each replica waits so long for those before it; a few of it must not make a group interval, or
two of them look at the same moment and both send."""
SLACK_SECONDS = 5
QUIET_SECONDS = 90
TARGET = """
- job_name: target
  static_configs:
    - targets: ["vmsingle-store:8429"]
"""
ROUTES = {
    "route": {
        "receiver": "test",
        "group_wait": "1s",
        "group_interval": f"{GROUP_SECONDS}s",
        "repeat_interval": f"{REPEAT_SECONDS}s",
    },
    "receivers": [{"name": "test", "webhook_configs": [{"url": URL}]}],
}
RULES = """
groups:
  - name: always
    rules: [{alert: Always, expr: vector(1)}]
"""


@pytest.fixture(scope="module")
def received(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Received]:
    with receiving(cluster, tmp_path_factory.mktemp("receiver") / "notifications") as one:
        yield one


@pytest.fixture(scope="module")
def stack(cluster: Cluster, installed: Installed, received: Received) -> Iterator[Namespace]:
    """One store, a single agent, a doubled agent, two vmalerts, three Alertmanagers."""
    space = Namespace(cluster, "ha-stack")
    cluster.kubectl("create", "namespace", space.name)
    store = f"http://vmsingle-store.{space.name}.svc:8429"
    space.kubectl("create", "configmap", "rules", f"--from-literal=always.yaml={RULES}")
    for manifest in _manifests(space.name, store):
        space.apply(manifest)
    for kind, name in OBJECTS:
        space.until_status(name, "operational", kind=kind)
    yield space
    space.clear()


OBJECTS = (
    ("vmsingle", "store"),
    ("vmagent", "single"),
    ("vmagent", "pair"),
    ("vmalertmanager", "main"),
    ("vmalert", "main"),
)


def _manifests(space: str, store: str) -> list[dict[str, object]]:
    agent = {
        "ingestOnlyMode": False,
        "scrapeInterval": f"{SCRAPE_SECONDS}s",
        "inlineScrapeConfig": TARGET,
        "remoteWrite": [{"url": f"{store}/api/v1/write"}],
    }
    deduplicate = {"dedup.minScrapeInterval": f"{SCRAPE_SECONDS}s"}
    return [
        small_object("VMSingle", "store", retentionPeriod="1", extraArgs=deduplicate),
        small_object("VMAgent", "single", replicaCount=1, **agent),
        small_object("VMAgent", "pair", replicaCount=2, **agent),
        small_object(
            "VMAlertmanager",
            "main",
            replicaCount=3,
            configRawYaml=json.dumps(ROUTES),
            extraArgs={"cluster.peer-timeout": f"{PEER_SECONDS}s"},
        ),
        small_object(
            "VMAlert",
            "main",
            replicaCount=2,
            evaluationInterval="5s",
            datasource={"url": store},
            notifier={"url": f"http://alertmanager-operated.{space}.svc:9093"},
            configMaps=["rules"],
            rulePath=["/etc/vm/configs/rules/*.yaml"],
        ),
    ]


def alertmanagers(stack: Namespace) -> list[str]:
    return names(pods(stack, "vmalertmanager", "main"))


def test_every_alertmanager_holds_the_alert(stack: Namespace) -> None:
    wanted = {f"vmalertmanager-main-{index}": ["Always"] for index in range(3)}
    until(
        lambda: {pod: alerts_held(stack, pod) for pod in alertmanagers(stack)} == wanted,
        seconds=40,
        what=f"{wanted}",
    )


def know_each_other(stack: Namespace, replicas: int) -> bool:
    """Whether every Alertmanager lists the addresses of all that there are now."""
    running = pods(stack, "vmalertmanager", "main")
    addresses = {pod["status"].get("podIP", "") for pod in running}
    return len(addresses) == replicas and all(
        peers(stack, name) == addresses for name in names(running)
    )


def test_every_alertmanager_lists_all_peers(stack: Namespace) -> None:
    until(lambda: know_each_other(stack, 3), seconds=30, what="three peers known to each")


@pytest.fixture(scope="module")
def quiet(stack: Namespace, received: Received) -> float:
    """The moment of a notification, from which on no Alertmanager and no vmalert fails."""
    now = time.time()
    until(lambda: received.since(now), seconds=60, what="a notification")
    return received.since(now)[0].moment


def counted(stack: Namespace, agent: str, at: float) -> int:
    """Samples of the target that came through an agent and count, in the window before `at`."""
    store = names(pods(stack, "vmsingle", "store"))[0]
    series = f'up{{job="target",prometheus="{stack.name}/{agent}"}}'
    found = query(stack, store, f"count_over_time({series}[{WINDOW_SECONDS}s])", at=at)
    assert len(found) <= 1, "replicas with different labels"
    return int(found[0]["value"][1]) if found else 0


def scrapes(stack: Namespace, pod: str) -> float:
    """How many scrapes one agent has done."""
    for line in stack.get_raw(pod, 8429, "/metrics").splitlines():
        if line.startswith("vm_promscrape_scrapes_total"):
            return float(line.split()[-1])
    return 0.0


@pytest.fixture(scope="module")
def settled(stack: Namespace, quiet: float) -> float:
    """A moment before which a whole window of samples has come."""
    time.sleep(WINDOW_SECONDS + 3 * SCRAPE_SECONDS)
    return time.time() - 2 * SCRAPE_SECONDS


def test_both_replicas_of_the_agent_scrape_the_target(stack: Namespace, settled: float) -> None:
    agents = names(pods(stack, "vmagent", "pair"))
    assert len(agents) == 2
    assert all(scrapes(stack, pod) >= WINDOW_SECONDS / SCRAPE_SECONDS for pod in agents)


def test_a_doubled_agent_counts_like_a_single_one(stack: Namespace, settled: float) -> None:

    def are_alike() -> bool:
        # A scrape that comes late on a busy machine is in another window than it should be.
        latest = time.time() - 2 * SCRAPE_SECONDS
        moments = [latest - offset for offset in range(SCRAPE_SECONDS)]
        single = [counted(stack, "single", at) for at in moments]
        pair = [counted(stack, "pair", at) for at in moments]
        print(f"single {single}, pair {pair}")
        return pair == single and set(single) == {WINDOW_SECONDS // SCRAPE_SECONDS}

    until(are_alike, seconds=WINDOW_SECONDS, what="as many samples of the pair as of the single")


def test_with_one_agent_killed_no_sample_is_missed(stack: Namespace, settled: float) -> None:
    killed = names(pods(stack, "vmagent", "pair"))[0]
    stack.kubectl("delete", "pod", killed, "--grace-period=0", "--force")
    time.sleep(WINDOW_SECONDS / 2)
    at = time.time() - 2 * SCRAPE_SECONDS

    def is_whole() -> bool:
        # One that comes late is in some of these windows, one that is missed in none.
        found = {counted(stack, "pair", at - offset) for offset in range(SCRAPE_SECONDS)}
        return WINDOW_SECONDS // SCRAPE_SECONDS in found

    until(is_whole, seconds=20, what="every sample around the kill")
    stack.until_status("pair", "operational", kind="vmagent")


def test_a_receiver_is_told_once_per_repeat_interval(received: Received, quiet: float) -> None:
    time.sleep(max(0.0, quiet + QUIET_SECONDS - time.time()))

    def is_regular() -> bool:
        # Replicas that are held up for longer than they wait for each other tell twice.
        now = time.time()
        gaps = received.gaps_seconds(now - QUIET_SECONDS, now)[1:-1]
        print(f"gaps between notifications: {[round(gap, 1) for gap in gaps]} s")
        most = REPEAT_SECONDS + GROUP_SECONDS + drawn_out(SLACK_SECONDS)
        return len(gaps) >= 2 and min(gaps) >= REPEAT_SECONDS - 1 and max(gaps) <= most

    until(is_regular, seconds=QUIET_SECONDS, what="one notification in each interval")


def test_with_an_alertmanager_and_a_vmalert_killed_no_notification_is_missed(
    stack: Namespace, received: Received, quiet: float
) -> None:
    began = received.since(quiet)[-1].moment
    victims = (names(pods(stack, "vmalert", "main"))[0], "vmalertmanager-main-0")
    stack.kubectl("delete", "pod", *victims, "--grace-period=0", "--force")
    time.sleep(3 * REPEAT_SECONDS + GROUP_SECONDS)
    ended = time.time()
    gaps = received.gaps_seconds(began, ended)[1:]
    print(f"gaps between notifications: {[round(gap, 1) for gap in gaps]} s")
    # Who was to tell is gone: the next one waits for it once.
    slack = PEER_SECONDS + drawn_out(SLACK_SECONDS)
    assert max(gaps) <= REPEAT_SECONDS + GROUP_SECONDS + slack
    assert {one.state for one in received.since(began)} == {"firing"}


def test_a_replaced_alertmanager_is_known_to_all_and_gets_the_alert(stack: Namespace) -> None:
    stack.until_status("main", "operational", kind="vmalertmanager")
    until(lambda: know_each_other(stack, 3), seconds=40, what="three peers known to each")
    until(
        lambda: alerts_held(stack, "vmalertmanager-main-0") == ["Always"],
        seconds=40,
        what="the alert in the replaced pod",
    )


def test_a_fourth_alertmanager_gets_the_alert_and_no_vmalert_restarts(stack: Namespace) -> None:
    stack.until_status("main", "operational", kind="vmalert")
    before = names(pods(stack, "vmalert", "main"))
    patch = json.dumps({"spec": {"replicaCount": 4}})
    stack.kubectl("patch", "vmalertmanager", "main", "--type=merge", "-p", patch)
    began = time.monotonic()
    until(
        lambda: alerts_held(stack, "vmalertmanager-main-3") == ["Always"],
        seconds=90,
        what="the alert in the fourth Alertmanager",
    )
    print(f"the fourth Alertmanager has the alert after {time.monotonic() - began:.1f} s")
    stack.until_status("main", "operational", kind="vmalertmanager")
    until(lambda: know_each_other(stack, 4), seconds=40, what="four peers known to each")
    after = pods(stack, "vmalert", "main")
    assert names(after) == before
    restarts = [one["restartCount"] for pod in after for one in pod["status"]["containerStatuses"]]
    assert set(restarts) <= {0}
