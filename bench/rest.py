"""What the exchange answers over REST."""

import time

import aiohttp
import msgspec

from bench.stage import Stage

Figures = tuple[str, str, str, str, str]


class _Market(msgspec.Struct):
    symbol: str


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Market]


async def listed(stage: Stage) -> list[str]:
    """Give the exchange's symbols."""
    async with aiohttp.ClientSession(stage.rest_url) as session:
        answer = await _get(session, "/fapi/v1/exchangeInfo", {})
    info = msgspec.json.decode(answer, type=_ExchangeInfo)
    return [market.symbol for market in info.symbols]


async def answered_bars(
    stage: Stage, symbols: list[str], interval: str
) -> dict[tuple[str, int], Figures]:
    """Give each symbol's bars as GET klines answers them, by symbol and opening time."""
    found: dict[tuple[str, int], Figures] = {}
    async with aiohttp.ClientSession(stage.rest_url) as session:
        for symbol in symbols:
            query = {"symbol": symbol, "interval": interval, "limit": "200"}
            rows = msgspec.json.decode(
                await _get(session, "/fapi/v1/klines", query), type=list[list[int | str]]
            )
            for row in rows[:-1]:  # the last one is forming
                o, h, l, c, v = (str(cell) for cell in row[1:6])  # noqa: E741
                found[symbol, int(row[0])] = (o, h, l, c, v)
    return found


async def timed_ticker(session: aiohttp.ClientSession, symbol: str) -> int:
    """Ask for a symbol's day, and tell the nanoseconds until its answer was read."""
    began_ns = time.perf_counter_ns()
    await _get(session, "/fapi/v1/ticker/24hr", {"symbol": symbol})
    return time.perf_counter_ns() - began_ns


async def _get(session: aiohttp.ClientSession, path: str, query: dict[str, str]) -> bytes:
    async with session.get(path, params=query) as answer:
        answer.raise_for_status()
        return await answer.read()
