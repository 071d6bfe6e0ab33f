"""Balances, positions and income as REST answers.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
"""

from connector.simulator.binance.answers import Row
from connector.simulator.binance.words import INCOME, LEG
from connector.simulator.trading.account import Income
from connector.simulator.trading.brackets import BRACKETS, greatest_notional, maintenance_margin
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.margin import (
    AssetMargin,
    asset_margin,
    break_even_mark,
    entry_mark,
    liquidation_mark,
)
from connector.simulator.trading.money import MILLION, MONEY_UNIT, money_text
from connector.simulator.trading.order import Leg
from connector.simulator.trading.position import Position


def position_risk(desk: Desk, position: Position, at_ms: int, *, older: bool) -> Row:
    """One row of /positionRisk; v2 has other fields than v3."""
    account, it = desk.account, desk.listings[position.symbol].instrument
    value = account.value(position, at_ms)
    isolated = position.symbol in account.isolated
    unrealised = account.unrealised(position, at_ms)
    row: Row = {
        "symbol": it.name,
        "positionSide": LEG[position.leg],
        "positionAmt": it.quantity_text(position.steps),
        "entryPrice": it.mark_text(entry_mark(it, position)),
        "breakEvenPrice": it.mark_text(break_even_mark(it, position)),
        "markPrice": it.mark_text(account.mark(it.name, at_ms)),
        "unRealizedProfit": money_text(unrealised),
        "liquidationPrice": it.mark_text(liquidation_mark(account, it, position, at_ms)),
        "isolatedMargin": _isolated_margin(position, unrealised, isolated=isolated),
        "notional": money_text(value),
        "isolatedWallet": money_text(position.isolated_wallet) if isolated else "0",
        "updateTime": position.updated_ms,
    }
    if older:
        leverage = account.leverage(it.name)
        return row | {
            "leverage": str(leverage),
            "maxNotionalValue": _whole_text(greatest_notional(leverage)),
            "marginType": "isolated" if isolated else "cross",
            "isAutoAddMargin": "false",
            "isolated": isolated,
        }
    bound = account.initial_margin(position, at_ms)
    ordered = account.order_margin(it.name, desk.orders, at_ms)
    return row | {
        "marginAsset": it.quote,
        "initialMargin": money_text(bound + ordered),
        "maintMargin": money_text(maintenance_margin(abs(value))),
        "positionInitialMargin": money_text(bound),
        "openOrderInitialMargin": money_text(ordered),
        "adl": 1 if position.steps else 0,
        "bidNotional": "0",
        "askNotional": "0",
    }


def account_position(desk: Desk, position: Position, at_ms: int, *, older: bool) -> Row:
    """One row of an account's `positions`."""
    risk = position_risk(desk, position, at_ms, older=False)
    kept = (
        "symbol",
        "positionSide",
        "positionAmt",
        "isolatedMargin",
        "isolatedWallet",
        "notional",
        "initialMargin",
        "maintMargin",
        "updateTime",
    )
    row: Row = {name: risk[name] for name in kept}
    row["unrealizedProfit"] = risk["unRealizedProfit"]
    if older:
        leverage = desk.account.leverage(position.symbol)
        row |= {name: risk[name] for name in ("entryPrice", "breakEvenPrice")}
        row |= {name: risk[name] for name in ("positionInitialMargin", "openOrderInitialMargin")}
        row |= {
            "leverage": str(leverage),
            "isolated": position.symbol in desk.account.isolated,
            "maxNotional": _whole_text(greatest_notional(leverage)),
            "bidNotional": "0",
            "askNotional": "0",
        }
    return row


