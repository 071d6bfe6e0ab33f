"""The event loop's lag, as the metric tells it."""

import asyncio
import time

from prometheus_client import REGISTRY

from connector.loop_lag import loop_lag_watched

LOOK_S, BUSY_S = 0.001, 0.06


def _late(more_than_s: str) -> float:
    """Give how many looks were later than a bucket's bound."""
    name = "connector_loop_lag_seconds"
    looks = REGISTRY.get_sample_value(f"{name}_count") or 0
    return looks - (REGISTRY.get_sample_value(f"{name}_bucket", {"le": more_than_s}) or 0)


async def test_a_loop_that_was_held_up_is_told_by_how_much() -> None:
    before = _late("0.05")
    async with loop_lag_watched(LOOK_S):
        await asyncio.sleep(LOOK_S * 5)
        until = time.perf_counter() + BUSY_S
        while time.perf_counter() < until:
            pass
        async with asyncio.timeout(5):
            while _late("0.05") == before:
                await asyncio.sleep(LOOK_S)
    looks = REGISTRY.get_sample_value("connector_loop_lag_seconds_count")
    await asyncio.sleep(LOOK_S * 5)

    assert _late("0.05") > before
    assert REGISTRY.get_sample_value("connector_loop_lag_seconds_count") == looks
