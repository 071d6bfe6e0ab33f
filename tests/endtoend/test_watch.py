"""`connector watch` as a process, its output piped."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator

import pytest

from tests.endtoend.processes import READ_S, STOP_S, end, ended, running, start


@pytest.fixture
async def address() -> AsyncGenerator[str]:
    """Give where a connector listens."""
    async with running("serve", "--port", "0") as run:
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