def account_row(desk: Desk, positions: list[Position], at_ms: int, *, older: bool) -> Row:
    """All of an account; the totals are those of USDT, as in single-asset mode."""
    totals = asset_margin(desk.account, desk.orders, "USDT", at_ms)
    row: Row = {
        "totalInitialMargin": money_text(totals.initial),
        "totalMaintMargin": money_text(totals.maintenance),
        "totalWalletBalance": money_text(totals.wallet),
        "totalUnrealizedProfit": money_text(totals.unrealised),
        "totalMarginBalance": money_text(totals.balance),
        "totalPositionInitialMargin": money_text(totals.position_margin),
        "totalOpenOrderInitialMargin": money_text(totals.order_margin),
        "totalCrossWalletBalance": money_text(totals.cross_wallet),
        "totalCrossUnPnl": money_text(totals.cross_unrealised),
        "availableBalance": money_text(totals.available),
        "maxWithdrawAmount": money_text(min(totals.available, totals.cross_wallet)),
        "assets": [_asset(desk, asset, at_ms, older=older) for asset in desk.account.wallets],
        "positions": [account_position(desk, each, at_ms, older=older) for each in positions],
    }
    if older:
        row |= {"feeTier": 0, "feeBurn": True, "canDeposit": True, "canWithdraw": True}
        row |= {"canTrade": True, "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1}
    return row


def _asset(desk: Desk, asset: str, at_ms: int, *, older: bool) -> Row:
    figures = asset_margin(desk.account, desk.orders, asset, at_ms)
    row: Row = {
        "asset": asset,
        "walletBalance": money_text(figures.wallet),
        "unrealizedProfit": money_text(figures.unrealised),
        "marginBalance": money_text(figures.balance),
        "maintMargin": money_text(figures.maintenance),
        "initialMargin": money_text(figures.initial),
        "positionInitialMargin": money_text(figures.position_margin),
        "openOrderInitialMargin": money_text(figures.order_margin),
        "crossWalletBalance": money_text(figures.cross_wallet),
        "crossUnPnl": money_text(figures.cross_unrealised),
        "availableBalance": money_text(figures.available),
        "maxWithdrawAmount": money_text(_withdrawable(figures)),
        "updateTime": desk.account.updated_ms[asset],
    }
    return row | {"marginAvailable": True} if older else row


def balance_row(desk: Desk, asset: str, at_ms: int) -> Row:
    """One row of /balance."""
    figures = asset_margin(desk.account, desk.orders, asset, at_ms)
    return {
        "accountAlias": "SgsR",
        "asset": asset,
        "balance": money_text(figures.wallet),
        "crossWalletBalance": money_text(figures.cross_wallet),
        "crossUnPnl": money_text(figures.cross_unrealised),
        "availableBalance": money_text(figures.available),
        "maxWithdrawAmount": money_text(_withdrawable(figures)),
        "marginAvailable": True,
        "updateTime": desk.account.updated_ms[asset],
    }


def income_row(income: Income) -> Row:
    """One row of /income."""
    kind = INCOME[income.kind]
    return {
        "symbol": income.symbol,
        "incomeType": kind,
        "income": money_text(income.amount),
        "asset": income.asset,
        "info": kind,
        "time": income.at_ms,
        "tranId": income.income_id,
        "tradeId": str(income.trade_id) if income.trade_id else "",
    }


def leverage_brackets(symbol: str) -> Row:
    """One row of /leverageBracket."""
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": each.number,
                "initialLeverage": each.leverage,
                "notionalCap": each.cap // MONEY_UNIT,
                "notionalFloor": each.floor // MONEY_UNIT,
                "maintMarginRatio": each.ratio / MILLION,
                "cum": each.relief / MONEY_UNIT,
            }
            for each in BRACKETS
        ],
    }


def symbol_config(desk: Desk, symbol: str) -> Row:
    """One row of /symbolConfig."""
    leverage = desk.account.leverage(symbol)
    return {
        "symbol": symbol,
        "marginType": "ISOLATED" if symbol in desk.account.isolated else "CROSSED",
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": _whole_text(greatest_notional(leverage)),
    }


def legs(desk: Desk) -> tuple[Leg, ...]:
    """Give the legs that the position mode has rows for."""
    return (Leg.LONG, Leg.SHORT) if desk.account.hedged else (Leg.NET,)


def max_notional(desk: Desk, symbol: str) -> str:
    """Write the largest notional at the present leverage."""
    return _whole_text(greatest_notional(desk.account.leverage(symbol)))


def _isolated_margin(position: Position, unrealised: int, *, isolated: bool) -> str:
    return money_text(position.isolated_wallet + unrealised) if isolated else "0"


def _withdrawable(figures: AssetMargin) -> int:
    return max(0, min(figures.available, figures.cross_wallet))


def _whole_text(money: int) -> str:
    return str(money // MONEY_UNIT)
