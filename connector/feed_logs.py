"""What any feed counts and logs: that it resumes, and a value that can't be encoded."""

from collections.abc import Callable
from datetime import timedelta

import structlog

from connector import metrics
from connector.operators import Backoff

log = structlog.get_logger(__name__)


def log_resumed(feed: str) -> Callable[[Exception, timedelta], None]:
    """Count each new attempt of a feed; the first of an outage is news, the rest is not."""

    def resumed(error: Exception, delay: timedelta) -> None:
        metrics.RESUMED.labels(feed).inc()
        say = log.info if delay <= Backoff().first else log.debug
        say("resuming", feed=feed, error=str(error)[:200], delay_s=delay.total_seconds())

    return resumed


def log_malformed(error: Exception) -> None:
    """Count a value that can't be encoded, and is dropped."""
    metrics.MALFORMED.labels("encoding").inc()
    log.warning("not encoded", error=str(error))
