"""The account of one session: balances, positions, health, as they are asked for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import structlog

from connector.domain import Digits, MarketType
from connector.errors import InvalidRequest, Malformed, Refused, Transient, Unsupported
from connector.exchange.listings import list_positions
from connector.exchange.parse import parse_symbol_info
from connector.exchange.parse_account import (
    Figures,
    Wallets,
    parse_account,
    parse_balances,
    parse_position,
)
from connector.exchange.parse_fields import Raw, above_zero
from connector.exchange.session import Session
from connector.exchange.spot import holdings
from connector.exchange.symbols import Symbols
from connector.trading import Account, Balance, Position

log = structlog.get_logger(__name__)

T = TypeVar("T")


class HedgeMode(Refused):
    """The account holds long and short positions side by side, which engines don't understand."""


class AccountData:
    """What the account holds.

    Errors:  Denied without credentials, Transient, Malformed, Unsupported.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, Position] = {}
        """By symbol, as last asked or heard."""
        self._settled: tuple[Symbols | None, list[str]] = None, []
        """`_settling`, with the symbols of which it was found: new ones as markets are loaded."""

    async def validate(self) -> None:
        """Ask for the balance once, and refuse hedge mode.

        Errors:  Denied for bad credentials, HedgeMode with what to do about it.
        """
        await self.balances()
        if self._session.market_type is MarketType.SWAP and await self._is_hedged():
            raise HedgeMode(
                "the account is in hedge mode (long and short side by side); switch it to one-way "
                "mode at the exchange, positions and orders closed"
            )

    async def balances(self) -> dict[str, Balance]:
        """Ask for every asset's wallet."""
        return parse_balances(await self._raw_balance())

    async def balance(self, asset: str) -> Digits:
        """Ask for an asset's free balance; 0 for one the account hasn't.

        An asset is what ccxt calls it (`USDT`, on Bitget `Jade Protocol`), in any case where that
        leaves no doubt.
        """
        balances = await self.balances()
        alike = [each for each in balances if each.casefold() == asset.casefold()]
        found = balances.get(asset) or (balances[alike[0]] if len(alike) == 1 else None)
        if found is None and alike:
            raise InvalidRequest(f"asset {asset[:40]!r}: the account has {', '.join(alike)}")
        if found is None:
            return "0"
        if found.free is None:
            raise Malformed(f"the exchange doesn't tell what of {found.asset} is free")
        return found.free

    async def positions(self, symbol: str | None = None) -> list[Position]:
        """Ask for the open positions of a symbol, or of every served one, without flat ones.

        On spot, what is owned of the symbol's base asset; of all symbols, those of one quote asset,
        so that nothing is told twice.
        """
        if self._session.market_type is MarketType.SPOT:
            return await self._holdings(symbol)
        told = [self._position(raw) for raw in await self._raw_positions(symbol)]
        positions = [msgspec.structs.replace(each, leverage=each.leverage or 1) for each in told]
        held = [position for position in positions if Decimal(position.size)]
        kept = {} if symbol is None else {s: p for s, p in self._known.items() if s != symbol}
        self._known = kept | {position.symbol: position for position in held}
        return held

    def heard(self, raw: Raw) -> Position | None:
        """Read a position that a frame tells, completed from what was last known of its symbol.

        None for a market that isn't served.
        Errors:  Malformed.
        """
        if not self._session.symbols.serves(raw.get("symbol") or ""):
            return None
        position = self._position(raw, self._known.get(raw["symbol"]))
        self._known[position.symbol] = position
        return position

    async def wallets(self) -> Wallets:
        """Ask for every asset's balance, with the exchange's own figures of the account."""
        raw = await self._raw_balance()
        figures_of = self._session.way.account_figures
        figures = figures_of(raw) if figures_of is not None else Figures()
        return Wallets(parse_balances(raw), figures)

    async def account(self) -> Account:
        """Ask for balances and positions together.

        Errors:  Transient for a unified account whose health can't be told: engines take an unset
                 one for 0, and leave the market.
        """
        account = self.complete(*await asyncio.gather(self.wallets(), self.positions()))
        if not account.is_fit:
            raise Transient("the account's health is not known: the exchange tells no margins")
        return account

    def complete(self, wallets: Wallets, positions: Sequence[Position]) -> Account:
        """Put the account together, in its own quote asset.

        That is the one in which its positions are settled, or else in which it has money; of
        several, the one that more of the served markets settle in. On spot nothing is owed: what is
        owned beside the quote asset is no position of the account, nor in its equity.
        """
        if self._session.market_type is MarketType.SPOT:
            return parse_account(wallets, (), self.quote)
        markets = self._session.ccxt.markets
        held_in = {markets[each.symbol].get("settle") for each in positions}
        owned = {asset for asset, own in wallets.balances.items() if Decimal(own.total)}
        assets = self._settling
        quote = next(
            (asset for own in (held_in, owned) for asset in assets if asset in own), self.quote
        )
        return parse_account(wallets, positions, quote)

    @property
    def quote(self) -> str:
        """The asset that most of the served markets settle in."""
        return next(iter(self._settling), "USDT")

    @property
    def _settling(self) -> list[str]:
        """Assets in which served markets settle, the most frequent first."""
        symbols = self._session.symbols
        if self._settled[0] is not symbols:
            self._settled = symbols, _settling_in(self._session.ccxt.markets, symbols)
        return self._settled[1]

    def _position(self, raw: Raw, before: Position | None = None) -> Position:
        market = self._session.ccxt.markets.get(raw.get("symbol") or "")
        if market is None:
            raise Malformed(f"a position in {str(raw.get('symbol'))[:40]!r}, which is no market")
        leverage_of = self._session.way.position_leverage
        if leverage_of is not None and above_zero(raw.get("leverage")) is None:
            raw = {**raw, "leverage": leverage_of(raw)}
        return parse_position(raw, market.get("contractSize"), before)

    async def _raw_balance(self) -> Raw:
        return await self._ask("balance", self._session.ccxt.fetch_balance)

    async def _holdings(self, symbol: str | None) -> list[Position]:
        markets, serves = self._session.ccxt.markets, self._session.symbols.serves
        symbols = [symbol] if symbol is not None else [s for s in markets if serves(s)]
        quoted = [s for s in symbols if symbol or markets[s]["quote"] == self.quote]
        mode = self._session.ccxt.precisionMode
        infos = [parse_symbol_info(markets[each], each, mode) for each in quoted]
        return holdings(await self.balances(), infos)

    async def _raw_positions(self, symbol: str | None) -> list[Raw]:
        session = self._session
        if not session.offers("fetchPositions"):
            raise Unsupported(f"{session.ccxt.id} has no fetchPositions")
        raws = await self._ask("positions", lambda: list_positions(session, symbol))
        return [
            raw
            for raw in raws
            if session.symbols.serves(raw.get("symbol") or "")
            and (symbol is None or raw.get("symbol") == symbol)
        ]

    async def _is_hedged(self) -> bool:
        session = self._session
        ccxt, way = session.ccxt, session.way
        symbol = session.symbols.resolve(session.symbols.all()[0])
        if way.is_hedged is not None:
            is_hedged = way.is_hedged
            return await self._ask("position mode", lambda: is_hedged(ccxt, symbol))
        if session.offers("fetchPositionMode"):
            mode: Any = await self._ask("position mode", ccxt.fetch_position_mode)
            return mode.get("hedged") is True
        raws = await self._raw_positions(symbol) if session.offers("fetchPositions") else []
        return any(raw.get("hedged") is True for raw in raws)

    async def _ask(self, doing: str, question: Callable[[], Awaitable[T]]) -> T:
        return await self._session.ask(doing, question)


def _settling_in(markets: Mapping[str, Raw], symbols: Symbols) -> list[str]:
    settles = Counter(
        market.get("settle") or market["quote"]
        for market in markets.values()
        if symbols.serves(market["symbol"])
    )
    return [asset for asset, _ in settles.most_common()]
