"""The same asked of many things, a few of them at once."""

import asyncio

import pytest

from connector.exchange.few_at_once import few_at_once


async def test_so_many_are_under_way_and_what_came_is_in_the_order_of_the_items() -> None:
    under_way, most = set[int](), 0

    async def work(item: int) -> int:
        nonlocal most
        under_way.add(item)
        most = max(most, len(under_way))
        for _ in range(10 - item):
            await asyncio.sleep(0)
        under_way.remove(item)
        return item * item

    assert await few_at_once(3, range(8), work) == [item * item for item in range(8)]
    assert most == 3
    assert await few_at_once(3, [], work, all_end=True) == []


@pytest.mark.parametrize("all_end", [False, True])
async def test_after_an_error_the_rest_is_cancelled_or_ends_first(all_end: bool) -> None:
    ended: list[int] = []

    async def work(item: int) -> None:
        if item == 1:
            raise ValueError("one")
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append(item)

    with pytest.raises(ValueError, match="one"):
        await few_at_once(2, range(4), work, all_end=all_end)
    for _ in range(20):
        await asyncio.sleep(0)

    assert ended == ([0, 2, 3] if all_end else [])
