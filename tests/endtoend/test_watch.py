"""`connector watch` as a process, its output piped."""

import asyncio
import re
import signal
import socket
from collections.abc import AsyncGenerator

import pytest

from connector.terminal.rows import Rows
from tests.endtoend.connectors import on_terminal, order
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


@pytest.fixture
async def address(dialect: str) -> AsyncGenerator[str]:
    """Give where a connector listens."""
    async with running("serve", "--port", "0", **{DIALECT: dialect}) as run:
        yield f"127.0.0.1:{run.ready['port']}"


async def test_prices_are_lines_until_ctrl_c_which_ends_it_quietly_with_130(address: str) -> None:
    process = await start("watch", "price", "BTCUSDT", "--address", address)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READ_S)
        assert line.startswith(b"BTCUSDT\t")
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), STOP_S)
    finally:
        await end(process)

    assert (process.returncode, err) == (130, b"")


async def test_a_reader_that_has_enough_is_no_fault(address: str) -> None:
    process = await start("watch", "price", "BTCUSDT", "--address", address)
    try:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), READ_S)
        # The pipe's reading end is closed as `head` would.
        process.stdout._transport.close()  # pyright: ignore
        assert process.stderr is not None
        err = await asyncio.wait_for(process.stderr.read(), READ_S)
    finally:
        await end(process)

    assert err == b""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("price", "NOPE"), "connector: INVALID_SYMBOL: "),
        (("funding", "BTCUSDT", "NOPE"), "connector: INVALID_SYMBOL: "),
        (("klines", "BTCUSDT", "--interval", "7x"), "connector: invalid request: interval '7x'"),
    ],
)
async def test_what_the_server_refuses_is_its_own_line_and_status_1(
    address: str, arguments: tuple[str, ...], says: str
) -> None:
    run = await ended("watch", *arguments, "--address", address)

    assert run.status == 1
    assert run.err.startswith(says)
    assert run.err.count("\n") == 1


async def test_without_a_server_it_says_so_once_and_tries_again_until_there_is_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    process = await start("watch", "price", "BTCUSDT", "ETHUSDT", "--address", address)
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        told = await asyncio.wait_for(process.stderr.readline(), READ_S)
        async with running("serve", "--port", str(port)) as run:
            assert run.ready["port"] == port
            line = await asyncio.wait_for(process.stdout.readline(), READ_S)
            process.send_signal(signal.SIGINT)
            _, err = await asyncio.wait_for(process.communicate(), STOP_S)
    finally:
        await end(process)

    assert told.decode().startswith(f"{address}: failed to connect")
    assert told.decode().endswith("; trying again until Ctrl-C\n")
    assert line.split(b"\t")[0] in (b"BTCUSDT", b"ETHUSDT")
    assert err == b""


@both_dialects
async def test_positions_and_the_account_are_lines_when_piped(address: str) -> None:
    await order(address, "sell", "BTCUSDT", "0.02")

    position = await _first_line("watch", "positions", "BTCUSDT", "--address", address)
    account = await _first_line("watch", "account", "--address", address)

    assert (position[0], float(position[1])) == ("BTCUSDT", -0.02)
    told = dict(cell.split("=") for cell in account)
    assert told["positions"] == "1"
    assert float(told["wallet balance"]) < 100_000 < float(told["wallet balance"]) + 10
    assert 0 < float(told["health (1 is safe)"]) <= 1


async def _first_line(*arguments: str) -> list[str]:
    process = await start(*arguments)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), READ_S)
    finally:
        await end(process)
    return line.decode().rstrip("\n").split("\t")


@pytest.mark.parametrize(
    ("arguments", "shows"),
    [
        (("klines", "BTCUSDT", "ETHUSDT"), "ETHUSDT"),
        (("positions",), "BTCUSDT"),
        (("account",), "maintenance margin"),
        (("orders",), "x-zdfVM8vY_of-36-characters-in-a-row"),
    ],
)
async def test_at_80_columns_nothing_is_cut(
    address: str, arguments: tuple[str, ...], shows: str
) -> None:
    long_id = "x-zdfVM8vY_of-36-characters-in-a-row"
    await order(address, "buy", "BTCUSDT", "0.02")
    await order(address, "buy", "BTCUSDT", "0.2", "--limit", "1000", "--client-id", long_id)

    async with on_terminal("watch", *arguments, "--address", address) as terminal:
        await terminal.shows(shows)
        terminal.type("\x03")
        status = await terminal.status()

    # a redrawn line begins with a return or a move of the cursor; colours have no width
    text = re.sub(r"\x1b\[[?\d;]*m|\^C", "", terminal.text)
    lines = re.split(r"[\r\n]|\x1b\[[?\d;]*[A-Za-z]", text)
    assert status == 130
    assert "…" not in text
    assert 30 < max(len(line) for line in lines) <= 80


def test_each_cell_stands_below_its_own_head_also_where_a_head_is_blank() -> None:
    heads = ("symbol", "price", "", None, "time")
    rows = Rows[str](heads, str, lambda _: ("S", "1", "^", "x", "t"))
    rows.take("message")
    shown = rows.table(9)
    told = {str(column.header): [str(cell) for cell in column.cells] for column in shown.columns}
    assert told == {"symbol": ["S"], "price": ["1"], "": ["^"], "time": ["t"]}


async def test_an_account_without_orders_or_positions_says_so(address: str) -> None:
    for feed, says in (("orders", "no order is open"), ("positions", "no position is open")):
        async with on_terminal("watch", feed, "--address", address) as terminal:
            await terminal.shows(says)
