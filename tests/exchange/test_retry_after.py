"""What a Retry-After may say."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connector.exchange.pacing import LONGEST_PAUSE_S
from connector.exchange.retry_after import retry_after_seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("9" * 400, LONGEST_PAUSE_S),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("\u00b2", None),
        ("-7", None),
        ("soon", None),
        ("", None),
    ],
)
def test_it_is_seconds_or_a_date_and_anything_else_says_nothing(
    said: str, seconds: float | None
) -> None:
    assert retry_after_seconds({"Retry-After": said}) == seconds


def test_a_date_says_how_long_it_is_until_then() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    seconds = retry_after_seconds({"retry-after": until})

    assert seconds is not None
    assert 3_500 < seconds <= 3_600
