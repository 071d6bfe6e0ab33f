"""What the embedded exchange can be told."""

import re
from collections.abc import Mapping
from typing import cast

import msgspec

from connector.simulator.chaos.registry import planned
from connector.simulator.market.catalogue import chosen_terms
from connector.simulator.trading.money import money_of

_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
USUAL_KEY = "simulator-key"
USUAL_SECRET = "simulator-secret"  # noqa: S105 - known to everyone
USUAL_BALANCE = {"USDT": "100000", "USDC": "0"}

DIALECTS = ("binance", "bybit")

_ASSET = re.compile(r"[A-Z0-9]{2,10}")
_YEAR_2100_MS = 4_102_444_800_000
_YEAR_2010_MS = 1_262_304_000_000


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How many instruments, how fast, where.

    Errors:  ValueError that says what is allowed, on construction.
    """

    dialect: str = "binance"
    """Whose protocol is spoken, one of DIALECTS."""

    symbols: int | tuple[str, ...] = 20
    """A count (the first of the catalogue, 1 to 500) or names like BTCUSDT."""

    seed: int = 7
    """The same seed and settings give the same walks and the same history."""

    speed: float = 1.0
    """Exchange seconds in a wall second: at 60 a 1m bar lasts a second."""

    updates_per_second: float = 5.0
    """Trades of each instrument in a wall second; 0 for none but those by hand."""

    total_frames_per_second: float | None = None
    """Trades of all instruments together in a wall second, evenly spread, instead of
    `updates_per_second`. A trade sends one frame on each of its streams that is subscribed, so
    with one kind of stream on all instruments this is the exact rate of frames."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 lets the system choose."""

    start_ms: int | None = None
    """Exchange time at the start, UTC epoch milliseconds; None for the wall clock's."""

    ping_seconds: float = 180.0
    """A silent websocket is pinged after this time, and cut if no pong comes in half of it."""

    unread_bytes: int = 8 * 1024 * 1024
    """A websocket that leaves more than this unread is cut."""

    api_key: str | None = USUAL_KEY
    """The one key there is; None refuses every private request."""

    api_secret: str | None = USUAL_SECRET

    balance: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(USUAL_BALANCE))
    """What the account starts with, by asset; assets that are traded start with 0."""

    hedged: bool = False
    """Whether the account holds long and short apart from the start (dualSidePosition)."""

    check_timestamps: bool | None = None
    """Whether requests must carry the exchange's time (to recvWindow). None: when that is the
    wall clock's, so not with a ManualClock, another `speed` or a `start_ms`."""

    fill_ratio: float = 0.5
    """Part of each market trade's quantity that the resting orders it reaches get together, at
    least a step; 0: they are filled by hand only."""

    listen_key_seconds: float = 3600.0
    """Wall seconds that a listen key lives without being prolonged: clients count in theirs.
    Other dialects have none."""

    faults: tuple[str, ...] = ()
    """Faults from the start, as `connector simulate --faults` lists them."""

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            raise ValueError(f"dialect must be {' or '.join(DIALECTS)}, got {self.dialect!r}")
        chosen_terms(self.symbols)
        _within("speed", self.speed, 0.001, 3600)
        _within("updates_per_second", self.updates_per_second, 0, 1000)
        if self.total_frames_per_second is not None:
            _within("total_frames_per_second", self.total_frames_per_second, 0.001, 50_000)
        _within("port", self.port, 0, 65_535)
        _within("ping_seconds", self.ping_seconds, 0.1, 86_400)
        _within("unread_bytes", self.unread_bytes, 16_384, 1 << 30)
        _within("fill_ratio", self.fill_ratio, 0, 1)
        _within("listen_key_seconds", self.listen_key_seconds, 1, 86_400)
        for asset, amount in self.balance.items():
            if not _ASSET.fullmatch(asset):
                raise ValueError(f"balance must be of assets like USDT, got {asset!r}")
            money_of(str(amount), f"balance of {asset}")
        if self.start_ms is not None:
            _within("start_ms", self.start_ms, _YEAR_2010_MS, _YEAR_2100_MS)
        for fault in self.faults:
            planned(fault, self.dialect)
        if not _HOST.fullmatch(self.host):
            raise ValueError(f"host must be a name or an address, got {self.host!r}")

    def trades_per_second(self, instruments: int) -> float:
        """Give each instrument's trades in a wall second."""
        if self.total_frames_per_second is None:
            return self.updates_per_second
        return self.total_frames_per_second / instruments


def _within(name: str, value: object, least: float, greatest: float) -> None:
    if type(value) not in (int, float) or not least <= cast("float", value) <= greatest:
        raise ValueError(f"{name} must be {least} to {greatest}, got {value!r}")
