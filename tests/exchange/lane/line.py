"""Real ccxt with all its subscription code and no network: frames are handed to its clients."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import WSMessage, WSMsgType

from connector.config import ExchangeConfig
from connector.domain import Candle, FundingRate, Price, PriceSource
from connector.errors import ConnectorError
from connector.exchange.market_data import MarketData
from connector.exchange.session import Session
from connector.exchange.symbols import Symbols

NOW_MS = 1_749_993_300_000
BASES = ("BTC", "ETH")


def _market(exchange: Any, base: str, kind: str) -> Any:
    spot, inverse = kind == "spot", kind == "inverse"
    quote, settle = ("USD", base) if inverse else ("USDT", None if spot else "USDT")
    symbol = f"{base}/{quote}" + (f":{settle}" if settle else "")
    return exchange.safe_market_structure(
        {
            "id": f"{base}{quote}",
            "lowercaseId": f"{base}{quote}".lower(),
            "symbol": symbol,
            "base": base,
            "quote": quote,
            "settle": settle,
            "baseId": base,
            "quoteId": quote,
            "type": "spot" if spot else "swap",
            "spot": spot,
            "swap": not spot,
            "contract": not spot,
            "linear": None if spot else not inverse,
            "inverse": None if spot else inverse,
            "contractSize": None if spot else "1",
            "active": True,
            "precision": {"price": "0.01", "amount": "0.001"},
            "info": {},
        }
    )


class Line:
    """One session, what it heard, and how often ccxt's handler ran."""

    def __init__(
        self,
        exchange_id: str,
        market: str,
        *,
        fast: bool,
        bases: Sequence[str] = BASES,
        now_ms: int = NOW_MS,
    ) -> None:
        config = ExchangeConfig.model_validate(
            {"id": exchange_id, "market": market, "fast_lane": fast}
        )
        self.session = Session(config)
        self.market_data = MarketData(self.session)
        self._bases = bases
        self.heard: list[Price | Candle | FundingRate] = []
        self.errors: list[ConnectorError] = []
        self.handled = 0
        ccxt: Any = self.session.ccxt
        ccxt.milliseconds = lambda: now_ms
        kinds = ("spot", "linear", "inverse")
        markets = [_market(ccxt, base, kind) for base in bases for kind in kinds]
        ccxt.set_markets(markets)
        self.session.symbols = Symbols(markets, self.session.market_type)
        self.session.ready.set()
        make, handle = ccxt.client, ccxt.handle_message

        def client(url: str) -> Any:
            made: Any = make(url)
            made.connect = lambda *_: made.connected
            made.connected.resolve(url)
            made.send = _sent
            return made

        def handle_message(on: Any, message: Any) -> None:
            self.handled += 1
            handle(on, message)

        ccxt.client, ccxt.handle_message = client, handle_message

    async def listen(self, sources: list[PriceSource], intervals: list[str]) -> None:
        """Listen to every source and interval of the plain symbols, until ccxt waits for all."""
        symbols = [self.session.symbols.resolve(f"{base}USDT") for base in self._bases]
        for symbol in symbols:
            for source in sources:
                self.market_data.listen_price(symbol, source, self.heard.append, self.errors.append)
            for interval in intervals:
                self.market_data.listen_candles(
                    symbol, interval, self.heard.append, self.errors.append
                )
            if PriceSource.MARK in sources:
                self.market_data.listen_funding(symbol, self.heard.append, self.errors.append)
        expected = len(symbols) * (len(sources) + len(intervals))
        await until(lambda: sum(len(each.listeners) for each in self.clients) >= expected)

    @property
    def clients(self) -> list[Any]:
        return [each for each in self.session.ccxt.clients.values() if hasattr(each, "listeners")]

    def feed(self, stream: str, frame: str) -> None:
        """Let a frame arrive on the socket whose message hashes begin so."""
        for client in self.clients:
            if any(each.startswith(stream) for each in client.listeners):
                client.handle_message(WSMessage(WSMsgType.TEXT, frame, None))
                return
        raise AssertionError(f"no socket of {stream}")

    async def close(self) -> None:
        await self.market_data.close()
        self.session.ccxt.clients = {}
        await self.session.close()


async def _sent(_: Any) -> None:
    return None


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.002)
