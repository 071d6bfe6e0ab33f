"""The command line: it parses, and hands over."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
import uvloop

if TYPE_CHECKING:
    from connector.config import Config

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="One account on one exchange, served to trading engines over gRPC.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
watch_app = typer.Typer(no_args_is_help=True, help="Watch a stream of a running connector.")
app.add_typer(watch_app, name="watch")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; also CONFIG_FILE.", dir_okay=False)
]
Address = Annotated[str, typer.Option("--address", "-a", help="Where the connector listens.")]
Symbols = Annotated[list[str], typer.Argument(help="Symbols, for example BTCUSDT ETHUSDT.")]

BAD_USAGE, FAILED = 2, 1


@app.command()
def serve(
    config: ConfigFile = None,
    exchange: Annotated[
        str | None, typer.Option(help="sim (the embedded exchange), or a ccxt.pro id.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Serve the exchange over gRPC until SIGTERM or Ctrl-C.

    Prints one JSON line on stdout when it is ready; logs go to stderr.
    """
    settings = _settings(
        config,
        {
            "exchange.id": exchange,
            "server.host": host,
            "server.port": port,
            "log.level": log_level,
        },
    )
    from connector.app import serve_until_stopped
    from connector.logs import configure_logs

    configure_logs(settings.log)
    _run(lambda: serve_until_stopped(settings, _announce))


@app.command()
def simulate(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 7,
    symbols: Annotated[
        str, typer.Option(help="How many (1 to 500), or names: BTCUSDT,ETHUSDT.")
    ] = "20",
    speed: Annotated[float, typer.Option(help="60: a 1m bar lasts a second.")] = 1.0,
    updates_per_second: Annotated[float, typer.Option(help="Trades per symbol.")] = 5.0,
) -> None:
    """Run the embedded exchange alone: Binance USD-M's REST and websocket protocol on loopback."""
    from connector.app import simulate_until_stopped
    from connector.config import LogConfig
    from connector.logs import configure_logs

    configure_logs(LogConfig())
    names = int(symbols) if symbols.isdigit() else [s for s in symbols.split(",") if s]
    values: dict[str, object] = {
        "host": host,
        "port": port,
        "seed": seed,
        "symbols": names,
        "speed": speed,
        "updates_per_second": updates_per_second,
    }
    _run(lambda: simulate_until_stopped(values, _announce))


@app.command("config")
def show_config(config: ConfigFile = None) -> None:
    """Print the configuration that holds, secrets masked."""
    settings = _settings(config, {})
    print(json.dumps(settings.model_dump(mode="json"), indent=2, sort_keys=True))


@watch_app.command("price")
def watch_price(symbols: Symbols, address: Address = "127.0.0.1:50051") -> None:
    """Watch prices move."""
    from connector.watch import watch_prices

    _run(lambda: watch_prices(address, symbols))


@watch_app.command("klines")
def watch_klines(
    symbols: Symbols,
    interval: Annotated[str, typer.Option(help="1m, 5m, 1h, …")] = "1m",
    address: Address = "127.0.0.1:50051",
) -> None:
    """Watch candles form and close."""
    from connector.watch import watch_candles

    _run(lambda: watch_candles(address, symbols, interval))


@watch_app.command("funding")
def watch_funding(symbols: Symbols, address: Address = "127.0.0.1:50051") -> None:
    """Watch funding rates."""
    from connector.watch import watch_fundings

    _run(lambda: watch_fundings(address, symbols))


def _settings(file: Path | None, flags: dict[str, object]) -> Config:
    from connector.config import BadConfig, Config

    try:
        return Config.read(file, flags=flags)
    except BadConfig as error:
        _fail(str(error), BAD_USAGE)


def _announce(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


def _run(main: Callable[[], Coroutine[object, None, None]]) -> None:
    from connector.config import BadConfig
    from connector.errors import ConnectorError

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())
    except BadConfig as error:
        _fail(str(error), BAD_USAGE)
    except ConnectorError as error:
        _fail(str(error), FAILED)
    except KeyboardInterrupt:
        pass


def _fail(message: str, status: int) -> NoReturn:
    print(f"connector: {message}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    app()
