"""ccxt's balance and position structures as trading values: a value or `Malformed`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connector.domain import Digits, digits
from connector.exchange.parse_fields import (
    EXACT,
    Raw,
    above_zero,
    number,
    optional_id,
    plain,
    table,
    text_of,
    times_size,
    word,
)
from connector.trading import Account, Balance, MarginMode, Position

_MOST_LEVERAGE = 10_000


@dataclass(frozen=True)
class Figures:
    """What an exchange says of an account as a whole; None where it doesn't."""

    wallet: Digits | None = None
    margin_balance: Digits | None = None
    available: Digits | None = None
    maintenance: Digits | None = None
    mode: MarginMode = MarginMode.REGULAR
    apart: "Mapping[str, Figures]" = field(default_factory=dict[str, "Figures"])
    """By asset, where each has its own account: the others are then those of one of them."""

    def of(self, asset: str) -> "Figures":
        """Give what is said of the account that an asset is traded in."""
        return self.apart.get(asset, self)


@dataclass(frozen=True)
class Wallets:
    """Every asset's balance, and what the exchange says of the account as a whole."""

    balances: Mapping[str, Balance]
    figures: Figures


def parse_position(raw: Raw, contract_size: Any, before: Position | None = None) -> Position:
    """Read a position: signed, in base units, by its `side` or the sign it already has.

    What it doesn't tell is taken from `before`, the last one known of its symbol; but what hangs on
    the size or the entry price, only when both are the same.

    Guarantee:  a liquidation price is told only beside a mark price.
    Errors:     Malformed without symbol or contracts.
    """
    symbol = text_of(raw, "symbol")
    size = times_size(_contracts(raw), contract_size)
    side = word(raw.get("side"))
    if side in ("long", "buy"):
        size = size.lstrip("-")
    elif side in ("short", "sell") and size.strip("-0."):
        size = "-" + size.lstrip("-")
    entry = above_zero(raw.get("entryPrice"))
    mark, liquidation = above_zero(raw.get("markPrice")), above_zero(raw.get("liquidationPrice"))
    maintenance, collateral = number(raw.get("maintenanceMargin")), number(raw.get("collateral"))
    leverage, mode = _leverage(raw.get("leverage")), word(raw.get("marginMode"))
    mode = mode if mode in ("cross", "isolated") else ""
    if before is not None:
        mark = mark or before.mark_price
        leverage, mode = leverage or before.leverage, mode or before.margin_type
        if Decimal(size) == Decimal(before.size) and _same(entry, before.entry_price):
            liquidation = liquidation or before.liquidation_price
            maintenance = maintenance or before.maintenance_margin
            collateral = collateral or before.isolated_margin
    return Position(
        symbol=symbol,
        size=size,
        entry_price=entry,
        mark_price=mark,
        unrealized_pnl=number(raw.get("unrealizedPnl")),
        leverage=leverage,
        margin_type=mode,
        isolated_margin=collateral if mode == "isolated" else None,
        liquidation_price=liquidation if mark else None,
        maintenance_margin=maintenance,
    )


def parse_balances(raw: Raw) -> dict[str, Balance]:
    """Read ccxt's balance structure by asset; what has no total is left out.

    Guarantee:  of total, free and used one that is missing is reckoned from the other two.
    """
    totals, frees, useds = (table(raw, key) for key in ("total", "free", "used"))
    balances: dict[str, Balance] = {}
    for asset in filter(optional_id, dict.fromkeys((*totals, *frees))):
        total, free, used = (number(each.get(asset)) for each in (totals, frees, useds))
        if total is None and free is not None and used is not None:
            total = plain(EXACT.add(Decimal(free), Decimal(used)))
        if free is None and total is not None and used is not None:
            free = plain(EXACT.subtract(Decimal(total), Decimal(used)))
        if total is not None:
            balances[asset] = Balance(asset, total, free)
    return balances


def parse_account(
    wallets: Wallets,
    positions: Sequence[Position],
    quote: str,
) -> Account:
    """Complete an account from its parts, by the exchange's own figures where it gives them.

    The rule where it doesn't: wallet and available are the quote asset's, the margin balance adds
    the positions' unrealised profit, the health score is one less maintenance margin over adjusted
    equity, within 0 and 1; without positions it is 1. What can't be reckoned is None: with
    positions and no maintenance margin known, or no equity told, there is no score.
    """
    figures, told = wallets.figures.of(quote), wallets.balances.get(quote)
    own = told or Balance(quote, "0", "0")
    wallet = figures.wallet or own.total
    is_told = told is not None or figures.margin_balance is not None
    equity = figures.margin_balance or total_of(
        [wallet, *(position.unrealized_pnl for position in positions)]
    )
    maintenance = figures.maintenance or total_of(
        [position.maintenance_margin for position in positions]
    )
    return Account(
        total_wallet_balance=wallet,
        total_margin_balance=equity,
        available_balance=figures.available or own.free,
        positions=tuple(positions),
        account_leverage=max((position.leverage or 1 for position in positions), default=1),
        is_unified=figures.mode is not MarginMode.REGULAR,
        health_score=_health(equity, maintenance if is_told else None) if positions else "1",
        margin_mode=figures.mode,
        adjusted_equity=equity,
        total_maintenance_margin=maintenance,
    )


def total_of(parts: Sequence[Digits | None]) -> Digits | None:
    """Add up; None when one of the parts isn't known."""
    total = Decimal(0)
    for part in parts:
        if part is None:
            return None
        total = EXACT.add(total, Decimal(part))
    return plain(total)


def _contracts(raw: Raw) -> Digits:
    """Give the contracts; none where the exchange tells just that they are worth nothing."""
    notional = number(raw.get("notional"))
    if raw.get("contracts") is None and notional is not None and not Decimal(notional):
        return "0"
    return digits(raw.get("contracts"))


def _health(equity: Digits | None, maintenance: Digits | None) -> Digits | None:
    if equity is None or maintenance is None:
        return None
    if Decimal(equity) <= 0:
        return "0"
    ratio = EXACT.divide(Decimal(maintenance), Decimal(equity))
    score = min(Decimal(1), max(Decimal(0), EXACT.subtract(Decimal(1), ratio)))
    return plain(score.quantize(Decimal("0.000001")))


def _leverage(value: Any) -> int | None:
    """Give the leverage as a whole number, None where none that can be one is told."""
    leverage = Decimal(above_zero(value) or "0")
    return max(1, round(leverage)) if 0 < leverage <= _MOST_LEVERAGE else None


def _same(one: Digits | None, other: Digits | None) -> bool:
    return one is not None and other is not None and Decimal(one) == Decimal(other)
