"""Whose protocol the embedded exchange speaks."""

import pytest


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """Give Binance's, where a test doesn't ask for others (`both_dialects`)."""
    return str(getattr(request, "param", "binance"))
