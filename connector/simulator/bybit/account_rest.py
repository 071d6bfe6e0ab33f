"""The signed endpoints of the account, its positions and settings."""

from decimal import Decimal, InvalidOperation

from connector.simulator.bybit import account_rows as rows
from connector.simulator.bybit.answers import Rejected, Row, listed
from connector.simulator.bybit.order_rows import fee_rate_text
from connector.simulator.bybit.parameters import Parameters
from connector.simulator.bybit.public_rest import Endpoint
from connector.simulator.bybit.refusals import rejected
from connector.simulator.bybit.words import LINEAR
from connector.simulator.market.market import Market
from connector.simulator.trading.desk import MAKER_FEE, TAKER_FEE, Desk
from connector.simulator.trading.position import Position
from connector.simulator.trading.refusal import Reason, Refused
from connector.simulator.trading.settings import Settings

_MODES = {"0": False, "3": True}
_MARGIN_MODES = {"REGULAR_MARGIN": False, "ISOLATED_MARGIN": True}
_MOST_POSITIONS = 200
_START_MS = "1577836800000"

_LEVERAGE_REFUSALS = {
    Reason.MARGIN: (110044, "Available margin is insufficient"),
    Reason.NOTIONAL_AT_LEVERAGE: (110013, "cannot set leverage due to risk limit level"),
    Reason.OPEN_POSITION: (110044, "Available margin is insufficient"),
}
_MODE_REFUSALS = {
    Reason.NOT_CHANGED: (110025, "Position mode is not modified"),
    Reason.OPEN_ORDERS: (
        110028,
        "You have existing open orders, so position mode cannot be switched",
    ),
    Reason.OPEN_POSITION: (
        110024,
        "You have an existing position, so position mode cannot be switched",
    ),
}


