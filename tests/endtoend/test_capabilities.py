"""`connector capabilities`, as a process."""

import json
import subprocess
import sys

import pytest


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "connector.cli", "capabilities", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_one_exchange_is_told_rpc_by_rpc() -> None:
    done = _run("gate")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("│")[1:4] for line in done.stdout.splitlines() if line.startswith("│")]
    told = {rpc.strip(): (how.strip(), by.strip()) for rpc, how, by in rows}
    assert len(told) == 28
    assert told["PlaceOrder"] == ("native", "createOrder")
    assert told["GetOpenInterest"] == ("emulated", "from the ticker")


def test_all_exchanges_as_json() -> None:
    done = _run("--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert len(told) > 70
    assert {len(each["rpcs"]) for each in told.values()} == {28}
    assert told["okx"]["rpcs"]["GetOpenInterest"] == {"how": "native", "by": "fetchOpenInterest"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bynance",), "did you mean binance"),
        (("okx", "--markdown"), "--markdown goes with neither"),
    ],
)
def test_wrong_arguments_end_with_one_line(arguments: tuple[str, ...], words: str) -> None:
    done = _run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
