"""An exchange of our own on loopback that speaks Binance USD-M futures' protocol."""

from connector.simulator.config import SimulatorConfig
from connector.simulator.market.clock import ManualClock
from connector.simulator.simulator import Simulator, run

__all__ = ["ManualClock", "Simulator", "SimulatorConfig", "run"]
