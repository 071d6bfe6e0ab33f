"""How each fault strikes, and what ends it."""

import random
from collections.abc import Callable
from functools import partial
from typing import cast

from aiohttp import web

from connector.simulator.chaos.line import Chosen, Doubled, Gathered, Held, Late, Line, Poisoned
from connector.simulator.chaos.poison import spoilt
from connector.simulator.chaos.values import Values
from connector.simulator.market.market import Market
from connector.simulator.serving.dialect import Dialect, Sockets
from connector.simulator.serving.faults import FOR_EVER, Failing, Faults, Matches
from connector.simulator.serving.session import Session
from connector.simulator.trading.desk import Desk

End = Callable[[], None]
_UNAVAILABLE = 503


class Struck:
    """The parts of the exchange that faults reach."""

    def __init__(
        self,
        *,
        hub: Sockets,
        dialect: Dialect,
        market: Market,
        orders: Desk,
        requests: Faults,
        seed: int,
    ) -> None:
        self.hub, self.dialect, self.market = hub, dialect, market
        self.desk, self.requests = orders, requests
        self.line = Line(hub)
        self.random = random.Random(seed)
        self.skew_ms = 0
        """How far the exchange's clock is ahead."""

    def check(self, name: str, values: Values) -> None:
        """Refuse symbols that aren't traded. Errors: ValueError."""
        named = set(str(values.get("symbols", "all")).split("+")) - {"all"}
        unknown = sorted(named - self.market.listings.keys())
        if unknown:
            raise ValueError(f"fault {name}: {', '.join(unknown)} isn't traded here")

    def sessions(self, values: Values) -> list[Session]:
        """Give the open websockets that are meant."""
        which = values["sockets"]
        if isinstance(which, int):
            every = list(self.hub.sessions)
            return self.random.sample(every, min(which, len(every)))
        return list(filter(_chosen(which), self.hub.sessions))

    def chosen(self, values: Values) -> Chosen:
        """Say of a websocket, also of one opened later, whether it is meant."""
        which = values["sockets"]
        if isinstance(which, int):
            return set(self.sessions(values)).__contains__
        return _chosen(which)


Strike = Callable[[Struck, Values], End | None]


def _chosen(which: object) -> Chosen:
    if which == "all":
        return lambda _: True
    return lambda session: session.private is (which == "private")


def _drop(struck: Struck, values: Values) -> End | None:
    end = _refuse(struck, values) if "refuse" in values else None
    for session in struck.sessions(values):
        session.cut()
    return end


def _close(struck: Struck, values: Values) -> End | None:
    end = _refuse(struck, values) if "refuse" in values else None
    for session in struck.sessions(values):
        session.close(int(values["code"]), "going away")
    return end


def _refuse(struck: Struck, values: Values) -> End:
    return struck.requests.plan(Failing(matches=_is_websocket, kind="cut", stage="before"))


def _held(struck: Struck, values: Values, *, lost: bool) -> End:
    return struck.line.put(Held(struck.chosen(values), lost=lost))


def _half_open(struck: Struck, values: Values) -> End:
    meant = set(struck.sessions(values))
    for session in meant:
        session.freeze()
    release = struck.line.put(Held(meant.__contains__, lost=True))

    def end() -> None:
        release()
        for session in meant:
            session.cut()

    return end


def _forget(struck: Struck, values: Values) -> None:
    named = set(str(values["symbols"]).split("+"))
    struck.hub.forget(struck.chosen(values), lambda symbol: named == {"all"} or symbol in named)


def _listen_key(struck: Struck, values: Values) -> None:
    struck.dialect.expire_listen_keys(struck.market.now_ms)
    struck.hub.flush()


def _poison(struck: Struck, values: Values) -> End:
    frames = int(values["frames"])
    instead = values["place"] == "instead"
    return struck.line.put(
        Poisoned(struck.chosen(values), str(values["what"]), frames, instead=instead)
    )


def _burst(struck: Struck, values: Values) -> End:
    return struck.line.put(Gathered(struck.chosen(values), float(values["gather"])))


def _flood(struck: Struck, values: Values) -> None:
    struck.market.flood(int(values["trades"]))
    struck.hub.flush()


def _duplicate(struck: Struck, values: Values) -> End:
    share = float(values["share"])
    return struck.line.put(Doubled(struck.chosen(values), share, struck.random))


def _late(struck: Struck, values: Values) -> End:
    share = float(values.get("share", 1.0))
    by = float(values["by"])
    return struck.line.put(Late(struck.chosen(values), by, share, struck.random))


def _failing(kind: str, number: str = "") -> Strike:
    """Requests of some sort, failing in one way; the number is of that parameter."""

    def strike(struck: Struck, values: Values) -> End:
        retry_after = values.get("retry_after", 0.0)
        return struck.requests.plan(
            Failing(
                matches=_requests(str(values["requests"])),
                kind=kind,
                stage=str(values.get("when", "after")),
                number=float(values[number]) if number else 0.0,
                retry_after_s=round(float(retry_after)),
                times=int(values.get("count", FOR_EVER)),
            )
        )

    return strike


def _garbage(struck: Struck, values: Values) -> End:
    what = str(values["what"])
    return struck.requests.plan(
        Failing(
            matches=_requests(str(values["requests"])),
            kind="garbage" if what == "page" else "spoilt",
            spoil=partial(spoilt, what=what),
            times=int(values.get("count", FOR_EVER)),
        )
    )


def _skew(struck: Struck, values: Values) -> End:
    by_ms = round(float(values["by"]) * 1000)
    struck.skew_ms += by_ms

    def end() -> None:
        struck.skew_ms -= by_ms

    return end


def _lists_late(struck: Struck, values: Values) -> End:
    desk = struck.desk
    desk.orders.unlisted_from = desk.next_order_id

    def end() -> None:
        desk.orders.unlisted_from = None

    return end


def _maintenance(struck: Struck, values: Values) -> End:
    end = struck.requests.plan(
        Failing(
            matches=lambda _: True,
            kind="status",
            stage="before",
            number=_UNAVAILABLE,
            retry_after_s=0,
        )
    )
    for session in list(struck.hub.sessions):
        session.close(1001, "maintenance")
    return end


def _down(struck: Struck, values: Values) -> End:
    end = struck.requests.plan(Failing(matches=lambda _: True, kind="cut", stage="before"))
    for session in list(struck.hub.sessions):
        session.cut()
    return end


def _is_websocket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _requests(which: str) -> Matches:
    def matches(request: web.Request) -> bool:
        if _is_websocket(request):
            return False
        if which == "reads":
            return request.method == "GET"
        if which == "orders":
            return request.method != "GET" and "order" in request.path.lower()
        return which in ("all", request.path)

    return matches


STRIKES: dict[str, Strike] = {
    "drop": _drop,
    "close": _close,
    "refuse": _refuse,
    "stall": partial(_held, lost=False),
    "mute": partial(_held, lost=True),
    "half_open": _half_open,
    "forget": cast("Strike", _forget),
    "listen_key": cast("Strike", _listen_key),
    "poison": _poison,
    "burst": _burst,
    "flood": cast("Strike", _flood),
    "duplicate": _duplicate,
    "reorder": _late,
    "late": _late,
    "status": _failing("status", "code"),
    "cut": _failing("cut"),
    "half_answer": _failing("half"),
    "garbage": _garbage,
    "hang": _failing("hang"),
    "astray": _failing("astray", "by"),
    "slow": _failing("delay", "by"),
    "skew": _skew,
    "lists_late": _lists_late,
    "maintenance": _maintenance,
    "down": _down,
}
"""By the name in the registry."""
