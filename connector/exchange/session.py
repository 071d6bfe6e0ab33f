"""One supervised ccxt.pro instance: opened, asked within bounds, watched over, closed."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from math import inf
from typing import Any, TypeVar

import ccxt.pro
import structlog

from connector.config import BadConfig, ExchangeConfig
from connector.errors import (
    ConnectorError,
    Denied,
    Malformed,
    RateLimited,
    Refused,
    Transient,
    Unsupported,
)
from connector.exchange.aside import Aside
from connector.exchange.capabilities import offers
from connector.exchange.embedded import DEFAULT_DIALECT, EMBEDDED_CLASSES
from connector.exchange.faults import as_ours, is_being_cancelled
from connector.exchange.instance import instance, traded
from connector.exchange.lane import Lane
from connector.exchange.pacing import RollingWindow, ahead_of_all
from connector.exchange.sockets import abort
from connector.exchange.symbols import Symbols
from connector.exchange.ways import way_of

log = structlog.get_logger(__name__)

T = TypeVar("T")

ASK_TIMEOUT_S = 10.0
"""Bound of one question, its retries and ccxt's own pacing included."""
ASK_RETRIES = 3
ASK_RETRY_S = 0.1
CLOSE_S = 1.0
"""For websockets to say good-bye; a stalled exchange never answers."""
PROBE_S, PROBE_AGAIN_S = 5.0, 1.0
"""Between two looks at whether the exchange is there; at most, after one that failed."""
ABSENT_AFTER_S = 10.0
"""Without an answer to such a look, until the exchange counts as unreachable."""
OPEN_RETRY_CAP_S = 30.0


