"""ccxt's balance and position structures as trading values: a value or `Malformed`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.domain import Digits, digits
from connector.errors import Malformed
from connector.exchange.parse import Raw
from connector.trading import Account, Balance, MarginMode, Position

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class Figures:
    """What an exchange says of an account as a whole; None where it doesn't."""

    wallet: Digits | None = None
    margin_balance: Digits | None = None
    available: Digits | None = None
    maintenance: Digits | None = None
    mode: MarginMode = MarginMode.REGULAR


@dataclass(frozen=True)
class Wallets:
    """Every asset's balance, and what the exchange says of the account as a whole."""

    balances: Mapping[str, Balance]
    figures: Figures


def parse_position(
    raw: Raw, contract_size: Digits | None, before: Position | None = None
) -> Position:
    """Read a position: signed, in base units, by its `side` or the sign it already has.

    What it doesn't tell is taken from `before`, the last one known of its symbol; but what hangs on
    the size or the entry price, only when both are the same.

    Guarantee:  a liquidation price is told only beside a mark price.
    Errors:     Malformed without symbol or contracts.
    """
    symbol = raw.get("symbol")
    if not isinstance(symbol, str) or not symbol:
        raise Malformed("a position without a symbol")
    size = Decimal(digits(raw.get("contracts"))) * Decimal(contract_size or 1)
    side = str(raw.get("side") or "").lower()
    if side == "short":
        size = -abs(size)
    elif side == "long":
        size = abs(size)
    entry = _maybe(raw.get("entryPrice")) or "0"
    mark, liquidation = _above_zero(raw.get("markPrice")), _above_zero(raw.get("liquidationPrice"))
    maintenance = _maybe(raw.get("maintenanceMargin"))
    collateral = _maybe(raw.get("collateral"))
    leverage, mode = _leverage(raw.get("leverage")), str(raw.get("marginMode") or "").lower()
    if before is not None:
        mark = mark or _above_zero(before.mark_price)
        leverage, mode = leverage or before.leverage, mode or before.margin_type
        if (size, Decimal(entry)) == (Decimal(before.size), Decimal(before.entry_price)):
            liquidation = liquidation or before.liquidation_price
            maintenance = maintenance or before.maintenance_margin
            collateral = collateral or before.isolated_margin
    isolated = mode == "isolated"
    return Position(
        symbol=symbol,
        size=_plain(size),
        entry_price=entry,
        mark_price=mark or "0",
        unrealized_pnl=_maybe(raw.get("unrealizedPnl")) or "0",
        leverage=leverage or 1,
        margin_type="isolated" if isolated else "cross",
        isolated_margin=collateral if isolated else None,
        liquidation_price=liquidation if mark else None,
        maintenance_margin=maintenance,
    )


def parse_balances(raw: Raw) -> dict[str, Balance]:
    """Read ccxt's balance structure by asset; what has no total is left out."""
    totals, frees = raw.get("total"), raw.get("free")
    totals = totals if isinstance(totals, Mapping) else {}
    frees = frees if isinstance(frees, Mapping) else {}
    balances: dict[str, Balance] = {}
    for asset, told in totals.items():
        total = _maybe(told)
        if isinstance(asset, str) and total is not None:
            balances[asset] = Balance(asset, total, _maybe(frees.get(asset)) or "0")
    return balances


def parse_account(
    wallets: Wallets,
    positions: Sequence[Position],
    quote: str,
) -> Account:
    """Complete an account from its parts, by the exchange's own figures where it gives them.

    The rule where it doesn't: wallet and available are the quote asset's, the margin balance adds
    the positions' unrealised profit, the health score is one less maintenance margin over adjusted
    equity, within 0 and 1; without positions it is 1. With positions and no maintenance margin
    known, or no equity told, there is no score.
    """
    figures, told = wallets.figures, wallets.balances.get(quote)
    own = told or Balance(quote, "0", "0")
    wallet = figures.wallet or own.total
    is_told = told is not None or figures.margin_balance is not None
    unrealized = sum((Decimal(position.unrealized_pnl) for position in positions), ZERO)
    equity = figures.margin_balance or _plain(Decimal(wallet) + unrealized)
    maintenance = figures.maintenance or _maintenance_of(positions)
    return Account(
        total_wallet_balance=wallet,
        total_margin_balance=equity,
        available_balance=figures.available or own.free,
        positions=tuple(positions),
        account_leverage=max((position.leverage for position in positions), default=1),
        is_unified=figures.mode is not MarginMode.REGULAR,
        health_score=_health(Decimal(equity), maintenance if is_told else None, bool(positions)),
        margin_mode=figures.mode,
        adjusted_equity=equity,
        total_maintenance_margin=maintenance or "0",
    )


def _maintenance_of(positions: Sequence[Position]) -> Digits | None:
    """Add up the positions' maintenance margins; None when one of them doesn't tell its own."""
    total = ZERO
    for position in positions:
        if position.maintenance_margin is None:
            return None
        total += Decimal(position.maintenance_margin)
    return _plain(total)


def _health(equity: Decimal, maintenance: Digits | None, has_positions: bool) -> Digits | None:
    if not has_positions:
        return "1"
    if maintenance is None:
        return None
    if equity <= 0:
        return "0"
    score = min(ONE, max(ZERO, ONE - Decimal(maintenance) / equity))
    return _plain(score.quantize(Decimal("0.000001")))


def _leverage(value: Any) -> int | None:
    text = _maybe(value)
    return max(1, int(Decimal(text).to_integral_value())) if text else None


def _above_zero(value: Any) -> Digits | None:
    text = _maybe(value)
    return text if text is not None and Decimal(text) > 0 else None


def _maybe(value: Any) -> Digits | None:
    try:
        return digits(value)
    except Malformed:
        return None


def _plain(number: Decimal) -> Digits:
    return format(number, "f")
