"""Listen keys, and the user data stream behind the present one."""

from connector.simulator.binance.parameters import Rejected
from connector.simulator.binance.streams import BinanceStream, Streams
from connector.simulator.binance.user_frames import (
    encode_account,
    encode_expired_key,
    encode_leverage,
    encode_order,
)
from connector.simulator.market.noise import hashed
from connector.simulator.trading.account import Account
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.order import Fill, Order

USER_DATA = "userData"
"""What the stream is called to those who hear of frames."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KEY_LENGTH = 64


class UserData:
    """Sends an account's events to the websockets on its listen key.

    One key lives at a time; asking for another while it lives prolongs it. A websocket on a key
    that is dead, or never was, stays open and hears nothing.
    """

    def __init__(self, hub: Streams, seed: int, lives_seconds: int) -> None:
        self.muted = False
        """While true, events are lost on their way."""
        self._hub = hub
        self._seed = seed
        self._lives_seconds = lives_seconds
        self._second = 0
        self._made = 0
        self._dies_at = 0
        self._key: str | None = None
        self._account: Account | None = None

    def attach(self, account: Account) -> None:
        """Tell of this account."""
        self._account = account

    @property
    def sockets(self) -> int:
        """Websockets on the present key."""
        stream = self._stream
        return len(stream.sessions) if stream else 0

    def make_key(self) -> str:
        """Give the present key, made if there is none; it lives on from now."""
        if self._key is None:
            self._made += 1
            self._key = "".join(
                _ALPHABET[hashed(self._seed, self._made * _KEY_LENGTH + n) % len(_ALPHABET)]
                for n in range(_KEY_LENGTH)
            )
        self._dies_at = self._second + self._lives_seconds
        return self._key

    def prolong(self) -> str:
        """Let the present key live on; Rejected -1125 if there is none."""
        if self._key is None:
            raise Rejected(-1125, "This listenKey does not exist.")
        return self.make_key()

    def close(self) -> None:
        """End the present key without a word."""
        self._key = None
        self._hub.tell_changed()

    def expire(self, at_ms: int) -> None:
        """End the present key, and say so to those on it."""
        if self._key is None:
            return
        self._publish(encode_expired_key(self._key, at_ms))
        self.close()

    def on_second(self, at_ms: int) -> None:
        """Let a wall second pass."""
        self._second += 1
        if self._key is not None and self._second >= self._dies_at:
            self.expire(at_ms)

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        """Tell of an order."""
        it = self._hub.listings[order.symbol].instrument
        self._publish(encode_order(it, order, change, fill, at_ms))
        self._hub.tell_changed()

    def on_account(self, change: AccountChange) -> None:
        """Tell of balances and positions."""
        assert self._account is not None
        instruments = {
            each.symbol: self._hub.listings[each.symbol].instrument for each in change.positions
        }
        self._publish(encode_account(self._account, instruments, change))

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Tell of a leverage."""
        self._publish(encode_leverage(symbol, leverage, at_ms))

    @property
    def _stream(self) -> BinanceStream | None:
        return None if self._key is None else self._hub.keyed.get(self._key)

    def _publish(self, payload: str) -> None:
        stream = self._stream
        if stream is not None and not self.muted:
            self._hub.publish(stream, payload, called=USER_DATA)
