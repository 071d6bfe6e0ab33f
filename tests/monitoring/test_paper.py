"""docs/metrics.md tells every series that there is, and no other."""

import re
import sys
from pathlib import Path

import pytest

from connector.metrics.paper import described, paper

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the process tells less of itself")
def test_the_paper_and_the_registry_tell_the_same_series() -> None:
    written = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$", DOCS.read_text(), re.M)
    told = [
        (name, kind, ", ".join(labels) or "–", text) for name, kind, labels, text in described()
    ]

    assert written
    assert written == told, "run `make metrics` and commit"
    assert DOCS.read_text() == paper()


def test_every_series_has_a_text_and_a_name_of_its_kind() -> None:
    for name, kind, _, text in described():
        assert len(text) > 15, name
        assert name.endswith("_total") == (kind == "counter"), name
        assert name.startswith(("connector_", "grpc_", "exchange_", "process_", "python_")), name
