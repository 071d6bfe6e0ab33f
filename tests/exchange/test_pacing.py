"""The limit of requests: at once what fits, in order what doesn't, nothing for who has left."""

import asyncio
import time

from connector.exchange.pacing import RollingWindow


async def test_what_fits_is_sent_at_once() -> None:
    window = RollingWindow(max_weight=10, window_s=60)

    assert all(window(weight).done() for weight in (4, 4, None, 1))
    assert window.weight == 10
    assert window.held_back().total_seconds() == 0


async def test_what_does_not_fit_waits_until_the_oldest_has_left_the_window() -> None:
    window = RollingWindow(max_weight=2, window_s=0.05)
    began = time.monotonic()
    await window(2)

    held = window(1)
    assert not held.done()
    assert 0 < window.held_back().total_seconds() <= 0.05
    async with asyncio.timeout(5):
        await held

    assert time.monotonic() - began >= 0.05
    assert window.weight == 1


async def test_a_light_request_does_not_overtake_a_heavy_one() -> None:
    window = RollingWindow(max_weight=4, window_s=0.02)
    await window(3)
    done: list[str] = []

    async def send(name: str, weight: float) -> None:
        await window(weight)
        done.append(name)

    async with asyncio.timeout(5):
        await asyncio.gather(send("heavy", 4), send("light", 1))

    assert done == ["heavy", "light"]


async def test_who_has_left_weighs_nothing() -> None:
    window = RollingWindow(max_weight=1, window_s=0.02)
    await window(1)
    left, stays = window(1), window(1)
    left.cancel()

    async with asyncio.timeout(5):
        await stays

    assert window.weight == 1


async def test_a_request_heavier_than_the_limit_goes_alone() -> None:
    window = RollingWindow(max_weight=1, window_s=60)

    assert window(40).done()
    assert not window(1).done()
