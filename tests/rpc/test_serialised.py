"""A message of a shared stream is serialised once, however many clients it goes to."""

from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1.events_pb2 import PriceChange

from connector.grpc.serialised import Once


def test_a_message_written_to_many_is_serialised_once() -> None:
    serialised: list[PriceChange] = []

    def serialise(message: PriceChange) -> bytes:
        serialised.append(message)
        return message.SerializeToString()

    write = Once(serialise)
    first, equal = (
        PriceChange(symbol="BTCUSDT", price=Decimal(value="97123.10")) for _ in range(2)
    )
    other = PriceChange(symbol="ETHUSDT", price=Decimal(value="3412.31"))

    written = [write(message) for message in (first, first, first, equal, other, first)]

    assert [id(message) for message in serialised] == [id(m) for m in (first, equal, other, first)]
    assert written[:4] == [first.SerializeToString()] * 4
    assert [PriceChange.FromString(data) for data in written[4:]] == [other, first]
