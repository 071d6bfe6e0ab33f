"""docs/own-stage.md, followed to the letter in an empty folder."""

import os
import re
import shutil
import site
import sys
from pathlib import Path

import pytest

from tests.endtoend.processes import said

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "own-stage.md"
WITHIN_S = 150

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGE.read_text()) if kind == language]


def test_there_are_ten_commands_one_a_number() -> None:
    numbered = re.findall(r"^\*\*(\d+)\.\*\*", PAGE.read_text(), re.MULTILINE)

    assert numbered == [str(number + 1) for number in range(10)]
    assert len(_blocks("sh")) == 10


@pytest.mark.timeout(WITHIN_S + 30)
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
async def test_the_ten_commands_lead_to_a_stage_that_works(tmp_path: Path) -> None:
    """Nothing is fetched: the new environment finds this one's packages, before its own."""
    shared = tmp_path / "shared.pth"
    shared.write_text("\n".join(f"import sys; sys.path.insert(1, {p!r})" for p in _packages()))
    environment, *others = _blocks("sh")
    share = f"cp '{shared}' .venv/lib/python*/site-packages/\n"
    script = "\n".join(["set -eu", environment, share, *others])

    text = await said(
        "bash", "-c", script,
        cwd=_folder(tmp_path),
        within_s=WITHIN_S,
        env={
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(tmp_path),
            "CONNECTOR": str(ROOT),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        },
    )  # fmt: skip

    assert "3 passed" in text
    [promised] = _blocks("text")
    assert promised in text


def _packages() -> list[str]:
    return [each for each in site.getsitepackages() if Path(each).is_dir()]


def _folder(within: Path) -> Path:
    folder = within / "empty"
    folder.mkdir()
    return folder
