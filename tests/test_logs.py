"""What a log line shows, whoever wrote it."""

import subprocess
import sys

WRITE = """
import logging, structlog
from connector.config import LogConfig
from connector.logs import configure_logs
configure_logs(LogConfig(format={format!r}))
structlog.get_logger("ours").warning("lost", address="wss://user:PLANTED@host/ws?signature=PLANTED")
try:
    raise OSError("https://host/fapi?symbol=BTCUSDT&signature=PLANTED refused")
except OSError:
    logging.getLogger("a library").exception("http://user:PLANTED@proxy:3128")
"""


def test_no_log_line_shows_a_secret_of_an_address_ours_or_a_librarys() -> None:
    for format_ in ("json", "text"):
        told = subprocess.run(
            [sys.executable, "-c", WRITE.format(format=format_)],
            capture_output=True, text=True, timeout=50, check=True,
        ).stderr  # fmt: skip
        assert "BTCUSDT" in told, "the traceback is there"
        assert "PLANTED" not in told


STDERR_GONE = """
import os, structlog
from connector.config import LogConfig
from connector.logs import AUDIT, configure_logs
configure_logs(LogConfig(format="json", level="error"))
log, audit = structlog.get_logger("ours"), structlog.get_logger(AUDIT)
log.warning("below the level")
audit.info("order", told={("no", "name"): 1}, size={2})
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 2)
log.error("nobody reads")
print("goes on")
"""


def test_a_line_is_written_by_its_level_and_hinders_nobody_whatever_it_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STDERR_GONE],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert '"event": "order"' in line
    assert "{2}" in line
    assert done.stdout == "goes on\n"
