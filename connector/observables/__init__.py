"""Watch loops as Observables: cold, synchronous with the frame, one upstream a subscription."""

from connector.observables.answers import Answers
from connector.observables.around import Around
from connector.observables.sources import (
    ExchangePrivateSources,
    ExchangeSources,
    PrivateSources,
    Sources,
)

__all__ = [
    "Answers",
    "Around",
    "ExchangePrivateSources",
    "ExchangeSources",
    "PrivateSources",
    "Sources",
]
