"""Three spellings in, one market; near misses for the unknown."""

from typing import Any

import pytest

from connector.domain import MarketType
from connector.errors import UnknownSymbol
from connector.exchange.symbols import Symbols


def _market(symbol: str, id_: str, kind: str = "swap", **more: Any) -> dict[str, Any]:
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    return {
        "symbol": symbol,
        "id": id_,
        "base": base,
        "quote": quote,
        "settle": settle.partition("-")[0] or None,
        kind: True,
        "active": True,
        **more,
    }


MARKETS = [
    _market("BTC/USD:BTC", "BTC-USD-SWAP"),
    _market("BTC/USDT:USDT", "BTC-USDT-SWAP"),
    _market("ETH/USDT:USDT", "ETH-USDT-SWAP"),
    _market("BTC/USDT", "BTC-USDT", "spot"),
    _market("BTC/USDT:USDT-261225", "BTC-USDT-261225", "future"),
    _market("OLD/USDT:USDT", "OLD-USDT-SWAP", active=False),
]


@pytest.mark.parametrize("text", ["BTCUSDT", "BTC-USDT-SWAP", "BTC/USDT:USDT"])
def test_three_spellings_name_one_market(text: str) -> None:
    symbols = Symbols(MARKETS, MarketType.SWAP)

    assert symbols.resolve(text) == "BTC/USDT:USDT"
    assert symbols.canonical("BTC/USDT:USDT") == "BTCUSDT"


def test_only_active_markets_of_the_served_type_are_there() -> None:
    assert Symbols(MARKETS, MarketType.SWAP).all() == ["BTCUSD", "BTCUSDT", "ETHUSDT"]
    assert Symbols(MARKETS, MarketType.SPOT).all() == ["BTCUSDT"]


def test_a_market_that_was_served_stays_so_unlisted_when_it_is_active_no_more() -> None:
    before = Symbols([*MARKETS[:3], {**MARKETS[5], "active": True}], MarketType.SWAP)

    symbols = Symbols(MARKETS, MarketType.SWAP, before)

    assert symbols.all() == ["BTCUSD", "BTCUSDT", "ETHUSDT"]
    assert symbols.resolve("OLDUSDT") == symbols.resolve("OLD-USDT-SWAP") == "OLD/USDT:USDT"
    assert symbols.serves("OLD/USDT:USDT")


def test_an_active_market_takes_the_name_of_one_that_was_served() -> None:
    old, new = _market("X/USDT:USDT", "OLD"), _market("X/USDT:USDC", "NEW")
    before = Symbols([old], MarketType.SWAP)

    symbols = Symbols([{**old, "active": False}, new], MarketType.SWAP, before)

    assert symbols.resolve("XUSDT") == "X/USDT:USDC"
    assert symbols.resolve("OLD") == "X/USDT:USDT"


def test_the_linear_market_owns_the_joined_name_and_the_other_keeps_its_id() -> None:
    markets = [_market("BTC/USD:BTC", "XBTUSD"), _market("BTC/USD:USD", "BTC_USD")]

    symbols = Symbols(markets, MarketType.SWAP)

    assert symbols.resolve("BTCUSD") == "BTC/USD:USD"
    assert symbols.canonical("BTC/USD:BTC") == "XBTUSD"
    assert symbols.resolve("XBTUSD") == "BTC/USD:BTC"


def test_an_unknown_symbol_names_near_misses() -> None:
    with pytest.raises(UnknownSymbol, match=r"'btcusd' is no symbol.*did you mean BTCUSD, BTCUSDT"):
        Symbols(MARKETS, MarketType.SWAP).resolve("btcusd")


def test_an_empty_symbol_is_told_so() -> None:
    with pytest.raises(UnknownSymbol, match="the symbol is empty"):
        Symbols(MARKETS, MarketType.SWAP).resolve("")
