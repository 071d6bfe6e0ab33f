"""Measure what a frame costs the simulator: `python tests/simulator/measure_frames.py --help`."""

import argparse
import asyncio
import sys
import time
from typing import Any

import aiohttp
import orjson

from connector.simulator import Simulator, SimulatorConfig


async def measure(arguments: argparse.Namespace) -> None:
    sent = 0

    def count(_stream: str, _text: str) -> None:
        nonlocal sent
        sent += 1

    config = SimulatorConfig(
        symbols=arguments.symbols, total_frames_per_second=arguments.rate, speed=arguments.speed
    )
    simulator = Simulator(config, on_frame=count)
    await simulator.start()
    streams = [
        f"{symbol.lower()}@{kind}" for symbol in simulator.symbols for kind in arguments.kinds
    ]
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        "--read",
        f"{simulator.ws_url}/market/ws/0",
        "--kinds",
        *streams,
        stdout=asyncio.subprocess.PIPE,
    )
    await simulator.until(lambda: len(simulator.subscriptions()) == len(streams))
    await asyncio.sleep(1)
    sent, wall, cpu = 0, time.perf_counter(), time.process_time()
    await asyncio.sleep(arguments.seconds)
    frames, wall, cpu = sent, time.perf_counter() - wall, time.process_time() - cpu
    await simulator.stop()
    assert reader.stdout is not None
    received = orjson.loads(await reader.stdout.read())
    await reader.wait()
    print(
        f"{arguments.symbols} symbols, {' '.join(arguments.kinds)}: {frames / wall:.1f} frames/s,"
        f" {cpu / wall:.1%} of a core, {cpu / frames * 1e6:.1f} us CPU a frame;"
        f" due to received p50 {received['p50']:.2f} ms, p99 {received['p99']:.2f} ms"
    )


async def read(url: str, streams: list[str]) -> None:
    late: list[float] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as websocket:
        for first in range(0, len(streams), 200):
            batch = streams[first : first + 200]
            await websocket.send_json({"method": "SUBSCRIBE", "params": batch, "id": first})
        async for message in websocket:
            frame: Any = orjson.loads(message.data)
            if "E" in frame:
                late.append(time.time() * 1000 - frame["E"])
    late = sorted(late[len(late) // 5 :])
    figures = {"p50": late[len(late) // 2], "p99": late[len(late) * 99 // 100]}
    print(orjson.dumps(figures).decode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--rate", type=float, default=2000, help="trades a second, all symbols")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--kinds", nargs="+", default=["ticker"])
    parser.add_argument("--read", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        asyncio.run(read(arguments.read, arguments.kinds))
    else:
        asyncio.run(measure(arguments))


if __name__ == "__main__":
    main()
