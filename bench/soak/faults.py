"""Which faults strike, and in what order."""

import random
from collections.abc import Iterator

from connector.simulator.chaos.registry import BY_NAME, FAULTS, POISONS, SPOILT

KINDS = {"poison": POISONS, "garbage": ("page", *SPOILT)}
LAST_S = 4.0
"""How long a fault lasts, if it does: it is over before the next."""


def cards() -> list[str]:
    """List every kind of fault, poison and garbage, as the exchange is asked for it."""
    listed: list[str] = []
    for fault in FAULTS:
        own = {each.name for each in fault.own}
        told = [f"for={LAST_S:g}s"] if fault.lasts else []
        if "refuse" in own:
            told.append(f"refuse={LAST_S:g}s")
        for what in KINDS[fault.name] if "what" in own else ("",):
            options = ",".join([*told, f"what={what}"] if what else told)
            listed.append(f"{fault.name}:{options}" if options else fault.name)
    return listed


def dealt(drawn: random.Random) -> Iterator[str]:
    """Deal each card once before any comes again; which sockets it strikes is drawn."""
    while True:
        listed = cards()
        for card in drawn.sample(listed, len(listed)):
            name = card.partition(":")[0]
            if any(each.name == "sockets" for each in BY_NAME[name].own):
                which = drawn.choice(("all", "public", "private"))
                yield f"{card}{',' if ':' in card else ':'}sockets={which}"
            else:
                yield card
