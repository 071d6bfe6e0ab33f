"""Frames that real exchanges sent, replayed to real ccxt over real sockets.

The recordings (gzip'd, one frame a line) lie beside the checkout, in shared/recordings, or where
CONNECTOR_RECORDINGS says. Without them these tests are skipped.
"""

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connector.config import ExchangeConfig
from connector.domain import Candle, Price, PriceSource
from connector.errors import ConnectorError
from connector.exchange.embedded import redirected
from connector.exchange.market_data import MarketData
from connector.exchange.session import Session

FOLDER = Path(
    os.environ.get("CONNECTOR_RECORDINGS")
    or Path(__file__).resolve().parents[3] / "shared" / "recordings"
)
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings beside this checkout")

Replay = Callable[..., Awaitable[MarketData]]


def _frames(name: str) -> list[dict[str, Any]]:
    with gzip.open(FOLDER / name, "rt") as file:
        lines = [line.partition(": ") for line in file]
    return [json.loads(text) for at, _, text in lines if at.replace(".", "").isdigit()]


def answers(name: str) -> dict[str, str]:
    """Give the recorded REST answers by path and query."""
    with gzip.open(FOLDER / name, "rt") as file:
        parts = [line.partition(" -> ") for line in file]
    return {
        "/" + url.split("/", 3)[3]: rest.partition(": ")[2]
        for url, arrow, rest in parts
        if arrow and url.startswith("http")
    }


@pytest.fixture
async def replay(no_task_left: None) -> AsyncIterator[Replay]:
    """Serve answers, and all frames to each websocket once it has subscribed."""
    closing: list[Callable[[], Awaitable[None]]] = []

    async def start(
        exchange_id: str, answers: dict[str, str], frames: list[Any], **config: Any
    ) -> MarketData:
        async def answer(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                socket = web.WebSocketResponse()
                await socket.prepare(request)
                async for _ in socket:
                    for frame in frames:
                        await socket.send_str(json.dumps(frame))
                return socket
            text = answers.get(request.path_qs) or answers.get(request.path)
            return web.Response(text=text or '{"code":"0","data":[]}')

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        urls = redirected(exchange_id, f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        session = Session(ExchangeConfig(id=exchange_id, **config), urls)
        market_data = MarketData(session)
        closing.extend([market_data.close, session.close, runner.cleanup])
        await session.open()
        return market_data

    yield start
    for close in closing:
        await close()


def _fail(error: ConnectorError) -> None:
    raise AssertionError(f"unexpected: {error!r}")


async def _until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.002)


async def _binance(replay: Replay, event: str) -> tuple[MarketData, list[dict[str, Any]]]:
    frames = [frame["data"] for frame in _frames("BINANCE_FUTURES.ws.1.0.gz")]
    frames = [frame for frame in frames if frame.get("e") == event]
    told = answers("BINANCE_FUTURES.0.gz")
    told["/fapi/v1/time"] = json.dumps({"serverTime": frames[0]["E"]})
    return await replay("binanceusdm", told, frames), frames


async def test_binance_book_tickers_become_the_middle_of_bid_and_ask(replay: Replay) -> None:
    market_data, frames = await _binance(replay, "bookTicker")
    heard: list[Price] = []
    market_data.listen_price("SUSHI/USDT:USDT", PriceSource.BIDASK, heard.append, _fail)
    sent = [frame for frame in frames if frame["s"] == "SUSHIUSDT"]

    await _until(lambda: len(heard) >= len(sent))

    assert len(sent) > 100
    assert [Decimal(price.price) for price in heard] == [
        (Decimal(frame["b"]) + Decimal(frame["a"])) / 2 for frame in sent
    ]
    assert [price.timestamp_ms for price in heard] == [frame["E"] for frame in sent]


async def test_binance_trades_keep_every_digit_and_every_trade(replay: Replay) -> None:
    market_data, frames = await _binance(replay, "aggTrade")
    symbols = {"SUSHIUSDT": "SUSHI/USDT:USDT", "CTKUSDT": "CTK/USDT:USDT"}
    heard: dict[str, list[str]] = {symbol: [] for symbol in symbols.values()}
    for symbol in heard:
        market_data.listen_price(
            symbol,
            PriceSource.TRADES,
            lambda price: heard[price.symbol].append(price.price),
            _fail,
        )
    sent = {
        symbol: [frame["p"] for frame in frames if frame["s"] == id_]
        for id_, symbol in symbols.items()
    }

    await _until(lambda: sum(map(len, heard.values())) >= sum(map(len, sent.values())))

    assert all(sent.values())
    assert heard == sent


async def test_binance_candles_keep_the_frames_text_and_closed_flag(replay: Replay) -> None:
    market_data, frames = await _binance(replay, "kline")
    heard: list[Candle] = []
    market_data.listen_candles("SUSHI/USDT:USDT", "1m", heard.append, _fail)
    sent = [frame["k"] for frame in frames if frame["s"] == "SUSHIUSDT"]

    await _until(lambda: len(heard) >= len(sent))

    assert any(kline["x"] for kline in sent)
    assert [
        (c.timestamp_ms, c.open, c.high, c.low, c.close, c.volume, c.is_closed) for c in heard
    ] == [tuple(kline[key] for key in "tohlcvx") for kline in sent]


async def test_okx_tickers_are_read_by_the_generic_rule(replay: Replay) -> None:
    frames = _frames("OKX.ws.1.0.gz")
    tickers = [f for f in frames if f.get("arg", {}).get("channel") == "tickers" and "data" in f]
    told = answers("OKX.0.gz")
    told["/api/v5/public/time"] = '{"code":"0","data":[{"ts":"1652459225000"}]}'
    market_data = await replay("okx", told, tickers, market="swap")
    heard: list[Price] = []
    market_data.listen_price("UNI/USD:UNI", PriceSource.TICKER, heard.append, _fail)
    sent = [t["data"][0] for t in tickers if t["arg"]["instId"] == "UNI-USD-SWAP"]

    await _until(lambda: len(heard) >= len(sent))

    assert [(p.price, p.timestamp_ms) for p in heard] == [(t["last"], int(t["ts"])) for t in sent]
