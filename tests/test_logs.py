"""What a log line shows, whoever wrote it."""

import json
import subprocess
import sys
import threading
import time

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


NOBODY_READS = """
import sys, structlog
from connector.config import LogConfig
from connector.logs import configure_logs
configure_logs(LogConfig(format="json"))
log = structlog.get_logger("ours")
for number in range(3000):
    log.info("line", number=number, filler="x" * 100 * (number % 3))
log.info("long", filler="y" * 100_000)
print("goes on", flush=True)
sys.stdin.readline()
log.info("read again")
"""


def test_a_stderr_that_nobody_reads_holds_nobody_up_and_says_what_it_lost() -> None:
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", NOBODY_READS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        stdin, stdout, stderr = child.stdin, child.stdout, child.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        stuck = threading.Timer(50, child.kill)
        stuck.start()
        assert stdout.readline() == "goes on\n"
        reading = threading.Thread(target=lambda: lines.extend(stderr))
        reading.start()
        while len(lines) < 100 and stuck.is_alive():
            time.sleep(0.01)
        stdin.write("\n")
        stdin.close()
        reading.join()
        stuck.cancel()
    *written, lost, last = [json.loads(line) for line in lines]
    assert last["event"] == "read again"
    assert [line["number"] for line in written] == list(range(len(written))), "each in one piece"
    assert (lost["event"], lost["lines"]) == ("log lines lost", 3_001 - len(written))