class Session:
    """The exchange as one instance of ccxt's class: markets, symbols, questions, reachability.

    Errors:  BadConfig at construction, when the id names no exchange of ccxt.pro or it doesn't
             trade the market type asked for.
    """

    def __init__(
        self,
        config: ExchangeConfig,
        urls: Mapping[str, Any] | None = None,
        dialect: str = DEFAULT_DIALECT,
    ) -> None:
        """`urls` and `dialect` are the embedded exchange's."""
        class_name = EMBEDDED_CLASSES[dialect] if config.embedded else config.id
        if class_name not in ccxt.pro.exchanges:
            raise BadConfig(
                f"exchange.id {config.id!r} is unknown; allowed: sim, or an id of ccxt.pro such as "
                "binanceusdm, bybit, okx, gate, bitget"
            )
        self.way = way_of(class_name)
        self.embedded = config.embedded
        self.ccxt = instance(class_name, config, urls or config.ccxt.urls, ASK_TIMEOUT_S)
        self.market_type = traded(config, self.ccxt, self.way)
        self.ccxt.options["defaultType"] = self.market_type.value
        self.ccxt.exchange_ms = self.now_ms
        self.symbols = Symbols((), self.market_type)
        if config.fast_lane and self.way.fast_lane is not None:
            self.ccxt.lane = Lane(self.way.fast_lane(self.ccxt, self.market_type, self.now_ms))
        self.ready = asyncio.Event()
        """Set once the markets are known, for good."""
        self.reachable = False
        self._on_reachable: list[Callable[[bool], None]] = []
        self._offset_ms = 0
        self._absence: asyncio.TimerHandle | None = None
        self._supervising: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None

    def start(self, on_reachable: Callable[[bool], None] = lambda _: None) -> None:
        """Begin to load the markets, and to look every 5 s whether the exchange is there.

        It is reachable as of an answer, and no more 10 s after the last one; what is asked goes
        ahead of all that our own limit holds back. `on_reachable` is told of each
        change, in this event loop.
        """
        self._on_reachable.append(on_reachable)
        self._supervising = asyncio.create_task(self._supervise(), name="supervise the exchange")

    async def close(self) -> None:
        """Stop supervising and close every connection, soon also if the exchange is stalled."""
        tasks = [task for task in (self._supervising, self._loading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._absence is not None:
            self._absence.cancel()
        clients = list(self.ccxt.clients.values())
        closing = asyncio.create_task(self.ccxt.close())
        done, _ = await asyncio.wait({closing}, timeout=CLOSE_S)
        if not done:
            abort(clients)
        await closing

    @property
    def is_serving(self) -> bool:
        """Whether the exchange answers and its markets are known."""
        return self.reachable and self.ready.is_set()

    @property
    def open_sockets(self) -> int:
        """How many websockets are open."""
        return sum(bool(client.isConnected) for client in self.ccxt.clients.values())

    @property
    def weight(self) -> tuple[float, float]:
        """Weight of the requests within the window, and what it allows."""
        throttler: RollingWindow = self.ccxt.throttler
        return throttler.weight, throttler.max_weight

    @property
    def order_window_s(self) -> float:
        """For how long after its sending an order may yet be executed; infinite if nobody says."""
        window_ms: Any = self.ccxt.options.get("recvWindow")
        return float(window_ms) / 1000 if window_ms and self.way.in_time else inf

    def now_ms(self) -> int:
        """The exchange's time: our clock, corrected by what the exchange last told."""
        return int(self.ccxt.milliseconds()) + self._offset_ms

    def offers(self, *methods: str) -> bool:
        """Whether ccxt has every one of these for this exchange (`watchTickers`, …)."""
        return all(offers(self.ccxt.has, method) for method in methods)

    async def ask(self, doing: str, question: Callable[[], Awaitable[T]]) -> T:
        """Await a read-only question: 10 s in all, tried three times from 100 ms on.

        Errors:  ours, by the table of connector/exchange/faults.py. Not for orders.
        """
        error: ConnectorError = Transient(f"{doing}: no answer within {ASK_TIMEOUT_S:.0f} s")
        held_back: Callable[[], timedelta] = self.ccxt.throttler.held_back
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                for attempt in range(ASK_RETRIES):
                    if attempt:
                        await asyncio.sleep(ASK_RETRY_S * 2 ** (attempt - 1))
                    try:
                        return await question()
                    except asyncio.CancelledError:
                        if is_being_cancelled():
                            raise
                        error = Transient(f"{doing}: what was waited for was cancelled")
                    except Exception as theirs:
                        ours = as_ours(theirs)
                        if ours is None:
                            raise
                        error = ours
                    passes = isinstance(error, Transient | Malformed)
                    if not passes or isinstance(error, RateLimited):
                        break
        except TimeoutError:
            if wait := held_back():
                error = RateLimited(f"{doing}: the exchange's limit of requests is used up", wait)
        raise error

    async def open(self) -> None:
        """Learn the markets and the exchange's time; ready from then on."""
        await self.load_markets()
        await self._probe()
        self.ready.set()

    async def load_markets(self) -> None:
        """Learn the exchange's markets, anew if they are known; callers at one time share it.

        One that was served stays so, though it is listed no more: see `Symbols`.
        Errors:  Transient when there is not one market, as under maintenance: the known ones stay.
        """
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load_markets(), name="load the markets")
        await asyncio.shield(self._loading)

    async def _load_markets(self) -> None:
        async with Aside(self.ccxt) as aside:
            currencies = None
            if self.way.asks_currencies and self.offers("fetchCurrencies"):
                try:
                    fetch = aside.ccxt.fetch_currencies
                    currencies = await self.ask("currencies", lambda: aside.ask(fetch))
                except (Denied, Refused, Unsupported) as error:
                    log.warning("no currencies; markets do without", error=str(error))
            fetch = aside.ccxt.fetch_markets
            listed: Any = await self.ask("markets", lambda: aside.ask(fetch))
            markets = await aside.do(lambda: [*listed, *self._not_among(listed)])
            symbols = await aside.do(lambda: Symbols(markets, self.market_type, self.symbols))
            if not symbols.all():
                raise Transient(f"{self.ccxt.id} lists no active {self.market_type.value} market")
            await self._set_markets(aside, markets, currencies)
            free = aside.hand_over()
            self.symbols = symbols
            await aside.do(free)

    def _not_among(self, listed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Give the served markets that a new list lacks, as inactive ones."""
        symbols = {market.get("symbol") for market in listed}
        known: Mapping[str, Mapping[str, Any]] = self.ccxt.markets or {}
        lost = (m for s, m in known.items() if s not in symbols and self.symbols.serves(s))
        return [{**market, "active": False} for market in lost]

    async def _set_markets(self, aside: Aside, markets: Any, currencies: Any) -> None:
        try:
            await aside.do(lambda: aside.set_markets(markets, currencies))
        except Exception as theirs:
            ours = as_ours(theirs)
            if ours is None:
                raise
            raise ours from theirs

    async def _supervise(self) -> None:
        attempt = 0
        while True:
            try:
                if self.ready.is_set():
                    with ahead_of_all():
                        await self._probe()
                else:
                    await self.open()
            except Exception as error:  # whatever it is, the exchange is watched on
                if not isinstance(error, ConnectorError):
                    log.error("unexpected error of the exchange", exc_info=error)
                log.warning("no answer of the exchange", exchange=self.ccxt.id, error=str(error))
                attempt += 1
                cap = OPEN_RETRY_CAP_S if not self.ready.is_set() else PROBE_AGAIN_S
                delay = min(cap, 0.1 * 2 ** min(attempt, 10)) * random.uniform(0.5, 1)
                if isinstance(error, Transient) and error.retry_after:
                    delay = max(delay, error.retry_after.total_seconds())
            else:
                self._tell(True)
                self._expect_within(ABSENT_AFTER_S)
                attempt, delay = 0, PROBE_S
            await asyncio.sleep(delay)

    async def _probe(self) -> None:
        if not self.offers("fetchTime"):
            first = self.symbols.resolve(self.symbols.all()[0])
            await self.ask("a ticker", lambda: self.ccxt.fetch_ticker(first))
            return
        before = self.ccxt.milliseconds()
        told = await self.ask("server time", self.ccxt.fetch_time)
        if isinstance(told, int | float):
            self._offset_ms = int(told - (before + self.ccxt.milliseconds()) / 2)

    def _expect_within(self, seconds: float) -> None:
        """Tell that the exchange is away, unless this is called again within so long."""
        if self._absence is not None:
            self._absence.cancel()
        self._absence = asyncio.get_running_loop().call_later(seconds, self._tell, False)

    def _tell(self, reachable: bool) -> None:
        if reachable != self.reachable:
            self.reachable = reachable
            log.info("exchange reachability", exchange=self.ccxt.id, reachable=reachable)
            for on_reachable in self._on_reachable:
                on_reachable(reachable)
