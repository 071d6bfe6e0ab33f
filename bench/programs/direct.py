"""The exchange, asked without the connector: by bare aiohttp, and by the connector's own ccxt.

A process like the connector's: uvloop, one keep-alive connection pool, the same signed requests.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
from pydantic import SecretStr

from bench.commands import Ask, Latencies, Listening, Prepare, Prepared, ToDirect
from bench.programs.answering import answer_commands, run, tell
from bench.programs.asking import Asking
from connector.config import ExchangeConfig, LogConfig
from connector.exchange.embedded import embedded_urls
from connector.exchange.session import Session
from connector.logs import configure_logs
from connector.simulator.config import USUAL_KEY, USUAL_SECRET

Question = Callable[[], Awaitable[object]]

FAR_BELOW = 0.97
"""Of the last price: an order that rests."""
HELD = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
"""Bought beforehand, so that the account has something to tell."""


async def _main() -> None:
    configure_logs(LogConfig())  # stdout is for answers
    rest_url = sys.argv[1]
    key, secret = SecretStr(USUAL_KEY), SecretStr(USUAL_SECRET)
    config = ExchangeConfig(id="binanceusdm", api_key=key, api_secret=secret)
    session = Session(config, embedded_urls(rest_url, rest_url.replace("http", "ws", 1)))
    ccxt, terms = session.ccxt, Prepared(price="0", quantity="0")

    async with aiohttp.ClientSession(rest_url) as http:
        bare = Asking(http)

        async def prepare(asked: Prepare) -> Prepared:
            await session.open()
            for held in HELD:
                least = ccxt.amount_to_precision(held, 1000 / float(await _last(held)))
                await ccxt.create_order(held, "market", "buy", least)
            symbol = session.symbols.resolve(asked.symbol)
            price = float(await _last(symbol)) * FAR_BELOW
            terms.price = str(ccxt.price_to_precision(symbol, price))
            terms.quantity = str(ccxt.amount_to_precision(symbol, 1000 / price))
            await ccxt.fetch_positions(None)  # learns the leverage brackets once
            return terms

        async def _last(symbol: str) -> str:
            return str((await ccxt.fetch_ticker(symbol))["last"])

        async def ccxt_account() -> None:
            await asyncio.gather(ccxt.fetch_balance(), ccxt.fetch_positions(None))

        def question(asked: Ask) -> Question:
            symbol = asked.symbol
            if asked.way == "http":
                if asked.what == "order":
                    return lambda: bare.order(symbol, terms.price, terms.quantity)
                return bare.account if asked.what == "account" else lambda: bare.cancel(symbol)
            known = session.symbols.resolve(symbol)
            if asked.what == "order":
                order = (known, "limit", "buy", terms.quantity, terms.price)
                limited = {"timeInForce": "GTC"}
                return lambda: ccxt.create_order(*order, limited)
            if asked.what == "account":
                return ccxt_account
            return lambda: ccxt.cancel_all_orders(known)

        async def answer(command: ToDirect) -> msgspec.Struct:
            match command:
                case Prepare():
                    return await prepare(command)
                case Ask():
                    return await _timed(question(command), command.count)

        try:
            tell(Listening())
            await answer_commands(msgspec.json.Decoder(ToDirect), answer)
        finally:
            await session.close()


async def _timed(question: Question, count: int) -> Latencies:
    latencies: list[int] = []
    for _ in range(count):
        began_ns = time.perf_counter_ns()
        await question()
        latencies.append(time.perf_counter_ns() - began_ns)
    return Latencies(latencies)


if __name__ == "__main__":
    run(_main, collecting=True)
