"""The connector with nobody at its server: exchange, parsers, operators, feeds; its loop's lag.

It answers what clients answer; a Listen's address is the exchange's REST address.
"""

import asyncio
import sys
import time

import msgspec
from opensqt.market_maker.v1.events_pb2 import PriceChange
from reactivex.scheduler.eventloop import AsyncIOScheduler

from bench.commands import (
    Counts,
    Done,
    Heard,
    HeardBy,
    Lag,
    Latencies,
    Leave,
    Listen,
    Listening,
    PriceAt,
    Received,
    ToClients,
)
from bench.programs.answering import answer_commands, run, tell
from connector.app import Connector
from connector.config import (
    CcxtConfig,
    Config,
    ExchangeConfig,
    FeedsConfig,
    PriceFeed,
    ServerConfig,
    StateConfig,
)
from connector.exchange.embedded import embedded_urls
from connector.logs import configure_logs

LOOK_S = 0.005


async def _note_lag(lags: list[int]) -> None:
    while True:
        due = time.perf_counter() + LOOK_S
        await asyncio.sleep(LOOK_S)
        lags.append(max(0, round((time.perf_counter() - due) * 1e9)))


async def _main() -> None:
    rest_url, max_per_second = sys.argv[1], float(sys.argv[2])
    urls = embedded_urls(rest_url, rest_url.replace("http", "ws", 1))
    config = Config(
        exchange=ExchangeConfig(id="binanceusdm", ccxt=CcxtConfig(urls=urls)),
        feeds=FeedsConfig(price=PriceFeed(max_per_second=max_per_second, heartbeat_s=60)),
        server=ServerConfig(port=0),
        state=StateConfig(path=":memory:"),
    )
    configure_logs(config.log)
    async with Connector(config) as connector:
        await connector.ready()
        await _answer(connector)


async def _answer(connector: Connector) -> None:
    feeds, symbols = connector.feeds, connector.session.symbols
    scheduler = AsyncIOScheduler(asyncio.get_running_loop())
    heard: list[tuple[int, PriceChange]] = []
    names: list[str] = []
    lags: list[int] = []
    looking = asyncio.create_task(_note_lag(lags))

    async def answer(command: ToClients) -> msgspec.Struct:
        match command:
            case Listen():
                asked = {spelling: symbols.resolve(spelling) for spelling in command.symbols}
                feeds.prices(asked).subscribe(
                    lambda price: heard.append((time.time_ns(), price)), scheduler=scheduler
                )
                names.append(command.client)
                return Done()
            case Received():
                return Counts(dict.fromkeys(names, len(heard)))
            case Lag():
                told = list(lags)
                lags.clear()
                return Latencies(told)
            case Leave():
                feeds.close()
                return Heard([HeardBy(names[0], [_price(*each) for each in heard], [], "")])
            case _:
                raise ValueError(f"there is no server for {type(command).__name__}")

    try:
        tell(Listening())
        await answer_commands(msgspec.json.Decoder(ToClients), answer)
    finally:
        looking.cancel()


def _price(at_ns: int, message: PriceChange) -> PriceAt:
    told = message.timestamp
    return PriceAt(
        at_ns, message.symbol, told.seconds * 1_000_000_000 + told.nanos, message.price.value
    )


if __name__ == "__main__":
    run(_main, collecting=True)
