"""Which RPCs an exchange can serve, as ccxt and its own way tell."""

from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from opensqt.market_maker.v1 import exchange_pb2

from connector.config import BadConfig, ExchangeConfig
from connector.domain import MarketType
from connector.exchange.capabilities import (
    RULES,
    SPOT_RULES,
    How,
    auto_market_type,
    capabilities_of,
    exchange_ids,
    offers,
    takes,
)
from connector.exchange.session import Session
from connector.exchange.ways import GENERIC, way_of
from connector.terminal.capabilities import as_page
from connector.trading import TimeInForce

ROOT = Path(__file__).parents[2]


def test_every_rpc_of_the_contract_has_its_rules() -> None:
    service = exchange_pb2.DESCRIPTOR.services_by_name["ExchangeService"]
    contract = [method.name for method in service.methods]
    assert sorted(RULES) == sorted(contract) == sorted(SPOT_RULES)
    assert len(contract) == 28


def test_every_method_that_a_rule_needs_is_one_of_ccxts() -> None:
    needed = {
        need
        for rules in (*RULES.values(), *SPOT_RULES.values())
        for _, _, needs in rules
        for need in needs
        if " " not in need
    }
    known = {method for each in exchange_ids() for method in getattr(ccxt.pro, each)().has}
    assert needed <= known


def test_binance_serves_all_of_a_perpetual() -> None:
    told = capabilities_of("binanceusdm")
    assert told.market_type is MarketType.SWAP
    assert told.named(How.ABSENT) == []
    assert told.rpcs["PlaceOrder"].by == "createOrder"
    assert told.rpcs["SubscribeFundingRate"].how is How.EMULATED
    assert told.rpcs["SubscribeFundingRate"].by == "from the mark price stream"
    assert capabilities_of("sim").rpcs == told.rpcs


def test_spot_has_no_funding_and_its_positions_are_what_is_owned() -> None:
    told = capabilities_of("binance")
    assert told.market_type is MarketType.SPOT
    assert told.named(How.ABSENT) == ["GetOpenInterest"]
    assert told.rpcs["GetPositions"].how is How.EMULATED
    assert told.rpcs["GetFundingRate"].by == "rate 0, from memory"


def test_what_an_exchange_has_no_stream_of_is_polled() -> None:
    lacking = [
        each
        for each in exchange_ids()
        if not any(
            offers(getattr(ccxt.pro, each)().has, name)
            for name in ("watchOHLCV", "watchOHLCVForSymbols")
        )
        and offers(getattr(ccxt.pro, each)().has, "fetchOHLCV")
    ]
    assert lacking
    for each in lacking:
        assert capabilities_of(each).rpcs["SubscribeKlines"].how is How.EMULATED


@pytest.mark.parametrize("exchange_id", ["binance", "binanceusdm", "kraken", "okx", "upbit"])
def test_a_session_trades_the_market_that_the_table_names(exchange_id: str) -> None:
    config = ExchangeConfig.model_validate({"id": exchange_id})
    session = Session(config)
    assert session.market_type is capabilities_of(exchange_id).market_type
    assert session.offers("createOrder")


def test_emulated_counts_for_questions_and_not_for_watching() -> None:
    has = {"fetchTickers": "emulated", "watchTickers": "emulated", "fetchTicker": None}
    assert offers(has, "fetchTickers")
    assert not offers(has, "watchTickers")
    assert not offers(has, "fetchTicker")
    assert not offers(has, "neverHeardOf")
    assert auto_market_type({"swap": True}, GENERIC) is MarketType.SWAP
    assert auto_market_type({}, GENERIC) is MarketType.SPOT


def test_an_unknown_exchange_is_refused_with_near_misses() -> None:
    with pytest.raises(BadConfig, match=r"'bynance' is no exchange of ccxt\.pro; did you mean bin"):
        capabilities_of("bynance")


def test_the_committed_table_is_what_the_pinned_ccxt_gives() -> None:
    page = as_page([capabilities_of(each) for each in exchange_ids()])
    committed = (ROOT / "docs" / "capabilities.md").read_text()
    assert page == committed, "run `make capabilities` and commit docs/capabilities.md"


@pytest.mark.parametrize(
    ("exchange_id", "lacking"),
    [
        ("binance", ""),
        ("bybit", ""),
        ("okx", ""),
        ("bitget", ""),
        ("gate", ""),
        ("kucoin", "FOK"),
        ("lbank", "GTX"),
        ("hollaex", "IOC FOK"),  # its class leaves the word out: an IOC order would rest
        ("onetrading", "GTX"),  # nothing is known of it
    ],
)
def test_which_times_in_force_an_exchange_lacks(exchange_id: str, lacking: str) -> None:
    exchange: Any = getattr(ccxt.pro, exchange_id)()
    market_type = auto_market_type(exchange.has, way_of(exchange_id))

    found = [each.value for each in TimeInForce if not takes(exchange, market_type, each)]

    assert sorted(found) == sorted(lacking.split())
