"""What exchanges say of an order, by their own codes and words: the rows that make it ours.

Each exchange has its own; the pages that they come from are named there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from connector.errors import (
    ConnectorError,
    Denied,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
    UnknownSymbol,
)


class Lost(OutcomeUnknown):
    """It was sent, or may have been, and no answer tells what became of it: to be looked up."""


class Row(NamedTuple):
    """Of a table: what the exchange says → ours. The first row that matches wins.

    `codes` are separated by spaces, `*` and `?` as in file names, `none` where ccxt has thrown the
    code away; empty matches any. `says` is a regex that is looked for in the words, whatever their
    case.
    """

    ours: type[ConnectorError]
    codes: str = ""
    says: str = ""


_BINANCE = (
    # "Error Codes" of spot and of USD-M. -1010, -2010 and -2011 bring the matching engine's words.
    Row(DuplicateOrder, "none -2010 -1010", "duplicate order sent|clientorderid is duplicated"),
    Row(DuplicateOrder, "-4116"),
    Row(Lost, "", "execution status unknown|status unknown|unknown error"),
    Row(Lost, "-1000 -1001 -1006 -1007"),
    Row(PostOnlyWouldTake, "none -2010 -1010", "immediately match and take"),
    Row(PostOnlyWouldTake, "-5022"),
    Row(InsufficientFunds, "none -2010 -1010", "insufficient balance|margin is insufficient"),
    Row(InsufficientFunds, "-2018 -2019 -2028 -4050 -4051"),
    Row(
        Denied,
        "none -2010 -2011 -1010",
        "action is disabled|trading is not enabled|may not place or",
    ),
    Row(Denied, "none -2010 -1010", "symbol is (restricted|not permitted)"),
    Row(OrderRejected, "-2011", "cancel restrictions"),
    Row(OrderNotFound, "-2011 -2013"),
    Row(OrderNotFound, "-1010", "unknown order sent"),
    Row(UnknownSymbol, "-1121 -4144"),
    Row(RateLimited, "-1003 -1015 -1034 -5041"),
    Row(Transient, "-1008 -1016 -1021 -5028"),
    Row(Transient, "", "under maintenance"),
    Row(Denied, "-1002 -1004 -1005 -1011 -1022 -1099 -1109 -2014 -2015 -2017 -4056 -4057"),
    Row(OrderRejected, "none -1013", "market is closed|max_num|max_position"),
    Row(OrderRejected, "-1112 -1122"),
    Row(InvalidOrder, "-1013 -1014 -11* -32603 -400* -4010 -4013 -4014 -4015 -4016 -4023 -4024"),
    Row(InvalidOrder, "-4029 -4030 -4060 -4061 -4062 -4120 -4136 -4137 -4138 -4139 -4164 -418*"),
    Row(InvalidOrder, "-2021 -2026 -4142"),  # -2021, -4142: of stop orders, not of post-only ones
    Row(OrderRejected, "-1010 -2* -4* -5*"),
)

_BYBIT = (
    # v5 "Error Codes": 10*** common, 110*** derivatives, 170*** spot.
    Row(DuplicateOrder, "110072 170141 110030 12141 10014"),
    Row(Lost, "5004 10000 10016 170001 170007 170032 170146 170147 170234"),
    Row(Lost, "", "request timeout|server timeout"),
    Row(PostOnlyWouldTake, "170218"),
    Row(PostOnlyWouldTake, "", "ec_postonlywilltakeliquidity"),
    Row(InsufficientFunds, "110004 110006 110007 110012 110014 110044 110045 110051 110052 110053"),
    Row(InsufficientFunds, "130021 131001 131212 170033 170034 170131 175003 175006 176015"),
    Row(InsufficientFunds, "", "oc_diff|new_oc"),
    Row(OrderNotFound, "110001 110008 110010 170139 170142 170143 170190 170213 175007 -2013"),
    Row(OrderNotFound, "", "unknown orderinfo"),
    Row(UnknownSymbol, "170121 10029"),
    Row(Denied, "10001 10003 10004", "sign params error|invalid api_key|error sign"),
    Row(UnknownSymbol, "10001", "symbol"),
    Row(RateLimited, "10006 10018 10429 170005 170222 20003 429"),
    Row(Transient, "10002 10019 -1 -1021"),
    Row(Denied, "10003 10004 10005 10007 10008 10009 10010 10024 10027 10028 33004 100028 -2015"),
    Row(Denied, "110065 110067 110068 110069 170201 170209 170224 170241"),
    Row(OrderRejected, "110009 110017 110020 110021 110023 110040 110063 110066 110074 110090"),
    Row(OrderRejected, "170149 170150 170151 170157 170191 170210 170223 170226"),
    Row(InvalidOrder, "10001 12137 110003 110019 110032 110092 110093 110094 -1140 -1197"),
    Row(InvalidOrder, "1701?? 17019? 17020? 170217 170371 170372"),
)

_OKX = (
    # v5 "Error Code": sCode of the order where there is one, else the answer's own code.
    Row(DuplicateOrder, "51016 51011"),
    Row(Lost, "50004 50026 51054 51149 63999 500"),
    Row(PostOnlyWouldTake, "", "post[- ]only.*(immediately|taker|liquidity)"),
    Row(InsufficientFunds, "51008 51119 51127 51131 51502 59200 59201"),
    Row(UnknownSymbol, "51001 51012 51014 51015"),
    Row(UnknownSymbol, "51000", "instid"),
    Row(OrderNotFound, "51400 51401 51402 51405 51503 51509 51510 51603"),
    Row(RateLimited, "50011 50061 51113 60014"),
    Row(Transient, "50001 50005 50013 50102 50112"),
    Row(Denied, "50007 50008 50009 50012 50027 50030 50035 50100 50101 50103 50104 50105 50106"),
    Row(Denied, "50107 50110 50111 50113 50114 50119 51009 51010 51024 51155 59113"),
    Row(OrderRejected, "50017 50018 50019 50020 50021 50022 50023 50028 51021 51022 51023"),
    Row(
        OrderRejected,
        "51025 51027 51028 51029 51030 51102 51103 51115 51117 51174 51205 51403 51404 51410",
    ),
    Row(InvalidOrder, "50000 50002 50006 50014 50015 50016 50024 5100* 51020 51031 511* 512*"),
)

_BITGET = (
    # "REST error codes" of v2, and 25*** of the unified account. The first page says of 40010
    # "Request timed out"; ccxt still has its older meaning, a wrong signature.
    Row(DuplicateOrder, "40786 40708 43118 45034 50060 25212"),
    Row(DuplicateOrder, "", "duplicated? (client_?oid|clientorderid)|client_?oid duplicate"),
    Row(Lost, "40010", "timed? ?out"),
    Row(Lost, "40015 40725 40910 45001 50008 50031 25000 25001"),
    Row(PostOnlyWouldTake, "", "post[- _]?only.*(immediately|taker|liquidity|match)"),
    Row(InsufficientFunds, "40711 40712 40754 40756 40762 40798 40800 40893 43012 43132 45002"),
    Row(InsufficientFunds, "45004 45008 49023 50020 25202 25203 25219"),
    Row(OrderNotFound, "40109 40768 43001 43004 45031 45055 45057 22001 50062 25204"),
    Row(UnknownSymbol, "40034 40072 40102 40309 40845 42016 43048 50024 25100"),
    Row(RateLimited, "429 30014 30026 45129 50009 25004"),
    Row(Transient, "30019 30037 30038 40004 40005 40008 40078 40200 40308 40604 40844 41114"),
    Row(Transient, "43115 45043 50027 25003 25102"),
    Row(Denied, "40001 40002 40003 40006 40009 40010 40011 40012 40013 40014 40016 40018 40022"),
    Row(Denied, "40024 40025 40026 40031 40036 40037 40038 40040 40041 40085 40103 40104 40199"),
    Row(Denied, "40301 40752 40753 40916 45107 50012 50013 50019 50023 25006 25007 25013"),
    Row(InvalidOrder, "40017 40019 40020 40053 4005? 40064 4030? 40402 40706 40774 40808 4081?"),
    Row(InvalidOrder, "40912 40913 40924 41002 4110? 43006 43007 43008 43009 43010 43011 43027"),
    Row(InvalidOrder, "43028 43037 43038 43039 43040 43041 43042 4511? 25200 2520? 25244 40917"),
    Row(OrderRejected, "22002 40* 43* 45* 50* 25*"),
)

_GATE = (
    # v4 "Error Handling", labels. Gate has no word of its own for a client id used twice.
    Row(DuplicateOrder, "REPEATED_CREATION DUPLICATE_REQUEST"),
    Row(
        DuplicateOrder, "", r"duplicated? (order|text|client)|text.{0,20}(duplicate|already exist)"
    ),
    Row(Lost, "INTERNAL SERVER_ERROR TIMEOUT"),
    Row(PostOnlyWouldTake, "POC_FILL_IMMEDIATELY ORDER_POC_IMMEDIATE"),
    Row(InsufficientFunds, "BALANCE_NOT_ENOUGH FUTURES_BALANCE_NOT_ENOUGH INSUFFICIENT_AVAILABLE"),
    Row(InsufficientFunds, "MARGIN_BALANCE_NOT_ENOUGH"),
    Row(OrderNotFound, "ORDER_NOT_FOUND CLIENT_ID_NOT_FOUND ORDER_CLOSED ORDER_CANCELLED"),
    Row(OrderNotFound, "ORDER_FINISHED ORDER_NOT_OWNED"),
    Row(UnknownSymbol, "INVALID_CURRENCY INVALID_CURRENCY_PAIR CONTRACT_NOT_FOUND"),
    Row(RateLimited, "TOO_MANY_REQUESTS TOO_FAST"),
    Row(Transient, "TOO_BUSY REQUEST_EXPIRED"),
    Row(Denied, "INVALID_KEY INVALID_CREDENTIALS AUTHENTICATION_FAILED INVALID_SIGNATURE"),
    Row(Denied, "MISSING_REQUIRED_HEADER IP_FORBIDDEN READ_ONLY FORBIDDEN ACCOUNT_LOCKED"),
    Row(Denied, "SUB_ACCOUNT_LOCKED TRADE_RESTRICTED USER_NOT_FOUND"),
    Row(InvalidOrder, "INVALID_PARAM_VALUE INVALID_ARGUMENT INVALID_PRECISION BAD_REQUEST"),
    Row(InvalidOrder, "INVALID_PROTOCOL INVALID_REQUEST_BODY MISSING_REQUIRED_PARAM NO_CHANGE"),
    Row(InvalidOrder, "AMOUNT_TOO_LITTLE AMOUNT_TOO_MUCH SIZE_TOO_LARGE SIZE_TOO_SMALL"),
    Row(InvalidOrder, "PRICE_TOO_DEVIATED PRICE_THRESHOLD_EXCEEDED QUANTITY_NOT_ENOUGH"),
    Row(OrderRejected, "[A-Z]*"),
)

ANYWHERE = (
    Row(Lost, "", r"status (is )?unknown|time[ds]?[ -]?out|internal (server )?error|server error"),
)
"""After an exchange's own rows: words of an answer that tells nothing, wherever they are said."""

TABLE: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "binance": _BINANCE,
        "binanceusdm": _BINANCE,
        "binancecoinm": _BINANCE,
        "binanceus": _BINANCE,
        "bybit": _BYBIT,
        "okx": _OKX,
        "okxus": _OKX,
        "myokx": _OKX,
        "bitget": _BITGET,
        "gate": _GATE,
        "gateio": _GATE,
    }
)
