"""The unary half of the public contract, through a real server over real ccxt."""

from decimal import Decimal

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import types_pb2 as types

from tests.rpc.conftest import START_MS, Serve, both_dialects

pytestmark = both_dialects

MINUTE_MS = 60_000
SPELLINGS = ["BTCUSDT", "BTC/USDT:USDT"]


async def test_name_and_type_are_told(serve: Serve) -> None:
    served = await serve()

    name = await served.stub.GetName(rpc.GetNameRequest())
    kind = await served.stub.GetType(rpc.GetTypeRequest())

    assert name.name == served.dialect
    assert (kind.type, kind.is_unified_margin) == (types.EXCHANGE_TYPE_FUTURES, False)


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_the_latest_price_has_the_exchanges_own_digits(serve: Serve, spelling: str) -> None:
    served = await serve()
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")

    answer = await served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol=spelling))

    assert answer.price.value == "97123.10"


async def test_tickers_are_canonically_spelled_with_a_ratio(serve: Serve) -> None:
    served = await serve()

    answer = await served.stub.GetTickers(rpc.GetTickersRequest())

    assert {ticker.symbol for ticker in answer.tickers} == set(served.exchange.symbols)
    for ticker in answer.tickers:
        last, change = Decimal(ticker.last_price.value), Decimal(ticker.price_change.value)
        assert Decimal(ticker.price_change_percent.value) == pytest.approx(
            change / (last - change), abs=Decimal("0.0001")
        )


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_candles_ascend_and_the_last_is_forming(serve: Serve, spelling: str) -> None:
    served = await serve()
    request = rpc.GetHistoricalKlinesRequest(symbol=spelling, interval="1m", limit=5)

    candles = (await served.stub.GetHistoricalKlines(request)).candles

    forming_ms = START_MS // MINUTE_MS * MINUTE_MS
    assert [c.timestamp for c in candles] == [forming_ms - n * MINUTE_MS for n in (4, 3, 2, 1, 0)]
    assert [c.is_closed for c in candles] == [True, True, True, True, False]
    assert {c.symbol for c in candles} == {spelling}
    assert all(Decimal(c.close.value) > 0 for c in candles)


async def test_without_a_limit_500_candles_are_told_and_1500_at_most(serve: Serve) -> None:
    served = await serve()

    for limit, told in ((0, 500), (1500, 1500)):
        request = rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="5m", limit=limit)
        assert len((await served.stub.GetHistoricalKlines(request)).candles) == told


async def test_symbol_info_counts_digits_and_keeps_ticks(serve: Serve) -> None:
    served = await serve()

    info = await served.stub.GetSymbolInfo(rpc.GetSymbolInfoRequest(symbol="BTCUSDT"))

    assert (info.symbol, info.base_asset, info.quote_asset) == ("BTCUSDT", "BTC", "USDT")
    assert Decimal(info.tick_size.value) == Decimal(1).scaleb(-info.price_precision)
    assert Decimal(info.step_size.value) == Decimal(1).scaleb(-info.quantity_precision)
    assert Decimal(info.min_quantity.value) > 0
    assert Decimal(info.min_notional.value) > 0


async def test_symbols_are_all_there_in_one_spelling(serve: Serve) -> None:
    served = await serve({"symbols": 20})

    answer = await served.stub.GetSymbols(rpc.GetSymbolsRequest())

    assert sorted(answer.symbols) == sorted(served.exchange.symbols)


async def test_funding_is_a_fraction_with_a_time_and_no_made_up_prediction(serve: Serve) -> None:
    served = await serve()

    one = await served.stub.GetFundingRate(rpc.GetFundingRateRequest(symbol="BTC/USDT:USDT"))
    every = await served.stub.GetFundingRates(rpc.GetFundingRatesRequest())

    assert (one.exchange, one.symbol) == (served.dialect, "BTC/USDT:USDT")
    assert abs(Decimal(one.rate.value)) < Decimal("0.1")
    assert one.next_funding_time > START_MS
    assert not one.HasField("predicted_rate")
    assert {rate.symbol for rate in every.rates} == set(served.exchange.symbols)
    assert {rate.exchange for rate in every.rates} == {served.dialect}


async def test_funding_history_is_newest_first(serve: Serve) -> None:
    served = await serve()
    request = rpc.GetHistoricalFundingRatesRequest(symbol="BTCUSDT", limit=10)

    rates = (await served.stub.GetHistoricalFundingRates(request)).rates

    times = [rate.timestamp for rate in rates]
    assert len(times) == 10
    assert times == sorted(times, reverse=True)
    assert all(rate.next_funding_time for rate in rates)


async def test_open_interest_is_told(serve: Serve) -> None:
    served = await serve()

    answer = await served.stub.GetOpenInterest(rpc.GetOpenInterestRequest(symbol="BTCUSDT"))

    assert Decimal(answer.open_interest.value) > 0


async def test_exchange_info_is_fetched_anew(serve: Serve) -> None:
    served = await serve()

    await served.stub.FetchExchangeInfo(rpc.FetchExchangeInfoRequest(symbol="BTCUSDT"))

    assert len((await served.stub.GetSymbols(rpc.GetSymbolsRequest())).symbols) == 3


@pytest.mark.parametrize(
    ("method", "request_", "says"),
    [
        (
            "GetLatestPrice",
            rpc.GetLatestPriceRequest(symbol="BTCUSD"),
            "INVALID_SYMBOL: 'BTCUSD' is no symbol of this exchange; did you mean BTCUSDT",
        ),
        ("GetFundingRate", rpc.GetFundingRateRequest(), "INVALID_SYMBOL: the symbol is empty"),
        (
            "GetHistoricalKlines",
            rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="7m"),
            "invalid request: interval '7m' is not offered; allowed: 1m, 3m, 5m",
        ),
        (
            "GetHistoricalKlines",
            rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="1s"),
            "invalid request: interval '1s' is not offered; allowed: 1m, 3m, 5m",
        ),
        (
            "GetHistoricalKlines",
            rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="1m", limit=-1),
            "invalid request: limit -1 is out of range; allowed: 1 to 1500",
        ),
        (
            "GetHistoricalFundingRates",
            rpc.GetHistoricalFundingRatesRequest(symbol="BTCUSDT", limit=1501),
            "invalid request: limit 1501 is out of range; allowed: 1 to 1500",
        ),
    ],
)
async def test_a_bad_request_is_told_what_is_allowed(
    serve: Serve, method: str, request_: object, says: str
) -> None:
    served = await serve()

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await getattr(served.stub, method)(request_)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith(says)


async def test_an_exchange_that_is_away_is_unavailable(serve: Serve) -> None:
    served = await serve()
    served.exchange.refuse_connections = True

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="BTCUSDT"))

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert (caught.value.details() or "").startswith("exchange unavailable: ")
