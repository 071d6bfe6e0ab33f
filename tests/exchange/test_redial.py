"""How soon an address is dialled again: ccxt's own pause is cut down, the exchange's is kept."""

from collections.abc import Awaitable, Callable

import ccxt
import pytest

from connector.exchange.tap import BRIEF_DIALS, DIAL_S, LONG_DIAL_S
from tests.exchange.conftest import Trading

URL = "ws://127.0.0.1:1/ws"


@pytest.mark.parametrize(
    ("failures", "retry_after", "at_least_s", "at_most_s"),
    [
        (1, None, 0.1, DIAL_S),
        (BRIEF_DIALS, None, DIAL_S * 0.9, DIAL_S),
        (BRIEF_DIALS + 1, None, LONG_DIAL_S * 0.9, LONG_DIAL_S),
        (BRIEF_DIALS, 60, 59, 60),
    ],
)
async def test_an_address_is_dialled_again_soon_for_a_while_then_seldom(
    trading: Callable[..., Awaitable[Trading]],
    failures: int,
    retry_after: float | None,
    at_least_s: float,
    at_most_s: float,
) -> None:
    exchange = (await trading()).session.ccxt
    client = exchange.client(URL)
    client.last_retry_after = retry_after

    for _ in range(failures):
        client.dial_failed = True
        exchange.on_error(client, ccxt.NetworkError("refused"))

    assert at_least_s <= exchange.ws_dial_delay(URL) <= at_most_s
    exchange.on_connected(client)
    assert exchange.ws_dial_delay(URL) == 0
