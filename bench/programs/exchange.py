"""The embedded exchange alone, with a journal of each frame that it sent."""

import asyncio
import sys
import time
from collections.abc import Iterator

import msgspec
import orjson

from bench.commands import (
    BarAt,
    BarJournal,
    Burst,
    Bursts,
    Counts,
    Done,
    Listening,
    Pause,
    PriceAt,
    PriceJournal,
    SentBars,
    SentPrices,
    Subscriptions,
    ToExchange,
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
