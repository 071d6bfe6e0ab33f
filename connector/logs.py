"""Logs on stderr: JSON lines, or readable text on a terminal."""

import json
import logging
import sys
from typing import NoReturn

import structlog

from connector import metrics
from connector.config import LogConfig
from connector.masking import mask_text
from connector.stderr import Stderr

log = structlog.get_logger(__name__)

AUDIT = "connector.audit"
"""The logger of orders: written whatever the level is."""
_ENCODE = json.JSONEncoder(default=repr, skipkeys=True).encode


def configure_logs(config: LogConfig) -> None:
    """Send structlog's and the standard library's records one way: to stderr.

    Ours become a line and are written without a `LogRecord`: it would say again what the line has
    said, and takes as long as all the rest. What nobody reads is lost, counted, and said later.
    """
    text = config.format == "text" or (config.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[structlog.types.Processor] = (
        # colours within a traceback would stand between a secret's name and its value
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if text
        else [structlog.processors.format_exc_info, _as_json]
    )
    ending.append(_masked)
    stderr = Stderr(
        sys.stderr,
        metrics.LOG_LINES_LOST.inc,
        lambda lines: log.warning("log lines lost", lines=lines),
    )
    handler = logging.StreamHandler(stderr)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, *ending, _Written(handler)],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *ending,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    logging.getLogger(AUDIT).setLevel(logging.INFO)
    for chatty in ("asyncio", "aiohttp.access", "ccxt", "Rx"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


class _Written:
    """Ends a line's way: it is written as its handler would, in turn with other libraries'."""

    def __init__(self, handler: logging.StreamHandler[Stderr]) -> None:
        self._handler = handler

    def __call__(self, _logger: object, _method: str, line: object) -> NoReturn:
        self._handler.acquire()
        try:
            self._handler.stream.write(f"{line}\n")
        finally:
            self._handler.release()
        raise structlog.DropEvent


def _as_json(_logger: object, _method: str, fields: structlog.types.EventDict) -> str:
    return _ENCODE(fields)


def _masked(_logger: object, _method: str, line: object) -> str:
    """Mask secrets in the line as it goes out: addresses stand in exceptions of any library."""
    return mask_text(str(line))
