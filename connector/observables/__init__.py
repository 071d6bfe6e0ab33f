"""Watch loops as Observables: cold, synchronous with the frame, one upstream a subscription."""

from connector.observables.sources import ExchangeSources, Sources

__all__ = ["ExchangeSources", "Sources"]
