"""The limit of requests: at once what fits, in order what doesn't, nothing for who has left."""

import asyncio
import time

import pytest

from connector.errors import RateLimited
from connector.exchange.pacing import LONGEST_PAUSE_S, RollingWindow, ahead_of_all


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


async def test_who_would_wait_too_long_is_told_at_once_and_takes_no_place() -> None:
    window = RollingWindow(max_weight=4, window_s=60, longest_wait_s=8)
    await window(4)

    for _ in range(2):
        with pytest.raises(RateLimited, match="limit of requests is used up") as caught:
            window(1)
        assert caught.value.retry_after is not None
        assert 59 < caught.value.retry_after.total_seconds() <= 60

    assert window.held_back().total_seconds() == 0


async def test_who_waits_before_counts_too() -> None:
    window = RollingWindow(max_weight=2, window_s=60, longest_wait_s=90)
    await window(2)

    first, second = window(1), window(1)  # a minute each: when those before have left
    with pytest.raises(RateLimited) as caught:
        window(1)  # two minutes: when these have
    second.cancel()
    third = window(1)

    assert caught.value.retry_after is not None
    assert 119 < caught.value.retry_after.total_seconds() <= 120
    assert not first.done()
    assert not third.done()


async def test_what_goes_ahead_of_all_is_sent_at_once_and_counted() -> None:
    window = RollingWindow(max_weight=2, window_s=60)
    await window(2)
    held = window(1)

    with ahead_of_all():
        assert window(1).done()

    assert window.weight == 3
    assert not held.done()
    assert not window(1).done()


async def test_a_pause_is_told_at_once_to_all_also_to_who_waits() -> None:
    window = RollingWindow(max_weight=2, window_s=60)
    await window(2)
    held, left = window(1), window(1)
    left.cancel()

    window.pause(7)
    window.pause(1)  # pauses don't add up, and none shortens another

    with ahead_of_all(), pytest.raises(RateLimited, match="asked for a pause") as now:
        window(1)
    with pytest.raises(RateLimited) as before:
        await held
    for caught in (now, before):
        assert caught.value.retry_after is not None
        assert 6 < caught.value.retry_after.total_seconds() <= 7
    assert window.weight == 2


async def test_after_a_pause_requests_are_sent_again() -> None:
    window = RollingWindow(max_weight=2, window_s=60)
    window.pause(0.01)

    async with asyncio.timeout(5):
        while window.paused():
            await asyncio.sleep(0.005)

    assert window(1).done()


async def test_a_pause_beyond_every_ban_is_an_error_of_the_exchange() -> None:
    window = RollingWindow(max_weight=2, window_s=60)

    window.pause(1e12)

    assert window.paused().total_seconds() <= LONGEST_PAUSE_S
