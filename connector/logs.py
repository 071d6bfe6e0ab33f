"""Logs on stderr: JSON lines, or readable text on a terminal."""

import logging
import sys

import structlog

from connector.config import LogConfig
from connector.masking import mask_text

AUDIT = "connector.audit"
"""The logger of orders: written whatever the level is."""


def configure_logs(config: LogConfig) -> None:
    """Send structlog's and the standard library's records one way: to stderr."""
    text = config.format == "text" or (config.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ending: list[structlog.types.Processor] = (
        # colours within a traceback would stand between a secret's name and its value
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *ending,
                _masked,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    logging.getLogger(AUDIT).setLevel(logging.INFO)
    for chatty in ("asyncio", "aiohttp.access", "ccxt", "Rx"):
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


def _masked(_logger: object, _method: str, line: object) -> str:
    """Mask secrets in the line as it goes out: addresses stand in exceptions of any library."""
    return mask_text(str(line))
