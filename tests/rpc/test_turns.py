"""What is due for a client is done by turns of the loop, and nobody waits behind another client."""

import asyncio
from functools import partial

from connector.grpc.turns import Turns


async def test_a_client_with_much_due_gets_so_much_a_turn_and_in_its_order() -> None:
    done: list[int] = []
    take = Turns(a_turn=4).of("many")
    for number in range(10):
        take(partial(done.append, number))

    seen = [len(done)]
    for _ in range(3):
        await asyncio.sleep(0)
        seen.append(len(done))
    assert seen == [4, 8, 10, 10]
    assert done == list(range(10))


async def test_another_client_is_served_at_once_whatever_is_due_for_the_first() -> None:
    done: list[str] = []
    turns = Turns(a_turn=2)
    for _ in range(6):
        turns.of("many")(partial(done.append, "many"))
    turns.of("one")(partial(done.append, "one"))
    assert done == ["many", "many", "one"]

    await asyncio.sleep(0)
    turns.of("one")(partial(done.append, "one"))
    turns.of("many")(partial(done.append, "last"))
    assert done[3:] == ["many", "many", "one"]

    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done[6:] == ["many", "many", "last"]


async def test_each_turn_begins_anew() -> None:
    done: list[int] = []
    take = Turns(a_turn=1).of("one")
    for number in range(3):
        take(partial(done.append, number))
        await asyncio.sleep(0)
        assert done == list(range(number + 1))


async def test_what_raises_in_its_turn_keeps_no_other_waiting() -> None:
    done: list[int] = []
    raised: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: raised.append(told))
    take = Turns(a_turn=1).of("one")
    for step in (partial(done.append, 1), partial(done.remove, 7), partial(done.append, 2)):
        take(step)

    for _ in range(3):
        await asyncio.sleep(0)
    take(partial(done.append, 3))

    await asyncio.sleep(0)
    assert done == [1, 2, 3]
    assert len(raised) == 1


async def test_what_is_very_much_leaves_the_loop_to_others_between_its_turns() -> None:
    done: list[int] = []
    turns = Turns(a_turn=2, many=4, apart_s=3600)
    take = turns.of("many")
    for number in range(10):
        take(partial(done.append, number))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == [0, 1, 2, 3]

    turns.of("one")(partial(done.append, 99))
    assert done == [0, 1, 2, 3, 99]


async def test_what_is_very_much_is_done_all_the_same_and_in_its_order() -> None:
    done: list[int] = []
    take = Turns(a_turn=2, many=4, apart_s=0.001).of("many")
    for number in range(300):
        take(partial(done.append, number))
    ended = asyncio.Event()
    take(ended.set)
    async with asyncio.timeout(10):
        await ended.wait()
    assert done == list(range(300))
