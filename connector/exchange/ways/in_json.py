"""Exchanges whose every answer is a JSON structure."""

from typing import Any

import ccxt


class AnswersInJson:
    """Text is no answer: cut off or empty, ccxt reads a structure without a field out of it.

    Of a cancellation nothing is read, so that it would count as done.
    Source:  ccxt 4.5.90, `async_support/base/exchange.py` (`fetch`), which gives the text where it
             finds no JSON in it.
    """

    async def request(self, path: str, *args: Any, **named: Any) -> Any:
        """Ask as ccxt does. Errors: BadResponse for text."""
        ask = super().request  # pyright: ignore[reportAttributeAccessIssue]
        answer = await ask(path, *args, **named)
        if isinstance(answer, str):
            raise ccxt.BadResponse(f"{path}: an answer that is no JSON")
        return answer
