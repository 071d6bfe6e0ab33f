"""`connector serve` and `connector simulate`: they run until they are stopped."""

from typing import Annotated

import typer

from connector.cli.options import ConfigFile, read_settings
from connector.cli.running import announce, run


def serve(
    config: ConfigFile = None,
    exchange: Annotated[
        str | None, typer.Option(help="sim (the embedded exchange), or a ccxt.pro id.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0: any free one.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Off loopback without TLS: something else encrypts.")
    ] = False,
) -> None:
    """Serve the exchange over gRPC until SIGTERM or Ctrl-C.

    Prints one JSON line on stdout when it is ready; logs go to stderr.
    """
    settings = read_settings(
        config,
        {
            "exchange.id": exchange,
            "server.host": host,
            "server.port": port,
            "log.level": log_level,
            "server.insecure": insecure or None,
        },
    )
    from connector.logs import configure_logs
    from connector.until_stopped import serve_until_stopped

    configure_logs(settings.log)
    run(lambda: serve_until_stopped(settings, announce))


def simulate(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 7,
    symbols: Annotated[
        str, typer.Option(help="How many (1 to 500), or names: BTCUSDT,ETHUSDT.")
    ] = "20",
    dialect: Annotated[str, typer.Option(help="Whose protocol: binance or bybit.")] = "binance",
    speed: Annotated[float, typer.Option(help="60: a 1m bar lasts a second.")] = 1.0,
    updates_per_second: Annotated[float, typer.Option(help="Trades per symbol.")] = 5.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="What goes wrong: drop:every=30s. May be repeated."),
    ] = None,
    faults: Annotated[bool, typer.Option("--faults", help="List every fault, and end.")] = False,
) -> None:
    """Run the embedded exchange alone: REST and websockets of a real one's protocol on loopback.

    The protocol is Binance USD-M futures', or Bybit v5's of linear perpetuals.
    """
    if faults:
        from connector.simulator.chaos.registry import listed

        print(listed())
        return
    from connector.config import LogConfig
    from connector.logs import configure_logs
    from connector.until_stopped import simulate_until_stopped

    configure_logs(LogConfig())
    names = int(symbols) if symbols.isdigit() else [s for s in symbols.split(",") if s]
    values: dict[str, object] = {
        "host": host,
        "port": port,
        "dialect": dialect,
        "seed": seed,
        "symbols": names,
        "speed": speed,
        "updates_per_second": updates_per_second,
        "faults": fault or [],
    }
    run(lambda: simulate_until_stopped(values, announce))
