"""vmalert is asked for the rules that may be sick, also one that knows less of states."""

import pytest
from tests.api.program import Program

from vmoperator.apply.programs import Address, Programs, Refusal
from vmoperator.apply.rule_health import sick_page


def address(vmalert: Program) -> Address:
    path = f"{vmalert.prefix}/-/reload"
    return Address(scheme="http", host="127.0.0.1", port=vmalert.port, reload_path=path)


async def shown(vmalert: Program) -> str:
    async with vmalert, Programs() as programs:
        return await sick_page(programs, address(vmalert))


async def test_one_request_shows_what_fails_and_what_fires() -> None:
    vmalert = Program(kind="vmalert", groups={"old": ("a",)})
    assert '"a"' in await shown(vmalert)
    assert len(vmalert.asked) == 1


async def test_a_vmalert_that_takes_one_state_is_asked_for_what_fails() -> None:
    vmalert = Program(kind="vmalert", groups={"old": ("a",)}, states=1)
    assert '"a"' in await shown(vmalert)
    assert len(vmalert.asked) == 2


async def test_another_refusal_is_no_reason_to_ask_again() -> None:
    vmalert = Program(kind="vmalert", hides=True)
    with pytest.raises(Refusal):
        await shown(vmalert)
    assert len(vmalert.asked) == 1
