"""`connector doctor` and `connector health`: whether all is well, before and while it runs."""

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.options import ConfigFile, read_settings, target_of
from connector.cli.running import FAILED, or_fail, run

Wanted = Annotated[
    list[str] | None, typer.Argument(help="Symbols that must be there, for example BTCUSDT.")
]


def doctor(symbols: Wanted = None, config: ConfigFile = None) -> None:
    """Check config, port, disk, exchange, clock and key; status 1 if anything fails.

    Nothing is changed, and no order is sent. Warnings leave the status 0.
    """
    import os

    from connector.config import LogConfig
    from connector.doctor.examine import STEPS, examine
    from connector.doctor.findings import State, show
    from connector.logs import configure_logs
    from connector.terminal.asking import steps

    configure_logs(LogConfig(level="error"))  # what is wrong is told once, as a finding
    named = os.environ.get("CONFIG_FILE", "").strip()
    file = config or (Path(named) if named else None)
    with steps(STEPS) as began:
        findings = run(lambda: examine(file, symbols or [], began))
    show(findings)
    if any(each.state is State.FAILURE for each in findings):
        raise SystemExit(FAILED)


def health(
    address: Annotated[
        str | None,
        typer.Option("--address", "-a", help="Where it listens; else as the config says."),
    ] = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", min=0.1, max=60, help="Seconds to wait.")
    ] = 3.0,
    config: ConfigFile = None,
) -> None:
    """Ask a running connector whether it serves: status 0 if it does, else 1."""
    from connector.terminal.health import SERVING, asked_health

    if address is None:
        from connector.doctor.here import reachable

        settings = read_settings(config)
        target = or_fail(lambda: reachable(settings))
    else:
        target = target_of(address, None)
    status = run(lambda: asked_health(target, timeout_s))
    print(f"{target.address}: {status}")
    if status != SERVING:
        raise SystemExit(FAILED)
