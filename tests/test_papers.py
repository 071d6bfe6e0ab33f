"""What the papers promise about the program."""

import fnmatch
import os
import re
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from typer.models import CommandInfo

from connector import cli
from connector.config import Config

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "connector.toml"


def test_the_example_holds_every_key_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)

    assert Config.read(EXAMPLE) == Config()
    written = tomllib.loads(EXAMPLE.read_text())
    assert set(_keys(written)) == set(_keys(Config().model_dump()))


@pytest.mark.parametrize(("paper", "most"), [("README.md", 100), ("ARCHITECTURE.md", 120)])
def test_a_paper_is_no_longer_than_the_code_needs(paper: str, most: int) -> None:
    assert len((ROOT / paper).read_text().splitlines()) <= most


def test_every_command_that_the_readme_names_exists() -> None:
    code = _code(ROOT / "README.md")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = set(re.findall(r"\bmake ([a-z-]+)", code))
    called = set(re.findall(r"\bconnector ((?:(?:watch|order) )?[a-z]+)", code))

    assert named
    assert called
    assert named - targets == set()
    assert called - _commands() == set()


def test_every_file_that_a_paper_names_exists() -> None:
    papers = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "docs/decisions.md")]
    path = re.compile(r"`((?:connector|tests|proto|docs|examples|bench)/[\w./-]*)`")

    named = {name for paper in papers for name in path.findall(paper.read_text())}

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_table_of_rooms_names_their_modules_and_no_other() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = text[text.index("| room |") :].partition("\n\n")[0]
    names = [each.removesuffix("/") for each in re.findall(r"`([a-z_*]+/?)`", table)]
    names += re.findall(r"`connector/(\w+)(?:\.py|/)`", table)
    every = {each.stem for each in (ROOT / "connector").rglob("*") if each.suffix in ("", ".py")}
    of_rooms = {
        each.stem
        for room in (".", "exchange", "grpc", "observables", "testing")
        for each in (ROOT / "connector" / room).iterdir()
        if not each.name.startswith("_")
    }

    assert [name for name in names if not fnmatch.filter(every, name)] == []
    assert [
        each for each in sorted(of_rooms) if not any(map(partial(fnmatch.fnmatch, each), names))
    ] == []


def _keys(table: dict[str, object], above: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _keys(cast("dict[str, object]", value), f"{above}{key}.")
        else:
            yield f"{above}{key}"


def _code(paper: Path) -> str:
    text = paper.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join(blocks + re.findall(r"`([^`\n]+)`", text))


def _commands() -> set[str]:
    own = {_name(each) for each in cli.app.registered_commands}
    for group in cli.app.registered_groups:
        assert group.typer_instance is not None
        within = {_name(each) for each in group.typer_instance.registered_commands}
        own |= {f"{group.name} {name}" for name in within} | {str(group.name)}
    return own


def _name(command: CommandInfo) -> str:
    return str(command.name)
