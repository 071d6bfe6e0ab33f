"""What a request asks for, checked: clear refusals that say what is allowed."""

from collections.abc import Iterable

from connector.errors import InvalidRequest
from connector.exchange.symbols import Symbols
from connector.stages import Pipeline, Pipelines

MAX_LIMIT = 1500
DEFAULT_LIMIT = 500
MAX_CLIENT_ID = 64
PIPELINE_HEADER = "x-pipeline"
"""Call metadata of a stream: the stages that this client's own is to pass."""


def asked_symbols(symbols: Symbols, spellings: Iterable[str]) -> dict[str, str]:
    """Give the market of each spelling asked for, once each, in their order.

    Errors:  InvalidRequest when none was asked for, UnknownSymbol for the first unknown one.
    """
    asked = {spelling: symbols.resolve(spelling) for spelling in spellings}
    if not asked:
        raise InvalidRequest("symbols is empty; give at least one, for example BTCUSDT")
    return asked


def asked_limit(limit: int) -> int:
    """Give how many rows were asked for; 0 means the default of 500.

    Errors:  InvalidRequest below 0 and above 1500.
    """
    if not 0 <= limit <= MAX_LIMIT:
        raise InvalidRequest(
            f"limit {limit} is out of range; allowed: 1 to {MAX_LIMIT}, 0 for {DEFAULT_LIMIT}"
        )
    return limit or DEFAULT_LIMIT


def asked_client_order_id(text: str) -> str:
    """Give the caller's own order id; empty when it leaves the choice to us.

    Errors:  InvalidRequest beyond 64 characters, and for what can't be printed.
    """
    if len(text) > MAX_CLIENT_ID:
        raise InvalidRequest(
            f"client_order_id has {len(text)} characters; allowed: up to {MAX_CLIENT_ID}"
        )
    if not text.isprintable():
        raise InvalidRequest("client_order_id has characters that can't be printed")
    return text


def asked_pipeline(
    pipelines: Pipelines, feed: str, metadata: Iterable[tuple[str, str | bytes]]
) -> Pipeline | None:
    """Give the stages that a stream's metadata asks for, or None.

    Errors:  BadNotation that points at the place; InvalidRequest when it is given twice, or names
             a stage that isn't a client's to name.
    """
    given = [value for key, value in metadata if key == PIPELINE_HEADER]
    if not given:
        return None
    if len(given) > 1:
        raise InvalidRequest(f"{PIPELINE_HEADER} is given {len(given)} times; allowed: once")
    pipeline = pipelines.written(str(given[0]), feed)
    for step in pipeline.steps:
        if not step.stage.for_clients:
            raise InvalidRequest(f"{step.stage.name} may stand in feeds.{feed}.stages alone")
    return pipeline
