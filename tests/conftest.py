"""What several rooms' tests need: nothing of this machine's environment, nothing left behind."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from connector.environment import ENVIRONMENT

settings.register_profile("any machine", deadline=None)  # a busy one is no failure
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENVIRONMENT, "CONFIG_FILE", *os.environ):
        if name in ENVIRONMENT or name.startswith(("CONFIG_FILE", "CONNECTOR_")):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Assert at teardown that a test ended every task it caused."""
    before = asyncio.all_tasks()
    yield
    ours = {asyncio.current_task(), *before}
    async with asyncio.timeout(5):
        while left := asyncio.all_tasks() - ours:
            await asyncio.wait(left, timeout=0.05)
