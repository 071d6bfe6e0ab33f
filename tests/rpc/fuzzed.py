"""Requests as bytes, generated from the proto's own descriptors, and metadata.

A request is a list of parts: bytes on the wire, or an order id that is filled in when it is sent.
"""

from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from hypothesis import strategies as st
from opensqt.market_maker.v1 import exchange_pb2 as rpc

METHODS: tuple[MethodDescriptor, ...] = tuple(
    rpc.DESCRIPTOR.services_by_name["ExchangeService"].methods
)
_VARINT, _FIXED, _BYTES = 0, 1, 2
_MASK = (1 << 64) - 1
F = FieldDescriptor


class Recent(NamedTuple):
    """One of the orders that were placed last, in a field of this tag."""

    tag: bytes
    back: int


Part = bytes | Recent
Metadata = tuple[tuple[str, str | bytes], ...]


class Call(NamedTuple):
    """What is asked: the method, the request's parts, the metadata."""

    method: MethodDescriptor
    parts: list[Part]
    metadata: Metadata

    def __repr__(self) -> str:
        """Name it; the bytes may be many."""
        return f"Call({self.method.name})"


def varint(value: int) -> bytes:
    """Write a whole number, negative ones as 64 bits, as proto does."""
    value &= _MASK
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))


def tag(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def framed(number: int, content: bytes) -> bytes:
    """Write a field that has a length: a text, or a message."""
    return tag(number, _BYTES) + varint(len(content)) + content


_LONG = 10_240
SPELLINGS = ("BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT", "BTC/USDT:USDT", "btcusdt", "NOPE", "")
INTERVALS = ("1m", "1m", "1h", "1d", "1M", "7m", "0m", "-1m", "1" * 400 + "m", "m", "")
NAMES = ("c1", "c2", "c3", "x-abc", "a b", "\x00", "\u202e", "ünïcode", "x" * 64, "x" * 65, "")
NUMBERS = (
    *("0.01", "0.010", "1", "97000", "90000.10", "0.0000000001", "5", "1e2", "0", "-0", "-1", ""),
    *("NaN", "sNaN", "nan", "Infinity", "-inf", "1e400", "-1e400", "1e-400", "1e999999999", "--"),
    *(" 1", "1 ", "1_000", "0x10", "\u0663", "1,5", "1.2.3", "+1", ".", "e", "1" * 400, "9" * 20),
    *("0." + "0" * 300 + "1", "\x00", "None", "1" * _LONG, "1e" + "9" * 300),
)
ODD_TEXTS = (
    "--",
    "x" * _LONG,
    "\x00",
    "\u202e",
    "'; DROP TABLE orders",
    "{}",
    "%s%n",
    "../..",
    "a\nb",
)
NO_TEXT = (b"\xff\xfe", b"BTC\x80USDT", b"\xed\xa0\x80", b"\xc0\x80", b"\xff" * _LONG)
"""What is no UTF-8, a surrogate among it."""
WHOLE = (
    *(0, 0, 1, 2, 3, 5, 10, 500, 1500, 1501, -1),
    *(2**31 - 1, 2**31, -(2**31), 2**32, 2**63 - 1, -(2**63), 2**64 - 1),
)

_any_text = st.text(max_size=12).map(str.encode)
_no_text = st.sampled_from(NO_TEXT)


def _odd_texts(*of_field: str) -> st.SearchStrategy[bytes]:
    """What is odd in this field, or everywhere; drawn; or no text at all."""
    own = st.sampled_from([each.encode() for each in of_field])
    odd = st.sampled_from([each.encode() for each in ODD_TEXTS])
    return st.one_of(own, own, own, odd, _any_text, _no_text)


ODD = {
    "symbol": _odd_texts(*SPELLINGS),
    "symbols": _odd_texts(*SPELLINGS),
    "interval": _odd_texts(*INTERVALS),
    "client_order_id": _odd_texts(*NAMES),
    "asset": _odd_texts("USDT", "BTC", "", "usdt", "NOPE"),
    "value": _odd_texts(*NUMBERS),
}
USUAL: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "BTCUSDT", "ETHUSDT"),
    "symbols": ("BTCUSDT", "ETHUSDT"),
    "interval": ("1m", "1m", "1h"),
    "client_order_id": ("", "", "c1", "c2", "c3"),
    "asset": ("USDT",),
    "quantity": ("0.01", "0.010", "0.100"),
    "price": ("90000", "96000.10", "97000", "99000", "1500.5", "2600"),
}
"""By the field's name, for a decimal by the name of the field that it stands in."""
MOST = {F.TYPE_MESSAGE: 60}
"""How often a repeated field comes at its most; a number or a text 5,000 times."""


def _usual(field: FieldDescriptor, within: str) -> st.SearchStrategy[bytes]:
    """Give a field's content as a client would write it, with its tag."""
    match field.type:
        case F.TYPE_STRING:
            texts = st.sampled_from(USUAL.get(within) or USUAL[field.name])
            return texts.map(lambda text: framed(field.number, text.encode()))
        case F.TYPE_ENUM:
            drawn = st.sampled_from([0, 1, 1, 2, 2] if field.name == "time_in_force" else [1, 2])
        case F.TYPE_BOOL:
            drawn = st.sampled_from([0, 0, 0, 1])
        case _:
            drawn = st.sampled_from([1, 5, 10])
    return drawn.map(lambda value: tag(field.number, _VARINT) + varint(value))


