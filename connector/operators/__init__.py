"""Operators: Observable in, Observable out. All time is the scheduler's given at subscribe."""

from connector.operators.ask_on_news import Deafness, Pace, ask_on_news
from connector.operators.bars import Gap
from connector.operators.candle_closer import FetchClosed
from connector.operators.close_candles import close_candles
from connector.operators.coalesce import coalesce
from connector.operators.combine_account import combine_account
from connector.operators.counted import Counts
from connector.operators.cross_check import cross_check
from connector.operators.delay import delay
from connector.operators.distinct import distinct
from connector.operators.heartbeat import heartbeat
from connector.operators.hold_until import hold_until
from connector.operators.keep_ledger import Lookup, keep_ledger
from connector.operators.keep_positions import Positions, keep_positions
from connector.operators.ledger import Lacking, Ledger
from connector.operators.map_to_proto import map_to_proto
from connector.operators.merge_symbols import merge_symbols
from connector.operators.min_move import basis_points, min_move
from connector.operators.newest_only import newest_only
from connector.operators.operator import Operator, SchedulerMissing
from connector.operators.outlier_guard import outlier_guard
from connector.operators.positions_changed import positions_changed
from connector.operators.repair_gaps import FetchMissed, repair_gaps
from connector.operators.resample import resample
from connector.operators.resume import Backoff, resume
from connector.operators.sample import sample
from connector.operators.share_latest import always, share_latest
from connector.operators.smooth import smooth
from connector.operators.stale_after import stale_after
from connector.operators.throttle import throttle
from connector.operators.until_disposed import until_disposed

__all__ = [
    "Backoff",
    "Counts",
    "Deafness",
    "FetchClosed",
    "FetchMissed",
    "Gap",
    "Lacking",
    "Ledger",
    "Lookup",
    "Operator",
    "Pace",
    "Positions",
    "SchedulerMissing",
    "always",
    "ask_on_news",
    "basis_points",
    "close_candles",
    "coalesce",
    "combine_account",
    "cross_check",
    "delay",
    "distinct",
    "heartbeat",
    "hold_until",
    "keep_ledger",
    "keep_positions",
    "map_to_proto",
    "merge_symbols",
    "min_move",
    "newest_only",
    "outlier_guard",
    "positions_changed",
    "repair_gaps",
    "resample",
    "resume",
    "sample",
    "share_latest",
    "smooth",
    "stale_after",
    "throttle",
    "until_disposed",
]
