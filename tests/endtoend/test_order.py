"""`connector order …` as a process: what is sent, what is told, and when it asks."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from tests.endtoend.connectors import Stub, not_embedded, on_terminal, order, serving
from tests.endtoend.processes import (
    DIALECT,
    READ_S,
    STOP_S,
    both_dialects,
    end,
    ended,
    running,
    start,
)

FAR = ("--limit", "1000")
"""A price at which nothing is ever bought here."""
TAKES = ("--limit", "95000", "--post-only")
"""To sell at less than anybody pays; the market begins near 97,000."""


@pytest.fixture
async def address(dialect: str) -> AsyncGenerator[str]:
    """Give where a connector to the embedded exchange listens."""
    async with running("serve", "--port", "0", **{DIALECT: dialect}) as run:
        yield f"127.0.0.1:{run.ready['port']}"


@both_dialects
async def test_a_limit_order_is_placed_listed_and_cancelled(address: str) -> None:
    [placed] = await order(address, "buy", "BTCUSDT", "0.2", *FAR)
    listed = await order(address, "list", "BTCUSDT")
    [cancelled] = await order(address, "cancel", placed[0])
    afterwards = await order(address, "list")

    order_id, client_id = placed[:2]
    assert int(order_id) > 0
    assert client_id
    assert placed[2:6] == ["BTCUSDT", "buy", "limit", "new"]
    [row] = listed
    assert row[:6] == placed[:6]
    assert [Decimal(each) for each in row[6:8]] == [Decimal(each) for each in placed[6:8]]
    assert cancelled == [f"cancelled: order id {order_id}, client order id {client_id}"]
    assert afterwards == []


@both_dialects
async def test_watched_orders_are_a_line_for_each_change(address: str) -> None:
    watching = await start("watch", "orders", "--address", address)
    lines: list[list[str]] = []
    placed: list[str] = []
    try:
        assert watching.stdout is not None
        async with asyncio.timeout(READ_S):
            while not lines:  # until the stream is there, what happens isn't told
                [placed] = await order(address, "sell", "ETHUSDT", "0.1")
                reading = asyncio.create_task(watching.stdout.readline())
                done, _ = await asyncio.wait({reading}, timeout=2)
                if done:
                    lines.append(reading.result().decode().rstrip("\n").split("\t"))
                else:
                    reading.cancel()
            while lines[-1][5] != "filled":
                line = await watching.stdout.readline()
                lines.append(line.decode().rstrip("\n").split("\t"))
        watching.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(watching.communicate(), STOP_S)
    finally:
        await end(watching)

    assert (watching.returncode, err) == (130, b"")
    assert lines[-1][:6] == [*placed[:2], "ETHUSDT", "sell", "market", "filled"]
    assert lines[-1][8] == placed[8] == placed[7]
    assert len(lines[-1]) == 13


@both_dialects
async def test_an_order_is_cancelled_by_its_client_id(address: str) -> None:
    await order(address, "buy", "BTCUSDT", "0.2", *FAR, "--client-id", "first", "--post-only")
    await order(address, "buy", "BTCUSDT", "0.2", *FAR, "--client-id", "second")

    await order(address, "cancel", "--client-id", "first")
    await order(address, "cancel", "--client-id", "second", "--symbol", "BTCUSDT")

    assert await order(address, "list") == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("buy", "BTCUSDT", "much"), "quantity must be a number above 0 such as 0.01, got 'much'"),
        (("buy", "BTCUSDT", "0.0"), "quantity must be a number above 0"),
        (("buy", "BTCUSDT", "1e3"), "quantity must be a number above 0"),
        (("buy", "BTCUSDT"), "Missing argument 'quantity'"),
        (("buy", "BTCUSDT", "-1"), "No such option: -1"),
        (("sell", "BTCUSDT", "1", "--limit", "0"), "--limit must be a number above 0"),
        (("sell", "BTCUSDT", "1", "--post-only"), "--post-only needs a --limit"),
        (("sell", "BTCUSDT", "1", "--tif", "ioc"), "--tif needs a --limit"),
        (("buy", "BTCUSDT", "1", *FAR, "--tif", "day"), "allowed: gtc, ioc, fok"),
        (("buy", "BTCUSDT", "1", *FAR, "--tif", "ioc", "--post-only"), "exclude each other"),
        (("cancel",), "give the order id, or --client-id, and not both"),
        (("cancel", "1", "--client-id", "a"), "give the order id, or --client-id, and not both"),
        (("cancel", "one"), "Invalid value for"),
        (("cancel", "-1"), "No such option: -1"),
        (("buy", "BTCUSDT", "1", "--key-file", "absent"), "key file absent: No such file"),
        (("by", "BTCUSDT", "1"), "No such command 'by'"),
    ],
)
async def test_a_wrong_argument_is_one_line_and_status_2_and_nothing_is_called(
    arguments: tuple[str, ...], says: str
) -> None:
    run = await ended("order", *arguments)

    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("connector: ")
    assert run.err.count("\n") == 1
    assert says in run.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("buy", "NOPE", "1"), "INVALID_SYMBOL: "),
        (("buy", "BTCUSDT", "0.2", "--limit", "9" * 12), "invalid order: "),
        (("buy", "BTCUSDT", "30", "--limit", "90000"), "insufficient funds: "),
        (
            ("sell", "BTCUSDT", "0.2", *TAKES),
            "POST_ONLY would execute immediately: ",
        ),
        (("cancel", "77"), "order not found: no open order has the id 77"),
        (("cancel", "77", "--symbol", "BTCUSDT"), "order not found: "),
        (("cancel", "--client-id", "x"), "order not found: no open order has the client order id"),
        (("list", "NOPE"), "INVALID_SYMBOL: "),
    ],
)
async def test_what_is_refused_is_one_line_and_status_1(
    address: str, arguments: tuple[str, ...], says: str
) -> None:
    run = await ended("order", *arguments, "--address", address)

    assert (run.status, run.out) == (1, "")
    assert run.err.startswith(f"connector: {says}")
    assert run.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("buy", "BTCUSDT", "1", "--yes"), ("list",), ("cancel", "1")]
)
async def test_a_connector_that_is_not_there_is_one_line_and_status_1(
    arguments: tuple[str, ...],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    run = await ended("order", *arguments, "--address", f"127.0.0.1:{port}")

    says = f"connector: 127.0.0.1:{port}: failed to connect: Connection refused\n"
    assert (run.status, run.out, run.err) == (1, "", says)


async def test_elsewhere_than_on_the_embedded_exchange_it_asks_or_needs_yes() -> None:
    arguments = ("buy", "BTCUSDT", "0.2", *FAR)
    async with not_embedded() as address, grpc.aio.insecure_channel(address) as channel:
        there = ("--address", address)
        refused = await ended("order", *arguments, *there)
        async with on_terminal("order", *arguments, *there, "--tif", "gtc") as no:
            await no.shows("Send it? [y/N]")
            no.type("\n")
            denied = await no.status()
        async with on_terminal("order", *arguments, *there) as away:
            await away.shows("Send it? [y/N]")
            away.type("\x03")
            interrupted = await away.status()
        unsent = await _open_orders(channel)
        async with on_terminal("order", *arguments, *there, "--client-id", "asked") as yes:
            await yes.shows("Send it? [y/N]")
            yes.type("y\n")
            await yes.shows("asked")
            sent = await yes.status()
        [placed] = await order(address, *arguments, "--yes")
        listed = await _open_orders(channel)
        not_cancelled = await ended("order", "cancel", placed[0], *there)
        await order(address, "cancel", placed[0], "--yes")
        left = await _open_orders(channel)

    assert (refused.status, refused.out) == (1, "")
    assert "binance (binanceusdm)" in refused.err
    assert "--yes sends without asking" in refused.err
    assert unsent == []
    assert (denied, interrupted, sent) == (1, 130, 0)
    assert "buy 0.2 BTCUSDT limit 1000 gtc\r\non binance (binanceusdm) through" in no.text
    assert "connector: not sent" in no.text
    assert "Traceback" not in away.text
    assert listed == ["asked", placed[1]]
    assert not_cancelled.status == 1
    assert left == ["asked"]


async def _open_orders(channel: grpc.aio.Channel) -> list[str]:
    """Ask for the client ids of open orders, without the second that a process takes."""
    stub: Any = ExchangeServiceStub(channel)
    answer = await stub.GetOpenOrders(rpc.GetOpenOrdersRequest())
    return [each.client_order_id for each in answer.orders]


async def test_a_connector_that_does_not_tell_its_exchange_is_taken_for_real() -> None:
    stub = Stub()
    async with serving(stub) as address:
        run = await ended("order", "buy", "BTCUSDT", "1", "--address", address)

    assert run.status == 1
    assert "which exchange that is, it doesn't tell" in run.err
    assert not stub.asked.is_set()


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ("order outcome unknown: the connection broke", 3),
        ("Socket closed", 3),
        ("exchange unavailable: maintenance", 1),
    ],
)
async def test_a_doubtful_answer_has_a_status_of_its_own_and_says_how_to_ask_again(
    says: str, status: int
) -> None:
    arguments = ("order", "buy", "BTCUSDT", "1", "--client-id", "mine", "--yes")
    async with serving(Stub(says)) as address:
        run = await ended(*arguments, "--address", address)

    assert (run.status, run.out) == (status, "")
    assert run.err.startswith(f"connector: {says}")
    assert ("--client-id mine tells, and never places a second one" in run.err) == (status == 3)
    assert run.err.count("\n") == 1


async def test_ctrl_c_while_an_order_is_out_says_that_it_may_have_been_placed() -> None:
    stub = Stub()
    async with serving(stub) as address:
        process = await start("order", "buy", "BTCUSDT", "1", "--yes", "--address", address)
        try:
            await asyncio.wait_for(stub.asked.wait(), READ_S)
            process.send_signal(signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), STOP_S)
        finally:
            await end(process)

    assert (process.returncode, out) == (130, b"")
    assert err.startswith(b"connector: the order may have been placed: ")
    assert err.count(b"\n") == 1


async def test_the_key_of_the_environment_or_of_a_file_goes_with_the_call(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("FROM-FILE\n")
    stub, arguments = Stub(), ("order", "buy", "BTCUSDT", "1", "--address")
    async with serving(stub) as address:
        runs = [
            await ended(*arguments, address),
            await ended(*arguments, address, CONNECTOR_API_KEY="FROM-ENVIRONMENT"),
            await ended(*arguments, address, CONNECTOR_API_KEY_FILE=str(file)),
            await ended(*arguments, address, CONNECTOR_API_KEY="not\nprintable"),
        ]

    assert stub.keys == [None, "FROM-ENVIRONMENT", "FROM-FILE"]
    assert [run.status for run in runs] == [1, 1, 1, 2]
    assert not any("FROM-" in run.err or "not\n" in run.err for run in runs)
