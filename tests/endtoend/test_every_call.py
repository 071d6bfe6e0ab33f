"""A trading session in which each of the service's 28 calls answers, process to process."""

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import grpc
from google.type.decimal_pb2 import Decimal as Decimal_
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from tests.endtoend.processes import DIALECT, READ_S, both_dialects, running

BTC = "BTCUSDT"


class Engine:
    """A client that remembers which calls have answered."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ExchangeServiceStub(channel)
        self.answered: set[str] = set()

    async def ask(self, method: str, request: Any) -> Any:
        """Call once."""
        call: Awaitable[Any] = getattr(self._stub, method)(request)
        answer = await asyncio.wait_for(call, READ_S)
        self.answered.add(method)
        return answer

    def stream(self, method: str, request: Any) -> Any:
        """Open a stream."""
        return getattr(self._stub, method)(request)

    async def read(self, method: str, stream: Any) -> Any:
        """Read a message, bounded."""
        message = await asyncio.wait_for(stream.read(), READ_S)
        assert message is not grpc.aio.EOF, f"{method}: {await stream.details()}"
        self.answered.add(method)
        return message


def _order(client_order_id: str, price: str, kind: Any = types.ORDER_TYPE_LIMIT) -> Any:
    return resources.PlaceOrderRequest(
        symbol=BTC,
        side=types.ORDER_SIDE_BUY,
        type=kind,
        quantity=Decimal_(value="0.010"),
        price=Decimal_(value=price),
        client_order_id=client_order_id,
    )


@both_dialects
async def test_all_28_calls_answer(dialect: str) -> None:
    async with (
        running("serve", "--port", "0", "--exchange", "sim", **{DIALECT: dialect}) as run,
        grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
    ):
        engine = Engine(channel)
        assert (await engine.ask("GetName", rpc.GetNameRequest())).name == dialect
        await _markets(engine)
        await _trading(engine)
        await _public_streams(engine)

        methods = rpc.DESCRIPTOR.services_by_name["ExchangeService"].methods
        assert len(methods) == 28
        assert {each.name for each in methods} - engine.answered == set()


async def _markets(engine: Engine) -> None:
    ask = engine.ask
    assert (await ask("GetType", rpc.GetTypeRequest())).type == types.EXCHANGE_TYPE_FUTURES
    await ask("FetchExchangeInfo", rpc.FetchExchangeInfoRequest(symbol=BTC))
    symbols = list((await ask("GetSymbols", rpc.GetSymbolsRequest())).symbols)
    assert BTC in symbols
    assert (await ask("GetSymbolInfo", rpc.GetSymbolInfoRequest(symbol=BTC))).base_asset == "BTC"
    price = await ask("GetLatestPrice", rpc.GetLatestPriceRequest(symbol=BTC))
    assert Decimal(price.price.value) > 0
    tickers = (await ask("GetTickers", rpc.GetTickersRequest())).tickers
    assert sorted(each.symbol for each in tickers) == symbols
    interest = await ask("GetOpenInterest", rpc.GetOpenInterestRequest(symbol=BTC))
    assert Decimal(interest.open_interest.value) > 0
    klines = rpc.GetHistoricalKlinesRequest(symbol=BTC, interval="1m", limit=3)
    assert len((await ask("GetHistoricalKlines", klines)).candles) == 3
    funding = await ask("GetFundingRate", rpc.GetFundingRateRequest(symbol=BTC))
    assert funding.next_funding_time > 0
    rates = (await ask("GetFundingRates", rpc.GetFundingRatesRequest())).rates
    assert sorted(each.symbol for each in rates) == symbols
    history = rpc.GetHistoricalFundingRatesRequest(symbol=BTC, limit=2)
    assert len((await ask("GetHistoricalFundingRates", history)).rates) == 2


async def _trading(engine: Engine) -> None:
    ask, read = engine.ask, engine.read
    orders = engine.stream("SubscribeOrders", rpc.SubscribeOrdersRequest())
    positions = engine.stream("SubscribePositions", rpc.SubscribePositionsRequest(symbol=BTC))
    account = engine.stream("SubscribeAccount", rpc.SubscribeAccountRequest())
    assert Decimal((await read("SubscribeAccount", account)).total_wallet_balance.value) == 100_000

    bought = await ask("PlaceOrder", _order("bought", "0", types.ORDER_TYPE_MARKET))
    assert bought.status == types.ORDER_STATUS_FILLED
    while (update := await read("SubscribeOrders", orders)).status != types.ORDER_STATUS_FILLED:
        assert update.order_id == bought.order_id
    position = await read("SubscribePositions", positions)
    assert (position.symbol, Decimal(position.size.value)) == (BTC, Decimal("0.01"))
    while not (told := await read("SubscribeAccount", account)).positions:
        pass
    assert Decimal(told.health_score.value) > 0
    assert len((await ask("GetPositions", rpc.GetPositionsRequest(symbol=BTC))).positions) == 1
    assert len((await ask("GetAccount", rpc.GetAccountRequest())).positions) == 1
    free = await ask("GetBalance", rpc.GetBalanceRequest(asset="USDT"))
    assert 0 < Decimal(free.balance.value) < 100_000

    price = str(int(Decimal(bought.avg_price.value) * Decimal("0.97")))
    batch = rpc.BatchPlaceOrdersRequest(orders=[_order(f"rests{n}", price) for n in range(4)])
    placed = await ask("BatchPlaceOrders", batch)
    assert placed.all_success
    first, second, third, _ = (order.order_id for order in placed.orders)
    found = await ask("GetOrder", rpc.GetOrderRequest(symbol=BTC, client_order_id="rests0"))
    assert found.order_id == first
    await ask("CancelOrder", rpc.CancelOrderRequest(symbol=BTC, order_id=first))
    several = rpc.BatchCancelOrdersRequest(symbol=BTC, order_ids=[second, third])
    assert not (await ask("BatchCancelOrders", several)).errors
    assert len((await ask("GetOpenOrders", rpc.GetOpenOrdersRequest(symbol=BTC))).orders) == 1
    await ask("CancelAllOrders", rpc.CancelAllOrdersRequest(symbol=BTC))
    assert not (await ask("GetOpenOrders", rpc.GetOpenOrdersRequest(symbol=BTC))).orders
    for stream in (orders, positions, account):
        stream.cancel()


async def _public_streams(engine: Engine) -> None:
    for method, request in (
        ("SubscribePrice", rpc.SubscribePriceRequest(symbols=[BTC, "ETHUSDT"])),
        ("SubscribeKlines", rpc.SubscribeKlinesRequest(symbols=[BTC], interval="1m")),
        ("SubscribeFundingRate", rpc.SubscribeFundingRateRequest(symbol=BTC)),
    ):
        stream = engine.stream(method, request)
        assert (await engine.read(method, stream)).symbol in (BTC, "ETHUSDT")
        stream.cancel()
