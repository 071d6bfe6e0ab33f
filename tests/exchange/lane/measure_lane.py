"""CPU of a frame from the websocket client to a listener.

    python -m tests.exchange.lane.measure_lane

Both ways of each kind, the same documented frames, best of three; process time, so that other
processes on the machine don't count.
"""

import asyncio
import time

from connector.domain import PriceSource
from tests.exchange.lane.frames import Drawn
from tests.exchange.lane.line import Line
from tests.exchange.lane.test_differential import PLACES

FRAMES, TIMES = 2000, 3


async def _main() -> None:
    for place in PLACES:
        for fast in (True, False):
            line = Line(place.id, place.market, fast=fast)
            await line.listen(list[PriceSource](place.sources), ["1m", "1h"])
            told: list[str] = []
            for draw in place.draws:
                drawn = Drawn(1, odd=0)
                frames = [draw(drawn) for _ in range(FRAMES)]
                best = min(
                    _seconds(line, frames[0].stream, [f.frame for f in frames])
                    for _ in range(TIMES)
                )
                told.append(f"{frames[0].stream.strip(':')} {best / FRAMES * 1e6:.1f}")
            way = "lane" if fast else "ccxt"
            print(f"{place.id} {place.market} {way}, us a frame: {', '.join(told)}")
            await line.close()


def _seconds(line: Line, stream: str, frames: list[str]) -> float:
    began = time.process_time()
    for frame in frames:
        line.feed(stream, frame)
    return time.process_time() - began


if __name__ == "__main__":
    asyncio.run(_main())
