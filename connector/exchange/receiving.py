"""A websocket read in slices, so that a blast of frames leaves room for everything else.

ccxt drains whatever has arrived in one turn of the event loop, and makes a task for each frame
that has to be waited for. Here one task reads a socket for its life, and steps aside after each
quarter of a millisecond of work.
"""

import asyncio
import time
from typing import Any

import ccxt

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
    worked_s = 0.0
    while not client.closed():
        try:
            message = await receive()
        except Exception as error:
            client.reject(ccxt.NetworkError(str(error)))
            return
        began = clock()
        client.handle_message(message)
        worked_s += clock() - began
        if worked_s >= SLICE_S:
            worked_s = 0.0
            await asyncio.sleep(0)
    client.on_close(1006)
