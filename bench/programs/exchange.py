"""The embedded exchange alone, with a journal of each frame that it sent."""

import asyncio
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import orjson

from bench.commands import (
    Accept,
    BarAt,
    BarJournal,
    Burst,
    Bursts,
    Counts,
    Cut,
    Done,
    Fill,
    FillAll,
    Listening,
    OrderAt,
    OrderJournal,
    Pause,
    PriceAt,
    PriceJournal,
    PrivateSockets,
    SentBars,
    SentOrders,
    SentPrices,
    Subscriptions,
    ToExchange,
    plain_text,
)
from bench.programs.answering import answer_commands, run, tell
from connector.simulator import Simulator, SimulatorConfig


class _Ticker(msgspec.Struct):
    s: str
    c: str
    E: int


class _Bar(msgspec.Struct):
    t: int
    o: str
    h: str
    l: str  # noqa: E741
    c: str
    v: str
    x: bool


class _Kline(msgspec.Struct):
    s: str
    k: _Bar


class _OrderFrame(msgspec.Struct):
    i: int
    z: str
    t: int


class _UserFrame(msgspec.Struct):
    e: str
    o: _OrderFrame | None = None


class Journal:
    """Frames as they were sent; decoded only when asked for."""

    def __init__(self) -> None:
        self._frames: list[tuple[int, str, str]] = []

    def note(self, stream: str, payload: str) -> None:
        """Take a frame in its sending turn."""
        self._frames.append((time.time_ns(), stream, payload))

    def prices(self) -> list[PriceAt]:
        """Give the ticker frames."""
        decoder = msgspec.json.Decoder(_Ticker)
        sent: list[PriceAt] = []
        for at_ns, stream, payload in self._frames:
            if stream.endswith("@ticker"):
                ticker = decoder.decode(payload)
                sent.append(PriceAt(at_ns, ticker.s, ticker.E * 1_000_000, ticker.c))
        return sent

    def orders(self) -> list[OrderAt]:
        """Give the frames of the account's orders."""
        decoder = msgspec.json.Decoder(_UserFrame)
        sent: list[OrderAt] = []
        for at_ns, stream, payload in self._frames:
            frame = decoder.decode(payload) if stream == "userData" else None
            if frame is not None and frame.e == "ORDER_TRADE_UPDATE" and frame.o is not None:
                trade = str(frame.o.t) if frame.o.t else ""
                sent.append(OrderAt(at_ns, frame.o.i, plain_text(frame.o.z), trade))
        return sent

    def newest(self) -> dict[str, str]:
        """Give each ticker stream's newest payload."""
        return {stream: text for _, stream, text in self._frames if stream.endswith("@ticker")}

    def closed_bars(self) -> list[BarAt]:
        """Give the frames that close a bar."""
        decoder = msgspec.json.Decoder(_Kline)
        sent: list[BarAt] = []
        for at_ns, stream, payload in self._frames:
            if "@kline_" in stream:
                frame = decoder.decode(payload)
                bar = frame.k
                if bar.x:
                    figures = (bar.o, bar.h, bar.l, bar.c, bar.v)
                    sent.append(BarAt(at_ns, frame.s, bar.t, True, figures))
        return sent


async def _send(asked: Bursts, simulator: Simulator, journal: Journal) -> Burst:
    """Send real tickers over again, each with a time and a price of its own."""
    pieces = list(_pieces(asked, journal.newest(), simulator.now_ms))
    from_ns = until_ns = time.time_ns()
    began = time.perf_counter()
    for number, (stream, texts) in enumerate(pieces):
        if asked.pause_s:
            await asyncio.sleep(max(0.0, began + number * asked.pause_s - time.perf_counter()))
        for text in texts:
            journal.note(stream, text)
            simulator.send_raw(stream, text, at_once=False)
        until_ns = time.time_ns()
        await asyncio.sleep(0)
    return Burst(from_ns, until_ns)


def _pieces(asked: Bursts, newest: dict[str, str], now_ms: int) -> Iterator[tuple[str, list[str]]]:
    streams = [(name, orjson.loads(text)) for name, text in sorted(newest.items())]
    for number in range(asked.count):
        name, ticker = streams[number % len(streams)]
        ticker["E"] = ticker["C"] = now_ms + round(number * asked.pause_s * 1000)
        texts: list[str] = []
        for _ in range(asked.size):
            ticker["c"] = _next(ticker["c"])
            texts.append(orjson.dumps(ticker).decode())
        yield name, texts


def _fill_all(parts: int, simulator: Simulator) -> None:
    for order in simulator.orders(only_open=True):
        step = Decimal((0, (1,), int(order.quantity.as_tuple().exponent)))
        for _ in range(parts - 1):
            simulator.fill(order.symbol, order.order_id, str(step))
        simulator.fill(order.symbol, order.order_id)


def _next(price: str) -> str:
    """Give a price one unit of its last digit higher."""
    part = price.partition(".")[2]
    digits = str(int(price.replace(".", "")) + 1).zfill(len(part) + 1)
    return f"{digits[: -len(part)]}.{digits[-len(part) :]}" if part else digits


async def _main() -> None:
    config = msgspec.json.decode(sys.argv[1], type=SimulatorConfig)
    journal = Journal()
    simulator = Simulator(config, on_frame=journal.note)
    await simulator.start()

    async def answer(command: ToExchange) -> msgspec.Struct:
        match command:
            case Pause():
                simulator.pause()
                return Done()
            case Subscriptions():
                return Counts(simulator.subscriptions())
            case Bursts():
                return await _send(command, simulator, journal)
            case FillAll():
                _fill_all(command.parts, simulator)
                return Done()
            case SentOrders():
                return OrderJournal(journal.orders())
            case Cut():
                simulator.refuse_websockets = True
                await simulator.drop_sockets(private=True)
                return Done()
            case Accept():
                simulator.refuse_websockets = False
                return Done()
            case Fill():
                simulator.fill(command.symbol, command.client_order_id)
                return Done()
            case PrivateSockets():
                return Counts({"open": simulator.private_connections})
            case SentPrices():
                return PriceJournal(journal.prices())
            case SentBars():
                return BarJournal(journal.closed_bars())

    try:
        tell(Listening(simulator.port))
        await answer_commands(msgspec.json.Decoder(ToExchange), answer)
    finally:
        await simulator.stop()


if __name__ == "__main__":
    run(_main)
