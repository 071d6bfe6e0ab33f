"""A websocket read in slices, so that a blast of frames leaves room for everything else.

ccxt drains whatever has arrived in one turn of the event loop, and makes a task for each frame
that has to be waited for. Here one task reads a socket for its life, and steps aside after each
quarter of a millisecond of work.
"""

import asyncio
import time
from collections import deque
from typing import Any

import ccxt
from aiohttp import WSMsgType
from ccxt.async_support.base.ws.client import MSG_SIZE_OVERHEAD

SLICE_S = 0.00025
"""Work on frames before others have their turn: a call needs some ten turns to be answered."""


def read_in_slices(client: Any) -> None:
    """Put our reading in the place of a ccxt websocket client's receive loop.

    Source:  ccxt 4.5.90, `async_support/base/ws/client.py` (`receive_loop`, `open`, `on_close`).
    """

    def begin() -> None:
        client.reading = asyncio.get_running_loop().create_task(_read(client), name="read a socket")

    client.receive_loop = begin


async def _read(client: Any) -> None:
    receive, clock = client.connection.receive, time.perf_counter
    left_s = SLICE_S
    while not client.closed():
        try:
            message = await receive()
        except Exception as error:
            client.reject(ccxt.NetworkError(str(error)))
            return
        began = clock()
        client.handle_message(message)
        left_s -= _handle_arrived(client, began + left_s) - began
        if left_s <= 0:
            left_s = SLICE_S
            await asyncio.sleep(0)
    client.on_close(1006)


def _handle_arrived(client: Any, until: float) -> float:
    """Handle texts that wait in aiohttp's queue, all but its last message; give the time.

    `receive` takes 1 µs for each, as much as the lane's decoding. What is taken past it is added
    to the size of the message that stays, by which aiohttp knows how full its queue is: ccxt's own
    receive loop does the same.
    """
    clock, handle, taken = time.perf_counter, client.handle_message, 0
    arrived: deque[tuple[Any, int]] = client.buffer or deque()
    now = clock()
    while now < until and len(arrived) > 1 and arrived[0][0].type is WSMsgType.TEXT:
        message, size = arrived.popleft()
        taken += size + MSG_SIZE_OVERHEAD
        handle(message)
        now = clock()
    if taken:
        message, size = arrived[0]
        arrived[0] = (message, size + taken)
    return now
