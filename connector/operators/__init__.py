"""Operators: Observable in, Observable out. All time is the scheduler's given at subscribe."""

from connector.operators.bars import Gap
from connector.operators.candle_closer import FetchClosed
from connector.operators.close_candles import close_candles
from connector.operators.coalesce import coalesce
from connector.operators.heartbeat import heartbeat
from connector.operators.map_to_proto import map_to_proto
from connector.operators.merge_symbols import merge_symbols
from connector.operators.newest_only import newest_only
from connector.operators.operator import Operator, SchedulerMissing
from connector.operators.resume import Backoff, resume
from connector.operators.share_latest import always, share_latest
from connector.operators.until_disposed import until_disposed

__all__ = [
    "Backoff",
    "FetchClosed",
    "Gap",
    "Operator",
    "SchedulerMissing",
    "always",
    "close_candles",
    "coalesce",
    "heartbeat",
    "map_to_proto",
    "merge_symbols",
    "newest_only",
    "resume",
    "share_latest",
    "until_disposed",
]
