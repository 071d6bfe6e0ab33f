"""The embedded exchange: start it, speak to it over loopback, push it about."""

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from connector.simulator.binance.application import build_application
from connector.simulator.binance.hub import Hub, OnFrame
from connector.simulator.binance.publisher import Publisher
from connector.simulator.binance.rest import PublicRest
from connector.simulator.binance.websocket import WebsocketEndpoint
from connector.simulator.config import SimulatorConfig
from connector.simulator.market.bar import Bar
from connector.simulator.market.clock import ExchangeClock, ManualClock, SystemClock, WallClock
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.market.market import Market

_TRADES_A_TURN = 500
_SHORTEST_WAIT = 0.001


class Simulator:
    """An exchange of our own on loopback.

    With the machine's clock one chain of timers walks all instruments; with a `ManualClock`
    nothing moves but by `advance` and `trade`.
    `on_frame` hears, in the sending turn, of each frame published: stream name and payload.
    """

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        *,
        clock: WallClock | None = None,
        on_frame: OnFrame | None = None,
    ) -> None:
        self.config = config or SimulatorConfig()
        self.refuse_connections = False
        """While true, new requests and websockets are cut; those that are open stay."""
        self._clock: WallClock = clock or SystemClock()
        self._on_frame = on_frame
        self._running: _Running | None = None

    async def start(self) -> None:
        """Listen, and let the walks begin; OSError if the address is taken."""
        if self._running is not None:
            raise RuntimeError("the simulator is already running")
        running = _Running(
            self.config, self._clock, self._on_frame, lambda: self.refuse_connections
        )
        await running.start()
        self._running = running

    async def stop(self) -> None:
        """Close every socket and end every task; stopping twice is once."""
        running, self._running = self._running, None
        if running is not None:
            await running.stop()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._now.port

    @property
    def rest_url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{_in_url(self.config.host)}:{self.port}"

    @property
    def ws_url(self) -> str:
        """`ws://127.0.0.1:PORT`, to be followed by /ws, /stream, /market/ws or /public/ws."""
        return f"ws://{_in_url(self.config.host)}:{self.port}"

    @property
    def symbols(self) -> list[str]:
        """What is listed."""
        return list(self._now.market.listings)

    @property
    def now_ms(self) -> int:
        """Exchange time, UTC epoch milliseconds."""
        return self._now.clock.now_ms()

    @property
    def connections(self) -> int:
        """Open websockets."""
        return len(self._now.hub.sessions)

    @property
    def slow_readers_cut(self) -> int:
        """Websockets cut because they left too much unread."""
        return self._now.hub.too_slow

    def subscriptions(self) -> dict[str, int]:
        """Count the websockets on each stream; a stream without any is not there."""
        return self._now.hub.subscriptions()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of `connections` or `subscriptions()`; bound it by a timeout.

        `await simulator.until(lambda: "btcusdt@ticker" in simulator.subscriptions())`
        """
        await self._now.hub.until(condition)

    def trade(self, symbol: str, price: str, quantity: str, *, taker_bought: bool = True) -> None:
        """Push one trade; all frames due go out, and the walk goes on from there.

        Errors:  ValueError for a symbol not listed, a price off the tick, a quantity off the step.
        """
        running = self._now
        running.catch_up()
        try:
            running.market.trade(symbol, price, quantity, taker_bought)
        finally:
            running.hub.flush()

    def advance(self, seconds: float) -> None:
        """Move a ManualClock on by wall seconds (exchange time by `speed` times as much).

        Everything due in between happens, in order, before this returns, and its frames are
        written at once: what one call sends has to fit into `unread_bytes`.
        Errors:  RuntimeError on the machine's clock.
        """
        if not isinstance(self._clock, ManualClock):
            raise RuntimeError("only a ManualClock can be advanced")
        self._clock.move(seconds)
        self._now.catch_up()

    def pause(self) -> None:
        """Let the walks rest; time goes on, bars close flat."""
        self._now.catch_up()
        self._now.market.pause()

    def resume(self) -> None:
        """Let the walks go on; what was missed is not caught up."""
        self._now.market.resume(self._now.clock.now_us())

    async def drop_sockets(self) -> None:
        """Cut every websocket without a close frame, and wait until they are gone."""
        await self._now.drop_sockets()

    def send_raw(self, stream: str | None, text: str) -> int:
        """Send text as it stands to a stream's subscribers, or with None to all websockets.

        Gives the number of websockets it went to.
        """
        sent = self._now.hub.send_raw(stream, text)
        self._now.hub.flush()
        return sent

    @property
    def _now(self) -> "_Running":
        if self._running is None:
            raise RuntimeError("the simulator is not running")
        return self._running


class _Events:
    """Hands the market's events to a publisher that is made after the market."""

    publisher: Publisher

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        self.publisher.on_trade(listing, trade)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        self.publisher.on_minute(listing, at_ms, closed)

    def on_second(self, number: int, at_ms: int) -> None:
        self.publisher.on_second(number, at_ms)


class _Running:
    """One life of the simulator, from start to stop."""

    def __init__(
        self,
        config: SimulatorConfig,
        wall: WallClock,
        on_frame: OnFrame | None,
        refuses: Callable[[], bool],
    ) -> None:
        start_ms = int(time.time() * 1000) if config.start_ms is None else config.start_ms
        self.clock = ExchangeClock(start_ms, config.speed, wall)
        events = _Events()
        self.market = Market(config, start_ms, events)
        self.hub = Hub(self.market.listings, on_frame)
        events.publisher = Publisher(self.hub)
        self.port = config.port
        self._host = config.host
        self._websockets = WebsocketEndpoint(
            self.hub, ping_seconds=config.ping_seconds, unread_bytes=config.unread_bytes
        )
        rest = PublicRest(self.market, self.catch_up).routes()
        application = build_application(rest, self._websockets.serve, refuses)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        self._walks = not isinstance(wall, ManualClock)
        self._turn: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self.port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]
        if self._walks:
            self._walk()

    async def stop(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
        await self._websockets.close_all()
        await self._runner.cleanup()

    def catch_up(self) -> bool:
        """Let what is due happen, and send it; on the machine's clock no more than a turn's.

        True when nothing is left that is due.
        """
        at_most = _TRADES_A_TURN if self._walks else None
        done = self.market.advance(self.clock.now_us(), at_most)
        self.hub.flush()
        return done

    async def drop_sockets(self) -> None:
        dropped = list(self.hub.sessions)
        for session in dropped:
            session.cut()
        await self.hub.until(lambda: not any(each in self.hub.sessions for each in dropped))

    def _walk(self) -> None:
        """Take a short turn, so that others have theirs; a late one catches up.

        A chain of timers: half the loop's iterations of a task that sleeps.
        """
        wait = 0.0
        if self.catch_up():
            wait = max(self.clock.wall_seconds_until(self.market.next_us), _SHORTEST_WAIT)
        self._turn = asyncio.get_running_loop().call_later(wait, self._walk)


async def run(config: SimulatorConfig, ready: Callable[[Simulator], None]) -> None:
    """Serve until cancelled; `ready` is called once, when the port is open."""
    simulator = Simulator(config)
    await simulator.start()
    try:
        ready(simulator)
        await asyncio.Event().wait()
    finally:
        await simulator.stop()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
