"""Lists that exchanges give a page at a time, asked for to their end: whole, or an error."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.errors import Malformed, Unsupported
from connector.exchange.parse_fields import Raw, instant

MOST_PAGES = 50
"""Of one list; what is longer is an error, never a part."""

Parameters = Mapping[str, Any]
Ask = Callable[[Parameters], Awaitable[Sequence[Raw]]]
"""Parameters of ccxt's call → one page of ccxt's structures."""
Follow = Callable[[Sequence[Raw], int], Parameters | None]
"""(a page's rows, how many pages were asked for) → what asks for the next; None: there is none."""


@dataclass(frozen=True)
class Pages:
    """How one exchange's list is asked for.

    A page is followed by the next one when it is full: when it has `size` rows, of all symbols or
    of one.
    """

    size: int | None = None
    """Rows in a page at most; None: the list comes whole, or `follow` alone tells its end."""
    limit: int | None = None
    """ccxt's `limit`, by which it also cuts what it gives."""
    asked: Parameters = field(default_factory=dict[str, Any])
    """The exchange's own parameters of every page."""
    follow: Follow | None = None
    """None: nobody knows how to ask for more."""
    since: Callable[[int], Parameters] | None = None
    """UTC ms → parameters of a beginning, instead of ccxt's `since`, which makes ccxt leave out
    rows so that a full page doesn't look full."""
    of_order: Callable[[str], Parameters] | None = None
    """The exchange's id of an order → parameters that ask for its own rows; None: it has none."""
    numbered: bool = False
    """Whether pages are counted off: what ends meanwhile makes others skip a page, so that such a
    list is read until two readings agree."""


WHOLE = Pages()


async def every_row(ask: Ask, pages: Pages, first: Parameters, what: str) -> list[Raw]:
    """Ask for every row of a list.

    Errors:  Unsupported when it doesn't end within MOST_PAGES, goes on in a way that nobody knows,
             or never reads twice the same; those of `ask`.
    """
    rows, asked = await _reading(ask, pages, first, what)
    if not pages.numbered or asked == 1:
        return rows
    for _ in range(_READINGS):
        again, _ = await _reading(ask, pages, first, what)
        if _ids(again) == _ids(rows):
            return again
        rows = again
    raise Unsupported(f"{what}: the list changes faster than it can be read")


_READINGS = 3


async def _reading(ask: Ask, pages: Pages, first: Parameters, what: str) -> tuple[list[Raw], int]:
    found: list[Raw] = []
    known: set[Any] = set()
    first = {**pages.asked, **first}
    parameters: Parameters = first
    for asked in range(1, MOST_PAGES + 1):
        rows = await ask(parameters)
        new = [row for row in rows if row.get("id") is None or row.get("id") not in known]
        known |= {row.get("id") for row in new}
        found += new
        if not rows or (pages.size is not None and not _is_full(rows, pages.size)):
            return found, asked
        if pages.follow is None:
            if pages.size is None:
                return found, asked
            raise Unsupported(f"{what}: more than {pages.size}, and how to ask on isn't known")
        following = pages.follow(rows, asked)
        if following is None:
            return found, asked
        if not new:
            raise Unsupported(f"{what}: the same page is answered again")
        parameters = {**first, **following}
    raise Unsupported(f"{what}: more than {MOST_PAGES} pages")


def _is_full(rows: Sequence[Raw], size: int) -> bool:
    of_one = Counter(str(row.get("symbol")) for row in rows)
    return len(rows) >= size or max(of_one.values(), default=0) >= size


def _ids(rows: Sequence[Raw]) -> set[Any]:
    return {row.get("id") for row in rows}


def by_cursor(told: str, sent: str) -> Follow:
    """Go on from a cursor that the exchange puts beside its rows and ccxt into one of them."""

    def follow(rows: Sequence[Raw], _: int) -> Parameters | None:
        infos = (row.get("info") for row in rows)
        cursors = (info.get(told) for info in infos if isinstance(info, Mapping))
        cursor = next((each for each in cursors if each), None)
        return None if cursor is None else {sent: cursor}

    return follow


def older_than(sent: str, id_key: str | None = None) -> Follow:
    """Go on below the smallest id: `id_key` names it in the exchange's own row, None is ccxt's."""

    def follow(rows: Sequence[Raw], _: int) -> Parameters:
        ids = [str(row.get("id") if id_key is None else row["info"].get(id_key)) for row in rows]
        if not all(each.isascii() and each.isdigit() for each in ids):
            raise Malformed("an id by which a list goes on is no number")
        return {sent: min(ids, key=int)}

    return follow


def from_the_newest(sent: str) -> Follow:
    """Go on from the newest instant, where a page's rows are the oldest since a beginning."""

    def follow(rows: Sequence[Raw], _: int) -> Parameters | None:
        newest = max((instant(row.get("timestamp")) or 0 for row in rows), default=0)
        return {sent: newest} if newest else None

    return follow


def by_number(sent: str) -> Follow:
    """Go on with the page of the next number, the first being 1."""
    return lambda _, asked: {sent: asked + 1}


def by_offset(sent: str) -> Follow:
    """Go on after all rows that full pages have held."""
    return lambda rows, asked: {sent: asked * len(rows)}
