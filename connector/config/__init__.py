"""What the operator may set: each table in the file of what it speaks of, all in `reading`."""

from connector.config.exchange import CcxtConfig, ExchangeConfig, SimulatorSettings
from connector.config.feeds import FeedsConfig, PriceFeed
from connector.config.process import LogConfig, MetricsConfig, StateConfig, TracingConfig
from connector.config.reading import Config
from connector.config.section import BadConfig
from connector.config.server import LimitsConfig, ServerConfig, TlsConfig

__all__ = [
    "BadConfig",
    "CcxtConfig",
    "Config",
    "ExchangeConfig",
    "FeedsConfig",
    "LimitsConfig",
    "LogConfig",
    "MetricsConfig",
    "PriceFeed",
    "ServerConfig",
    "SimulatorSettings",
    "StateConfig",
    "TlsConfig",
    "TracingConfig",
]
