"""An exchange of our own on loopback that speaks Binance USD-M futures' protocol, or Bybit's."""

from connector.simulator.config import USUAL_KEY, USUAL_SECRET, SimulatorConfig
from connector.simulator.market.clock import ManualClock
from connector.simulator.simulator import Simulator
from connector.simulator.trading.snapshots import (
    BalanceSnapshot,
    BarSnapshot,
    OrderSnapshot,
    PositionSnapshot,
)

__all__ = [
    "USUAL_KEY",
    "USUAL_SECRET",
    "BalanceSnapshot",
    "BarSnapshot",
    "ManualClock",
    "OrderSnapshot",
    "PositionSnapshot",
    "Simulator",
    "SimulatorConfig",
]
