"""What may be listed and set, and how numbers are written."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.simulator import SimulatorConfig
from connector.simulator.market.catalogue import catalogue
from connector.simulator.market.digits import fixed_text, whole_count
from connector.simulator.market.instrument import Instrument
from tests.simulator.diaries import lived


def test_there_are_500_symbols_each_with_its_own_name_and_sound_terms() -> None:
    listed = [Instrument(terms) for terms in catalogue().values()]
    assert len({instrument.name for instrument in listed}) == 500
    assert Counter(instrument.quote for instrument in listed[:20]) == {"USDT": 20}
    assert any(instrument.quote == "USDC" for instrument in listed)
    for instrument in listed:
        assert instrument.price_text(instrument.start_price) == instrument.terms.price
        assert instrument.start_price > 1000
        assert instrument.name.isalnum()
        assert instrument.name.isupper()


@given(count=st.integers(-(10**30), 10**30), units=st.integers(1, 50), decimals=st.integers(0, 12))
def test_numbers_are_written_exactly(count: int, units: int, decimals: int) -> None:
    text = fixed_text(units, decimals)(count)
    assert len(text.partition(".")[2]) == decimals
    assert int(text.replace(".", "")) == count * units
    if count > 0:
        assert whole_count(text, fixed_text(units, decimals)(1), "it") == count


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"symbols": 0}, "1 to 500"),
        ({"symbols": 501}, "1 to 500"),
        ({"symbols": ()}, "1 to 500"),
        ({"symbols": True}, "a count or a tuple"),
        ({"symbols": "BTCUSDT"}, "a count or a tuple"),
        ({"symbols": ("btc/usdt",)}, "name like BTCUSDT"),
        ({"symbols": ("BTCEUR",)}, "USDT or USDC"),
        ({"symbols": ("BTCUSDT", "BTCUSDT")}, "twice"),
        ({"speed": -1}, "0.001 to 3600"),
        ({"speed": float("nan")}, "0.001 to 3600"),
        ({"speed": "fast"}, "0.001 to 3600"),
        ({"updates_per_second": -0.1}, "0 to 1000"),
        ({"total_frames_per_second": 0}, "0.001 to 50000"),
        ({"port": 70_000}, "0 to 65535"),
        ({"start_ms": 5}, "start_ms must be"),
        ({"ping_seconds": 0}, "ping_seconds must be"),
        ({"unread_bytes": 1}, "unread_bytes must be"),
        ({"host": "not a host"}, "host must be"),
        ({"fill_ratio": 1.5}, "0 to 1"),
        ({"listen_key_seconds": 0}, "listen_key_seconds must be"),
        ({"balance": {"usdt": "1"}}, "assets like USDT"),
        ({"balance": {"USDT": "-1"}}, "balance of USDT must be"),
        ({"balance": {"USDT": "much"}}, "balance of USDT must be"),
    ],
)
def test_a_setting_that_makes_no_sense_says_what_would(
    changes: dict[str, object], allowed: str
) -> None:
    with pytest.raises(ValueError, match=allowed):
        SimulatorConfig(**changes)  # pyright: ignore


def test_a_name_of_ones_own_is_listed_with_terms_of_its_own() -> None:
    market, _ = lived(1, symbols=("BTCUSDT", "MYOWNUSDC"))
    assert list(market.listings) == ["BTCUSDT", "MYOWNUSDC"]
    assert market.listings["MYOWNUSDC"].instrument.quote == "USDC"
