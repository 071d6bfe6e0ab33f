"""The table of `conformance/README.md` names each card, and nothing that isn't there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "conformance" / "README.md").read_text()
ROW = re.compile(r"^\| (\d\.\d\d) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def test_every_card_is_named_and_every_named_card_exists() -> None:
    sources = (ROOT / "conformance" / "cards").glob("s*_test.go")
    cards = re.findall(r'Number: +"([^"]+)"', "".join(source.read_text() for source in sources))
    named = {card for _, held in ROW.findall(TABLE) for card in re.findall(r"\d\.\d\d\w?", held)}

    assert len(cards) > 60
    assert named == set(cards)


def test_every_named_test_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TABLE)

    assert named
    assert [
        (file, test)
        for file, test in named
        if not re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(), re.MULTILINE)
    ] == []


def test_every_sentence_is_held_by_something_and_numbered_once() -> None:
    rows = ROW.findall(TABLE)

    assert len(rows) == len(re.findall(r"^\| \d", TABLE, re.MULTILINE))
    assert len({number for number, _ in rows}) == len(rows)
    assert [number for number, held in rows if not re.search(r"\d\.\d\d|`", held)] == []
