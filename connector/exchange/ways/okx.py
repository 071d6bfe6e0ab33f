"""OKX v5: perpetuals are counted in contracts."""

from connector.exchange.ways.way import Way

OKX = Way(batch_limit=20, cancel_batch_limit=20)
