"""What `connector pipelines` draws and tries, and that the documents tell its truth."""

import inspect
import re
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from connector import operators
from connector.account_feeds import AccountFeeds
from connector.config import Config, FeedsConfig
from connector.errors import InvalidRequest
from connector.feeds import Feeds
from connector.order_feed import OrderFeed
from connector.pipelines import drawn, tried, usage
from connector.stages import FEEDS, Pipelines, Stage

DOCUMENT = Path(__file__).parents[2] / "docs" / "pipelines.md"
TICK = timedelta(milliseconds=10)
WRITTEN = {
    "price": inspect.getsource(Feeds.price),
    "klines": inspect.getsource(Feeds.kline),
    "funding": inspect.getsource(Feeds.funding),
    "account": inspect.getsource(AccountFeeds.account.func),
    "positions": inspect.getsource(AccountFeeds._held.func)  # pyright: ignore[reportPrivateUsage]
    + inspect.getsource(AccountFeeds.positions),
    "orders": inspect.getsource(OrderFeed.updates.func),
}
"""Where each feed's stages are put together."""


def test_each_feeds_fixed_stages_are_those_that_are_put_together() -> None:
    config = FeedsConfig()
    for feed, before, given, after in drawn(config, Pipelines(config.stages)):
        assert given == ()
        named = re.findall(r"(\w+)(?:\(| \||$)", f"{before} | {after}")
        source = WRITTEN[feed]
        for name in named:
            assert name in operators.__all__
            called = name in source or name in inspect.getsource(Feeds._share)  # pyright: ignore[reportPrivateUsage]
            assert called, (feed, name)
        of_stages = re.findall(r"\b(\w+)\(", source)
        own = [name for name in of_stages if name in operators.__all__ and name.islower()]
        assert set(own) <= set(named), feed


def test_options_that_hold_are_drawn_and_given_stages_stand_between() -> None:
    config = FeedsConfig.model_validate(
        {"price": {"max_per_second": 5, "heartbeat_s": 2.5, "stages": "distinct | min_move(bps=1)"}}
    )
    price = drawn(config, Pipelines(config.stages))[0]
    assert price == (
        "price",
        "heartbeat(every_s=2.5) | resume | newest_only",
        ("distinct()", "min_move(bps=1)"),
        "coalesce(max_per_second=5) | map_to_proto | share_latest(linger_s=5)",
    )
    every = FeedsConfig.model_validate({"price": {"max_per_second": 0}})
    assert drawn(every, Pipelines({}))[0].after == "map_to_proto | share_latest(linger_s=5)"


def test_a_stage_is_shown_with_its_options() -> None:
    told = [usage(stage) for stage in Pipelines({}).registry]
    assert "outlier_guard(max_jump_ratio=…, remember=20, confirm=2)" in told
    assert "distinct()" in told


def run(feed: str, text: str, diagram: str) -> list[str]:
    return tried(Pipelines({}), feed, text, diagram, TICK)


@pytest.mark.parametrize(
    ("feed", "text", "diagram", "seen"),
    [
        ("price", "min_move(bps=5) | coalesce(max_per_second=10)", "-a-b-c-|", "-a-----(c|)"),
        ("price", "min_move(bps=15)", "-a-b-c-|", "-a---c-|"),
        ("price", "distinct", "-a-a-A-A-b-|", "-a---A---b-|"),
        ("price", "heartbeat(every_s=0.05)", "-a---------|", "-a----a----|"),
        ("klines", "closed_only", "-a-A-b-B-|", "---A---B-|"),
        ("klines", "coalesce(max_per_second=10)", "-a-A-b-c-C-|", "-a-A-----C-|"),
        ("funding", "min_move(ticks=10000)", "-a-b-|", "-a-b-|"),
        ("account", "distinct", "-a-a-b-|", "-a---b-|"),
        ("positions", "throttle(max_per_second=20)", "-a-b-A-|", "-a---A-|"),
        ("orders", "delay(by_s=0.02)", "-a-b---|", "---a-b---|"),
        ("price", "distinct", "-a-#", "-a-#"),
    ],
)
def test_a_diagram_passes_a_pipeline(feed: str, text: str, diagram: str, seen: str) -> None:
    assert run(feed, text, diagram)[1] == seen


