"""The embedded exchange, started for a connector that serves it, with keys of its own."""

import contextlib

import msgspec
from pydantic import SecretStr

from connector.config import BadConfig, Config
from connector.exchange.embedded import embedded_urls
from connector.simulator import Simulator, SimulatorConfig


async def embedded_exchange(
    config: Config, stack: contextlib.AsyncExitStack
) -> tuple[Simulator, Config, dict[str, object]]:
    """Start the embedded exchange until the stack closes.

    Shapes:  the simulator, the configuration with its keys, and the `urls` that lead to it.
    Errors:  BadConfig for settings that it refuses.
    """
    simulator = Simulator(simulator_config(config))
    try:
        await simulator.start()
    except ValueError as error:  # a fault in a symbol that it doesn't trade
        raise BadConfig(f"simulator: {error}") from None
    stack.push_async_callback(simulator.stop)
    urls = embedded_urls(simulator.rest_url, simulator.ws_url, simulator.config.dialect)
    return simulator, _with_embedded_keys(config, simulator.config), urls


def simulator_config(config: Config) -> SimulatorConfig:
    """Give the embedded exchange's settings, which it checks itself.

    Errors:  BadConfig that names the key.
    """
    given = config.simulator.model_dump()
    for key, value in given.items():
        try:
            msgspec.convert({key: value}, SimulatorConfig)
        except ValueError as error:
            raise BadConfig(f"simulator.{key}: {error}") from None
    try:
        return msgspec.convert(given, SimulatorConfig)
    except ValueError as error:  # a fault that the dialect doesn't know
        raise BadConfig(f"simulator: {error}") from None


def _with_embedded_keys(config: Config, simulated: SimulatorConfig) -> Config:
    """Let the keyless start trade: the embedded exchange has an account and a key of its own."""
    keys = {"api_key": simulated.api_key or "", "api_secret": simulated.api_secret or ""}
    secrets = {name: SecretStr(value) for name, value in keys.items()}
    exchange = config.exchange.model_copy(update=secrets)
    return config.model_copy(update={"exchange": exchange})
