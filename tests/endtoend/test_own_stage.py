"""`examples/own_stage/`, installed into an environment of its own, as its reader would do it."""

import os
import shutil
import site
import sys
import venv
from pathlib import Path

import pytest

from tests.endtoend.processes import said

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_stage"
ROOT = EXAMPLE.parents[1]
WITHIN_S = 50


async def _said(*command: object, cwd: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    offline = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return await said(*command, cwd=cwd, within_s=WITHIN_S, env=kept | offline)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A new environment that finds this one's packages, and nothing by the network."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    [packages] = home.glob("lib/python*/site-packages")
    shared = [each for each in site.getsitepackages() if Path(each).is_dir()]
    lines = [f"import site; site.addsitedir({each!r})" for each in shared]
    (packages / "shared.pth").write_text("\n".join([*lines, str(ROOT), str(ROOT / "generated")]))
    return home / "bin" / "python"


@pytest.mark.timeout(180)
async def test_the_example_is_installed_tested_and_used(tmp_path: Path, fresh: Path) -> None:
    copy = tmp_path / "own_stage"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__", ".*"))

    await _said(
        fresh, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", ".", cwd=copy
    )
    shutil.rmtree(copy / "own_stage")  # what is tested is what was installed
    tested = await _said(fresh, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=copy)
    assert "7 passed" in tested

    connector = (fresh, "-m", "connector.cli", "pipelines")
    text = await _said(*connector, "try", "price", "every_nth(n=3)", "-a-b-c-d-|", cwd=tmp_path)
    assert text.splitlines()[:3] == ["-a-b-c-d-|", "every_nth(n=3)", "-a-----d-|"]
    config = tmp_path / "connector.toml"
    config.write_text(
        '[feeds.price]\nstages = [{ use = "every_nth", n = 3 }]\n[plugins]\nsource = "saw"\n'
    )
    drawn = await _said(*connector, "--config", config, cwd=tmp_path)
    assert "feeds.price.stages > every_nth(n=3)" in drawn
    assert sys.prefix not in str(fresh)
