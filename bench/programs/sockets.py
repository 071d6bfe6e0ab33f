"""The floor of the exchange's side: a bare websocket, and orjson.

It answers what clients answer: a Listen's address is the exchange's REST address.
"""

import asyncio
import time

import aiohttp
import msgspec
import orjson

from bench.commands import (
    Counts,
    Done,
    Heard,
    HeardBy,
    Leave,
    Listen,
    Listening,
    PriceAt,
    Received,
    ToClients,
)
from bench.programs.answering import answer_commands, run, tell

Heard_ = list[tuple[int, str, int, str]]
MOST_BYTES = 1 << 20


async def _hear(asked: Listen, heard: Heard_) -> None:
    names = [f"{symbol.lower()}@ticker" for symbol in asked.symbols]
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{asked.address}/ws", max_msg_size=MOST_BYTES) as socket,
    ):
        await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
        async for message in socket:
            frame = orjson.loads(message.data)
            if "c" in frame:
                heard.append((time.time_ns(), frame["s"], frame["E"], frame["c"]))


async def _main() -> None:
    heard: Heard_ = []
    names: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def answer(command: ToClients) -> msgspec.Struct:
        match command:
            case Listen():
                tasks.append(asyncio.create_task(_hear(command, heard)))
                names.append(command.client)
                return Done()
            case Received():
                return Counts(dict.fromkeys(names, len(heard)))
            case Leave():
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                prices = [PriceAt(at, s, e * 1_000_000, c) for at, s, e, c in heard]
                return Heard([HeardBy(names[0], prices, [], "")])
            case _:
                raise ValueError(f"a bare socket can't {type(command).__name__}")

    tell(Listening())
    await answer_commands(msgspec.json.Decoder(ToClients), answer)


if __name__ == "__main__":
    run(_main, collecting=True)
