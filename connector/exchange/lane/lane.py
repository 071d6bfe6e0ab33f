"""From a websocket's frame to the channel that it is for."""

from collections.abc import Callable, Container

from connector.exchange.lane.reader import Reader

Deliver = Callable[[str, object], None]


class Lane:
    """One exchange's reader, and the channels that it serves."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._channels: dict[str, Deliver] = {}

    def serve(self, channel: str, deliver: Deliver) -> None:
        """Hand what is read for a channel to `deliver(symbol, value)`."""
        self._channels[channel] = deliver

    def serves(self, channel: str) -> bool:
        """Whether a channel's frames may take the lane."""
        return channel in self._channels

    def take(self, frame: str, awaited: Container[str]) -> bool:
        """Deliver what a frame tells, in this call; False: it has to go ccxt's way.

        `awaited` are the message hashes for which ccxt has a future on this socket.
        """
        reading = self._read(frame, awaited)
        if reading is None:
            return False
        deliver = self._channels.get(reading.channel)
        if deliver is None:
            return False
        for value in reading.values:
            deliver(reading.symbol, value)
        return True
