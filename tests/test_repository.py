"""What the repository's own files promise each other."""

import re
import tomllib
from pathlib import Path
from typing import cast

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
RUN_TIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
BUILD = "requirements-build.lock"


def test_every_requirement_of_the_project_is_locked_to_a_version_that_it_allows() -> None:
    project = _pyproject("project")
    optional = cast("dict[str, list[str]]", project["optional-dependencies"])
    run_time, development = cast("list[str]", project["dependencies"]), optional["dev"]
    build = cast("list[str]", _pyproject("build-system")["requires"])
    wanted = {RUN_TIME: run_time, DEVELOPMENT: run_time + development + build, BUILD: build}

    unlocked = [
        (lock, text)
        for lock, texts in wanted.items()
        for text in texts
        if not _allows(Requirement(text), _pins(lock))
    ]

    assert unlocked == []


@pytest.mark.parametrize("lock", [RUN_TIME, BUILD])
def test_the_development_lock_holds_the_other_locks_pins(lock: str) -> None:
    assert _pins(lock).items() <= _pins(DEVELOPMENT).items()


@pytest.mark.parametrize("lock", [RUN_TIME, DEVELOPMENT, BUILD])
def test_a_lock_has_a_hash_for_each_pin_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]

    assert len(entries) == len(_pins(lock))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"://|--index|--extra-index|--find-links| @ ", text) == []


def _pyproject(table: str) -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())[table]


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def _allows(requirement: Requirement, pins: dict[str, str]) -> bool:
    version = pins.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version)
