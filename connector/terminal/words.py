"""How the values of messages are spelled on the terminal."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext

from google.protobuf.timestamp_pb2 import Timestamp
from opensqt.market_maker.v1 import types_pb2 as types

DIGITS = 9


def clock(at_ms: int) -> str:
    """Give the UTC time of day of an instant, `-` for none."""
    return _at(at_ms).strftime("%H:%M:%S") if at_ms else "-"


def clock_or_date(at_ms: int) -> str:
    """Give the UTC time of day of an instant of the last 24 hours, the date of an older one."""
    long_ago = datetime.now(UTC) - _at(at_ms) > timedelta(days=1)
    return _at(at_ms).strftime("%Y-%m-%d") if at_ms and long_ago else clock(at_ms)


def moment(at_ms: int) -> str:
    """Give date and UTC time of day, for lines that scripts read."""
    return _at(at_ms).strftime("%Y-%m-%dT%H:%M:%SZ") if at_ms else "-"


def short(number: str) -> str:
    """Give the digits without the zeros that only fill up; `-` for none."""
    trimmed = number.rstrip("0").rstrip(".") if "." in number else number
    return trimmed or ("0" if number else "-")


def brief(text: str) -> str:
    """Give a number with nine digits at most, for a narrow screen; other words as they stand."""
    try:
        with localcontext(prec=DIGITS):
            return short(format(+Decimal(text), "f"))
    except InvalidOperation:
        return text


def milliseconds(at: Timestamp) -> int:
    """Give a message's instant in UTC epoch ms."""
    return at.seconds * 1000 + at.nanos // 1_000_000


def enum_word(name: str, prefix: str) -> str:
    """Give `partially filled` for `ORDER_STATUS_PARTIALLY_FILLED`."""
    return name.removeprefix(prefix).replace("_", " ").lower()


def side_word(side: types.OrderSide.ValueType) -> str:
    """Give `buy` or `sell`."""
    return enum_word(types.OrderSide.Name(side), "ORDER_SIDE_")


def type_word(kind: types.OrderType.ValueType) -> str:
    """Give `limit` or `market`."""
    return enum_word(types.OrderType.Name(kind), "ORDER_TYPE_")


def status_word(status: types.OrderStatus.ValueType) -> str:
    """Give `new`, `partly filled`, `filled` and so on."""
    return enum_word(types.OrderStatus.Name(status), "ORDER_STATUS_").replace("partially", "partly")


def _at(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