class AccountRest:
    """Answers by method and path.

    Differs:  position mode is the account's here, whatever symbol or coin it is set for.
    """

    def __init__(self, market: Market, desk: Desk, settings: Settings, api_key: str | None) -> None:
        self._market = market
        self._desk = desk
        self._settings = settings
        self._api_key = api_key or ""

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Give them."""
        return {
            ("GET", "/v5/user/query-api"): self._key,
            ("GET", "/v5/account/info"): self._info,
            ("GET", "/v5/account/fee-rate"): self._fee_rate,
            ("GET", "/v5/account/wallet-balance"): self._wallet,
            ("POST", "/v5/account/set-margin-mode"): self._set_margin_mode,
            ("GET", "/v5/asset/coin/query-info"): self._coins,
            ("GET", "/v5/position/list"): self._positions,
            ("POST", "/v5/position/set-leverage"): self._set_leverage,
            ("POST", "/v5/position/switch-mode"): self._switch_mode,
        }

    def _key(self, parameters: Parameters) -> Row:
        return {
            "id": "13770661",
            "note": "simulator",
            "apiKey": self._api_key,
            "readOnly": 0,
            "secret": "",
            "permissions": {
                "ContractTrade": ["Order", "Position"],
                "Spot": [],
                "Wallet": [],
                "Options": [],
                "Derivatives": ["DerivativesTrade"],
            },
            "ips": ["*"],
            "type": 1,
            "deadlineDay": -2,
            "expiredAt": "1970-01-01T00:00:00Z",
            "createdAt": "2020-01-01T00:00:00Z",
            "unified": 0,
            "uta": 1,
            "userID": 1,
            "inviterID": 0,
            "vipLevel": "No VIP",
            "mktMakerLevel": "0",
            "affiliateID": 0,
            "rsaPublicKey": "",
            "isMaster": True,
            "parentUid": "0",
        }

    def _info(self, parameters: Parameters) -> Row:
        isolated = bool(self._desk.account.isolated)
        return {
            "unifiedMarginStatus": 6,
            "marginMode": "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
            "isMasterTrader": False,
            "spotHedgingStatus": "OFF",
            "updatedTime": _START_MS,
            "dcpStatus": "OFF",
            "timeWindow": 0,
            "smpGroup": 0,
        }

    def _fee_rate(self, parameters: Parameters) -> Row:
        parameters.linear()
        fees = {
            "takerFeeRate": fee_rate_text(TAKER_FEE),
            "makerFeeRate": fee_rate_text(MAKER_FEE),
            "baseCoin": "",
        }
        symbols = [each.instrument.name for each in parameters.chosen()]
        return {"list": [{"symbol": symbol} | fees for symbol in symbols]}

    def _wallet(self, parameters: Parameters) -> Row:
        """All assets, or those that `coin` names."""
        if parameters.mandatory("accountType") != "UNIFIED":
            raise Rejected(10001, "accountType only support UNIFIED.")
        named = [each for each in parameters.text("coin").split(",") if each]
        return {"list": [rows.wallet(self._desk, self._market.now_ms, named)]}

    def _coins(self, parameters: Parameters) -> Row:
        coins = {each.instrument.asset: None for each in parameters.every_listing()}
        every = [*coins, *rows.assets(self._desk)]
        return {
            "rows": [
                {"name": coin, "coin": coin, "remainAmount": "10000000", "chains": []}
                for coin in dict.fromkeys(every)
            ]
        }

    def _positions(self, parameters: Parameters) -> Row:
        """A symbol's row even when flat; else those that are held."""
        if parameters.category() != LINEAR:
            return listed(parameters.category(), [])
        named = bool(parameters.text("symbol"))
        now_ms, account = self._market.now_ms, self._desk.account
        positions = [
            account.positions.get((symbol, leg)) or Position(symbol=symbol, leg=leg)
            for symbol in (each.instrument.name for each in parameters.scoped())
            for leg in rows.legs(self._desk)
        ]
        found = [each for each in positions if named or each.steps]
        first = parameters.whole("cursor") or 0
        end = first + parameters.limit(20, _MOST_POSITIONS)
        page = [rows.position_row(self._desk, each, now_ms) for each in found[first:end]]
        return listed(LINEAR, page, str(end) if end < len(found) else "")

    def _set_leverage(self, parameters: Parameters) -> Row:
        parameters.linear()
        symbol = parameters.listing().instrument.name
        wanted = {parameters.mandatory(f"{side}Leverage") for side in ("buy", "sell")}
        if len(wanted) != 1:
            raise Rejected(10001, "buy leverage must equal sell leverage")
        leverage = _whole_leverage(wanted.pop())
        if leverage == self._desk.account.leverage(symbol):
            raise Rejected(110043, "leverage not modified")
        try:
            self._settings.set_leverage(symbol, leverage, self._market.now_ms)
        except Refused as refused:
            raise _worded(refused, _LEVERAGE_REFUSALS) from None
        return {}

    def _switch_mode(self, parameters: Parameters) -> Row:
        parameters.linear()
        mode = _MODES.get(parameters.mandatory("mode"))
        if mode is None:
            raise Rejected(10001, "params error: mode invalid")
        if not parameters.text("coin"):
            parameters.listing()
        try:
            self._settings.set_hedged(mode)
        except Refused as refused:
            raise _worded(refused, _MODE_REFUSALS) from None
        return {}

    def _set_margin_mode(self, parameters: Parameters) -> Row:
        """Of the whole account; a mode that holds already is set again."""
        isolated = _MARGIN_MODES.get(parameters.mandatory("setMarginMode"))
        account = self._desk.account
        if isolated is None or account.held() or self._desk.orders.symbols:
            raise Rejected(110073, "Set margin mode failed")
        for listing in parameters.every_listing():
            symbol = listing.instrument.name
            if (symbol in account.isolated) is not isolated:
                self._settings.set_isolated(symbol, isolated, self._market.now_ms)
        return {"reasons": []}


def _whole_leverage(text: str) -> int:
    """Read a leverage; the account here has whole ones only."""
    try:
        leverage = Decimal(text)
    except InvalidOperation:
        raise Rejected(10001, "leverage invalid") from None
    if not leverage.is_finite() or leverage != leverage.to_integral_value():
        raise Rejected(10001, "leverage invalid")
    return int(leverage)


def _worded(refused: Refused, words: dict[Reason, tuple[int, str]]) -> Rejected:
    known = words.get(refused.reason)
    return rejected(refused) if known is None else Rejected(*known)
