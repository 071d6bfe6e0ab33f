"""Checks of the exchange: reach, symbols, pace, clock, key, position mode."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from connector.config import Config
from connector.doctor.findings import Finding, State
from connector.errors import ConnectorError, Denied, Transient, UnknownSymbol, Unsupported
from connector.exchange.account import HedgeMode
from connector.exchange.examination import Examination, Pace

SLOW_MS = 500
AHEAD_MS, OFF_MS = 1000, 250
"""An exchange refuses what is signed in its future (Binance: beyond a second); NTP keeps well below
the other."""
SET_CLOCK = "let NTP set the clock (timedatectl set-ntp true)"


@dataclass
class There:
    """Checks of an exchange whose markets are known."""

    config: Config
    asked: Examination
    symbols: Sequence[str]
    """That the operator means to trade; may be empty."""
    pace: Pace | None = None

    async def check_symbols(self) -> Finding:
        """Find whether the symbols are served."""
        unknown: list[str] = []
        for symbol in self.symbols:
            try:
                self.asked.resolve(symbol)
            except UnknownSymbol as error:
                unknown.append(str(error))
        if unknown:
            remedy = "use the spelling that is suggested, or set exchange.market (spot, swap)"
            return Finding("symbols", State.FAILURE, "; ".join(unknown), remedy)
        named = f", {', '.join(self.symbols)} among them" if self.symbols else ""
        return Finding("symbols", State.OK, f"{len(self.asked.served)} served{named}")

    async def check_latency(self) -> Finding:
        """Find how long an answer takes."""
        self.pace = await self.asked.pace()
        words = f"{self.pace.median_ms:.0f} ms, median of {self.pace.rounds} answers"
        if self.pace.median_ms > SLOW_MS:
            remedy = "run nearer to the exchange; look at the network and at proxies"
            return Finding("latency", State.WARNING, words, remedy)
        return Finding("latency", State.OK, words)

    async def check_clock(self) -> Finding:
        """Find whether our clock agrees with the exchange's."""
        ahead = self.pace.clock_ahead_ms if self.pace else None
        if self.config.exchange.embedded and self.config.simulator.speed != 1:
            return Finding("clock", State.SKIPPED, "the embedded exchange's runs at its own speed")
        if ahead is None:
            return Finding("clock", State.SKIPPED, "this exchange doesn't tell its time")
        words = f"{abs(ahead):.0f} ms {'ahead of' if ahead > 0 else 'behind'} the exchange"
        if ahead > AHEAD_MS or ahead < -5 * AHEAD_MS:
            return Finding("clock", State.FAILURE, f"{words}: orders are refused", SET_CLOCK)
        if abs(ahead) > OFF_MS:
            return Finding("clock", State.WARNING, words, SET_CLOCK)
        return Finding("clock", State.OK, words)

    async def check_key(self) -> Finding:
        """Find whether the key may read and trade, and not withdraw."""
        if not self.config.exchange.has_credentials:
            words = "there is none: public data alone, no orders"
            return Finding("key", State.WARNING, words, "set API_KEY and API_SECRET")
        try:
            assets = await self.asked.assets()
        except Denied as error:
            remedy = "check API_KEY, API_SECRET, PASSPHRASE, and the key's address list"
            return Finding("key", State.FAILURE, str(error), remedy)
        reads = f"may read ({assets} {'asset' if assets == 1 else 'assets'} held)"
        try:
            may = await self.asked.permissions()
        except ConnectorError as error:
            words = f"{reads}; whether it may trade or withdraw wasn't told: {error}"
            return Finding("key", State.WARNING, words, "look at the key's page at the exchange")
        if may is None:
            words = f"{reads}; whether it may trade or withdraw, this exchange doesn't tell"
            return Finding("key", State.WARNING, words, "look at the key's page at the exchange")
        words = f"{reads}, {'may' if may.trade else 'may not'} trade, "
        words += f"{'may' if may.withdraw else 'may not'} withdraw"
        bound = "" if may.bound_to_addresses else "; it is bound to no address"
        if may.withdraw:
            remedy = "make a key without withdrawals: whoever takes this one takes the money"
            return Finding("key", State.WARNING, words + bound, remedy)
        if not may.trade:
            remedy = "allow trading for this key, unless it is only to read"
            return Finding("key", State.WARNING, words + bound, remedy)
        if not may.bound_to_addresses and not self.config.exchange.embedded:
            return Finding("key", State.WARNING, words + bound, "bind it to this host's address")
        return Finding("key", State.OK, words)

    async def check_position_mode(self) -> Finding:
        """Find whether there is one net position a symbol."""
        if not self.config.exchange.has_credentials:
            return Finding("positions", State.SKIPPED, "needs a key")
        try:
            await self.asked.check_position_mode()
        except HedgeMode:
            remedy = "switch to one-way mode at the exchange, positions and orders closed"
            return Finding("positions", State.FAILURE, "the account is in hedge mode", remedy)
        return Finding("positions", State.OK, "one net position a symbol")

    def checks(self) -> list[tuple[str, Callable[[], Awaitable[Finding]]]]:
        """Give all of them, in their order: the clock is read off the answers before it."""
        return [
            ("symbols", self.check_symbols),
            ("latency", self.check_latency),
            ("clock", self.check_clock),
            ("key", self.check_key),
            ("positions", self.check_position_mode),
        ]


def told(check: str, error: ConnectorError) -> Finding:
    """Give what is said of a question that failed."""
    if isinstance(error, Unsupported):
        return Finding(check, State.SKIPPED, str(error))
    remedy = (
        "look at the network, exchange.ccxt.proxies and the exchange's status page"
        if isinstance(error, Transient)
        else "look at the key's rights and at exchange.id and exchange.market"
    )
    return Finding(check, State.FAILURE, str(error), remedy)
