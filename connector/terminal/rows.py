"""Views of a stream: what of it stands on the screen, and the line of one message."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from rich import box
from rich.table import Table
from rich.text import Text

from connector.terminal.words import brief

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

Cell = str | Text
Row = Sequence[Cell]


class View(Protocol[M_contra]):
    """What a screen shows of a stream."""

    def take(self, message: M_contra) -> Row:
        """Note a message, and give its line for who reads a pipe."""
        ...

    def table(self, height: int) -> Table:
        """Give what stands on the screen now, in about so many lines."""
        ...


class Rows(Generic[M]):
    """One row a key, the newest message of each, sorted by key.

    A column named None stands in lines alone; `wide` tables show nine digits of a number.
    """

    def __init__(
        self,
        columns: Sequence[str | None],
        key: Callable[[M], str],
        row: Callable[[M], Row],
        gone: Callable[[M], bool] = lambda _: False,
        wide: bool = False,
    ) -> None:
        self._wide = wide
        self._columns, self._key, self._row, self._gone = columns, key, row, gone
        self._rows: dict[str, Row] = {}

    def take(self, message: M) -> Row:
        """Put the message's row in its key's place; one that is gone leaves the screen."""
        key, row = self._key(message), self._row(message)
        if self._gone(message):
            self._rows.pop(key, None)
        else:
            self._rows[key] = row
        return row

    def table(self, height: int) -> Table:
        """Give the rows that fit."""
        table = wide_table() if self._wide else Table()
        for column in self._columns:
            if column is None:
                continue
            justify = "left" if column == "symbol" else "right"
            table.add_column(column, justify=justify, overflow="fold")
        for key in sorted(self._rows)[: max(1, height)]:
            table.add_row(*self._cells(self._rows[key]))
        return table

    def _cells(self, row: Row) -> Iterable[Text]:
        for name, cell in zip(self._columns, row, strict=True):
            text = as_text(cell)
            if name is not None:
                yield Text(brief(text.plain), text.style) if self._wide else text


def as_text(cell: Cell) -> Text:
    """Take a string as it stands: an id with brackets is no markup."""
    return cell if isinstance(cell, Text) else Text(cell)


def wide_table(*columns: str) -> Table:
    """Give a table without walls, for wide rows: nothing in it is cut, long words are folded."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
