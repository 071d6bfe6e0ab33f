"""Every fault that is tried, and what belongs to it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Case:
    """One fault in one world."""

    fault: str
    back_s: float = 0.0
    """From the strike until the exchange is back, also for those whom it told to stay away."""
    dialect: str = "binance"
    earlier_orders: int = 0
    calm_s: float = 0.7
    """Of live streams before the strike; what is missed in the first 5 s is asked for anyhow."""
    rests: bool = False
    """Trading rests from when the exchange is back: what was lost unseen shows in silence alone."""
    endless: bool = False
    """The connector has to notice it by itself; figures count from the strike."""
    exchange: dict[str, Any] = field(default_factory=dict[str, Any])
    feeds: dict[str, Any] = field(default_factory=dict[str, Any])
    note: str = ""
    short: bool = False
    """Whether it belongs to `make test`."""

    @property
    def name(self) -> str:
        told = self.fault if self.dialect == "binance" else f"{self.dialect} {self.fault}"
        return f"{told} {self.note}".strip()


SOON = {"orders": {"silence_s": 1}}
REAL_TIME: dict[str, Any] = {"speed": 1, "start_ms": None, "check_timestamps": True}

CASES = [
    Case("drop", short=True),
    Case("drop:sockets=public"),
    Case("drop:sockets=private"),
    Case("drop:refuse=1s", 1, short=True),
    Case("drop:refuse=4s", 4),
    Case("drop:refuse=4s", 4, earlier_orders=300, note="after 300 orders"),
    Case("close:code=1000"),
    Case("close:code=1001"),
    Case("close:code=1008"),
    Case("close:code=1012"),
    Case("drop:every=300ms,times=5", 1.5),
    Case("stall:for=2s", 2),
    Case("mute:sockets=public,for=1s", 1),
    Case("mute:sockets=private,for=1s", 1, rests=True, feeds=SOON, note="silence_s = 1"),
    Case("half_open:for=3s", 3),
    Case("half_open", endless=True, note="noticed by pings"),
    Case("forget:symbols=BTCUSDT", endless=True, note="noticed by age"),
    Case("listen_key"),
    Case("poison:what=cut,frames=5"),
    Case("poison:what=missing,frames=5"),
    Case("poison:what=types,frames=5", short=True),
    Case("poison:what=empty,frames=5"),
    Case("poison:what=binary,frames=5"),
    Case("poison:what=big,frames=2"),
    Case("poison:what=cut,frames=5,place=instead", calm_s=6),
    Case("burst:gather=500ms,for=2s", 2),
    Case("flood:trades=300"),
    Case("duplicate:for=2s", 2),
    Case("reorder:for=2s", 2),
    Case("late:by=500ms,for=2s", 2),
    Case("status:code=429,for=1s", 1),
    Case("status:code=429,retry_after=2s,for=500ms", 2.5),
    Case("status:code=418,retry_after=2s,for=500ms", 2.5),
    Case("status:code=500,for=1s", 1),
    Case("status:code=502,for=1s", 1),
    Case("status:code=503,for=1s", 1),
    Case("status:code=503,requests=orders,when=after,for=1s", 1, short=True),
    Case("status:code=504,requests=orders,when=after,for=1s", 1),
    Case("cut:requests=orders,for=1s", 1),
    Case("cut:requests=orders,when=after,for=1s", 1),
    Case("cut:requests=reads,for=1s", 1),
    Case("half_answer:requests=orders,for=1s", 1),
    Case("garbage:requests=orders,for=1s", 1),
    Case("garbage:requests=reads,for=1s", 1),
    Case("garbage:what=cut,for=2s", 2),
    Case("garbage:what=missing,for=2s", 2),
    Case("garbage:what=types,for=2s", 2),
    Case("hang:requests=orders,for=2s", 2),
    Case("hang:requests=orders,when=after,for=2s", 2),
    Case("astray:requests=orders,by=2s,for=1s", 1, exchange=REAL_TIME),
    Case("slow:by=700ms,for=2s", 2),
    Case("skew:by=6s,for=2s", 2, exchange=REAL_TIME),
    Case("skew:by=-6s,for=2s", 2, exchange=REAL_TIME),
    Case("lists_late:for=2s", 2),
    Case("maintenance:for=2s", 2),
    Case("down:for=2s", 2),
    Case("drop", dialect="bybit", short=True),
    Case("drop:refuse=4s", 4, dialect="bybit"),
    Case("close:code=1012", dialect="bybit"),
    Case("half_open:for=3s", 3, dialect="bybit"),
    Case("forget", endless=True, dialect="bybit", note="noticed by age"),
    Case("poison:what=types,frames=5", dialect="bybit"),
    Case("poison:what=types,frames=5,place=instead", calm_s=6, dialect="bybit"),
    Case("duplicate:for=2s", 2, dialect="bybit"),
    Case("cut:requests=orders,when=after,for=1s", 1, dialect="bybit"),
    Case("garbage:what=missing,for=2s", 2, dialect="bybit"),
    Case("garbage:what=types,for=2s", 2, dialect="bybit"),
    Case("status:code=503,for=1s", 1, dialect="bybit"),
    Case("down:for=2s", 2, dialect="bybit"),
]
