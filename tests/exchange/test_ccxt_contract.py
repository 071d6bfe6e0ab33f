"""The hook in ccxt's websocket client, held by real ccxt over real sockets.

Should a new ccxt break one of these, connector/exchange/tap.py and journal.py have to follow.
"""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import pytest

from connector import metrics
from connector.domain import Candle, FundingRate, Price, PriceSource
from connector.errors import ConnectorError, Transient
from tests.exchange.conftest import START_MS, Trading

Start = Callable[..., Awaitable[Trading]]
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


async def _until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():
            await asyncio.sleep(0.002)


def _fail(error: ConnectorError) -> None:
    raise AssertionError(f"unexpected: {error!r}")


async def test_every_price_of_a_burst_arrives_in_order(trading: Start) -> None:
    trade = await trading(symbols=50)
    symbols = [market["symbol"] for market in trade.session.ccxt.markets.values()]
    heard: dict[str, list[str]] = {symbol: [] for symbol in symbols}

    def hear(price: Price) -> None:
        heard[price.symbol].append(price.price)

    for symbol in symbols:
        trade.market_data.listen_price(symbol, PriceSource.TICKER, hear, _fail)
    await _until(lambda: len(trade.exchange.subscriptions()) == 50)
    sent = [f"{97000 + n}.{n % 10}0" for n in range(1000)]
    for price in sent:
        trade.exchange.trade("BTCUSDT", price, "0.001")

    await _until(lambda: len(heard[BTC]) == len(sent))
    assert heard[BTC] == sent
    assert all(not prices for symbol, prices in heard.items() if symbol != BTC)
    assert trade.exchange.connections == 1


@pytest.mark.parametrize("source", list(PriceSource))
async def test_each_source_streams_a_price_and_lets_go(trading: Start, source: PriceSource) -> None:
    trade = await trading(symbols=2)
    heard: list[Price] = []
    leave = trade.market_data.listen_price(ETH, source, heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.trade("ETHUSDT", "3412.31", "0.5")
    trade.exchange.advance(1)
    await _until(lambda: bool(heard))
    leave()
    await _until(lambda: not trade.exchange.subscriptions())

    assert heard[0].symbol == ETH
    if source in (PriceSource.TICKER, PriceSource.TRADES):
        assert heard[0].price == "3412.31"


async def test_candles_keep_the_frames_own_digits_and_its_closed_flag(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    heard: list[Candle] = []
    trade.market_data.listen_candles(BTC, "1m", heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.trade("BTCUSDT", "97123.10", "0.500")
    trade.exchange.advance(60)

    await _until(lambda: any(candle.is_closed for candle in heard))
    first, closed = heard[0], next(candle for candle in heard if candle.is_closed)
    assert (first.close, first.is_closed) == ("97123.10", False)
    assert (closed.close, closed.timestamp_ms) == ("97123.10", START_MS // 60_000 * 60_000)
    assert closed.volume == first.volume


async def test_funding_is_read_from_the_mark_price_stream(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    heard: list[FundingRate] = []
    trade.market_data.listen_funding(BTC, heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.advance(1)

    await _until(lambda: bool(heard))
    asked = await trade.market_data.funding(BTC)
    assert heard[0].next_funding_time_ms == asked.next_funding_time_ms > START_MS
    assert heard[0].rate == asked.rate
    assert heard[0].predicted_rate is None


@pytest.mark.parametrize(
    "poison", ['{"e":"24hrTicker"', '{"e":"24hrTicker","s":7}', "[]", "null", "{}"]
)
async def test_a_poison_frame_is_survived(trading: Start, poison: str) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    heard: list[Price] = []
    trade.market_data.listen_price(BTC, PriceSource.TICKER, heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.send_raw(None, poison)
    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")

    await _until(lambda: bool(heard))
    assert [price.price for price in heard] == ["97123.10"]


async def test_a_frame_that_breaks_the_parser_is_counted(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    trade.market_data.listen_price(BTC, PriceSource.TICKER, lambda _: None, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))
    before = metrics.POISON_FRAMES._value.get()  # pyright: ignore[reportPrivateUsage]

    trade.exchange.send_raw(None, '{"cut":')

    await _until(lambda: metrics.POISON_FRAMES._value.get() == before + 1)  # pyright: ignore[reportPrivateUsage]


async def test_a_lost_socket_tells_each_listener_once_and_listening_again_works(
    trading: Start,
) -> None:
    trade = await trading(symbols=2)
    errors: list[ConnectorError] = []
    heard: list[Price] = []
    for symbol in (BTC, ETH):
        trade.market_data.listen_price(symbol, PriceSource.TICKER, heard.append, errors.append)
    await _until(lambda: len(trade.exchange.subscriptions()) == 2)

    await trade.exchange.drop_sockets()
    await _until(lambda: len(errors) == 2)
    trade.market_data.listen_price(BTC, PriceSource.TICKER, heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))
    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")

    await _until(lambda: bool(heard))
    assert all(isinstance(error, Transient) for error in errors)
    assert len(errors) == 2
    assert [price.price for price in heard] == ["97123.10"]


async def test_an_exchange_that_refuses_to_connect_is_told_as_transient(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    errors: list[ConnectorError] = []
    trade.exchange.refuse_connections = True

    trade.market_data.listen_price(BTC, PriceSource.TICKER, lambda _: None, errors.append)

    await _until(lambda: bool(errors))
    assert isinstance(errors[0], Transient)


async def test_leaving_one_symbol_of_a_socket_keeps_the_others(trading: Start) -> None:
    trade = await trading(symbols=2)
    heard: list[Price] = []
    leave = trade.market_data.listen_price(ETH, PriceSource.TICKER, heard.append, _fail)
    trade.market_data.listen_price(BTC, PriceSource.TICKER, heard.append, _fail)
    await _until(lambda: len(trade.exchange.subscriptions()) == 2)

    leave()
    await _until(lambda: set(trade.exchange.subscriptions()) == {"btcusdt@ticker"})
    trade.exchange.trade("ETHUSDT", "3412.31", "0.5")
    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")

    await _until(lambda: bool(heard))
    assert [price.symbol for price in heard] == [BTC]
    assert trade.market_data.upstreams() == {"Tickers": frozenset({BTC})}


async def test_leaving_and_listening_again_in_one_go_keeps_the_subscription(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    heard: list[Price] = []
    trade.market_data.listen_price(BTC, PriceSource.TICKER, heard.append, _fail)()
    trade.market_data.listen_price(BTC, PriceSource.TICKER, heard.append, _fail)
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")

    await _until(lambda: bool(heard))
    assert len(heard) == 1


async def test_the_frame_in_hand_is_the_one_being_handled(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    frames: list[object] = []
    trade.market_data.listen_price(
        BTC, PriceSource.TICKER, lambda _: frames.append(trade.session.ccxt.frame), _fail
    )
    await _until(lambda: bool(trade.exchange.subscriptions()))

    trade.exchange.trade("BTCUSDT", "97123.10", "0.5")

    await _until(lambda: bool(frames))
    assert orjson.loads(orjson.dumps(frames[0]))["c"] == "97123.10"
    assert trade.session.ccxt.frame is None
