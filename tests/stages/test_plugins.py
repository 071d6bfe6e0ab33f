"""Plug-ins: stages and sources of other packages; one that fails is named."""

from decimal import Decimal
from importlib.metadata import EntryPoint
from typing import cast

import pytest
import structlog
from reactivex import Observable

from connector.app import Connector
from connector.config import BadConfig, Config
from connector.domain import Price
from connector.observables import Sources
from connector.operators import Operator
from connector.plugins import SOURCES, pipelines_of, plugins_of
from connector.stages import GROUP, Items, Options, Stage

HERE = "tests.stages.test_plugins"


class Nothing(Options):
    """Do nothing."""


def _build(_: Nothing, items: Items[Price], /) -> Operator[Price, Price]:
    return lambda source: source


NOTHING = Stage("nothing", Nothing, _build)  # pyright: ignore[reportArgumentType]


class Louder:
    """The exchange's sources, but for the tick."""

    def __init__(self, exchange: Sources) -> None:
        self._exchange = exchange

    def price_tick(self, symbol: str) -> Decimal:
        return self._exchange.price_tick(symbol) * 2


class Quiet:
    """Sources of which a test asks the tick alone."""

    def price_tick(self, symbol: str) -> Decimal:
        return Decimal("0.5")

    def price(self, symbol: str) -> Observable[Price]:
        raise NotImplementedError


def _config(**plugins: object) -> Config:
    return Config.model_validate({"plugins": plugins})


def _entry(name: str, value: str, group: str = GROUP) -> EntryPoint:
    return EntryPoint(name=name, value=f"{HERE}:{value}", group=group)


BROKEN = EntryPoint(name="broken", value="no_such_package:stage", group=GROUP)


def test_a_stage_of_another_package_is_used_by_its_name() -> None:
    config = Config.model_validate({"feeds": {"price": {"stages": [{"use": "nothing"}]}}})
    plugins = plugins_of(config, [_entry("nothing", "NOTHING")])
    assert str(pipelines_of(config, plugins).of("price")) == "nothing()"
    with pytest.raises(BadConfig, match=r"feeds\.price\.stages\[0\]: no stage is called nothing"):
        pipelines_of(config, plugins_of(config, []))


@pytest.mark.parametrize("group", [GROUP, SOURCES])
def test_one_that_fails_is_named_and_refuses_the_start(group: str) -> None:
    broken = EntryPoint(name="broken", value="no_such_package:it", group=group)
    with pytest.raises(BadConfig) as caught:
        plugins_of(_config(), [broken])
    assert str(caught.value) == (
        "the plug-in broken (no_such_package:it) failed to load: ModuleNotFoundError: No module "
        "named 'no_such_package'; plugins.strict = false goes on without it"
    )


def test_without_strictness_it_is_named_in_the_log_and_left_out() -> None:
    with structlog.testing.capture_logs() as logs:
        plugins = plugins_of(_config(strict=False), [BROKEN, _entry("nothing", "NOTHING")])
    assert [stage.name for stage in plugins.registry][-1] == "nothing"
    assert [(line["event"], "the plug-in broken" in line["error"]) for line in logs] == [
        ("plug-in left out", True)
    ]


def test_a_name_of_ours_is_not_taken_over() -> None:
    coalesce = EntryPoint(
        name="coalesce", value="connector.stages.built_in:BUILT_IN.0", group=GROUP
    )
    with pytest.raises(BadConfig, match=r"the plug-in coalesce .* failed to load"):
        plugins_of(_config(), [coalesce])
    twice = [_entry("nothing", "NOTHING"), _entry("again", "NOTHING")]
    with pytest.raises(BadConfig, match=r"again .*nothing is registered already"):
        plugins_of(_config(), twice)


def test_a_source_stands_in_for_the_exchange_when_it_is_named() -> None:
    entries = [_entry("louder", "Louder", SOURCES)]
    exchange = cast("Sources", Quiet())
    assert plugins_of(_config(), entries).source(exchange) is exchange
    chosen = plugins_of(_config(source="louder"), entries).source(exchange)
    assert chosen.price_tick("BTC/USDT") == 1
    with pytest.raises(BadConfig, match=r"plugins\.source: no source is called lauder; .* louder"):
        plugins_of(_config(source="lauder"), entries)
    with pytest.raises(BadConfig, match="there are: none is installed"):
        plugins_of(_config(source="louder"), [])


def test_a_source_that_is_no_function_is_named() -> None:
    with pytest.raises(BadConfig, match=r"the plug-in odd .*TypeError: a str, no function of the"):
        plugins_of(_config(), [_entry("odd", "HERE", SOURCES)])


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ({"orders": {"stages": [{"use": "coalesce", "max_per_second": 1}]}}, "coalesce may drop"),
        ({"price": {"stages": "min_move(bps=0)"}}, "bps should be greater than 0"),
    ],
)
async def test_a_connector_refuses_to_start_before_it_opens_anything(
    feeds: object, said: str
) -> None:
    connector = Connector(Config.model_validate({"feeds": feeds, "server": {"port": 0}}))
    with pytest.raises(BadConfig, match=said):
        await connector.__aenter__()
    assert connector.simulator is None
