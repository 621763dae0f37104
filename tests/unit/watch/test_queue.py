"""The work queue: what it promises about when a key is worked, under a clock that skips."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.watch.clock import at_once

from vmoperator.base.errors import Conflict, Invalid, NotYet, SpecInvalid, Unavailable
from vmoperator.base.manifest import Ref
from vmoperator.watch.queue import WorkQueue

A, B = Ref("VMCluster", "default", "a"), Ref("VMCluster", "default", "b")

Outcome = float | None | Exception


@dataclass
class Worked:
    """A worker that notes what it did and follows a script of outcomes; after that it succeeds."""

    script: dict[Ref, list[Outcome]] = field(default_factory=dict)
    takes_seconds: dict[Ref, float] = field(default_factory=dict)
    started: list[tuple[Ref, float]] = field(default_factory=list)
    running: set[Ref] = field(default_factory=set)
    most_at_once: int = 0

    async def __call__(self, ref: Ref) -> float | None:
        assert ref not in self.running, f"{ref} is worked twice at the same time"
        self.running.add(ref)
        self.most_at_once = max(self.most_at_once, len(self.running))
        self.started.append((ref, asyncio.get_running_loop().time()))
        try:
            await asyncio.sleep(self.takes_seconds.get(ref, 0.0))
        finally:
            self.running.discard(ref)
        outcome = self.script[ref].pop(0) if self.script.get(ref) else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def times(self, ref: Ref) -> list[float]:
        return [at for worked, at in self.started if worked == ref]


def told(
    work: Callable[[Ref], Awaitable[float | None]],
    story: Callable[[WorkQueue], Awaitable[None]],
    **options: float,
) -> WorkQueue:
    """The queue after the story was played in it."""

    async def play() -> WorkQueue:
        queue = WorkQueue(work, **options)  # type: ignore[arg-type]  # the tests pass what fits
        task = asyncio.create_task(queue.run())
        await story(queue)
        await queue.drain(0)
        await task
        return queue

    return at_once(play())


def test_a_storm_of_thousands_of_changes_is_a_handful_of_passes() -> None:
    worked = Worked(takes_seconds={A: 0.1})

    async def story(queue: WorkQueue) -> None:
        for _ in range(5000):
            queue.add(A)
            await asyncio.sleep(0.004)
        ended = asyncio.get_running_loop().time()
        await asyncio.sleep(1)
        # The last change is not waited for longer than any other one.
        assert worked.started[-1][1] < ended + 0.06
        queue.add(A)
        await asyncio.sleep(0.2)
        assert worked.started[-1][1] > ended + 1

    told(worked, story)
    assert len(worked.started) <= 9


def test_a_burst_is_one_pass() -> None:
    worked = Worked()

    async def story(queue: WorkQueue) -> None:
        for _ in range(100):
            queue.add(A)
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)

    told(worked, story)
    assert len(worked.started) == 1
    assert worked.times(A) == [pytest.approx(0.099 + 0.05, abs=0.005)]


def test_a_burst_without_end_is_not_waited_for() -> None:
    worked = Worked()

    async def story(queue: WorkQueue) -> None:
        for _ in range(300):
            queue.add(A)
            await asyncio.sleep(0.01)

    told(worked, story)
    assert worked.times(A)[:2] == [pytest.approx(0.5, abs=0.02), pytest.approx(1.0, abs=0.04)]


def test_a_key_woken_while_it_is_worked_is_worked_once_more() -> None:
    worked = Worked(takes_seconds={A: 1.0})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(0.5)
        queue.add(A)
        queue.add(A)
        await asyncio.sleep(5)

    told(worked, story)
    assert len(worked.times(A)) == 2


def test_a_slow_key_does_not_delay_others() -> None:
    worked = Worked(takes_seconds={A: 100.0})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(1)
        queue.add(B)
        await asyncio.sleep(1)

    told(worked, story)
    assert worked.times(B) == [pytest.approx(1.05)]


def test_no_more_keys_are_worked_at_once_than_there_are_workers() -> None:
    refs = [Ref("VMCluster", "default", str(number)) for number in range(20)]
    worked = Worked(takes_seconds=dict.fromkeys(refs, 1.0))
    depths = []

    async def story(queue: WorkQueue) -> None:
        for ref in refs:
            queue.add(ref)
        await asyncio.sleep(0.6)
        depths.append(queue.counts())
        await asyncio.sleep(10)

    told(worked, story, workers=3)
    assert worked.most_at_once == 3
    assert sorted(ref for ref, _ in worked.started) == sorted(refs)
    assert depths[0].depth == 17
    assert depths[0].oldest_waiting_seconds == pytest.approx(0.55)


def test_a_result_in_seconds_means_look_again_then() -> None:
    worked = Worked(script={A: [10.0]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(30)

    told(worked, story)
    assert worked.times(A) == [pytest.approx(0.05), pytest.approx(10.05)]


def test_a_planned_look_does_not_delay_a_wake_up() -> None:
    worked = Worked(script={A: [10.0]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(1)
        queue.add(A)
        await asyncio.sleep(30)

    told(worked, story)
    assert worked.times(A) == [pytest.approx(0.05), pytest.approx(1.05)]


def test_a_key_may_be_added_for_later() -> None:
    worked = Worked()

    async def story(queue: WorkQueue) -> None:
        queue.add(A, after_seconds=5)
        queue.add(A, after_seconds=3)
        await asyncio.sleep(30)

    told(worked, story)
    assert worked.times(A) == [pytest.approx(3)]


@pytest.mark.parametrize(
    ("error", "earliest", "latest"),
    [
        pytest.param(Conflict("changed"), 0, 0.021, id="a conflict is tried again at once"),
        pytest.param(Unavailable("down"), 0, 0.51, id="an outage is tried again after a while"),
        pytest.param(
            Unavailable("busy", after_seconds=7), 7, 7.51, id="the server's wish is honoured"
        ),
        pytest.param(NotYet("soon", after_seconds=4), 4, 4.01, id="what is missing is waited for"),
        pytest.param(Invalid("no"), 60, 91, id="a refused manifest is tried again slowly"),
        pytest.param(SpecInvalid("spec.a", "no"), 60, 91, id="a bad spec is tried again slowly"),
        pytest.param(RuntimeError("bug"), 0, 0.51, id="a defect is tried again"),
    ],
)
def test_each_error_has_its_delay(error: Exception, earliest: float, latest: float) -> None:
    worked = Worked(script={A: [error]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(200)

    told(worked, story)
    first, second = worked.times(A)
    assert earliest <= second - first <= latest


def test_the_delay_grows_to_a_minute_and_starts_again_after_a_success() -> None:
    failures: list[Outcome] = [Unavailable("down") for _ in range(200)]
    worked = Worked(script={A: [*failures, None, Unavailable("down")]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(20_000)
        queue.add(A)
        await asyncio.sleep(5)

    told(worked, story)
    times = worked.times(A)
    delays = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert max(delays[:3]) <= 2.1
    assert 40 < max(delays[50:200]) <= 60.1
    assert len(times) == 203
    assert delays[-1] <= 0.51


def test_a_failing_key_is_woken_early_but_not_without_end() -> None:
    worked = Worked(script={A: [SpecInvalid("spec.a", "no") for _ in range(1000)]})

    async def story(queue: WorkQueue) -> None:
        for _ in range(1000):
            queue.add(A)
            await asyncio.sleep(0.01)

    told(worked, story)
    assert 8 <= len(worked.times(A)) <= 12


def test_a_defect_is_told_with_its_traceback_and_spoils_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worked = Worked(script={A: [RuntimeError("a bug")]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        queue.add(B)
        await asyncio.sleep(5)

    queue = told(worked, story)
    assert len(worked.times(A)) == 2
    assert len(worked.times(B)) == 1
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.__dict__["ref"] == A

    async def figures() -> tuple[int, int]:
        counts = queue.counts()
        return counts.done, counts.failed

    assert at_once(figures()) == (2, 1)


def test_typed_errors_are_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    worked = Worked(script={A: [Unavailable("no connection to http://x")]})

    async def story(queue: WorkQueue) -> None:
        queue.add(A)
        await asyncio.sleep(5)

    told(worked, story)
    [record] = [record for record in caplog.records if "http://x" in record.getMessage()]
    assert record.getMessage().startswith("Unavailable: no connection to http://x; next try in ")
    assert record.exc_info is None


@pytest.mark.parametrize(
    ("takes_seconds", "finished"), [(1.0, True), (9.0, False)], ids=["in time", "too slow"]
)
def test_draining_waits_for_what_runs_and_starts_nothing(
    takes_seconds: float, finished: bool
) -> None:
    worked = Worked(takes_seconds={A: takes_seconds})

    async def play() -> tuple[bool, float]:
        queue = WorkQueue(worked)
        task = asyncio.create_task(queue.run())
        queue.add(A)
        await asyncio.sleep(0.5)
        queue.add(B)
        in_time = await queue.drain(1.5)
        await task
        return in_time, asyncio.get_running_loop().time()

    in_time, ended = at_once(play())
    assert in_time is finished
    assert ended <= 2.1
    assert [ref for ref, _ in worked.started] == [A]
    assert worked.running == set()


STEPS = st.lists(
    st.tuples(
        st.sampled_from([A, B, Ref("VMCluster", "other", "c")]),
        st.sampled_from([0.0, 0.0, 0.3, 5.0]),
        st.floats(0, 0.7),
    ),
    max_size=30,
)
ENDINGS = st.sampled_from([None, None, 0.2, Conflict("x"), Unavailable("x"), RuntimeError("x")])
OUTCOMES = st.lists(ENDINGS, max_size=6)


@settings(max_examples=150, deadline=None)
@given(STEPS, OUTCOMES, st.integers(1, 3), st.floats(0, 1))
def test_no_wake_up_is_ever_lost(
    steps: list[tuple[Ref, float, float]],
    outcomes: list[Outcome],
    workers: int,
    takes_seconds: float,
) -> None:
    logging.getLogger("vmoperator.watch.queue").disabled = True
    refs = {ref for ref, _, _ in steps}
    worked = Worked(
        script={ref: list(outcomes) for ref in refs},
        takes_seconds=dict.fromkeys(refs, takes_seconds),
    )
    last_added: dict[Ref, float] = {}

    async def story(queue: WorkQueue) -> None:
        for ref, after_seconds, pause in steps:
            queue.add(ref, after_seconds=after_seconds)
            last_added[ref] = asyncio.get_running_loop().time()
            await asyncio.sleep(pause)
        await asyncio.sleep(1000)
        assert queue.counts().depth == 0

    told(worked, story, workers=workers)
    logging.getLogger("vmoperator.watch.queue").disabled = False
    assert worked.most_at_once <= workers
    for ref, added in last_added.items():
        assert worked.times(ref)[-1] >= added
        consumed = outcomes[: len(outcomes) - len(worked.script[ref])]
        ended_well = not worked.script[ref] or consumed[-1] is None
        assert ended_well, "a failed key was not worked until it succeeded"


def test_a_pass_that_never_ends_is_cut_off_told_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[Exception | None] = []
    tries: list[Ref] = []

    async def work(ref: Ref) -> None:
        tries.append(ref)
        if len(tries) == 1:
            await asyncio.Event().wait()

    async def scenario() -> None:
        queue = WorkQueue(work, pass_seconds=300, on_end=lambda ref, seconds, it: ended.append(it))
        queue.add(A)
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(100)
        counts = queue.counts()
        assert (counts.running, round(counts.longest_running_seconds)) == (1, 100)
        await asyncio.sleep(300)
        assert (queue.counts().running, queue.counts().longest_running_seconds) == (0, 0.0)
        running.cancel()

    at_once(scenario())
    assert [type(it).__name__ for it in ended] == ["Overdue", "NoneType"]
    assert "did not end within 300 s" in caplog.text


def test_a_pass_that_waits_for_something_cancelled_is_tried_again() -> None:
    tries: list[Ref] = []

    async def work(ref: Ref) -> None:
        tries.append(ref)
        if len(tries) == 1:
            sleeping = asyncio.create_task(asyncio.sleep(10))
            sleeping.cancel()
            await sleeping

    async def scenario() -> None:
        queue = WorkQueue(work)
        queue.add(A)
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(60)
        running.cancel()

    at_once(scenario())
    assert len(tries) == 2


def test_workers_that_do_not_move_show_in_the_figures() -> None:
    async def scenario() -> None:
        queue = WorkQueue(lambda ref: asyncio.sleep(1_000, None), workers=1, pass_seconds=5_000)
        assert queue.counts().idle_seconds == 0
        queue.add(A)
        queue.add(B)
        running = asyncio.create_task(queue.run())
        await asyncio.sleep(600)
        counts = queue.counts()
        assert (counts.depth, counts.running) == (1, 1)
        assert counts.idle_seconds > 500
        running.cancel()

    at_once(scenario())


def test_where_it_is_the_turn_of_another_process_nothing_waits_for_a_worker() -> None:
    async def scenario() -> None:
        queue = WorkQueue(lambda ref: asyncio.sleep(0, None))
        queue.add(A)
        await asyncio.sleep(2_000)
        assert (queue.counts().depth, queue.counts().oldest_waiting_seconds) == (0, 0.0)
        leading = asyncio.create_task(queue.run())
        await asyncio.sleep(10)
        leading.cancel()
        await asyncio.wait({leading})
        queue.add(B)
        await asyncio.sleep(2_000)
        counts = queue.counts()
        assert (counts.depth, counts.oldest_waiting_seconds, counts.idle_seconds) == (0, 0.0, 0.0)

    at_once(scenario())
