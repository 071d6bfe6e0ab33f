"""Watch loops as Observables: cold, synchronous with the frame, one upstream a subscription."""

from connector.observables.funding import funding
from connector.observables.klines import closed_klines, klines
from connector.observables.price import price

__all__ = ["closed_klines", "funding", "klines", "price"]
