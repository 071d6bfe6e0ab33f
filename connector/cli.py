"""The command line: it parses, and hands over."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
import uvloop
from typer.core import TyperGroup
from typer.exceptions import TyperException

if TYPE_CHECKING:
    from connector.config import Config

os.environ.setdefault("GRPC_VERBOSITY", "NONE")
"""What the gRPC library would print on stderr is told by us, in one line; it reads this once."""

T = TypeVar("T")
BAD_USAGE, FAILED, INTERRUPTED = 2, 1, 130


class _OneLineErrors(TyperGroup):
    """Says what is wrong with the arguments in one line, as with every other wrong value."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: object,
    ) -> object:
        """Parse and run; `standalone_mode` as in typer."""
        try:
            status = super().main(args, prog_name, complete_var, False, windows_expand_args)
        except TyperException as error:
            if not standalone_mode:
                raise
            message = " ".join(error.format_message().split())
            if not message:  # the help has been printed instead
                raise SystemExit(error.exit_code) from None
            _fail(message, error.exit_code)
        if standalone_mode:
            sys.exit(status)
        return status


app = typer.Typer(
    cls=_OneLineErrors,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="One account on one exchange, served to trading engines over gRPC.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
watch_app = typer.Typer(no_args_is_help=True, help="Watch a stream of a running connector.")
app.add_typer(watch_app, name="watch")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; also CONFIG_FILE.")
]
Address = Annotated[str, typer.Option("--address", "-a", help="Where the connector listens.")]
Symbols = Annotated[list[str], typer.Argument(help="Symbols, for example BTCUSDT ETHUSDT.")]


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
    """Print the configuration that holds as JSON, secrets masked."""
    settings = _settings(config, {})
    if settings.exchange.embedded:
        from connector.app import simulator_config

        _or_fail(lambda: simulator_config(settings))
    shown = settings.model_dump(mode="json")
    shown["exchange"]["name"] = settings.exchange.shown_name
    print(json.dumps(shown, indent=2, sort_keys=True))


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
    from connector.config import Config

    return _or_fail(lambda: Config.read(file, flags=flags))


def _announce(facts: dict[str, object]) -> None:
    print(json.dumps(facts), flush=True)


def _run(main: Callable[[], Coroutine[object, None, None]]) -> None:
    """Run to the end; Ctrl-C, where `main` doesn't stop by itself at it, ends quietly."""

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())

    try:
        _or_fail(run)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _or_fail(step: Callable[[], T]) -> T:
    from connector.config import BadConfig
    from connector.errors import ConnectorError

    try:
        return step()
    except BadConfig as error:
        _fail(str(error), BAD_USAGE)
    except ConnectorError as error:
        _fail(str(error), FAILED)


def _fail(message: str, status: int) -> NoReturn:
    from connector.masking import mask_text

    print(f"connector: {mask_text(message)}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    app()
