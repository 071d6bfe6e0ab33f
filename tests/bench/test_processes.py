"""What becomes of the bench's processes."""

import asyncio
import os
import sys
from pathlib import Path

BENCH = """
import asyncio, sys
from pathlib import Path
from bench.processes import running

async def main():
    async with running("sleeper", ["sleep", "60"], Path(sys.argv[1])) as child:
        print(child.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_bench_that_is_killed_leaves_nothing_running(tmp_path: Path) -> None:
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BENCH, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert bench.stdout is not None
    sleeper = int(await bench.stdout.readline())

    bench.kill()
    await bench.wait()

    async with asyncio.timeout(10):
        while _runs(sleeper):
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # who took it over may not have buried it yet
