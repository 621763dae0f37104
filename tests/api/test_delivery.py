"""Configuration is brought into running pods: what is written, asked, believed and told."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from tests.api.program import Program
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.delivery import Deliveries, order
from vmoperator.apply.orders import Order
from vmoperator.apply.programs import Programs
from vmoperator.base.labels import ASKED_AGAIN, CONFIG_HASH
from vmoperator.base.manifest import Ref
from vmoperator.base.names import JOB_MARKER
from vmoperator.base.rule_markers import written_marker
from vmoperator.observe.loading import Loading, Standing
from vmoperator.observe.pods import Pod, pod
from vmoperator.render.plan import Delivery

AGENT = Ref("VMAgent", "default", "demo")


@dataclass
class Node:
    """Pods whose programs run in this process, and a kubelet that swaps files when told."""

    api: FakeApi
    deliveries: Deliveries
    woken: list[Ref]
    programs: dict[str, Program] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def pod(self, name: str, *, config: str = "", address: str = "127.0.0.1") -> Pod:
        written = await self.api.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": "default",
                    "annotations": {CONFIG_HASH: config} if config else {},
                },
                "spec": {},
                "status": {"podIP": address} if address else {},
            }
        )
        return pod(written)

    def annotation(self, name: str) -> str:
        live = self.api.find(Ref("Pod", "default", name))
        assert live is not None
        return str((live["metadata"].get("annotations") or {}).get(CONFIG_HASH, ""))

    def asked_again(self, name: str) -> bool:
        live = self.api.find(Ref("Pod", "default", name))
        assert live is not None
        return ASKED_AGAIN in live["metadata"]["annotations"]

    def order(
        self, program: Program, *, digest: str = "d2", key: str = "", size_bytes: int = 0
    ) -> Order:
        delivery = Delivery(
            secret="vmagent-demo",
            digest=digest,
            files={"file": "new"},
            port=program.port,
            scheme="http",
            reload_path="/pre/-/reload",
            program=program.kind,
            size_bytes=size_bytes,
            markers=frozenset(program.markers["new"]) if program.markers else None,
        )
        return order(delivery, key=key)

    def swap(self, name: str, program: Program, file: str) -> None:
        """Show the program the file, a moment after its pod was annotated."""

        async def kubelet() -> None:
            await until(lambda: self.annotation(name))
            await asyncio.sleep(0.05)
            program.file = file

        self.tasks.append(asyncio.create_task(kubelet()))

    def at(self) -> list[Loading]:
        return sorted(self.deliveries.loadings(AGENT), key=lambda one: one.pod)

    async def until_told(self, standing: Standing, *, seconds: float = 8) -> Loading:
        await until(lambda: all(one.standing is standing for one in self.at()), seconds=seconds)
        return self.at()[0]


@pytest.fixture
async def node(api: FakeApi, client: Client) -> AsyncIterator[Node]:
    woken: list[Ref] = []
    async with Programs() as programs:
        # Tests that are about what takes long say what is long.
        deliveries = Deliveries(client, programs, woken.append, long_seconds=600)
        found = Node(api, deliveries, woken)
        yield found
        await found.deliveries.close()
        await asyncio.gather(*found.tasks)


@pytest.mark.parametrize("kind", ["vmagent", "vmauth", "alertmanager"])
async def test_a_pod_is_annotated_asked_and_believed_once_it_shows_it(
    node: Node, kind: str
) -> None:
    async with Program(kind) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        assert [it.standing for it in node.at()] == [Standing.PENDING]
        await node.until_told(Standing.LOADED)
        assert program.runs == "new"
        assert node.annotation("a") == "d2"
        assert node.woken == [AGENT]
        assert [seen.path for seen in node.api.writes] == ["/api/v1/namespaces/default/pods/a"]


async def test_a_reload_that_comes_before_the_file_is_repeated(node: Node) -> None:
    async with Program() as program:
        one = await node.pod("a")

        async def kubelet() -> None:
            await until(lambda: program.reloads == 2)
            program.file = "new"

        node.tasks.append(asyncio.create_task(kubelet()))
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED)
        assert program.runs == "new"
        assert program.reloads > 2


FIRST, SECOND = (f"{JOB_MARKER}{digit * 12}" for digit in "12")
FORMER = f"{JOB_MARKER}{'0' * 12}"


async def test_a_pod_that_has_one_of_two_changed_secrets_is_not_believed_and_looks_once_more(
    node: Node,
) -> None:
    async with Program() as program:
        program.markers = {"half": (FIRST, FORMER), "new": (FIRST, SECOND)}
        one = await node.pod("a")
        node.swap("a", program, "half")

        async def kubelet() -> None:
            await until(lambda: node.asked_again("a"))
            assert program.runs == "half"
            assert node.at()[0].standing is Standing.PENDING
            program.file = "new"

        node.tasks.append(asyncio.create_task(kubelet()))
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED, seconds=30)
        assert program.runs == "new"
        assert len(node.api.writes) == 2


async def test_a_secret_that_is_gone_is_gone_only_when_its_jobs_are(node: Node) -> None:
    async with Program() as program:
        program.markers = {"old": (FIRST, SECOND), "half": (SECOND,), "new": ()}
        one = await node.pod("a")
        node.swap("a", program, "half")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await until(lambda: program.runs == "half")
        await node.until_told(Standing.FAILED, seconds=30)
        assert "older configuration" in node.at()[0].words
        program.file = "new"
        await node.until_told(Standing.LOADED, seconds=30)


def rules(*groups: str) -> frozenset[str]:
    return frozenset(written_marker(f"{it}.yaml", [{"name": it}]) for it in groups)


async def test_a_vmalert_is_believed_when_it_shows_all_rules_of_the_order(node: Node) -> None:
    async with Program("vmalert") as program:
        program.groups = {"old": ("a",), "half": ("b",), "new": ("b", "c")}
        one = await node.pod("a")
        node.swap("a", program, "half")

        async def kubelet() -> None:
            await until(lambda: node.asked_again("a"))
            assert program.runs == "half"
            assert node.at()[0].standing is Standing.PENDING
            program.file = "new"

        node.tasks.append(asyncio.create_task(kubelet()))
        wanted = replace(node.order(program), markers=rules("b", "c"))
        node.deliveries.deliver(AGENT, {one: wanted})
        await node.until_told(Standing.LOADED, seconds=30)
        assert program.runs == "new"


async def test_a_vmalert_that_refuses_its_rules_is_told_of(node: Node) -> None:
    async with Program("vmalert") as program:
        program.groups = {"old": ("a",), "new": ("b",)}
        one = await node.pod("a")
        node.swap("a", program, "bad")
        wanted = replace(node.order(program), markers=rules("b"))
        node.deliveries.deliver(AGENT, {one: wanted})
        refused = await node.until_told(Standing.REFUSED, seconds=30)
        assert "refuses the configuration" in refused.words
        program.file = "new"
        await node.until_told(Standing.LOADED, seconds=30)


async def test_a_vmalert_that_hides_its_rules_is_believed_as_its_metrics_are(node: Node) -> None:
    async with Program("vmalert", hides=True) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: replace(node.order(program), markers=rules("b"))})
        await node.until_told(Standing.LOADED, seconds=30)
        assert program.runs == "new"


async def test_after_a_restart_a_pod_that_shows_older_jobs_is_asked_again(node: Node) -> None:
    async with Program() as program:
        program.markers = {"old": (FORMER,), "new": (FIRST,)}
        one = await node.pod("a", config="d2")
        program.file = "new"
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED, seconds=30)
        assert program.runs == "new"


async def test_a_program_that_reads_megabytes_is_not_asked_again_meanwhile(node: Node) -> None:
    async with Program("vmagent", takes_seconds=2.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program, size_bytes=1_000_000)})
        await until(lambda: program.reloads == 1)
        assert node.at()[0].standing is Standing.PENDING
        await node.until_told(Standing.LOADED)
        assert program.runs == "new"
        assert program.reloads == 1


async def test_a_reload_that_takes_long_is_told_of_while_it_goes_on(node: Node) -> None:
    node.deliveries.long_seconds = 1.0
    async with Program("vmagent", takes_seconds=2.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program, size_bytes=1_000_000)})
        await node.until_told(Standing.LOADING)
        assert "spec.resources" in node.at()[0].words
        assert node.at()[0].words.endswith("; shards divide the targets, not the reading")
        assert node.woken == [AGENT]
        await node.until_told(Standing.LOADED)
        assert node.woken == [AGENT, AGENT]


async def test_what_comes_while_a_program_reads_megabytes_is_loaded_after_that(node: Node) -> None:
    async with Program("vmagent", takes_seconds=2.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program, size_bytes=1_200_000)})
        await until(lambda: program.reloads == 1)
        program.takes_seconds = 0.5
        for number in range(5):
            program.file = f"newer{number}"
            newer = node.order(program, digest=f"n{number}", size_bytes=1_200_000)
            node.deliveries.deliver(AGENT, {one: newer})
            await until(lambda: node.annotation("a") == newer.digest)  # noqa: B023 - awaited here
        await node.until_told(Standing.LOADED)
        assert program.runs == "newer4"
        assert program.reloads == 2


async def test_what_comes_meanwhile_waits_for_the_reading_and_not_for_the_patience(
    node: Node,
) -> None:
    hours_of_patience = 10_000_000_000
    async with Program("vmagent", takes_seconds=1.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program, size_bytes=hours_of_patience)})
        await until(lambda: program.reloads == 1)
        program.file = "newer"
        newer = node.order(program, digest="d3", size_bytes=hours_of_patience)
        node.deliveries.deliver(AGENT, {one: newer})
        await node.until_told(Standing.LOADED, seconds=60)
        assert program.runs == "newer"
        assert program.reloads == 2


async def test_a_program_that_found_the_files_of_the_next_order_already_has_it(node: Node) -> None:
    async with Program("vmagent", takes_seconds=1.0) as program:
        program.markers = {"half": (FIRST,), "new": (SECOND,)}
        one = await node.pod("a")
        node.swap("a", program, "new")
        wanted = replace(node.order(program, size_bytes=10_000_000), markers=frozenset((FIRST,)))
        node.deliveries.deliver(AGENT, {one: wanted})
        await until(lambda: program.reloads == 1)
        newer = node.order(program, digest="d3", size_bytes=10_000_000)
        node.deliveries.deliver(AGENT, {one: newer})
        await node.until_told(Standing.LOADED)
        assert program.reloads == 1
        assert node.annotation("a") == "d3"


async def test_whoever_waits_for_an_earlier_reading_says_so(node: Node) -> None:
    node.deliveries.long_seconds = 1.0
    async with Program("vmagent", takes_seconds=3.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program, size_bytes=10_000_000)})
        await until(lambda: program.reloads == 1)
        program.file = "newer"
        newer = node.order(program, digest="d3", size_bytes=10_000_000)
        node.deliveries.deliver(AGENT, {one: newer})
        told = await node.until_told(Standing.LOADING)
        assert "what was written before" in told.words
        assert program.reloads == 1
        await node.until_told(Standing.LOADED, seconds=30)
        assert program.runs == "newer"


async def test_whoever_waits_to_be_asked_says_so(node: Node) -> None:
    node.deliveries.long_seconds = 0.2
    node.deliveries.slots = asyncio.Semaphore(1)
    async with Program() as program:
        one = await node.pod("a")
        await node.deliveries.slots.acquire()
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        told = await node.until_told(Standing.LOADING)
        assert "waits to be asked" in told.words
        assert node.woken == [AGENT]
        node.deliveries.slots.release()
        await node.until_told(Standing.LOADED)


async def test_a_program_that_reads_megabytes_is_looked_at_when_it_may_be_done(node: Node) -> None:
    async with Program("vmagent", takes_seconds=2.0) as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        looks = []
        for number in range(2):
            program.asked.clear()
            wanted = node.order(program, digest=f"d{number}", size_bytes=1_000_000)
            node.deliveries.deliver(AGENT, {one: wanted})
            await node.until_told(Standing.LOADED)
            looks.append(sum("/config" in it for it in program.asked))
            program.file = "newer"
        assert program.runs == "newer"
        assert looks[1] < looks[0]


async def test_of_a_page_that_decides_the_others_are_not_asked_for(node: Node) -> None:
    async with Program("vmagent") as program:
        program.markers = {"old": (FORMER,), "new": (FIRST,)}
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED)
        assert [it for it in program.asked if "relabel" in it] == []


async def test_a_program_is_asked_for_nothing_compressed(node: Node) -> None:
    async with Program("vmagent") as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED)
        assert program.encodings == {"identity"}


async def test_a_pod_that_has_it_is_left_alone(node: Node) -> None:
    async with Program() as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        for _ in range(2):
            node.deliveries.deliver(AGENT, {one: node.order(program)})
            await node.until_told(Standing.LOADED)
        assert len(node.api.writes) == 1


async def test_the_next_configuration_is_delivered_even_while_the_one_before_is_not(
    node: Node,
) -> None:
    async with Program() as program:
        one = await node.pod("a")
        node.deliveries.deliver(AGENT, {one: node.order(program, digest="d1")})
        await until(lambda: node.annotation("a") == "d1")
        program.file = "newer"
        node.deliveries.deliver(AGENT, {one: node.order(program, digest="d3")})
        await until(lambda: program.runs == "newer")
        await node.until_told(Standing.LOADED)
        assert node.annotation("a") == "d3"


async def test_a_pod_that_has_not_started_is_annotated_and_not_asked(node: Node) -> None:
    async with Program() as program:
        one = await node.pod("a", address="")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED)
        assert node.annotation("a") == "d2"
        assert program.asked == []


@pytest.mark.parametrize("kind", ["vmagent", "alertmanager"])
async def test_a_restarted_operator_writes_nothing_and_asks_for_no_reload(
    node: Node, kind: str
) -> None:
    async with Program(kind, runs="new") as program:
        one = await node.pod("a", config="d2")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await node.until_told(Standing.LOADED)
        assert node.api.writes == []
        assert program.reloads == 0


async def test_what_was_not_loaded_before_a_restart_is_asked_for_again(node: Node) -> None:
    async with Program(file="new") as program:
        one = await node.pod("a", config="d2")
        node.deliveries.deliver(AGENT, {one: node.order(program)}, is_trusted=False)
        await node.until_told(Standing.LOADED)
        assert program.runs == "new"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("vmagent", "refuses the configuration and goes on with what it had: its log says why"),
        (
            "alertmanager",
            'answers 500 to /pre/-/reload: failed to reload config: no receiver "…"',
        ),
    ],
)
async def test_a_program_that_refuses_it_is_told_of_and_heals(
    node: Node, kind: str, words: str
) -> None:
    async with Program(kind) as program:
        one = await node.pod("a")
        node.swap("a", program, "bad")
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        refused = await node.until_told(Standing.REFUSED)
        assert refused.words == words
        assert program.runs == "old"
        program.file = "new"
        await node.until_told(Standing.LOADED, seconds=12)
        assert program.runs == "new"


async def test_the_key_goes_along_in_the_body_and_into_no_log(
    node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with Program(key="hunter2 & more") as program:
        one = await node.pod("a")
        node.swap("a", program, "new")
        wanted = node.order(program, key="hunter2 & more")
        node.deliveries.deliver(AGENT, {one: wanted})
        await node.until_told(Standing.LOADED)
        assert program.runs == "new"
        assert "hunter2" not in f"{caplog.text}{wanted}{program.asked}"


async def test_a_wrong_key_is_told_in_the_words_of_the_program(node: Node) -> None:
    async with Program(key="right") as program:
        one = await node.pod("a")
        node.deliveries.deliver(AGENT, {one: node.order(program, key="wrong")})
        failed = await node.until_told(Standing.FAILED)
        assert failed.words == "answers 401 to /pre/-/reload: Expected to receive another authKey"


async def test_a_pod_out_of_reach_is_annotated_and_told_of(node: Node) -> None:
    async with Program() as program:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            wanted = node.order(Program(port=closed.getsockname()[1]))
            first, second = await node.pod("a"), await node.pod("b")
            node.swap("b", program, "new")
            node.deliveries.deliver(AGENT, {first: wanted, second: node.order(program)})
            await until(lambda: node.at()[0].standing is Standing.UNREACHABLE)
            await until(lambda: node.at()[1].standing is Standing.LOADED)
        assert node.at()[0].words.startswith("cannot be reached at port ")
        assert node.annotation("a") == "d2"


async def test_a_key_is_not_sent_to_whoever_else_answers(node: Node, api: FakeApi) -> None:
    one = await node.pod("a")
    elsewhere = Program(port=int(api.url.rpartition(":")[2]))
    node.deliveries.deliver(AGENT, {one: node.order(elsewhere, key="hunter2")})
    told = await node.until_told(Standing.UNREACHABLE)
    assert "something else answers" in told.words
    assert [seen.path for seen in api.writes] == ["/api/v1/namespaces/default/pods/a"]


async def test_a_missing_right_to_annotate_is_told(node: Node) -> None:
    async with Program() as program:
        one = await node.pod("a")
        node.api.faults.append(Fault(status=403, method="PATCH", message="cannot patch pods"))
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        failed = await node.until_told(Standing.FAILED)
        assert failed.words == "cannot be told: cannot patch pods"


async def test_of_pods_that_are_gone_nothing_is_kept(node: Node) -> None:
    async with Program() as program:
        one = await node.pod("a")
        await node.api.remove(Ref("Pod", "default", "a"))
        node.deliveries.deliver(AGENT, {one: node.order(program)})
        await asyncio.sleep(0.3)
        node.deliveries.deliver(AGENT, {})
        assert node.at() == []
        assert node.woken == []
