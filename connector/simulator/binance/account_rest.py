"""The signed endpoints of balances, positions and settings."""

from collections.abc import Callable

from connector.simulator.binance import account_answers as answers
from connector.simulator.binance.answers import Row
from connector.simulator.binance.exchange_info import RATE_LIMITS
from connector.simulator.binance.order_rest import Endpoint
from connector.simulator.binance.parameters import Parameters, Rejected
from connector.simulator.binance.refusals import rejected
from connector.simulator.binance.words import INCOME
from connector.simulator.market.digits import fixed_text
from connector.simulator.market.market import Market
from connector.simulator.trading.desk import MAKER_FEE, TAKER_FEE, Desk
from connector.simulator.trading.position import Position
from connector.simulator.trading.refusal import Reason, Refused
from connector.simulator.trading.settings import Settings

_DONE: Row = {"code": 200, "msg": "success"}
_MARGIN_TYPES = {"ISOLATED": True, "CROSSED": False}
_rate_text = fixed_text(1, 6)

_MARGIN_REFUSALS = {
    Reason.NOT_CHANGED: (-4046, "No need to change margin type."),
    Reason.OPEN_ORDERS: (-4047, "Margin type cannot be changed if there exists open orders."),
    Reason.OPEN_POSITION: (-4048, "Margin type cannot be changed if there exists position."),
}
_MODE_REFUSALS = {
    Reason.NOT_CHANGED: (-4059, "No need to change position side."),
    Reason.OPEN_ORDERS: (-4067, "Position side cannot be changed if there exists open orders."),
    Reason.OPEN_POSITION: (-4068, "Position side cannot be changed if there exists position."),
}
_LEVERAGE_REFUSALS = {
    Reason.MARGIN: (-2028, "Leverage is smaller than permitted: insufficient margin balance"),
    Reason.OPEN_POSITION: (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
}


class AccountRest:
    """Answers by method and path."""

    def __init__(self, market: Market, desk: Desk, settings: Settings) -> None:
        self._market = market
        self._desk = desk
        self._settings = settings

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Give them."""
        return {
            ("GET", "/fapi/v2/balance"): self._balance,
            ("GET", "/fapi/v3/balance"): self._balance,
            ("GET", "/fapi/v2/account"): lambda asked: self._account(asked, older=True),
            ("GET", "/fapi/v3/account"): lambda asked: self._account(asked, older=False),
            ("GET", "/fapi/v2/positionRisk"): lambda asked: self._positions(asked, older=True),
            ("GET", "/fapi/v3/positionRisk"): lambda asked: self._positions(asked, older=False),
            ("GET", "/fapi/v1/accountConfig"): self._account_config,
            ("GET", "/fapi/v1/symbolConfig"): self._symbol_config,
            ("GET", "/fapi/v1/leverageBracket"): self._brackets,
            ("GET", "/fapi/v1/commissionRate"): self._commission,
            ("GET", "/fapi/v1/income"): self._income,
            ("GET", "/fapi/v1/rateLimit/order"): lambda _: RATE_LIMITS[1:],
            ("POST", "/fapi/v1/leverage"): self._set_leverage,
            ("POST", "/fapi/v1/marginType"): self._set_margin_type,
            ("GET", "/fapi/v1/positionSide/dual"): self._mode,
            ("POST", "/fapi/v1/positionSide/dual"): self._set_mode,
            ("GET", "/fapi/v1/multiAssetsMargin"): lambda _: {"multiAssetsMargin": False},
            ("POST", "/fapi/v1/multiAssetsMargin"): self._set_multi_assets,
            ("GET", "/sapi/v1/capital/config/getall"): self._coins,
            ("GET", "/sapi/v1/margin/allPairs"): lambda _: [],
            ("GET", "/sapi/v1/account/apiRestrictions"): lambda _: _API_RESTRICTIONS,
        }

    def _balance(self, parameters: Parameters) -> list[Row]:
        now_ms = self._market.now_ms
        wallets = self._desk.account.wallets
        return [answers.balance_row(self._desk, asset, now_ms) for asset in wallets]

    def _account(self, parameters: Parameters, *, older: bool) -> Row:
        positions = self._rows(list(self._market.listings), every=older)
        return answers.account_row(self._desk, positions, self._market.now_ms, older=older)

    def _positions(self, parameters: Parameters, *, older: bool) -> list[Row]:
        """v3 has rows only where there is a position or an order."""
        asked = parameters.listings()
        symbols = [each.instrument.name for each in asked or parameters.every_listing()]
        now_ms = self._market.now_ms
        return [
            answers.position_risk(self._desk, position, now_ms, older=older)
            for position in self._rows(symbols, every=older)
        ]

    def _rows(self, symbols: list[str], *, every: bool) -> list[Position]:
        account, orders = self._desk.account, self._desk.orders
        busy = {each.symbol for each in account.held()} | set(orders.symbols)
        return [
            account.positions.get((symbol, leg)) or Position(symbol=symbol, leg=leg)
            for symbol in symbols
            if every or symbol in busy
            for leg in answers.legs(self._desk)
        ]

    def _account_config(self, parameters: Parameters) -> Row:
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self._desk.account.hedged,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def _symbol_config(self, parameters: Parameters) -> list[Row]:
        listings = parameters.listings() or parameters.every_listing()
        return [answers.symbol_config(self._desk, each.instrument.name) for each in listings]

    def _brackets(self, parameters: Parameters) -> list[Row]:
        listings = parameters.listings() or parameters.every_listing()
        return [answers.leverage_brackets(each.instrument.name) for each in listings]

    def _commission(self, parameters: Parameters) -> Row:
        return {
            "symbol": parameters.listing().instrument.name,
            "makerCommissionRate": _rate_text(MAKER_FEE),
            "takerCommissionRate": _rate_text(TAKER_FEE),
        }

    def _income(self, parameters: Parameters) -> list[Row]:
        """With a start: the first from there; without: the last ones."""
        asked = parameters.listings()
        symbol = asked[0].instrument.name if asked else None
        kind = parameters.text("incomeType")
        start, end = parameters.period()
        limit = parameters.limit(100, 1000)
        found = [
            income
            for income in self._desk.account.income
            if symbol in (None, income.symbol)
            and kind in (None, INCOME[income.kind])
            and (start is None or income.at_ms >= start)
            and (end is None or income.at_ms <= end)
        ]
        chosen = found[:limit] if start is not None else found[-limit:]
        return [answers.income_row(income) for income in chosen]

    def _set_leverage(self, parameters: Parameters) -> Row:
        symbol = parameters.listing().instrument.name
        parameters.mandatory("leverage")
        leverage = parameters.whole("leverage") or 0
        now_ms = self._market.now_ms
        _settle(lambda: self._settings.set_leverage(symbol, leverage, now_ms), _LEVERAGE_REFUSALS)
        most = answers.max_notional(self._desk, symbol)
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": most}

    def _set_margin_type(self, parameters: Parameters) -> Row:
        symbol = parameters.listing().instrument.name
        isolated = _MARGIN_TYPES.get(parameters.mandatory("marginType"))
        if isolated is None:
            raise Rejected(-1130, "Data sent for parameter 'marginType' is not valid.")
        now_ms = self._market.now_ms
        _settle(lambda: self._settings.set_isolated(symbol, isolated, now_ms), _MARGIN_REFUSALS)
        return _DONE

    def _mode(self, parameters: Parameters) -> Row:
        return {"dualSidePosition": self._desk.account.hedged}

    def _set_mode(self, parameters: Parameters) -> Row:
        parameters.mandatory("dualSidePosition")
        hedged = parameters.flag("dualSidePosition")
        _settle(lambda: self._settings.set_hedged(hedged), _MODE_REFUSALS)
        return _DONE

    def _set_multi_assets(self, parameters: Parameters) -> Row:
        parameters.mandatory("multiAssetsMargin")
        if parameters.flag("multiAssetsMargin"):
            raise Rejected(-1020, "This operation is not supported.")
        message = "Adjusted asset mode is currently set and does not need to be adjusted repeatedly"
        raise Rejected(-4171, message)

    def _coins(self, parameters: Parameters) -> list[Row]:
        """Ccxt asks the spot exchange for its coins when it has keys: the assets, no networks."""
        instruments = [each.instrument for each in parameters.every_listing()]
        coins = dict.fromkeys([it.quote for it in instruments] + [it.asset for it in instruments])
        return [
            {
                "coin": coin,
                "name": coin,
                "trading": True,
                "isLegalMoney": False,
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "networkList": [],
            }
            for coin in coins
        ]


def _settle(do: Callable[[], None], refusals: dict[Reason, tuple[int, str]]) -> None:
    """Do it; a refusal in the words of this endpoint, else in the usual ones."""
    try:
        do()
    except Refused as refused:
        own = refusals.get(refused.reason)
        raise (Rejected(*own) if own else rejected(refused)) from None


_API_RESTRICTIONS: Row = {
    "ipRestrict": False,
    "enableReading": True,
    "enableFutures": True,
    "enableSpotAndMarginTrading": False,
    "enableWithdrawals": False,
}
"""Of the one key that there is."""
