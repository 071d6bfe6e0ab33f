"""Lines of ended calls: written in their order, several in a row, none left behind."""

import asyncio
from functools import partial
from typing import Any

from connector.grpc.lines import A_TURN, Lines


async def test_what_is_due_is_written_in_its_order_and_not_at_once() -> None:
    written: list[int] = []
    lines = Lines(later_s=0.001)

    for number in range(A_TURN + 1):
        lines.add(partial(written.append, number))

    assert written == []
    async with asyncio.timeout(5):
        while len(written) <= A_TURN:
            await asyncio.sleep(0)
    assert written == list(range(A_TURN + 1))


async def test_the_end_writes_what_is_due_and_what_comes_after_it() -> None:
    written: list[str] = []
    lines = Lines(later_s=3600)
    lines.add(partial(written.append, "due"))

    lines.close()
    lines.add(partial(written.append, "late"))

    async with asyncio.timeout(5):
        while len(written) < 2:
            await asyncio.sleep(0)
    assert written == ["due", "late"]


async def test_one_that_can_not_be_written_keeps_none_from_being_written() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    written: list[str] = []
    lines = Lines(later_s=0)

    def breaks() -> None:
        raise ZeroDivisionError

    lines.add(breaks)
    lines.add(partial(written.append, "next"))

    async with asyncio.timeout(5):
        while not written:
            await asyncio.sleep(0)
    assert [type(each["exception"]) for each in told] == [ZeroDivisionError]