def test_what_is_new_is_told_and_each_letter_too() -> None:
    assert run("price", "smooth(half_life_s=0.02)", "-a-h-|") == [
        "-a-h-|",
        "-a-①-|",
        "① = 'BTCUSDT 100.35'",
        "a = BTCUSDT 100.00",
        "h = BTCUSDT 100.70",
    ]


def test_a_stream_without_an_end_is_heard_for_a_second_more() -> None:
    assert run("price", "heartbeat(every_s=0.5)", "-a-")[1] == "-a 490ms a 490ms a"


@pytest.mark.parametrize(
    ("feed", "text", "diagram", "said"),
    [
        ("order", "distinct", "-a-|", "there are price, klines, funding, account, positions, or"),
        ("orders", "distinct", "-a-|", "may drop or repeat items"),
        ("price", "distinct |", "-a-|", "at character 11"),
        ("price", "distinct", "-a-(b|", "this group is never closed"),
        ("price", "distinct", "-a-1-|", "items are letters"),
        ("price", "distinct", "-a-|-b", "nothing may follow the end"),
    ],
)
def test_what_cannot_be_tried_is_told(feed: str, text: str, diagram: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(feed, text, diagram)
    assert said in str(caught.value)


def test_the_document_shows_what_is_printed() -> None:
    command = r"connector pipelines try (\w+) '([^']*)' '([^']*)'\n(.*)\n(.*)\n(.*)\n"
    shown = re.findall(rf"^\$ {command}", DOCUMENT.read_text(), re.MULTILINE)

    assert len(shown) >= 6
    for feed, text, diagram, given, pipeline, seen in shown:
        lines = run(feed, text, diagram)
        assert [lines[0], text, lines[1]] == [given, pipeline, seen]


def test_the_document_names_every_stage_and_every_option() -> None:
    text = DOCUMENT.read_text()
    for stage in Pipelines({}).registry:
        assert f"`{stage.name}" in text
        for option in stage.options.model_fields:
            assert option in text, (stage.name, option)
    assert all(f"`{feed}`" in text for feed in FEEDS)


MARBLE = re.compile(r"Marble:  in  (\S+)    out  (\S+)\s+(.+)")


@pytest.mark.parametrize("stage", [*Pipelines({}).registry], ids=lambda stage: stage.name)
def test_each_stages_marble_is_what_it_does(stage: Stage) -> None:
    drawn = MARBLE.search(stage.options.__doc__ or "")
    assert drawn, f"{stage.name} has no marble"
    given, seen, text = drawn.groups()
    assert stage.name in text
    assert run(stage.feeds[0], text, given)[:2] == [given, seen]


def test_what_is_tapped_is_logged_with_its_feed_and_label() -> None:
    with structlog.testing.capture_logs() as logs:
        assert run("price", "tap_log(label=before, level=debug)", "-a-b-|")[1] == "-a-b-|"
    assert [(line["feed"], line["label"], line["log_level"]) for line in logs] == [
        ("price", "before", "debug")
    ] * 2
    assert "100.10" in logs[1]["item"]


@pytest.mark.parametrize(
    "text", ["min_move(bps=5) | distinct", '[{"use": "min_move", "bps": 5}, {"use": "distinct"}]']
)
def test_the_environment_gives_stages_as_text_or_as_json(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_FEEDS__PRICE__STAGES", text)
    pipelines = Pipelines(Config.read().feeds.stages)
    assert str(pipelines.of("price")) == "min_move(bps=5) | distinct()"
