"""The fast lane: market frames read from their text, past ccxt's handler.

ccxt stays the keeper of sockets and subscriptions. A frame takes the lane only if a reader (the
exchange's own, `ways/*_frames.py`) makes of it just what ccxt's handler and `parse` would, if they
don't stumble over a field that isn't read here. Anything else goes ccxt's way: other frames, a
value that isn't one, and each frame for which one of ccxt's futures waits.
"""

from connector.exchange.lane.lane import Lane

__all__ = ["Lane"]
