"""Where exchanges differ in what they do with an order, whatever words they have for it."""

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange's ways; the defaults are the strict ones of an order book that answers."""

    client_ids_for_good: bool = False
    """Whether a client id is used up by its first order; else it is free when that has ended."""
    takes_before_it_looks: bool = False
    """Whether an order that may not rest or can't be filled as asked is taken, and ended at once;
    else it is refused."""
