"""The documents: what is generated is whole, and the site builds without a warning or a fetch."""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from connector.config import Config
from connector.proxies import Proxies
from connector.stages import Registry
from website import calls, nav, settings, stages

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "operating.md"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
WRITTEN = {path.with_suffix(".html").name for path in (ROOT / "docs").glob("*.md")}
CONCEPTS = ROOT / "docs" / "concepts.md"
METHODS = [each.name for each in rpc.DESCRIPTOR.services_by_name["ExchangeService"].methods]


def test_every_key_has_a_type_a_default_and_a_description() -> None:
    keys = [key for _, _, found in settings.sections(Config) for key in found]

    assert [key for key in keys if not (key.kind and key.default and key.about)] == []
    proxies = {f"exchange.ccxt.proxies.{name}" for name in Proxies.model_fields}
    told = {f"{key.section}.{key.name}" for key in keys}
    assert told == {*_paths(Config().model_dump()), *proxies} - {"exchange.ccxt.proxies"}
    port = next(key for key in keys if key.name == "port" and key.section == "server")
    assert port[2:] == ("whole number ≥ 0 ≤ 65535", "50051", "0: any free one", "PORT")


def test_every_stage_has_a_picture_and_its_options_have_descriptions() -> None:
    text = stages.stages()

    for stage in Registry():
        assert f"## {stage.name}\n" in text
        assert stage.name in stages.marble_of(stage)[2]
        assert stages.drawing(stage) in text
        fields = stage.options.model_fields.items()
        assert [f"{stage.name}.{name}" for name, field in fields if not field.description] == []


@pytest.mark.parametrize("examples", [calls.python_examples, calls.go_examples])
def test_every_rpc_has_an_example(examples: Callable[[], dict[str, str]]) -> None:
    written = examples()

    assert [call.name for call in calls.contract_calls()] == METHODS
    assert [name for name in METHODS if f".{name}(" not in written.get(name, "")] == []


def test_a_page_that_is_not_written_is_left_out_and_an_unknown_one_is_last() -> None:
    assert nav.nav_of(["new.md", "decisions.md", "index.md"]) == [
        {"Start": ["index.md"]},
        {"Reasons": ["decisions.md"]},
        {"More": ["new.md"]},
    ]


def test_a_link_to_a_page_that_is_not_written_yet_is_text_and_a_wrong_one_stays_a_fault() -> None:
    hook = pytest.importorskip("website.hook", reason="mkdocs is not installed")
    text = "[a](config.md#b) [b](metrics.md) [c](wrong.md) [d](../deploy/x.md)"

    assert hook.filled(text, "index.md", {"config.md"}) == "[a](config.md#b) b [c](wrong.md) d"
    with pytest.raises(KeyError, match=r"index\.md: nothing generates nonsense"):
        hook.filled("<!-- generated: nonsense -->", "index.md", ())


@pytest.mark.skipif(not ALERTS.exists(), reason="there are no alerts here")
def test_the_runbook_has_a_chapter_for_each_alert_and_no_other() -> None:
    rules = re.findall(r"- alert: (\w+)\n(?:.*\n)+?.*severity: (\w+)", ALERTS.read_text())
    chapters = re.findall(r"^### (\w+)\n\n\*\*(\w+)\.\*\*", RUNBOOK.read_text(), re.MULTILINE)

    assert rules
    assert sorted(chapters) == sorted((name, severity.title()) for name, severity in rules)


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="mkdocs is not installed")
async def test_the_site_builds_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    build = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", tmp_path,
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(build.communicate(), 50)
    assert (build.returncode, said.decode()) == (0, "")

    pages = _pages(tmp_path)
    assert {path.name for path in pages} >= WRITTEN
    loaded = re.compile(r'<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="((?:https?:)?//[^"]*)"')
    assert {
        str(path): found for path, text in pages.items() if (found := loaded.findall(text))
    } == {}
    assert [str(path) for path, text in pages.items() if "generated: " in text] == []
    assert pages[Path("concepts.html")].count('<svg class="marbles"') == (
        CONCEPTS.read_text().count("```marbles")
    )


def _pages(site: Path) -> dict[Path, str]:
    return {path.relative_to(site): path.read_text() for path in site.rglob("*.html")}


def _paths(table: dict[str, object], above: str = "") -> list[str]:
    found: list[str] = []
    for key, value in table.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value:
            found += _paths(cast("dict[str, object]", value), f"{path}.")
        else:
            found.append(path)
    return found
