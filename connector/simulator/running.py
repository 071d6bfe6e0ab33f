"""One life of the embedded exchange, from start to stop."""

import asyncio
import time

from aiohttp import web

from connector.simulator.chaos.chaos import Chaos
from connector.simulator.chaos.control import Control
from connector.simulator.chaos.strikes import Struck
from connector.simulator.config import SimulatorConfig
from connector.simulator.dialects import dialect_of
from connector.simulator.market.bar import Bar
from connector.simulator.market.clock import ExchangeClock, ManualClock, WallClock
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.market.market import Market
from connector.simulator.serving.dialect import Dialect, Exchange
from connector.simulator.serving.faults import Faults
from connector.simulator.serving.hub import OnFrame
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.money import MILLION, money_of
from connector.simulator.trading.settings import Settings
from connector.simulator.trading.upkeep import Upkeep

_TRADES_A_TURN = 500
_SHORTEST_WAIT = 0.001


class _Events:
    """Hands the market's events on to those made after it: the public hears first."""

    dialect: Dialect
    desk: Desk
    upkeep: Upkeep

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        self.dialect.on_trade(listing, trade)
        self.desk.on_trade(listing, trade)
        self.upkeep.on_trade(listing, trade.at_ms)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        self.dialect.on_minute(listing, at_ms, closed)
        self.upkeep.on_minute(listing, at_ms)

    def on_second(self, number: int, at_ms: int) -> None:
        self.dialect.on_second(number, at_ms)
        self.upkeep.on_second(at_ms)


class Running:
    """Everything that exists while the exchange runs."""

    def __init__(
        self, config: SimulatorConfig, wall: WallClock, on_frame: OnFrame | None, faults: Faults
    ) -> None:
        start_ms = int(time.time() * 1000) if config.start_ms is None else config.start_ms
        self.clock = ExchangeClock(start_ms, config.speed, wall)
        events = _Events()
        self.market = Market(config, start_ms, events)
        listings = self.market.listings
        self.dialect = events.dialect = dialect_of(config.dialect)(config, listings, on_frame)
        self.hub = self.dialect.hub
        balances = {asset: money_of(text, asset) for asset, text in config.balance.items()}
        ratio = round(config.fill_ratio * MILLION)
        self.desk = events.desk = Desk(
            listings, balances, start_ms, ratio, self.dialect, self.dialect.rules
        )
        self.desk.account.hedged = config.hedged
        events.upkeep = Upkeep(self.desk, self.dialect)
        self.port = config.port
        self._host = config.host
        self._walks = not isinstance(wall, ManualClock)
        self._faults = faults
        faults.on_taken = self.hub.tell_changed
        self._turn: asyncio.TimerHandle | None = None
        self._struck = Struck(
            hub=self.hub,
            dialect=self.dialect,
            market=self.market,
            orders=self.desk,
            requests=faults,
            seed=config.seed,
        )
        self.chaos = Chaos(self._struck, config.dialect)
        self._first_faults = config.faults
        application = self.dialect.application(self._exchange(config))
        application.middlewares.insert(0, Control(self.chaos).middleware)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen, and let the walks begin."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self.port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]
        if self._walks:
            self._walk()
        for text in self._first_faults:
            self.chaos.begin(text)

    async def stop(self) -> None:
        """End everything."""
        if self._turn is not None:
            self._turn.cancel()
        self.chaos.end_all()
        self._faults.forget()
        await self.dialect.close_websockets()
        await self._runner.cleanup()

    def catch_up(self) -> bool:
        """Let what is due happen, and send it; on the machine's clock no more than a turn's.

        True when nothing is left that is due.
        """
        done = self.let_happen()
        self.hub.flush()
        return done

    def let_happen(self) -> bool:
        """Let what is due happen, and leave the sending to others."""
        at_most = _TRADES_A_TURN if self._walks else None
        return self.market.advance(self.clock.now_us(), at_most)

    async def drop_sockets(self, private: bool | None) -> None:
        """Cut the websockets of one sort, or with None all, and wait until they are gone."""
        dropped = [
            session
            for session in self.hub.sessions
            if private is None or session.private is private
        ]
        for session in dropped:
            session.cut()
        await self.hub.until(lambda: not any(each in self.hub.sessions for each in dropped))

    def _exchange(self, config: SimulatorConfig) -> Exchange:
        checks = config.check_timestamps
        if checks is None:
            checks = self._walks and config.speed == 1 and config.start_ms is None
        return Exchange(
            config=config,
            market=self.market,
            desk=self.desk,
            settings=Settings(self.desk, self.dialect),
            faults=self._faults,
            now_ms=lambda: self.clock.now_ms() + self._struck.skew_ms,
            told_ms=lambda: self.market.now_ms + self._struck.skew_ms,
            catch_up=self.catch_up,
            checks_timestamps=checks,
        )

    def _walk(self) -> None:
        """Take a short turn, so that others have theirs; a late one catches up.

        A chain of timers: half the loop's iterations of a task that sleeps.
        """
        wait = 0.0
        if self.catch_up():
            wait = max(self.clock.wall_seconds_until(self.market.next_us), _SHORTEST_WAIT)
        self._turn = asyncio.get_running_loop().call_later(wait, self._walk)
