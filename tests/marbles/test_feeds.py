"""Each feed's whole pipe, its source drawn: one tick is 100 ms."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from prometheus_client import REGISTRY
from reactivex import Observable

from connector import wire
from connector.config import FeedsConfig
from connector.domain import Candle, FundingRate, Price
from connector.errors import InvalidRequest, Transient
from connector.feeds import Feeds
from connector.operators import Backoff
from connector.stages import BadStage
from connector.testing import Marbles

TICK = timedelta(milliseconds=100)
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MINUTE_MS = 60_000
STEADY = Backoff(first=timedelta(milliseconds=300), jitter_ratio=0)
"""A pause of three ticks, then six, …"""
GONE = Transient("socket gone")


class Drawn:
    """Sources that are diagrams."""

    flags_closed_candles = True

    def __init__(self, streams: Mapping[str, Observable[object]], now_ms: int = 0) -> None:
        self._streams, self._now_ms = streams, now_ms

    def canonical(self, symbol: str) -> str:
        return symbol.partition(":")[0].replace("/", "")

    def interval_ms(self, interval: str) -> int:
        if interval != "1m":
            raise InvalidRequest("interval must be 1m")
        return MINUTE_MS

    def now_ms(self) -> int:
        return self._now_ms

    def price_tick(self, symbol: str) -> Decimal:
        return Decimal("0.01")

    def price(self, symbol: str) -> Observable[object]:
        return self._streams[symbol]

    def klines(self, symbol: str, interval: str) -> Observable[object]:
        return self._streams[symbol]

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[object]:
        return self._streams[f"closed {from_ms // MINUTE_MS}-{until_ms // MINUTE_MS}"]

    def funding(self, symbol: str) -> Observable[object]:
        return self._streams[symbol]


def _feeds(sources: Drawn, **feeds: object) -> Feeds:
    config = FeedsConfig.model_validate({"linger_s": 1, **feeds})
    return Feeds(sources, sources, config, "binance", STEADY)  # pyright: ignore[reportArgumentType]


def _price(letter: str) -> Price:
    symbol = BTC if letter.islower() else ETH
    return Price(symbol, f"{ord(letter)}.10", ord(letter.lower()))


PRICES = {letter: _price(letter) for letter in "abcdefABC"}
SENT = {
    letter: wire.encode_price(price, "binance", "BTCUSDT" if letter.islower() else "ETHUSDT")
    for letter, price in PRICES.items()
}


def test_prices_of_several_symbols_are_merged_in_their_askers_spelling() -> None:
    m = Marbles(PRICES, tick=TICK)
    btc, eth = m.hot("-a---b--"), m.hot("--A---B-")
    feeds = _feeds(Drawn({BTC: btc, ETH: eth}))
    asked = {"BTC-USDT": BTC, "ETHUSDT": ETH}
    respelled = {
        **SENT,
        **{c: wire.encode_price(PRICES[c], "binance", "BTC-USDT") for c in "ab"},
    }

    seen = m.run(feeds.prices(asked), "-------!")

    assert seen == m.expected("-aA--bB-", respelled)


def test_a_busy_price_is_coalesced_and_its_newest_arrives() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("               -(abc)--d---------|")
    feeds = _feeds(Drawn({BTC: source}), price={"max_per_second": 2})

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "---------------!")

    assert seen == m.expected("-a----c----d---", SENT)


def test_with_zero_every_price_passes() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("-(abc)--d--")
    feeds = _feeds(Drawn({BTC: source}), price={"max_per_second": 0})

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "----------!")

    assert seen == m.expected("-(abc)--d--", SENT)


def test_an_older_price_is_dropped() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("-b---a---c-")
    feeds = _feeds(Drawn({BTC: source}))

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "----------!")

    assert seen == m.expected("-b-------c-", SENT)


def test_a_quiet_price_is_repeated_while_its_socket_lives_and_not_while_it_is_away() -> None:
    m = Marbles(PRICES, tick=TICK, error=GONE)
    source = m.in_turn("-a---------------#", "---b------")
    feeds = _feeds(Drawn({BTC: source}), price={"heartbeat_s": 1})

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "2900ms !")

    #                           a, repeated, # at 17, three ticks' pause, b at 20 + 3
    assert seen == m.expected("-a---------a-----------b-----", SENT)


def test_newer_prices_before_an_outage_are_not_undone_after_it() -> None:
    m = Marbles(PRICES, tick=TICK, error=GONE)
    source = m.in_turn("-b-#", "-a-c-")
    feeds = _feeds(Drawn({BTC: source}))

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "1200ms !")

    assert seen == m.expected("-b-------c--", SENT)


def test_two_clients_share_one_upstream_that_lingers_and_is_let_go() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("-a-b-c-d-e-f-")
    feeds = _feeds(Drawn({BTC: source}), linger_s=0.2)
    stream = feeds.prices({"BTCUSDT": BTC})

    seen = m.run_together((stream, "^---!"), (feeds.prices({"BTCUSDT": BTC}), "--^----!"))

    assert seen == [m.expected("-a-b", SENT), m.expected("--ab-c-", SENT)]
    assert m.lives(source) == ["^--------!"]
    assert not feeds.shared


def _bar(minute: int, close: str, is_closed: bool = False) -> Candle:
    return Candle(BTC, minute * MINUTE_MS, "1", "9", "1", close, "5", is_closed)


BARS = {
    "a": _bar(1, "2"),
    "b": _bar(1, "3"),
    "B": _bar(1, "4", True),
    "c": _bar(2, "5"),
    "C": _bar(2, "6", True),
    "d": _bar(3, "7"),
    "e": _bar(4, "8"),
}
CANDLES = {letter: wire.encode_candle(bar, "BTCUSDT") for letter, bar in BARS.items()}


def test_a_bar_is_closed_once_and_before_its_next() -> None:
    m = Marbles(BARS, tick=TICK)
    source = m.hot("-a-b-B-b-B-c-d-")
    bars = m.cold("(C|)", {"C": [BARS["C"]]})
    feeds = _feeds(Drawn({BTC: source, "closed 2-3": bars}, now_ms=MINUTE_MS))

    seen = m.run(feeds.klines({"BTCUSDT": BTC}, "1m"), "--------------!")

    assert seen == m.expected("-a-b-B-----c-(Cd)", CANDLES)


def test_bars_closed_during_an_outage_are_fetched_and_sent_first() -> None:
    m = Marbles(BARS, tick=TICK, error=GONE)
    source = m.in_turn("-a-#", "-d--")
    bars = m.cold("--(C|)", {"C": [BARS["B"], BARS["C"]]})
    feeds = _feeds(Drawn({BTC: source, "closed 1-3": bars}, now_ms=MINUTE_MS))

    seen = m.run(feeds.klines({"BTCUSDT": BTC}, "1m"), "1400ms !")

    assert seen == m.expected("-a-------(BCd)", CANDLES)


def test_a_newcomer_sees_the_forming_bar_but_no_closed_one_again() -> None:
    m = Marbles(BARS, tick=TICK)
    source = m.hot("-a---B---c---")
    feeds = _feeds(Drawn({BTC: source}, now_ms=MINUTE_MS))

    def stream() -> Observable[wire.CandleMessage]:
        return feeds.klines({"BTCUSDT": BTC}, "1m")

    seen = m.run_together(
        (stream(), "^-----------!"), (stream(), "---^--------!"), (stream(), "-------^----!")
    )

    assert seen == [
        m.expected("-a---B---c---", CANDLES),
        m.expected("---a-B---c---", CANDLES),
        m.expected("---------c---", CANDLES),
    ]


def test_an_interval_that_is_not_there_is_refused_at_once() -> None:
    feeds = _feeds(Drawn({}))

    with pytest.raises(InvalidRequest):
        feeds.klines({"BTCUSDT": BTC}, "7m")


FUNDINGS = {
    letter: FundingRate(BTC, f"0.000{n}", None, 1000 + n, n) for n, letter in enumerate("ab", 1)
}
UPDATES = {
    letter: wire.encode_funding_update(funding, "binance", "BTCUSDT")
    for letter, funding in FUNDINGS.items()
}


def test_funding_is_repeated_and_outlives_an_outage() -> None:
    m = Marbles(FUNDINGS, tick=TICK, error=GONE)
    source = m.in_turn("-a------#", "-b--")
    feeds = _feeds(Drawn({BTC: source}), funding={"heartbeat_s": 0.5})

    seen = m.run(feeds.fundings({"BTCUSDT": BTC}), "1600ms !")

    assert seen == m.expected("-a----a-----b---", UPDATES)


# stages: those that a feed was given, before sharing, and a client's own after it


def test_configured_stages_stand_between_newest_only_and_coalesce() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("-a-b-a-b-c-f-")
    stages = [{"use": "min_move", "ticks": 200}, {"use": "delay", "by_s": 0.1}]
    feeds = _feeds(Drawn({BTC: source}), price={"stages": stages, "max_per_second": 0})

    seen = m.run(feeds.prices({"BTCUSDT": BTC}), "------------!")

    # 200 ticks of 0.01: b is 1.00 from a; the older a's never reach the stages
    assert seen == m.expected("--a-------c-", SENT)


def test_a_clients_own_stages_shape_its_stream_alone() -> None:
    m = Marbles(PRICES, tick=TICK)
    source = m.hot("-a-b-c-d-e-f-")
    feeds = _feeds(Drawn({BTC: source}))
    own = feeds.pipelines.written("min_move(ticks=200)", "price")
    respelled = {c: wire.encode_price(PRICES[c], "binance", "BTC-USDT") for c in "ace"}

    seen = m.run_together(
        (feeds.prices({"BTCUSDT": BTC}), "^------------!"),
        (feeds.prices({"BTC-USDT": BTC}, own), "^------------!"),
    )

    assert seen == [m.expected("-a-b-c-d-e-f-", SENT), m.expected("-a---c---e---", respelled)]
    assert m.lives(source) == ["^----------------------!"]


def test_a_clients_own_mean_is_rounded_to_the_tick() -> None:
    m = Marbles(PRICES, tick=TICK)
    feeds = _feeds(Drawn({BTC: m.hot("-a-b-")}))
    own = feeds.pipelines.written("smooth(half_life_s=0.0015)", "price")

    seen = m.run(feeds.prices({"BTCUSDT": BTC}, own), "-----!")

    # 97.10, then 98.10 a millisecond later: 1 - 0.5 ** (1 / 1.5) = 0.37004 of the way
    mean = wire.encode_price(Price(BTC, "97.47", 98), "binance", "BTCUSDT")
    assert seen == m.expected("-a-m-", {**SENT, "m": mean})


def test_longer_bars_are_made_for_one_client_and_a_newcomer_waits_for_a_whole_one() -> None:
    bars = {**BARS, "D": _bar(3, "7", True), "e": _bar(4, "8"), "f": _bar(5, "9")}
    m = Marbles(bars, tick=TICK)
    source = m.hot("-c-C-d-D-e-")
    feeds = _feeds(Drawn({BTC: source}, now_ms=MINUTE_MS))
    own = feeds.pipelines.written("resample(to=2m) | closed_only", "klines")

    seen = m.run(feeds.klines({"BTCUSDT": BTC}, "1m", own), "-----------!")

    long = wire.encode_candle(Candle(BTC, 2 * MINUTE_MS, "1", "9", "1", "7", "10", True), "BTCUSDT")
    assert seen == m.expected("-------D---", {"D": long})


def test_bars_that_a_feed_joins_are_shared_as_such_and_no_newcomer_sees_a_closed_one() -> None:
    bars = {**BARS, "D": _bar(3, "7", True)}
    m = Marbles(bars, tick=TICK)
    source = m.hot("-c-C-d-D----")
    feeds = _feeds(Drawn({BTC: source}, now_ms=MINUTE_MS), klines={"stages": "resample(to=2m)"})

    def stream() -> Observable[wire.CandleMessage]:
        return feeds.klines({"BTCUSDT": BTC}, "1m")

    seen = m.run_together((stream(), "^----------!"), (stream(), "--------^--!"))

    def long(close: str, volume: str, is_closed: bool = False) -> wire.CandleMessage:
        return wire.encode_candle(
            Candle(BTC, 2 * MINUTE_MS, "1", "9", "1", close, volume, is_closed), "BTCUSDT"
        )

    told = {"c": long("5", "5"), "C": long("6", "5"), "d": long("7", "10")}
    told["D"] = long("7", "10", True)
    assert seen == [m.expected("-c-C-d-D---", told), m.expected("-----------", told)]


def test_what_a_stage_drops_is_counted_by_feed_and_stage() -> None:
    def dropped() -> float:
        labels = {"feed": "price", "stage": "distinct", "what": "dropped"}
        return REGISTRY.get_sample_value("connector_stage_items_total", labels) or 0

    before = dropped()
    m = Marbles({**PRICES, "b": Price(BTC, "97.1", 98)}, tick=TICK)
    feeds = _feeds(Drawn({BTC: m.hot("-a-b-")}), price={"stages": "distinct"})

    assert m.run(feeds.prices({"BTCUSDT": BTC}), "-----!") == m.expected("-a---", SENT)
    assert dropped() - before == 1


def test_a_feed_is_not_built_with_stages_that_do_not_fit() -> None:
    with pytest.raises(BadStage, match=r"feeds\.orders\.stages\[0\]: distinct may drop"):
        _feeds(Drawn({}), orders={"stages": [{"use": "distinct"}]})
