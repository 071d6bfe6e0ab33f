"""The bench's own arithmetic: what is called lost, doubled, disordered, never sent."""

from bench.commands import PriceAt
from bench.comparing import Comparison, compare_prices, most_in_a_second


def _sent(*prices: str, symbol: str = "BTCUSDT") -> list[PriceAt]:
    return [PriceAt(n * 1000, symbol, n * 10, price) for n, price in enumerate(prices)]


def _came(sent: list[PriceAt], *places: int) -> list[PriceAt]:
    return [
        PriceAt(sent[n].at_ns + 7, sent[n].symbol, sent[n].stamp_ns, sent[n].price) for n in places
    ]


def test_what_did_not_come_is_lost_and_what_came_took_its_time() -> None:
    sent = _sent("1", "2", "3", "4")

    told = compare_prices(sent, _came(sent, 0, 2, 3))

    assert (told.sent, told.received, told.lost, told.wrong, told.not_last) == (4, 3, 1, 0, 0)
    assert told.latencies_ns == [7, 7, 7]


def test_what_was_sent_before_the_window_is_owed_after_the_first_that_came() -> None:
    sent = _sent("1", "2", "3", "4")

    told = compare_prices(sent, _came(sent, 1, 3), owed_since_ns=3_000)

    assert (told.sent, told.lost) == (3, 1)


def test_what_was_sent_in_the_window_is_owed_though_nothing_came_before_it() -> None:
    sent = _sent("1", "2", "3", "4")

    told = compare_prices(sent, _came(sent, 3), owed_since_ns=1_000)

    assert (told.sent, told.lost) == (3, 2)


def test_all_of_a_symbol_is_lost_of_which_nothing_came() -> None:
    sent = [*_sent("1", "2"), *_sent("1", "2", "3", symbol="ETHUSDT")]

    told = compare_prices(sent, _came(sent, 0, 1), owed_since_ns=1_000)

    assert (told.lost, told.not_last) == (2, 1)


def test_doubled_disordered_and_never_sent_are_told_apart() -> None:
    sent = _sent("1", "2", "3")
    strange = PriceAt(9_000, "BTCUSDT", 5, "1")

    told = compare_prices(sent, [*_came(sent, 1, 0, 0, 2), strange])

    assert (told.doubled, told.disordered, told.strange, told.lost) == (1, 1, 1, 0)
    assert told.wrong == 3


def test_a_last_price_that_never_came_is_told() -> None:
    sent = _sent("1", "2")

    assert compare_prices(sent, _came(sent, 0)).not_last == 1


def test_clients_are_added_up() -> None:
    sent, told = _sent("1", "2"), Comparison()

    for _ in range(2):
        told.add(compare_prices(sent, _came(sent, 1)))

    assert (told.sent, told.received, told.lost, told.latencies_ns) == (4, 2, 2, [7, 7])


def test_the_busiest_second_begins_anywhere() -> None:
    at_ms = (0, 600, 900, 1_500, 2_600)
    prices = [PriceAt(ms * 1_000_000, "BTCUSDT", ms, "1") for ms in at_ms]

    assert most_in_a_second(prices) == 3
