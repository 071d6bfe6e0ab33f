"""The embedded exchange: start it, speak to it over loopback, push it about."""

from collections.abc import Callable
from decimal import Decimal

from connector.simulator.by_hand import AccountByHand
from connector.simulator.chaos.control import PATH
from connector.simulator.config import SimulatorConfig
from connector.simulator.dialects import failure_of
from connector.simulator.market.clock import ManualClock, SystemClock, WallClock
from connector.simulator.market.interval import opening_ms
from connector.simulator.running import Running
from connector.simulator.serving.faults import Faults, How
from connector.simulator.serving.hub import OnFrame
from connector.simulator.trading.snapshots import BarSnapshot, bar_snapshot


class Simulator(AccountByHand):
    """An exchange of our own on loopback, with one account on it.

    With the machine's clock one chain of timers walks all instruments; with a `ManualClock`
    nothing moves but by `advance`, `trade` and `fill`.
    `on_frame` hears, in the sending turn, of each frame published: stream name and payload; the
    account's frames are called `userData`, and are published while someone hears them.
    """

    def __init__(
        self,
        config: SimulatorConfig | None = None,
        *,
        clock: WallClock | None = None,
        on_frame: OnFrame | None = None,
    ) -> None:
        self.config = config or SimulatorConfig()
        self.faults = Faults(failure_of(self.config.dialect))
        """Requests that fail on demand; see `fail_next`."""
        self._clock: WallClock = clock or SystemClock()
        self._on_frame = on_frame
        self._running: Running | None = None

    async def start(self) -> None:
        """Listen, and let the walks begin; OSError if the address is taken."""
        if self._running is not None:
            raise RuntimeError("the simulator is already running")
        running = Running(self.config, self._clock, self._on_frame, self.faults)
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
        """`ws://127.0.0.1:PORT`, to be followed by /ws, /stream, or /market/ws and the like."""
        return f"ws://{_in_url(self.config.host)}:{self.port}"

    @property
    def control_url(self) -> str:
        """Where faults are asked for over HTTP."""
        return self.rest_url + PATH

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
    def private_connections(self) -> int:
        """Open websockets that hear the account's events: on the living listen key, or by topic."""
        return self._now.dialect.private_sockets

    @property
    def slow_readers_cut(self) -> int:
        """Websockets cut because they left too much unread."""
        return self._now.hub.too_slow

    def subscriptions(self) -> dict[str, int]:
        """Count the websockets on each stream; a stream without any is not there."""
        return self._now.hub.subscriptions()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds of connections, subscriptions, orders or faults to come.

        Bound it by a timeout. Looked at when a websocket comes, goes or subscribes, an order
        changes, a request fails on demand.
        `await simulator.until(lambda: "btcusdt@ticker" in simulator.subscriptions())`
        """
        await self._now.hub.until(condition)

    def trade(self, symbol: str, price: str, quantity: str, *, taker_bought: bool = True) -> None:
        """Push one trade; all frames due go out, and the walk goes on from there.

        The account's resting orders that it reaches get their share of it (`fill_ratio`).
        Errors:  ValueError for a symbol not listed, a price off the tick, a quantity off the step.
        """
        running = self._now
        running.catch_up()
        try:
            running.market.trade(symbol, price, quantity, taker_bought)
        finally:
            running.hub.flush()

    def trades(self, symbol: str) -> list[tuple[Decimal, int]]:
        """Give the newest trades, oldest first: price and instant."""
        listing = self._now.market.listings[symbol]
        price_text = listing.instrument.price_text
        return [(Decimal(price_text(each.price)), each.at_ms) for each in listing.recent]

    def bars(self, symbol: str, interval: str) -> list[BarSnapshot]:
        """Give the bars since the start, oldest first; the last one is forming."""
        listing = self._now.market.listings[symbol]
        first = opening_ms(interval, listing.start_ms)
        return [
            bar_snapshot(listing.instrument, each)
            for each in listing.candles.bars(interval, first, self._now.market.now_ms)
        ]

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

    async def drop_sockets(self, private: bool | None = None) -> None:
        """Cut websockets without a close frame, and wait until they are gone.

        True: those of the account's stream; False: the market's; None: all.
        """
        await self._now.drop_sockets(private)

    def send_raw(self, stream: str | None, text: str, *, at_once: bool = True) -> int:
        """Send text as it stands to a stream's subscribers, or with None to all websockets.

        Gives the number of websockets it went to. Not `at_once`: when the loop's turn ends, in one
        piece with whatever else was sent in it.
        """
        hub = self._now.hub
        sent = hub.send_raw(stream, text)
        (hub.flush if at_once else hub.flush_soon)()
        return sent

    @property
    def refuse_connections(self) -> bool:
        """While true, new requests and websockets are cut; those that are open stay."""
        return self.faults.refuse_connections

    @refuse_connections.setter
    def refuse_connections(self, refuse: bool) -> None:
        self.faults.refuse_connections = refuse

    @property
    def refuse_websockets(self) -> bool:
        """While true, new websockets are cut; REST goes on."""
        return self.faults.refuse_websockets

    @refuse_websockets.setter
    def refuse_websockets(self, refuse: bool) -> None:
        self.faults.refuse_websockets = refuse

    @property
    def mute_private(self) -> bool:
        """While true, the account's events are lost; its websockets stay open."""
        return self._now.dialect.muted

    @mute_private.setter
    def mute_private(self, mute: bool) -> None:
        self._now.dialect.muted = mute

    @property
    def list_late(self) -> bool:
        """While true, orders placed since are in no list of open orders; all else knows them."""
        return self._now.desk.orders.unlisted_from is not None

    @list_late.setter
    def list_late(self, late: bool) -> None:
        desk = self._now.desk
        desk.orders.unlisted_from = desk.next_order_id if late else None

    def begin_fault(self, text: str) -> int:
        """Let a fault strike, now or as it says; give its number.

        Shapes:  `drop:refuse=4s`; `connector/simulator/chaos/registry.py` has them all.
        Errors:  ValueError that says what is allowed.
        """
        return self._now.chaos.begin(text).number

    def end_fault(self, number: int) -> None:
        """End a fault; what it held back is sent. KeyError for one that isn't there, or is over."""
        self._now.chaos.end(number)

    def end_faults(self) -> None:
        """End every fault that was begun by text."""
        self._now.chaos.end_all()

    @property
    def faults_begun(self) -> list[str]:
        """The faults that are not over, as they were asked for."""
        return [each.plan.text for each in self._now.chaos.begun]

    def fail_next(self, method: str, path: str, how: How, times: int = 1) -> None:
        """Let the next requests to a path fail: `Faults.fail_next` says how.

        `simulator.fail_next("POST", "/fapi/v1/order", "cut_after")`; Bybit's is /v5/order/create.
        """
        self.faults.fail_next(method, path, how, times)

    def expire_listen_keys(self) -> None:
        """End the listen key: its websockets hear `listenKeyExpired`, then nothing more.

        Errors:  NotImplementedError in a dialect that has no listen keys, which says what to do.
        """
        self._now.dialect.expire_listen_keys(self._now.market.now_ms)
        self._now.hub.flush()

    @property
    def _now(self) -> Running:
        if self._running is None:
            raise RuntimeError("the simulator is not running")
        return self._running


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
