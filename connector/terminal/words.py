"""How the values of messages are spelled on the terminal."""

from datetime import UTC, datetime


def clock(at_ms: int) -> str:
    """Give the UTC time of day of an instant, `-` for none."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S") if at_ms else "-"
