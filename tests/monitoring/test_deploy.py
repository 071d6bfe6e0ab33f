"""Dashboard and alerts ask for series that exist, with labels that they have."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connector.metrics import FEEDS
from connector.metrics.paper import described

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "connector.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"

PROMETHEUS_OWN = {"up": set[str]()}
ADDED = {"instance", "job", "le"}
"""Labels that Prometheus adds, and a histogram's own."""
_SERIES = re.compile(r"\b((?:connector|exchange|grpc|process|python)_[a-z_]+|up)\b(?:\{([^}]*)\})?")
_BY = re.compile(r"\b(?:by|on) \(?([^)]*)\)|\bon\(([^)]*)\)")


def _known() -> dict[str, set[str]]:
    known = dict(PROMETHEUS_OWN)
    for name, kind, labels, _ in described():
        ends = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        known |= {f"{name}{end}": set(labels) for end in ends}
    return known


class Target(msgspec.Struct):
    expr: str


class Place(msgspec.Struct):
    x: int
    y: int
    w: int
    h: int

    @property
    def cells(self) -> set[tuple[int, int]]:
        across, down = range(self.x, self.x + self.w), range(self.y, self.y + self.h)
        return {(x, y) for x in across for y in down}


class Panel(msgspec.Struct):
    id: int
    title: str
    gridPos: Place
    targets: list[Target] = []


class Dashboard(msgspec.Struct):
    panels: list[Panel]


def _panels() -> list[Panel]:
    return msgspec.json.decode(DASHBOARD.read_bytes(), type=Dashboard).panels


def _expressions() -> Iterator[tuple[str, str]]:
    for panel in _panels():
        for target in panel.targets:
            yield panel.title, target.expr
    yield from re.findall(r"alert: (\w+)\n\s+expr: (.+)", ALERTS.read_text())


@pytest.mark.parametrize(("where", "expression"), list(_expressions()))
def test_an_expression_names_what_exists(where: str, expression: str) -> None:
    known = _known()
    selectors = re.sub(r'"[^"]*"', '""', expression)
    named = _SERIES.findall(selectors)

    assert named, where
    assert [name for name, _ in named if name not in known] == [], where
    labels: set[str] = set()
    for name, given in named:
        labels |= known[name]
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", given))
        assert asked <= known[name] | ADDED, (where, name)
    for by in _BY.findall(selectors):
        grouped = {each.strip() for part in by for each in part.split(",") if each.strip()}
        assert grouped <= labels | ADDED, where
    assert expression.count("(") == expression.count(")"), where


def test_every_alert_has_an_expression_a_severity_and_a_summary() -> None:
    alerts = re.split(r"- alert: ", ALERTS.read_text())[1:]
    names = [alert.partition("\n")[0] for alert in alerts]
    assert len(names) == len(set(names)) > 10
    for alert in alerts:
        assert re.search(r"\n\s+expr: \S", alert)
        assert re.search(r"severity: (page|ticket)\}", alert)
        assert re.search(r"\n\s+summary: \S", alert)


def test_what_an_alert_waits_for_is_told_as_0_from_the_start() -> None:
    """A counter that is born as 1 hasn't risen: `increase` of it is 0, and nobody is woken."""
    born = subprocess.run(
        [sys.executable, "-c", "import connector.grpc.server, prometheus_client as p\n"
         "print(p.generate_latest().decode())"],
        capture_output=True, text=True, check=True, timeout=50,
    ).stdout  # fmt: skip
    told = [each for family in text_string_to_metric_families(born) for each in family.samples]
    awaited = re.findall(r"increase\((\w+)(?:\{([^}]*)\})?\[", ALERTS.read_text())

    assert len(awaited) >= 9
    for name, selector in awaited:
        wanted = re.findall(r'(\w+)(=~|=)"([^"]*)"', selector)
        fits = [
            each
            for each in told
            if each.name == name
            and all(re.fullmatch(value, each.labels[label]) for label, _, value in wanted)
        ]
        assert fits, (name, selector)
        for label, _, value in wanted:
            assert {each.labels[label] for each in fits} >= set(value.split("|")), (name, label)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool isn't installed here")
@pytest.mark.parametrize(
    "command",
    [("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")],
    ids=str,
)
def test_promtool_finds_each_alert_to_fire_for_what_it_says(command: tuple[str, ...]) -> None:
    asked = ["promtool", *command]
    told = subprocess.run(
        asked, cwd=ALERTS.parent, capture_output=True, text=True, timeout=50, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_each_alert_is_made_to_fire_in_its_rule_test() -> None:
    fired = re.findall(r'alertname="(\w+)"', (ALERTS.parent / "alerts_test.yml").read_text())
    assert sorted(fired) == sorted(re.findall(r"alert: (\w+)", ALERTS.read_text()))


def test_what_is_counted_for_operators_is_on_the_dashboard_or_in_an_alert() -> None:
    shown = " ".join(text for _, text in _expressions())
    ours = [name for name, *_ in described() if not name.startswith(("process_", "python_"))]
    assert [name for name in ours if name not in shown] == []


def test_feeds_that_an_alert_names_are_feeds() -> None:
    named = re.findall(r'feed="(\w+)"', ALERTS.read_text())
    assert named
    assert set(named) <= set(FEEDS)


def test_panels_are_apart_and_ask_the_provisioned_source() -> None:
    ids = [panel.id for panel in _panels()]
    assert len(ids) == len(set(ids))
    source = (DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    uids = set(re.findall(r'"uid": "(prometheus\w*)"', DASHBOARD.read_text()))
    assert uids == set(re.findall(r"uid: (\w+)", source))
    taken: set[tuple[int, int]] = set()
    for panel in _panels():
        assert not panel.gridPos.cells & taken, panel.title
        taken |= panel.gridPos.cells
