"""The examination from one end to the other."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from connector.config import BadConfig, Config
from connector.doctor.findings import Finding, State
from connector.doctor.here import check_clients, check_port, check_state
from connector.doctor.there import There, told
from connector.embedded import embedded_exchange
from connector.errors import ConnectorError
from connector.exchange.examination import Examination
from connector.exchange.session import Session
from connector.plugins import pipelines_of

OF_THE_EXCHANGE = ("symbols", "latency", "clock", "key", "positions")
EVERY_KEY = "examples/connector.toml shows every key"
STEPS = len(OF_THE_EXCHANGE) + 5


async def examine(
    file: Path | None, symbols: Sequence[str], began: Callable[[str], None]
) -> list[Finding]:
    """Check one thing after the other; `began` is told of each.

    A finding that makes later checks pointless leaves them skipped. Nothing is raised for what is
    wrong with the exchange or this machine: it is a finding.
    """
    began("config")
    try:
        config = Config.read(file)
        pipelines_of(config)
    except BadConfig as error:
        return [Finding("config", State.FAILURE, str(error), EVERY_KEY)]
    source = str(file) if file is not None else "environment and defaults"
    findings = [Finding("config", State.OK, f"{source}; exchange.id {config.exchange.id!r}")]
    began("port")
    findings.append(await check_port(config))
    began("clients")
    findings.append(check_clients(config))
    began("state")
    try:
        findings.append(check_state(config))
    except BadConfig as error:
        findings.append(Finding("state", State.FAILURE, str(error), "set state.path to a file"))
    try:
        async with contextlib.AsyncExitStack() as stack:
            return findings + await _at_the_exchange(config, symbols, began, stack)
    except BadConfig as error:
        return [*findings, Finding("exchange", State.FAILURE, str(error), EVERY_KEY), *_skipped()]


async def _at_the_exchange(
    config: Config,
    symbols: Sequence[str],
    began: Callable[[str], None],
    stack: contextlib.AsyncExitStack,
) -> list[Finding]:
    began("exchange")
    urls = None
    if config.exchange.embedded:
        _, config, urls = await embedded_exchange(config, stack)
    session = Session(config.exchange, urls, config.simulator.dialect)
    stack.push_async_callback(session.close)
    try:
        await session.open()
    except ConnectorError as error:
        return [told("exchange", error), *_skipped()]
    kind = f"{session.ccxt.id}, {session.market_type.value}"
    findings = [Finding("exchange", State.OK, f"reached: {kind}")]
    there = There(config, Examination(session), symbols)
    for check, look in there.checks():
        began(check)
        try:
            findings.append(await look())
        except ConnectorError as error:
            findings.append(told(check, error))
    return findings


def _skipped() -> list[Finding]:
    words = "needs the exchange"
    return [Finding(check, State.SKIPPED, words) for check in OF_THE_EXCHANGE]