def _odd(field: FieldDescriptor) -> st.SearchStrategy[bytes]:
    """Give a field's content at its edges, with its tag."""
    match field.type:
        case F.TYPE_STRING:
            return ODD[field.name].map(lambda text: framed(field.number, text))
        case F.TYPE_ENUM:
            drawn = st.sampled_from([0, 1, 2, 3, 4, -1, 7, 99, 2**31 - 1, -(2**31), 2**63])
        case F.TYPE_BOOL:
            drawn = st.sampled_from([0, 1, 2, 2**63])
        case _:
            drawn = st.one_of(st.sampled_from(WHOLE), st.integers(-(2**63), 2**64 - 1))
    return drawn.map(lambda value: tag(field.number, _VARINT) + varint(value))


@st.composite
def _field(draw: st.DrawFn, field: FieldDescriptor, odd: int, within: str) -> bytes:
    """Give a field as often as it may come; a single one twice, now and then: the last holds."""
    is_odd = draw(st.integers(0, 9)) < odd
    kind: Any = field.message_type
    if kind is not None:
        one = message(kind, 9 if is_odd else odd, field.name)
    else:
        one = _odd(field) if is_odd else _usual(field, within)
    is_repeated = bool(field.is_repeated)  # pyright: ignore
    often = (
        ([0, 1, 3, 12, -1] if is_odd else [1, 2, 3]) if is_repeated else [0, 2] if is_odd else [1]
    )
    times = draw(st.sampled_from([1, *often]))
    content = [draw(one) for _ in range(abs(times))]
    if kind is not None:
        content = [framed(field.number, each) for each in content]
    if times < 0:
        return content[0][:_LONG] * MOST.get(field.type, 5_000)
    return b"".join(content)


@st.composite
def _stranger(draw: st.DrawFn) -> bytes:
    """Give a field that the message doesn't have, or not of this kind, or none at all."""
    number = draw(st.sampled_from([1, 2, 3, 15, 99, 19_000, 2**29 - 1]))
    kind = draw(
        st.sampled_from(["varint", "fixed", "bytes", "long", "group", "cut", "any", "zero"])
    )
    match kind:
        case "varint":
            return tag(number, _VARINT) + varint(draw(st.sampled_from(WHOLE)))
        case "fixed":
            return tag(number, _FIXED) + b"\xff" * 8
        case "bytes":
            return framed(number, draw(st.binary(max_size=8)))
        case "long":
            return framed(99, b"\x00" * _LONG)
        case "group":
            return tag(number, 3) * draw(st.sampled_from([1, 200]))
        case "cut":
            return tag(number, _BYTES) + varint(2**31)
        case "zero":
            return b"\x00"
        case _:
            return draw(st.binary(max_size=40))


@st.composite
def message(draw: st.DrawFn, kind: Descriptor, odd: int, within: str = "") -> bytes:
    """Give a message of this kind; so many in ten of its fields are at their edges."""
    fields: list[FieldDescriptor] = list(kind.fields)
    parts = [draw(_field(field, odd, within)) for field in fields]
    if odd and draw(st.integers(0, 9)) == 9:
        parts = [*parts, draw(_stranger())]
        parts.reverse()
    return b"".join(parts)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Give a call."""
    method = draw(st.sampled_from(METHODS))
    parts: list[Part] = [draw(message(method.input_type, draw(st.sampled_from([0, 2, 2, 4, 9]))))]
    known = method.input_type.fields_by_name
    for name in ("order_id", "order_ids"):
        if name in known and draw(st.integers(0, 2)):
            back = draw(st.integers(1, 4))
            parts.append(Recent(tag(known[name].number, _VARINT), back))
    return Call(method, parts, draw(METADATA))


_PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
_STAGES = ("distinct", "coalesce", "throttle", "sample", "delay", "min_move", "smooth", "heartbeat")
_OPTIONS = ("max_per_second", "every_s", "seconds", "bps", "by_s", "over", "to", "label")


@st.composite
def _pipelines(draw: st.DrawFn) -> str:
    """Give stages as they are written, or nearly."""
    stage, option = draw(st.sampled_from(_STAGES)), draw(st.sampled_from(_OPTIONS))
    value = draw(st.sampled_from([n for n in NUMBERS if n.isascii() and n.isprintable()]))[:400]
    return draw(
        st.sampled_from(
            [
                *(
                    "distinct",
                    "distinct",
                    stage,
                    f"{stage}({option}={value})",
                    f"{stage} | distinct",
                ),
                *(f"{stage}({option}=", "(" * 300, "|" * 300, "distinct|" * 200, "x" * 2000, "=,"),
            ]
        )
    )


METADATA: st.SearchStrategy[Metadata] = st.one_of(
    st.just(()),
    st.just(()),
    st.lists(
        st.one_of(
            st.tuples(st.just("x-pipeline"), st.one_of(_pipelines(), _PRINTABLE)),
            st.tuples(st.sampled_from(["x-api-key", "authorization"]), _PRINTABLE),
            st.tuples(st.just("authorization"), _PRINTABLE.map(lambda key: f"Bearer {key}")),
            st.tuples(st.sampled_from(["x-correlation-id", "x-request-id", "x-odd"]), _PRINTABLE),
            st.tuples(st.just("x-correlation-id"), st.just("x" * 2000)),
            st.tuples(
                st.sampled_from(["x-pipeline-bin", "x-api-key-bin", "x-odd-bin"]),
                st.binary(max_size=20),
            ),
        ),
        max_size=3,
    ).map(tuple),
)
