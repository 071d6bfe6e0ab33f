import os

import pytest

from tests.chaos import report
from tests.chaos.cases import CASES

ALL = os.environ.get("CHAOS") == "all"
"""Every fault is tried, and the table written; else those that are short."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if ALL and report.FOUND:
        terminalreporter.write(f"\n{report.table(report.FOUND)}\n")
        if len(report.FOUND) == len(CASES):
            report.write(report.FOUND)
