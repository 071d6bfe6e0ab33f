"""Each fault during live streams and trading: nothing lost, nothing doubled, soon back.

`make test` tries a few of them, `make chaos` all, and writes docs/reliability.md.
"""

import pytest

from connector.simulator.chaos.registry import FAULTS, planned
from tests.chaos.cases import CASES, Case
from tests.chaos.checks import unsettled, violations
from tests.chaos.conftest import ALL
from tests.chaos.floor import SETTLE_S, Floor
from tests.chaos.report import FOUND, PAPER

RECOVERY_S = 3.0
NOTICED_S = 15.0
"""A websocket that misses two pings, 5 s apart, is dead."""

TRIED = [case for case in CASES if ALL or case.short]


@pytest.mark.parametrize("case", TRIED, ids=lambda case: case.name)
async def test_a_fault_is_survived(no_task_left: None, case: Case) -> None:
    FOUND[case] = None
    async with Floor(case) as floor:
        took = await floor.play()
        await floor.until(lambda: not unsettled(floor), SETTLE_S)
        assert violations(floor) == []
    FOUND[case] = took
    assert max(took.values()) < (NOTICED_S if case.endless else RECOVERY_S), took


def test_every_fault_is_tried() -> None:
    tried = {planned(case.fault, case.dialect).fault.name for case in CASES}
    # refuse is tried with drop: alone it harms nobody who is connected
    assert tried == {fault.name for fault in FAULTS} - {"refuse"}
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.skipif(ALL, reason="the paper is written when all have been tried")
def test_every_case_is_reported_as_survived() -> None:
    paper = PAPER.read_text()
    assert [case.name for case in CASES if f"| `{case.name}` |" not in paper] == []
