"""A failed comparison of marbles shows both diagrams."""

from connector.testing import pytest_assertrepr_compare

__all__ = ["pytest_assertrepr_compare"]
