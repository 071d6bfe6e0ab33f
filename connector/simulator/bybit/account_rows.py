"""The wallet and positions, as REST and the private topics have them.

Source:  bybit-exchange.github.io/docs/v5/account/wallet-balance, .../v5/position and
         .../websocket/private/{position,wallet}
"""

from collections.abc import Collection

from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.market_rows import mark_text
from connector.simulator.bybit.words import POSITION_INDEX
from connector.simulator.market.digits import fixed_text
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.brackets import greatest_notional, maintenance_margin
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.margin import (
    AssetMargin,
    asset_margin,
    entry_mark,
    liquidation_mark,
)
from connector.simulator.trading.money import MONEY_UNIT, money_text
from connector.simulator.trading.order import Leg
from connector.simulator.trading.position import Position

_ratio_text = fixed_text(1, 4)
_RATIO_UNIT = 10_000


def wallet(desk: Desk, at_ms: int, named: Collection[str] = ()) -> Row:
    """The unified account: totals in dollars, one for each of an asset, then those assets."""
    figures = {
        asset: asset_margin(desk.account, desk.orders, asset, at_ms) for asset in assets(desk)
    }
    every = list(figures.values())
    equity = sum(each.balance for each in every)
    initial = sum(each.initial for each in every)
    maintenance = sum(each.maintenance for each in every)
    return {
        "accountType": "UNIFIED",
        "accountIMRate": _rate(initial, equity),
        "accountMMRate": _rate(maintenance, equity),
        "accountLTV": "0",
        "totalEquity": money_text(equity),
        "totalWalletBalance": money_text(sum(each.wallet for each in every)),
        "totalMarginBalance": money_text(equity),
        "totalAvailableBalance": money_text(sum(each.available for each in every)),
        "totalPerpUPL": money_text(sum(each.unrealised for each in every)),
        "totalInitialMargin": money_text(initial),
        "totalMaintenanceMargin": money_text(maintenance),
        "coin": [
            _coin(desk, asset, each)
            for asset, each in figures.items()
            if not named or asset in named
        ],
    }


def assets(desk: Desk) -> list[str]:
    """Give the account's assets."""
    return list(desk.account.wallets)


def _coin(desk: Desk, asset: str, figures: AssetMargin) -> Row:
    realised = sum(
        position.realised
        for position in desk.account.positions.values()
        if desk.account.asset_of(position.symbol) == asset
    )
    return {
        "coin": asset,
        "equity": money_text(figures.balance),
        "usdValue": money_text(figures.balance),
        "walletBalance": money_text(figures.wallet),
        "locked": "0",
        "spotHedgingQty": "0",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "bonus": "0",
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "totalOrderIM": money_text(figures.order_margin),
        "totalPositionIM": money_text(figures.position_margin),
        "totalPositionMM": money_text(figures.maintenance),
        "unrealisedPnl": money_text(figures.unrealised),
        "cumRealisedPnl": money_text(realised),
        "collateralSwitch": True,
        "marginCollateral": True,
    }


def position_row(desk: Desk, position: Position, at_ms: int) -> Row:
    """One row of /v5/position/list; a flat one has no side."""
    return _position(desk, position, at_ms) | {
        "avgPrice": _entry_text(desk, position),
        "positionBalance": _money_in(desk, position, at_ms),
    }


def streamed_position(desk: Desk, position: Position, at_ms: int) -> Row:
    """One row of the position topic: its entry has another name there."""
    return _position(desk, position, at_ms) | {
        "category": "linear",
        "entryPrice": _entry_text(desk, position),
        "positionBalance": _money_in(desk, position, at_ms),
    }


def _position(desk: Desk, position: Position, at_ms: int) -> Row:
    account, it = desk.account, desk.listings[position.symbol].instrument
    value = account.value(position, at_ms)
    held = position.steps != 0
    return {
        "positionIdx": POSITION_INDEX[position.leg],
        "riskId": 1,
        "riskLimitValue": _whole_text(greatest_notional(account.leverage(it.name))),
        "symbol": it.name,
        "side": _side(position),
        "size": it.quantity_text(abs(position.steps)),
        "positionValue": money_text(abs(value)) if held else "",
        "tradeMode": 0,
        "autoAddMargin": 0,
        "positionStatus": "Normal",
        "leverage": str(account.leverage(it.name)),
        "markPrice": mark_text(it, account.mark(it.name, at_ms)),
        "liqPrice": _liquidation_text(desk, it, position, at_ms),
        "bustPrice": "",
        "positionIM": money_text(account.initial_margin(position, at_ms)) if held else "",
        "positionMM": money_text(maintenance_margin(abs(value))) if held else "",
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": money_text(account.unrealised(position, at_ms)) if held else "",
        "curRealisedPnl": money_text(-position.fees),
        "cumRealisedPnl": money_text(position.realised),
        "adlRankIndicator": 2 if held else 0,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": str(position.updated_ms),
        "updatedTime": str(position.updated_ms),
        "seq": position.updated_ms,
    }


def legs(desk: Desk) -> tuple[Leg, ...]:
    """Give the legs that the position mode has rows for."""
    return (Leg.LONG, Leg.SHORT) if desk.account.hedged else (Leg.NET,)


def _entry_text(desk: Desk, position: Position) -> str:
    it = desk.listings[position.symbol].instrument
    return it.mark_text(entry_mark(it, position)) if position.steps else "0"


def _money_in(desk: Desk, position: Position, at_ms: int) -> str:
    account = desk.account
    if position.symbol in account.isolated:
        return money_text(position.isolated_wallet)
    return money_text(account.initial_margin(position, at_ms)) if position.steps else "0"


def _liquidation_text(desk: Desk, it: Instrument, position: Position, at_ms: int) -> str:
    mark = liquidation_mark(desk.account, it, position, at_ms)
    return mark_text(it, mark) if mark else ""


def _side(position: Position) -> str:
    if not position.steps:
        return ""
    return "Buy" if position.steps > 0 else "Sell"


def _rate(part: int, whole: int) -> str:
    return _ratio_text(part * _RATIO_UNIT // whole) if whole > 0 else "0"


def _whole_text(money: int) -> str:
    return str(money // MONEY_UNIT)
