"""Stages by name: each built for each feed that it fits, every refusal says what is allowed."""

from importlib.metadata import EntryPoint

import pytest
from pydantic import Field
from reactivex import Observable

from connector import items
from connector.operators import Operator
from connector.stages import (
    FEEDS,
    BadNotation,
    BadStage,
    Items,
    Options,
    Pipelines,
    PluginFailed,
    Registry,
    Stage,
    configured,
    written,
)
from connector.stages.built_in import BUILT_IN
from connector.testing import Marbles
from tests.stages.kinds import kinds

LEAST = {
    "coalesce": "max_per_second=10",
    "throttle": "max_per_second=10",
    "sample": "every_s=1",
    "heartbeat": "every_s=1",
    "distinct": "",
    "outlier_guard": "max_jump_ratio=0.05",
    "stale_after": "max_age_s=60",
    "min_move": "bps=5",
    "smooth": "half_life_s=1",
    "closed_only": "",
    "resample": "to=5m",
    "tap_log": "",
    "delay": "by_s=0",
}
"""The least that each stage must be told."""
NAMES = [stage.name for stage in BUILT_IN]
REGISTRY = Registry()


def test_the_stages_are_all_there() -> None:
    assert sorted(NAMES) == sorted(LEAST)
    assert all(stage.about and len(stage.about) < 100 for stage in REGISTRY)


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("name", NAMES)
def test_each_is_built_for_each_feed_that_it_fits_and_refused_elsewhere(
    name: str, feed: str
) -> None:
    text = f"{name}({LEAST[name]})"
    if feed not in [each for each in FEEDS if name in [s.name for s in REGISTRY.allowed(each)]]:
        with pytest.raises(BadStage, match=r"allowed there: .*tap_log, delay"):
            configured([{"use": name}], feed, REGISTRY)
        return
    pipeline = written(text, feed, REGISTRY)
    for of, item in kinds()[feed]:
        m = Marbles({"a": item})
        source: Observable[object] = m.hot("a 3s |")
        seen = m.run(source.pipe(pipeline.operator(of)))
        assert [event.kind for event in seen.events][-1] == "completed"
        passed = [] if name == "closed_only" else [item]
        told = seen.values
        if name == "resample":
            told, passed = [type(each) for each in told], [type(item)]
        assert told[:1] == passed
        assert m.strays == []


def test_orders_refuse_what_may_lose_with_a_sentence_why() -> None:
    with pytest.raises(BadStage) as caught:
        configured([{"use": "tap_log"}, {"use": "distinct"}], "orders", REGISTRY)
    assert str(caught.value) == (
        "feeds.orders.stages[1]: distinct may drop or repeat items, and the orders stream loses "
        "and repeats nothing; allowed there: tap_log, delay"
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"use": "coalesc", "max_per_second": 1}, "no stage is called coalesc; did you mean coal"),
        ({"use": "zzz"}, "no stage is called zzz; there are coalesce, throttle, sample, heart"),
        ({"max_per_second": 1}, "`use` names the stage"),
        ({"use": 7}, "`use` names the stage"),
        ({"use": "coalesce"}, "coalesce: max_per_second is missing; its options: max_per_second"),
        ({"use": "coalesce", "rate": 1, "max_per_second": 1}, "rate is no option of it"),
        ({"use": "coalesce", "max_per_second": 0}, "max_per_second should be greater than 0"),
        ({"use": "coalesce", "max_per_second": True}, "max_per_second should not be true or fals"),
        ({"use": "coalesce", "max_per_second": "x"}, "max_per_second should be a valid number"),
        ({"use": "throttle", "max_per_second": 1001}, "should be less than or equal to 1000"),
        ({"use": "min_move"}, "min_move: give bps or ticks, one of them"),
        ({"use": "min_move", "bps": 1, "ticks": 1}, "give bps or ticks, one of them"),
        ({"use": "min_move", "bps": float("inf")}, "bps should be a finite number"),
        ({"use": "sample", "every_s": 0}, "every_s should be greater than or equal to 0.01"),
        ({"use": "heartbeat", "every_s": -1}, "every_s should be greater than or equal to 0.05"),
        ({"use": "smooth", "half_life_s": 0}, "half_life_s should be greater than or equal to 0"),
        ({"use": "stale_after", "max_age_s": 0}, "max_age_s should be greater than or equal to"),
        ({"use": "outlier_guard", "max_jump_ratio": 0}, "max_jump_ratio should be greater than 0"),
        (
            {"use": "outlier_guard", "max_jump_ratio": 0.1, "remember": 0},
            "remember should be greater than or equal to 1",
        ),
        (
            {"use": "outlier_guard", "max_jump_ratio": 0.1, "confirm": 1.5},
            "confirm should be a valid integer",
        ),
        ({"use": "distinct", "by": "price"}, "by is no option of it; its options: none"),
        ({"use": "tap_log", "level": "loud"}, "level should be 'debug' or 'info', not 'loud'"),
        ({"use": "tap_log", "label": "a b"}, "label"),
        ({"use": "delay", "by_s": 61}, "by_s should be less than or equal to 60"),
        ({"use": "closed_only"}, "closed_only doesn't fit the price feed; it fits klines"),
    ],
)
def test_what_is_wrong_is_named_and_what_is_allowed(table: dict[str, object], said: str) -> None:
    with pytest.raises(BadStage) as caught:
        configured([{"use": "distinct"}, table], "price", REGISTRY)
    assert str(caught.value).startswith("feeds.price.stages[1]: ")
    assert said in str(caught.value)


