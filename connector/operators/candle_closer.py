"""One subscription of `close_candles`: updates flow, or are held while bars are being fetched."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from reactivex import Observable
from reactivex.abc import ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable, SingleAssignmentDisposable

from connector.domain import Candle
from connector.errors import Malformed, Refused, Unsupported
from connector.operators.bars import Bars, Gap, LatestByBar

FetchClosed = Callable[[int, int], Observable[list[Candle]]]
"""Closed bars by opening instant in ms: from inclusive, until exclusive, ascending."""

ATTEMPTS = 3
"""How often a bar that the exchange doesn't have yet is asked for, `grace` apart."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What `close_candles` was told."""

    interval_ms: int
    fetch_closed: FetchClosed
    grace: timedelta
    now_ms: Callable[[], int]
    on_gap_unfilled: Callable[[Gap, Exception | None], None]


class CandleCloser:
    """Rx around `Bars`: one fetch or one timer at a time, and what waits for them."""

    def __init__(
        self,
        bars: Bars,
        closing: Closing,
        observer: ObserverBase[Candle],
        clock: SchedulerBase,
    ) -> None:
        self.upstream = SingleAssignmentDisposable()
        self._bars = bars
        self._closing = closing
        self._observer = observer
        self._clock = clock
        self._grace_ms = -(-closing.grace // timedelta(milliseconds=1))
        self._timer = SerialDisposable()  # the bar's end, or the next attempt of a fetch
        self._fetching = SerialDisposable()
        self._gap: Gap | None = None
        self._attempts = 0
        self._held = LatestByBar()
        self._flowing = True
        self._armed_for: int | None = None
        self._asked_until_ms = 0
        self._source_done = False
        self._over = False

    def on_next(self, candle: Candle) -> None:
        """Let an update out, or hold it."""
        if self._flowing:
            self._update(candle)
        else:
            self._held.put(candle)

    def _update(self, candle: Candle) -> None:
        bars = self._bars
        gap = bars.gap_before(candle)
        if gap is not None:
            self._held.put(candle)
            self._open(gap)
            return
        self._send(bars.take(candle))
        if bars.next_open_ms != self._armed_for:
            self.arm()

    def on_error(self, error: Exception) -> None:
        """End with an error, at once."""
        self._observer.on_error(error)
        self.let_go()

    def on_completed(self) -> None:
        """End when what is held has followed."""
        if self._flowing:
            self._observer.on_completed()
            self.let_go()
        else:
            self._source_done = True

    def let_go(self) -> None:
        """Release source, timer and fetch."""
        self._over = True
        self.upstream.dispose()
        self._timer.dispose()
        self._fetching.dispose()
        self._held.clear()

    def arm(self) -> None:
        """Wait for the end of the bar at hand, and `grace` for someone to close it."""
        opened = self._bars.next_open_ms
        if self._over or opened is None or not self._flowing:
            return
        self._armed_for = opened
        self._asked_until_ms = max(self._asked_until_ms, opened)
        end_ms = self._asked_until_ms + self._closing.interval_ms + self._grace_ms
        try:
            wait_ms = max(end_ms - self._closing.now_ms(), 0)
        except Exception as error:
            self.on_error(error)
            return
        self._timer.disposable = self._clock.schedule_relative(
            timedelta(milliseconds=wait_ms), self._bar_ended
        )

    def _bar_ended(self, _: SchedulerBase, __: object = None) -> None:
        try:
            gap = self._bars.overdue(self._closing.now_ms() - self._grace_ms)
        except Exception as error:
            self.on_error(error)
            return
        if gap is None:
            self.arm()
        else:
            self._open(gap)

    def _open(self, gap: Gap) -> None:
        self._gap = gap
        self._flowing = False
        self._attempts = 0
        self._asked_until_ms = gap.until_open_ms
        self._timer.disposable = Disposable()
        self._fetch()

    def _fetch(self, _: SchedulerBase | None = None, __: object = None) -> None:
        gap, from_open_ms = self._gap, self._bars.next_open_ms
        if gap is None or from_open_ms is None or self._over:
            return
        self._attempts += 1
        got: list[Candle] = []
        slot = SingleAssignmentDisposable()
        self._fetching.disposable = slot
        try:
            bars = self._closing.fetch_closed(from_open_ms, gap.until_open_ms)
        except Exception as error:
            self._failed(error)
            return
        slot.disposable = bars.subscribe(
            got.extend, self._failed, lambda: self._fetched(gap, got), scheduler=self._clock
        )

    def _fetched(self, gap: Gap, got: list[Candle]) -> None:
        got += self._held.closed_besides(got)
        self._send(self._bars.fill(gap, got))
        if self._over:
            return
        try:
            may_come = self._bars.misses(gap) and self._may_come(gap)
        except Exception as error:
            self.on_error(error)
            return
        if may_come:
            self._timer.disposable = self._clock.schedule_relative(self._closing.grace, self._fetch)
        elif self._bars.misses(gap) and self._held.reaches(gap.until_open_ms):
            self._give_up(gap, None)
        else:
            self._flow()  # what is still missing the clock asks for after the next bar

    def _may_come(self, gap: Gap) -> bool:
        late_ms = self._closing.now_ms() - gap.until_open_ms
        return self._attempts < ATTEMPTS and late_ms < ATTEMPTS * self._grace_ms

    def _failed(self, error: Exception) -> None:
        gap = self._gap
        if gap is None or not isinstance(error, Unsupported | Refused | Malformed):
            self.on_error(error)
        elif self._held.reaches(gap.until_open_ms) or self._bars.forming is not None:
            self._give_up(gap, error)
        else:
            self._flow()

    def _give_up(self, gap: Gap, error: Exception | None) -> None:
        opened = self._bars.next_open_ms or gap.from_open_ms
        if self._held.reaches(gap.until_open_ms):
            missing = Gap(opened, gap.until_open_ms)
            self._send(self._bars.give_up(gap))
        else:
            missing = Gap(opened, opened + self._closing.interval_ms)
            self._send(self._bars.close_forming())
        try:
            self._closing.on_gap_unfilled(missing, error)
        except Exception as own:
            self.on_error(own)
            return
        self._flow()

    def _send(self, candles: Iterable[Candle]) -> None:
        for candle in candles:
            self._observer.on_next(candle)
            if self._over:
                return

    def _flow(self) -> None:
        """Let what was held follow, oldest first, until another gap shows."""
        self._gap = None
        while self._held and self._gap is None and not self._over:
            self._update(self._held.take_oldest())
        if self._gap is not None or self._over:
            return
        self._flowing = True
        if self._source_done:
            self.on_completed()
        else:
            self.arm()
