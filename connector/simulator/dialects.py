"""The protocols that the exchange can speak, by name."""

from collections.abc import Callable

from connector.simulator.binance.dialect import Binance
from connector.simulator.binance.failures import failure as binance_failure
from connector.simulator.bybit.dialect import Bybit
from connector.simulator.bybit.failures import failure as bybit_failure
from connector.simulator.config import SimulatorConfig
from connector.simulator.market.listing import Listing
from connector.simulator.serving.dialect import Dialect
from connector.simulator.serving.faults import Failure
from connector.simulator.serving.hub import OnFrame

_Make = Callable[[SimulatorConfig, dict[str, Listing], OnFrame | None], Dialect]

_DIALECTS: dict[str, tuple[_Make, Failure]] = {
    "binance": (Binance, binance_failure),
    "bybit": (Bybit, bybit_failure),
}


def dialect_of(name: str) -> _Make:
    """Give what makes a dialect."""
    return _DIALECTS[name][0]


def failure_of(name: str) -> Failure:
    """Give how a dialect words its failures."""
    return _DIALECTS[name][1]
