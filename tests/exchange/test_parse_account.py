"""A position completed from the one before it; an account in its own quote asset."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from connector.exchange.account import AccountData
from connector.exchange.parse_account import Figures, Wallets, parse_account, parse_position
from connector.trading import Balance, Position
from tests.exchange.conftest import Trading

ASKED = Position(
    symbol="BTC/USDT:USDT",
    size="-0.1",
    entry_price="97000.0",
    mark_price="97001.5",
    unrealized_pnl="-0.15",
    leverage=5,
    margin_type="isolated",
    isolated_margin="1940",
    liquidation_price="115000",
    maintenance_margin="38.8",
)


def _frame(**told: Any) -> dict[str, Any]:
    """Give what ccxt makes of a frame: no mark, no liquidation price, no leverage, no margins."""
    usual = {
        "symbol": "BTC/USDT:USDT",
        "contracts": "0.100",
        "side": "short",
        "entryPrice": "97000",
        "unrealizedPnl": "-0.2",
        "marginMode": "isolated",
        "markPrice": None,
        "leverage": None,
        "liquidationPrice": None,
        "collateral": None,
        "maintenanceMargin": None,
    }
    return usual | told


def test_what_a_frame_leaves_out_is_known_while_the_position_is_the_same() -> None:
    told = parse_position(_frame(), None, ASKED)
    assert told == replace(ASKED, size="-0.100", entry_price="97000", unrealized_pnl="-0.2")


@pytest.mark.parametrize("told", [{"contracts": "0.2"}, {"entryPrice": "96000"}])
def test_what_hangs_on_the_size_is_not_known_of_another(told: dict[str, str]) -> None:
    read = parse_position(_frame(**told), None, ASKED)
    assert (read.mark_price, read.leverage) == ("97001.5", 5)
    assert (read.liquidation_price, read.maintenance_margin) == (None, None)
    assert read.isolated_margin is None


def test_of_a_new_position_a_frame_tells_what_it_tells() -> None:
    read = parse_position(_frame(), None)
    assert (read.size, read.mark_price, read.leverage) == ("-0.100", None, None)
    assert (read.liquidation_price, read.isolated_margin) == (None, None)


def test_a_frames_own_figures_win() -> None:
    told = {"markPrice": "98000", "leverage": "7", "liquidationPrice": "110000"}
    read = parse_position(_frame(marginMode="cross", **told), None, ASKED)
    assert (read.mark_price, read.leverage, read.liquidation_price) == ("98000", 7, "110000")
    assert (read.margin_type, read.isolated_margin) == ("cross", None)


def test_an_equity_that_nobody_told_gives_no_health_rather_than_0() -> None:
    account = parse_account(Wallets({}, Figures()), [ASKED], "USDT")
    assert account.health_score is None
    told = parse_account(
        Wallets({"USDT": Balance("USDT", "1000", "1")}, Figures()), [ASKED], "USDT"
    )
    assert told.health_score == "0.961194"  # 1 - 38.8 / (1000 - 0.15), at six digits
    assert told.total_maintenance_margin == "38.8"


@pytest.mark.parametrize(
    ("owned", "held", "wallet"),
    [
        ({"USDT": "5", "USDC": "7"}, (), "5"),
        ({"USDT": "0", "USDC": "7"}, (), "7"),
        ({"USDT": "5", "USDC": "7"}, ("BTC/USDC:USDC",), "7"),
        ({"BNB": "3"}, (), "0"),
        ({}, (), "0"),
    ],
)
async def test_the_accounts_quote_is_what_it_trades_in_else_what_it_owns(
    trading: Callable[..., Awaitable[Trading]],
    owned: dict[str, str],
    held: tuple[str, ...],
    wallet: str,
) -> None:
    session = (await trading(symbols=["BTCUSDT", "ETHUSDT", "BTCUSDC"])).session
    wallets = Wallets({a: Balance(a, total, total) for a, total in owned.items()}, Figures())
    positions = [replace(ASKED, symbol=symbol) for symbol in held]

    account = AccountData(session).complete(wallets, positions)

    assert account.total_wallet_balance == wallet
