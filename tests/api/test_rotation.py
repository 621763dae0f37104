"""The certificate of the webhooks is renewed while objects are judged: no question is lost."""

from __future__ import annotations

import asyncio
import datetime
import ssl

import aiohttp
import pytest
from tests.api.test_admission import DAY, Replica, Stand, agent, asked, review
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.watch.admission import PATH

ASKING = 4


@pytest.fixture
def stand(api: FakeApi, client: Client) -> Stand:
    return Stand(api, client)


class Questions:
    """API servers that ask without a pause, each over a new connection; a refusal ends the test."""

    def __init__(self, stand: Stand, *replicas: Replica) -> None:
        self.stand, self.replicas, self.answered = stand, replicas, 0

    async def ask(self, number: int) -> None:
        while True:
            one = self.replicas[(self.answered + number) % len(self.replicas)]
            status, answer = await asked(one.port, review(agent()), self.stand.told)
            assert (status, answer["response"]["allowed"]) == (200, True)
            self.answered += 1
            await asyncio.sleep(0)

    async def go_on(self) -> None:
        """Until each has been answered twice more."""
        enough = self.answered + 2 * ASKING
        await until(lambda: self.answered >= enough, seconds=60)


async def test_no_question_is_refused_while_the_certificate_is_renewed(stand: Stand) -> None:
    now = datetime.datetime.now(datetime.UTC)
    stand.clock.time = now - 80 * DAY
    await stand.register(url="https://127.0.0.1/")
    async with (
        stand.replica() as leader,
        stand.replica(is_leading=False) as standby,
        aiohttp.ClientSession() as held,
        asyncio.TaskGroup() as group,
    ):
        await until(lambda: stand.told)
        await until(lambda: standby.admission.is_serving)
        first = await leader.shown()
        context = ssl.create_default_context(cadata=stand.told)
        await _ask_over(held, leader, context)
        questions = Questions(stand, leader, standby)
        asking = [group.create_task(questions.ask(number)) for number in range(ASKING)]
        await questions.go_on()
        stand.clock.time = now - 19 * DAY
        for replica in (leader, standby):
            await replica.admission.keep_up()
            await questions.go_on()
        second = await leader.shown()
        assert second.serial_number != first.serial_number
        assert await standby.shown() == second
        # A connection that was there before goes on.
        await _ask_over(held, leader, context)
        for task in asking:
            task.cancel()


async def _ask_over(held: aiohttp.ClientSession, one: Replica, context: ssl.SSLContext) -> None:
    url = f"https://127.0.0.1:{one.port}{PATH}"
    async with held.post(url, json=review(agent()), ssl=context) as answer:
        assert (await answer.json())["response"]["allowed"] is True
