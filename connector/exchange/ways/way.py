"""What one exchange does its own way, as one frozen value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from connector.domain import Digits, MarketType
from connector.exchange.client_ids import GENERIC_RULE, ClientIdRule
from connector.exchange.lane.reader import MakeReader
from connector.exchange.order_fault_rows import Row
from connector.exchange.pages import WHOLE, Pages
from connector.exchange.parse_account import Figures
from connector.exchange.parse_fields import Raw
from connector.trading import KeyPermissions

CandleReader = Callable[[Any, int, Raw], tuple[list[Any], bool] | None]
"""(raw frame, open time, ccxt's market) → its own row `[open_ms, o, h, l, c, volume]` and closed
flag; None where the frame doesn't hold that bar of that market."""

NOTHING: Mapping[Any, Any] = MappingProxyType({})

FetchOrder = Callable[[Any, str, str | None, str | None], Awaitable[Raw]]
"""(ccxt's instance, its symbol, the exchange's order id, the client order id as it was sent), one
of the ids None → ccxt's order; raises ccxt's OrderNotFound."""

MOST_SYMBOLS = 100
"""In one subscription message, where the exchange doesn't say: Binance takes 200 names."""


async def fetch_order(exchange: Any, symbol: str, order_id: str | None, sent_id: str | None) -> Raw:
    """Ask as ccxt's unified call does. Some classes add the id to a text: it is never None."""
    params = {} if sent_id is None else {"clientOrderId": sent_id}
    return await exchange.fetch_order(order_id or "", symbol, params)


@dataclass(frozen=True)
class TickerFigures:
    """What a ticker tells in base and quote units; None: as ccxt has it."""

    volume: Digits | None = None
    quote_volume: Digits | None = None
    open_interest: Digits | None = None


@dataclass(frozen=True)
class Way:
    """One exchange's row. Each default is the generic rule, which suits an exchange without one."""

    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """ccxt options that suit us; the configured ones are merged over them."""
    overrides: tuple[type, ...] = ()
    """Classes whose methods are laid over the ccxt class."""
    spot_by_default: bool = False
    asks_currencies: bool = True
    """Whether ccxt's currencies are asked for at start: many classes know their codes by them."""
    weight_window_ms: int | None = None
    """Over how long the exchange adds up the weight of requests; None: the generic rule."""

    symbols_a_message: Mapping[MarketType, int] = field(default_factory=lambda: NOTHING)
    """How many symbols a subscription message may name, where it is fewer than MOST_SYMBOLS."""
    read_candle: CandleReader | None = None
    """None: candles as ccxt parses them, closed by the next bar or the clock."""
    fast_lane: MakeReader | None = None
    """Who reads market frames past ccxt's handler; None: ccxt reads them all."""
    candles_count_contracts: bool = False
    """Whether a contract's bars tell their volume in contracts, both asked for and streamed."""
    ticker_figures: Callable[[Raw, Raw], TickerFigures] | None = None
    """(ccxt's ticker, ccxt's market) → what ccxt's structure has in contracts, or hasn't."""
    open_interest: Callable[[Raw], Any] | None = None
    """ccxt's open interest structure → base units; None: its amount times the contract size."""
    absent_intervals: frozenset[str] = frozenset()
    """Kline intervals that ccxt lists and the exchange's markets of this class haven't."""
    funding_in_mark_price: Callable[[Raw], Mapping[str, Any] | None] | None = None
    """A mark price structure → ccxt's funding rate structure."""

    client_ids: ClientIdRule = GENERIC_RULE
    """Which client order ids it takes."""
    order_faults: tuple[Row, ...] = ()
    """What it says of an order, by its own codes and words → ours."""
    batch_limit: int = 5
    """Orders in one batch call."""
    batch_of_one_symbol: bool = False
    """Whether a batch takes orders of one symbol alone."""
    refused_in_order: bool = False
    """Whether a batch's refused orders are answered in the order of their requests: by that alone
    are refusals told apart that name no client id and no order id."""
    cancel_batch_limit: int = 10
    cancels_told_by_id: bool = False
    """Whether what a batch cancelled is answered with its id and without a status in ccxt's
    structure; a refused one has no id, the status `rejected`, or no row."""
    fetch_order: FetchOrder = fetch_order
    order_pages: Mapping[MarketType, Pages] = field(default_factory=lambda: NOTHING)
    """Of open orders; without, one page of the size that ccxt knows, and an error for more."""
    trade_pages: Mapping[MarketType, Pages] = field(default_factory=lambda: NOTHING)
    """Of own trades, likewise."""
    position_pages: Pages = WHOLE
    """Of all positions."""
    settled_in: Callable[[str], Mapping[str, Any]] | None = None
    """A coin → ccxt's parameters that list what is settled in it, where a question that names no
    symbol is answered for one such coin alone."""
    spot_margin: Mapping[str, Any] | None = None
    """ccxt's parameters of a spot order that borrows, where the exchange keeps such orders in
    spot's own books; None: refused, since they could be neither found nor cancelled there."""
    spot_buys_by_cost: bool = False
    """Whether a MARKET buy on spot is told in quote money; it is sent as IOC LIMIT instead."""
    answers_ids_only: bool = False
    """Whether an order is answered before the exchange has looked whether it may rest."""
    realized_in: tuple[str, ...] = ()
    """Which keys of its own trade structure, streamed and asked for, tell what a fill realized."""
    forget_listen_key: Callable[[Any], None] = lambda _: None
    """Make ccxt ask for a new key when it next opens its private websocket."""
    account_figures: Callable[[Raw], Figures] | None = None
    """ccxt's balance structure → what the exchange says of the whole account."""
    position_leverage: Callable[[Raw], Digits | None] | None = None
    """ccxt's position structure → its leverage, where ccxt has none of it."""
    is_hedged: Callable[[Any, str], Awaitable[bool]] | None = None
    """(ccxt's instance, a symbol) → whether the account holds long and short side by side; None:
    ccxt's fetchPositionMode, or where there is none what positions say."""

    key_permissions: tuple[str, Callable[[Raw], KeyPermissions]] | None = None
    """ccxt's method that asks what the key may do, and who reads its answer."""

    @property
    def in_time(self) -> bool:
        """Whether it refuses an order that comes later than `recvWindow` of its options says."""
        return "recvWindow" in self.options

    @property
    def flags_closed(self) -> bool:
        """Whether the exchange says of a bar that it is closed."""
        return self.read_candle is not None

    def symbols_at_once(self, market_type: MarketType) -> int:
        """Give how many symbols one subscription call may name."""
        return self.symbols_a_message.get(market_type, MOST_SYMBOLS)


GENERIC = Way()