def test_an_interval_that_nobody_makes_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadStage, match=r"to should be '2m', '3m'.*not '7m'"):
        configured([{"use": "resample", "to": "7m"}], "klines", REGISTRY)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("distinct | coalesc(max_per_second=1)", 11),
        ("distinct | coalesce(max_per_second=0)", 20),
        ("distinct | coalesce(max_per_second=1, rate=1)", 38),
        ("distinct | coalesce", 11),
        ("distinct | closed_only", 11),
    ],
)
def test_in_text_the_place_is_pointed_at(text: str, place: int) -> None:
    with pytest.raises(BadNotation) as caught:
        written(text, "price", REGISTRY)
    assert caught.value.place == place


def test_tables_and_text_mean_the_same_and_are_shown_as_text() -> None:
    tables = [{"use": "outlier_guard", "max_jump_ratio": 0.05}, {"use": "min_move", "bps": 1}]
    text = "outlier_guard(max_jump_ratio=0.05, remember=20, confirm=2) | min_move(bps=1)"
    pipelines = Pipelines({"price": tables, "funding": text, "orders": " "})
    assert str(pipelines.of("price")) == str(pipelines.of("funding")) == text
    assert str(written(text, "price", REGISTRY)) == text
    assert not pipelines.of("orders")
    with pytest.raises(BadStage, match=r"feeds\.price\.stages: pipeline, at character 10"):
        Pipelines({"price": "distinct("})


def test_the_first_sees_an_item_first() -> None:
    of, one = kinds()["price"][0]
    seen: list[str] = []

    class Named(Options):
        """Say a name."""

        name: str = Field(description="to be said")

    def build(options: Named, items: Items[object], /) -> Operator[object, object]:
        def apply(source: Observable[object]) -> Observable[object]:
            seen.append(options.name)
            return source

        return apply

    registry = Registry([Stage("say", Named, build)])  # pyright: ignore[reportArgumentType]
    written("say(name=a) | say(name=b)", "price", registry).operator(of)(
        Marbles({"a": one}).hot("")
    )
    assert seen == ["a", "b"]


def test_a_longer_bar_that_cannot_be_made_is_refused_in_words() -> None:
    of = items.candles(15 * 60_000, lambda: 0)
    with pytest.raises(BadStage, match="5m is no whole number of the bars that were asked for"):
        written("resample(to=5m)", "klines", REGISTRY).operator(of)
    assert written("resample(to=15m)", "klines", REGISTRY).operator(of)


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group="connector.stages")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no_such_module:stage", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("json:no_such_name", "AttributeError"),
        ("json:dumps", "TypeError: a function, no Stage"),
        ("connector.stages.built_in:BUILT_IN", "TypeError: a tuple, no Stage"),
    ],
)
def test_a_plugin_that_fails_is_named(value: str, why: str) -> None:
    with pytest.raises(PluginFailed, match=r"the plug-in broken .* failed to load: ") as caught:
        Registry().load(entry("broken", value))
    assert value in str(caught.value)
    assert why in str(caught.value)


def test_a_name_is_taken_once_and_feeds_must_be_there() -> None:
    with pytest.raises(BadStage, match="coalesce is registered already"):
        Registry([*BUILT_IN, BUILT_IN[0]])
    with pytest.raises(BadStage, match="names feeds that are none: trades; there are price, kl"):
        Registry([Stage("odd", Options, BUILT_IN[-1].step, feeds=("trades",))])  # pyright: ignore


def test_a_stage_that_cannot_be_built_is_named() -> None:
    def build(options: Options, items: Items[object], /) -> Operator[object, object]:
        raise KeyError("colour")

    registry = Registry([Stage("odd", Options, build)])  # pyright: ignore[reportArgumentType]
    of, _ = kinds()["price"][0]
    with pytest.raises(BadStage, match="odd could not be built for price: KeyError: 'colour'"):
        written("odd", "price", registry).operator(of)
