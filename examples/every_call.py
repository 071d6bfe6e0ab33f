"""Each of the service's 28 calls once: `python examples/every_call.py 127.0.0.1:50051`.

It places, fills and cancels small orders: meant for the embedded exchange, which needs no keys.
"""

import asyncio
import sys

import grpc
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub as Stub
from opensqt.market_maker.v1.resources_pb2 import PlaceOrderRequest

WITHIN_S = 20


async def get_name(stub: Stub) -> None:
    answer = await stub.GetName(rpc.GetNameRequest())
    print("the exchange field of every event:", answer.name)


async def get_type(stub: Stub) -> None:
    answer = await stub.GetType(rpc.GetTypeRequest())
    print(types.ExchangeType.Name(answer.type), "unified margin:", answer.is_unified_margin)


async def fetch_exchange_info(stub: Stub) -> None:
    await stub.FetchExchangeInfo(rpc.FetchExchangeInfoRequest(symbol="BTCUSDT"))
    print("market definitions are fresh")


async def get_symbols(stub: Stub) -> None:
    answer = await stub.GetSymbols(rpc.GetSymbolsRequest())
    print(len(answer.symbols), "symbols, the first", answer.symbols[0])


async def get_symbol_info(stub: Stub) -> None:
    info = await stub.GetSymbolInfo(rpc.GetSymbolInfoRequest(symbol="BTCUSDT"))
    print("tick", info.tick_size.value, "step", info.step_size.value)


async def get_latest_price(stub: Stub) -> None:
    answer = await stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="BTCUSDT"))
    print("BTCUSDT", answer.price.value)


async def get_tickers(stub: Stub) -> None:
    answer = await stub.GetTickers(rpc.GetTickersRequest())
    for ticker in answer.tickers[:3]:
        print(ticker.symbol, ticker.last_price.value, ticker.price_change_percent.value)


async def get_open_interest(stub: Stub) -> None:
    answer = await stub.GetOpenInterest(rpc.GetOpenInterestRequest(symbol="BTCUSDT"))
    print(answer.open_interest.value, "BTC are open")


async def get_historical_klines(stub: Stub) -> None:
    request = rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="1m", limit=3)
    answer = await stub.GetHistoricalKlines(request)
    for candle in answer.candles:  # oldest first; the last one is still forming
        print(candle.timestamp, candle.close.value, candle.is_closed)


async def get_funding_rate(stub: Stub) -> None:
    funding = await stub.GetFundingRate(rpc.GetFundingRateRequest(symbol="BTCUSDT"))
    print(funding.rate.value, "to be paid at", funding.next_funding_time)


async def get_funding_rates(stub: Stub) -> None:
    answer = await stub.GetFundingRates(rpc.GetFundingRatesRequest())
    print({each.symbol: each.rate.value for each in answer.rates[:3]})


async def get_historical_funding_rates(stub: Stub) -> None:
    request = rpc.GetHistoricalFundingRatesRequest(symbol="BTCUSDT", limit=2)
    answer = await stub.GetHistoricalFundingRates(request)
    print([each.rate.value for each in answer.rates])  # newest first


async def get_balance(stub: Stub) -> None:
    answer = await stub.GetBalance(rpc.GetBalanceRequest(asset="USDT"))
    print(answer.balance.value, "USDT are free")


async def place_order(stub: Stub) -> None:
    bought = await stub.PlaceOrder(
        PlaceOrderRequest(
            symbol="BTCUSDT",
            side=types.ORDER_SIDE_BUY,
            type=types.ORDER_TYPE_MARKET,
            quantity=Decimal(value="0.010"),
            client_order_id="example-market",  # with it a repetition is safe
        )
    )
    print(types.OrderStatus.Name(bought.status), "at", bought.avg_price.value)


async def batch_place_orders(stub: Stub) -> None:
    orders = [
        PlaceOrderRequest(
            symbol="BTCUSDT",
            side=types.ORDER_SIDE_BUY,
            type=types.ORDER_TYPE_LIMIT,
            quantity=Decimal(value="0.010"),
            price=Decimal(value=price),
            client_order_id=f"example-{price}",
        )
        for price in ("90000", "90100", "90200", "90300")
    ]
    answer = await stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
    for error in answer.errors:  # which of the request failed, and why
        print(orders[error.index].client_order_id, error.error_message)
    print(len(answer.orders), "rest in the book")


