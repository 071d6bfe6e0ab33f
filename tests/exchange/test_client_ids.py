"""Client order ids: what each exchange takes, the same hash for ever, the way back."""

import re
from collections.abc import Iterator
from typing import Any

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.exchange.client_ids import (
    MINTED,
    TRANSLATED,
    ClientIdRule,
    ClientIds,
    new_client_order_id,
    translate,
)
from connector.exchange.order_ids import OrderIds
from connector.exchange.ways import GENERIC, TABLE, way_of

ENGINES = "x-zdfVM8vY1718000000000_BTCUSDT_b_12"
"""Of the engine: 36 characters, underscores."""

DOCUMENTED = {
    "binance": r"[.A-Z:/a-z0-9_-]{1,36}",
    "binanceusdm": r"[.A-Z:/a-z0-9_-]{1,36}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "gate": r"t-[0-9A-Za-z._-]{1,26}",
    "bitget": r"[.A-Z:/a-z0-9_-]{1,32}",
    "mexc": r"[a-zA-Z0-9_-]{1,32}",
    "bingx": r"[a-z0-9_]{1,40}",
    "kraken": r"[A-Za-z0-9_-]{1,18}",
    "hyperliquid": r"0x[0-9a-f]{32}",
    "coinone": r"[A-Za-z0-9_-]{1,36}",
}
RULES = sorted({way.client_ids for way in (GENERIC, *TABLE.values())}, key=repr)
ANY_EXCHANGE = st.sampled_from(sorted(DOCUMENTED))
ANY_RULE = st.sampled_from(RULES)
ANY_TEXT = st.one_of(
    st.text(),
    st.text(alphabet="tabc-_.:/019AZ", max_size=40),
    st.characters(categories=["Cs"]),
    st.just("x" * 10_000),
    st.sampled_from(["", "t-", "t-a\n", "é", "１２３", ENGINES]),
)


@pytest.fixture
def order_ids() -> Iterator[OrderIds]:
    """A store in memory."""
    ids = OrderIds(":memory:", "okx:swap:1")
    yield ids
    ids.close()


@given(ANY_EXCHANGE, ANY_TEXT)
def test_what_is_sent_is_what_the_exchange_documents(exchange_id: str, text: str) -> None:
    assert re.fullmatch(DOCUMENTED[exchange_id], translate(way_of(exchange_id).client_ids, text))


@given(ANY_RULE, ANY_TEXT)
def test_what_an_exchange_takes_is_sent_as_it_is(rule: ClientIdRule, text: str) -> None:
    sent = translate(rule, text)

    assert rule.takes(sent)
    assert translate(rule, sent) == sent
    assert (sent == text) is rule.takes(text)


@given(ANY_RULE, ANY_TEXT, ANY_TEXT)
def test_two_ids_are_never_sent_as_one(rule: ClientIdRule, one: str, other: str) -> None:
    assert (translate(rule, one) == translate(rule, other)) is (one == other)


@pytest.mark.parametrize(
    ("exchange_id", "sent"),
    [
        ("binanceusdm", ENGINES),
        ("bybit", ENGINES),
        ("okx", "otve7wesrip10vr0bzs6qpe6chrh3dsg"),
        ("gate", "t-otrip10vr0bzs6qpe6chrh3dsg"),
        ("kraken", "otbzs6qpe6chrh3dsg"),
        ("hyperliquid", "0x2497c73eaea58357437a2367a1ae7590"),
    ],
)
def test_a_translation_is_the_same_in_every_version(exchange_id: str, sent: str) -> None:
    assert translate(way_of(exchange_id).client_ids, ENGINES) == sent


def test_a_translation_is_recognisable() -> None:
    assert translate(way_of("okx").client_ids, ENGINES).startswith(TRANSLATED)
    assert translate(way_of("gate").client_ids, ENGINES).startswith("t-" + TRANSLATED)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_minted_id_fits_every_rule(rule: ClientIdRule) -> None:
    assert rule.takes(new_client_order_id(rule))
    assert rule.takes(translate(rule, new_client_order_id()))


def test_minted_ids_are_unique_and_in_the_order_of_their_making() -> None:
    minted = [new_client_order_id() for _ in range(5_000)]

    assert minted == sorted(set(minted))
    assert all(re.fullmatch(MINTED + "[a-z0-9]{21}", one) for one in minted)


def test_gate_gets_a_minted_id_as_it_is() -> None:
    minted = new_client_order_id(way_of("gate").client_ids)

    assert re.fullmatch(f"t-{MINTED}[a-z0-9]{{21}}", minted)


@pytest.mark.parametrize("caller", ["", ENGINES, "t-" + "a" * 28, "äöü", "MyOrder.1"])
async def test_ccxts_gate_takes_what_is_sent_and_sends_it_so(caller: str) -> None:
    exchange: Any = ccxt.gate()
    exchange.set_markets([SPOT])
    sent = translate(way_of("gate").client_ids, caller)

    request = exchange.create_order_request(
        "BTC/USDT", "limit", "buy", 1, 1, {"clientOrderId": sent}
    )

    assert request["text"] == sent


async def test_ccxts_binance_adds_nothing_to_an_id_that_is_given() -> None:
    exchange: Any = ccxt.binance()
    exchange.set_markets([SPOT])

    request = exchange.create_order_request(
        "BTC/USDT", "limit", "buy", 1, 1, {"clientOrderId": ENGINES}
    )

    assert request["newClientOrderId"] == ENGINES


def test_a_callers_id_comes_back_byte_for_byte(order_ids: OrderIds) -> None:
    client_ids = ClientIds(way_of("okx").client_ids, order_ids)

    sent = client_ids.sent(ENGINES)

    assert sent != ENGINES
    assert client_ids.caller(sent) == ENGINES


@pytest.mark.parametrize("foreign", ["", "web", "otnotours", "6b9ad766b55dBCDE01"])
def test_an_id_that_is_not_ours_comes_back_unchanged(foreign: str, order_ids: OrderIds) -> None:
    assert ClientIds(way_of("okx").client_ids, order_ids).caller(foreign) == foreign


SPOT: dict[str, Any] = {
    "id": "BTC_USDT",
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "baseId": "BTC",
    "quoteId": "USDT",
    "type": "spot",
    "spot": True,
    "margin": False,
    "swap": False,
    "future": False,
    "option": False,
    "contract": False,
    "linear": None,
    "inverse": None,
    "active": True,
    "precision": {"amount": 0.001, "price": 0.1},
    "limits": {},
    "info": {"orderTypes": ["LIMIT", "MARKET"]},
}
