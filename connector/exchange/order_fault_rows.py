"""Rows of what an exchange says of an order, by its own codes and words, and what is ours of it.

Each exchange's rows stand in its `Way` and name the pages that they come from.
"""

from typing import NamedTuple

from connector.errors import ConnectorError, OutcomeUnknown


class Lost(OutcomeUnknown):
    """It was sent, or may have been, and no answer tells what became of it: to be looked up."""


class Row(NamedTuple):
    """Of a table: what the exchange says → ours. The first row that matches wins.

    `codes` are separated by spaces, `*` and `?` as in file names, `none` where ccxt has thrown the
    code away; empty matches any. `says` is a regex that is looked for in the words, whatever their
    case.
    """

    ours: type[ConnectorError]
    codes: str = ""
    says: str = ""


ANYWHERE = (
    Row(Lost, "", r"status (is )?unknown|time[ds]?[ -]?out|internal (server )?error|server error"),
)
"""After an exchange's own rows: words of an answer that tells nothing, wherever they are said."""