async def get_order(stub: Stub) -> None:
    request = rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id="example-90000")
    order = await stub.GetOrder(request)
    print(order.order_id, types.OrderStatus.Name(order.status))


async def get_open_orders(stub: Stub) -> None:
    answer = await stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    print([(order.order_id, order.price.value) for order in answer.orders])


async def cancel_order(stub: Stub) -> None:
    find = rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id="example-90000")
    order = await stub.GetOrder(find)
    try:
        request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
        await stub.CancelOrder(request)
        print("canceled")
    except grpc.aio.AioRpcError as error:  # NOT_FOUND: it was final already
        print(error.code(), error.details())


async def batch_cancel_orders(stub: Stub) -> None:
    answer = await stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    ids = [order.order_id for order in answer.orders[:2]]
    request = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=ids)
    failed = (await stub.BatchCancelOrders(request)).errors
    print(len(ids) - len(failed), "canceled,", len(failed), "not")


async def cancel_all_orders(stub: Stub) -> None:
    await stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"))
    print("no order of BTCUSDT is open")


async def get_account(stub: Stub) -> None:
    account = await stub.GetAccount(rpc.GetAccountRequest())
    print(account.total_wallet_balance.value, "health", account.health_score.value)


async def get_positions(stub: Stub) -> None:
    answer = await stub.GetPositions(rpc.GetPositionsRequest())
    for position in answer.positions:  # a short one's size is negative
        print(position.symbol, position.size.value, position.unrealized_pnl.value)


async def subscribe_price(stub: Stub) -> None:
    request = rpc.SubscribePriceRequest(symbols=["BTCUSDT", "ETHUSDT"])
    async for price in stub.SubscribePrice(request):
        print(price.symbol, price.price.value)
        break  # a stream that is left is let go


async def subscribe_klines(stub: Stub) -> None:
    request = rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval="1m")
    async for candle in stub.SubscribeKlines(request):
        print(candle.symbol, candle.close.value, "closed" if candle.is_closed else "forming")
        break


async def subscribe_funding_rate(stub: Stub) -> None:
    request = rpc.SubscribeFundingRateRequest(symbol="BTCUSDT")
    async for funding in stub.SubscribeFundingRate(request):
        print(funding.symbol, funding.rate.value)
        break


async def subscribe_orders(stub: Stub) -> None:
    async for update in stub.SubscribeOrders(rpc.SubscribeOrdersRequest()):
        print(update.client_order_id, types.OrderStatus.Name(update.status))
        if update.status == types.ORDER_STATUS_FILLED:
            break


async def subscribe_positions(stub: Stub) -> None:
    async for position in stub.SubscribePositions(rpc.SubscribePositionsRequest()):
        print(position.symbol, position.size.value)  # 0: it was closed
        break


async def subscribe_account(stub: Stub) -> None:
    async for account in stub.SubscribeAccount(rpc.SubscribeAccountRequest()):
        print(account.available_balance.value, account.health_score.value)
        break


STREAMS = (
    subscribe_price,
    subscribe_klines,
    subscribe_funding_rate,
    subscribe_orders,
    subscribe_positions,
    subscribe_account,
)
CALLS = (
    get_name,
    get_type,
    fetch_exchange_info,
    get_symbols,
    get_symbol_info,
    get_latest_price,
    get_tickers,
    get_open_interest,
    get_historical_klines,
    get_funding_rate,
    get_funding_rates,
    get_historical_funding_rates,
    get_balance,
    place_order,
    batch_place_orders,
    get_order,
    get_open_orders,
    cancel_order,
    batch_cancel_orders,
    cancel_all_orders,
    get_account,
    get_positions,
)


def play(address: str) -> None:
    """Open every stream, ask every question, and wait until each stream has told something."""

    async def all_of_them() -> None:
        async with (
            asyncio.timeout(WITHIN_S),
            grpc.aio.insecure_channel(address) as channel,
            asyncio.TaskGroup() as streams,
        ):
            stub = Stub(channel)
            for stream in STREAMS:
                streams.create_task(stream(stub))
            for call in CALLS:
                await call(stub)

    asyncio.run(all_of_them())


if __name__ == "__main__":
    play(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
