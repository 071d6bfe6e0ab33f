"""What ccxt has no `watch_*` for: the same listening, by asking, against the embedded exchange."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.domain import Candle, FundingRate, Price, PriceSource
from connector.errors import ConnectorError, Transient, UnknownSymbol, Unsupported
from connector.exchange import polled, polls
from connector.exchange.polled import Polled
from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


def without(trade: Trading, *methods: str) -> None:
    """Switch off what ccxt has for this exchange."""
    ccxt: Any = trade.session.ccxt
    ccxt.has = {**ccxt.has, **dict.fromkeys(methods, False)}


def counted(trade: Trading, method: str) -> list[Any]:
    """Note each call of a method of ccxt."""
    ccxt: Any = trade.session.ccxt
    calls: list[Any] = []
    real = getattr(ccxt, method)

    async def call(*args: Any) -> Any:
        calls.append(args)
        return await real(*args)

    setattr(ccxt, method, call)
    return calls


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.005)


def ignore(_: object) -> None:
    pass


async def test_without_watch_tickers_each_symbol_is_watched_alone(trading: Start) -> None:
    trade, prices = await trading(symbols=["BTCUSDT", "ETHUSDT"]), list[Price]()
    without(trade, "watchTickers")
    for symbol in (BTC, ETH):
        trade.market_data.listen_price(symbol, PriceSource.TICKER, prices.append, ignore)
    await until(lambda: len(trade.exchange.subscriptions()) == 2)

    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")
    trade.exchange.trade("ETHUSDT", "3412.30", "0.5")

    await until(lambda: {p.price for p in prices} == {"97123.10", "3412.30"})


@pytest.mark.parametrize("source", list(PriceSource))
async def test_prices_without_a_stream_are_asked_for_together(
    trading: Start, source: PriceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "PRICE_S", 0.02)
    trade, prices = await trading(symbols=["BTCUSDT", "ETHUSDT"]), list[Price]()
    names = ("Ticker", "Tickers", "BidsAsks", "Trades", "TradesForSymbols", "MarkPrice")
    without(trade, *(f"watch{name}" for name in (*names, "MarkPrices")))
    many = {PriceSource.BIDASK: "fetchBidsAsks", PriceSource.MARK: "fetchMarkPrices"}
    calls = counted(trade, many.get(source, "fetchTickers"))
    for symbol in (BTC, ETH):
        trade.market_data.listen_price(symbol, source, prices.append, ignore)

    await until(lambda: len(calls) >= 3)

    assert {price.symbol for price in prices} == {BTC, ETH}
    assert all(float(price.price) > 0 for price in prices)
    assert sorted(calls[0][0]) == [BTC, ETH]
    assert not trade.exchange.subscriptions()


async def test_a_polled_price_follows_the_market(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "PRICE_S", 0.02)
    trade, prices = await trading(symbols=["BTCUSDT"]), list[str]()
    without(trade, "watchTicker", "watchTickers", "fetchTickers")
    trade.market_data.listen_price(
        BTC, PriceSource.TICKER, lambda price: prices.append(price.price), ignore
    )

    for told in ("97123.10", "97123.20"):
        trade.exchange.trade("BTCUSDT", told, "0.5")
        await until(lambda told=told: prices and prices[-1] == told)


async def test_prices_that_can_neither_be_streamed_nor_asked_for_are_refused(
    trading: Start,
) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    without(trade, "watchMarkPrice", "watchMarkPrices", "fetchMarkPrice", "fetchMarkPrices")

    with pytest.raises(Unsupported, match="no prices from 'mark'"):
        trade.market_data.listen_price(BTC, PriceSource.MARK, ignore, ignore)


async def test_candles_without_a_stream_are_asked_for_and_follow_the_market(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "CANDLES_S", 0.02)
    trade, candles = await trading(symbols=["BTCUSDT"]), list[Candle]()
    without(trade, "watchOHLCV", "watchOHLCVForSymbols")
    assert not trade.market_data.flags_closed_candles
    trade.market_data.listen_candles(BTC, "1m", candles.append, ignore)
    await until(lambda: bool(candles))
    first = candles[-1]

    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await until(lambda: candles[-1].close == "97123.10")
    trade.exchange.advance(60)
    await until(lambda: candles[-1].timestamp_ms == first.timestamp_ms + 60_000)

    before = [candle for candle in candles if candle.timestamp_ms == first.timestamp_ms][-1]
    assert before.close == "97123.10"
    assert not any(candle.is_closed for candle in candles)


async def test_funding_without_a_stream_is_asked_for_together(trading: Start) -> None:
    trade, rates = await trading(symbols=["BTCUSDT", "ETHUSDT"]), list[FundingRate]()
    without(trade, "watchMarkPrice", "watchMarkPrices")
    calls = counted(trade, "fetchFundingRates")
    for symbol in (BTC, ETH):
        trade.market_data.listen_funding(symbol, rates.append, ignore, poll_s=0.02)

    await until(lambda: len(calls) >= 3)

    assert {rate.symbol for rate in rates} == {BTC, ETH}
    assert all(rate.next_funding_time_ms > 0 for rate in rates)


async def test_funding_is_asked_for_one_by_one_where_there_is_no_other_way(trading: Start) -> None:
    trade, rates = await trading(symbols=["BTCUSDT", "ETHUSDT"]), list[FundingRate]()
    without(trade, "watchMarkPrice", "watchMarkPrices", "fetchFundingRates")
    for symbol in (BTC, ETH):
        trade.market_data.listen_funding(symbol, rates.append, ignore, poll_s=0.02)

    await until(lambda: {rate.symbol for rate in rates} == {BTC, ETH})


async def test_a_question_that_fails_is_told_as_a_lost_stream_is(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "PRICE_S", 0.02)
    trade, errors = await trading(symbols=["BTCUSDT"]), list[ConnectorError]()
    without(trade, "watchTicker", "watchTickers")
    trade.exchange.refuse_connections = True
    trade.market_data.listen_price(BTC, PriceSource.TICKER, ignore, errors.append)

    await until(lambda: bool(errors))

    assert isinstance(errors[0], Transient)
    assert len(errors) == 1


async def test_one_symbols_error_is_its_own_and_nobody_is_asked_after_the_last_left(
    monkeypatch: pytest.MonkeyPatch, no_task_left: None
) -> None:
    monkeypatch.setattr(polled, "GATHER_S", 0)
    asked: list[list[str]] = []

    async def ask(symbols: Any) -> Any:
        asked.append(list(symbols))
        return [(s, UnknownSymbol(s) if s == "b" else s.upper()) for s in symbols]

    heard, errors = list[str](), list[ConnectorError]()
    poll = Polled("letters", ask, 0.01)
    leaves = [poll.listen(letter, heard.append, errors.append) for letter in "ab"]
    await until(lambda: len(asked) >= 2)

    assert asked[:2] == [["a", "b"], ["a"]]
    assert [str(error) for error in errors] == ["b"]
    for leave in leaves:
        leave()
        leave()
    before = len(asked)
    await asyncio.sleep(0.03)
    assert len(asked) == before
    assert set(heard) == {"A"}
    await poll.close()
