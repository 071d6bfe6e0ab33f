"""Every fault there is: its name, its parameters, what it does. `strikes.py` has how.

A fault is asked for in text: `name` or `name:parameter=value,parameter=value`.
"""

import msgspec

from connector.simulator.chaos.values import (
    Parameter,
    Values,
    code_of,
    one_of,
    requests,
    seconds,
    share,
    signed_seconds,
    sockets,
    symbols,
    whole,
)

AFTER = Parameter("after", "until it strikes first; else at once, or after `every`", seconds)
EVERY = Parameter("every", "from one strike to the next; without it, it strikes once", seconds)
TIMES = Parameter("times", "how often it strikes, with `every`", whole(1, 1_000_000))
TIME = (AFTER, EVERY, TIMES)
FOR = Parameter("for", "how long it lasts; without it, until it is ended", seconds)
_WHICH = Parameter("sockets", "all, public, private, or so many, drawn at random", sockets, "all")
_REFUSE = Parameter("refuse", "afterwards new websockets are refused for so long", seconds)
_REQUESTS = Parameter("requests", "all, reads, orders, or a path", requests, "all")
_COUNT = Parameter("count", "over after so many requests", whole(1, 1_000_000))
_WHEN = Parameter(
    "when", "before: not executed; after: executed", one_of("before", "after"), "before"
)
_REST = (_REQUESTS, _WHEN, _COUNT)
_PLACES = one_of("behind", "instead")
POISONS = ("cut", "missing", "types", "empty", "binary", "big")
SPOILT = ("cut", "missing", "types")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong."""

    name: str
    kind: str
    """sockets, frames, requests or exchange."""
    does: str
    own: tuple[Parameter, ...] = ()
    lasts: bool = True
    """Whether it takes `for`."""
    not_in: tuple[str, ...] = ()
    """Dialects in which there is no such thing."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its own, then those of time."""
        return (*self.own, *((FOR,) if self.lasts else ()), *TIME)


class Plan(msgspec.Struct, frozen=True):
    """A fault as it was asked for."""

    fault: Fault
    values: Values
    text: str


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="drop",
        kind="sockets",
        does="Websockets are reset without a close frame (what clients call 1006).",
        own=(_WHICH, _REFUSE),
        lasts=False,
    ),
    Fault(
        name="close",
        kind="sockets",
        does="Websockets are closed with a close frame of a code.",
        own=(
            Parameter("code", "1000, 1001, 1008 or 1012", code_of(1000, 1001, 1008, 1012), "1001"),
            _WHICH,
            _REFUSE,
        ),
        lasts=False,
    ),
    Fault(
        name="refuse",
        kind="sockets",
        does="New websockets are cut before they open; open ones stay, REST goes on.",
    ),
    Fault(
        name="stall",
        kind="sockets",
        does="Websockets stay open and are silent, pings answered; what was due comes when it"
        " ends.",
        own=(_WHICH,),
    ),
    Fault(
        name="mute",
        kind="sockets",
        does="Websockets stay open and are silent, pings answered; what was due is lost.",
        own=(_WHICH,),
    ),
    Fault(
        name="half_open",
        kind="sockets",
        does="Nothing gets through on the websockets that are open, in neither direction, no pong"
        " either; new ones work. When it ends they are reset.",
        own=(_WHICH,),
    ),
    Fault(
        name="forget",
        kind="sockets",
        does="Websockets' subscriptions to symbols are forgotten without a word; they stay open,"
        " and all else goes on.",
        own=(Parameter("symbols", "all, or names with + between", symbols, "all"), _WHICH),
        lasts=False,
    ),
    Fault(
        name="listen_key",
        kind="sockets",
        does="The listen key expires: its websockets hear so, then nothing more.",
        lasts=False,
        not_in=("bybit",),
    ),
    Fault(
        name="poison",
        kind="frames",
        does="Behind the next frame of each websocket, or in its stead, comes a broken copy of it:"
        " cut JSON, missing fields, wrong types, an empty frame, a binary one, one of 5 MB.",
        own=(
            Parameter("what", "cut, missing, types, empty, binary or big", one_of(*POISONS), "cut"),
            Parameter("frames", "so many on each websocket", whole(1, 10_000), "1"),
            Parameter("place", "behind or instead: what it told is lost", _PLACES, "behind"),
            _WHICH,
        ),
        lasts=False,
    ),
    Fault(
        name="burst",
        kind="frames",
        does="Frames are gathered and come in one piece.",
        own=(Parameter("gather", "over so long", seconds, "1s"), _WHICH),
    ),
    Fault(
        name="flood",
        kind="frames",
        does="Every instrument trades so often in one instant, with all frames of it.",
        own=(Parameter("trades", "of each instrument", whole(1, 100_000), "100"),),
        lasts=False,
    ),
    Fault(
        name="duplicate",
        kind="frames",
        does="Frames come twice.",
        own=(Parameter("share", "part of the frames, 0 to 1", share, "1"), _WHICH),
    ),
    Fault(
        name="reorder",
        kind="frames",
        does="Frames are overtaken by those after them.",
        own=(
            Parameter("share", "part of the frames, 0 to 1", share, "0.2"),
            Parameter("by", "how much later they come", seconds, "100ms"),
            _WHICH,
        ),
    ),
    Fault(
        name="late",
        kind="frames",
        does="Every frame comes late, in its order.",
        own=(Parameter("by", "how much later", seconds, "500ms"), _WHICH),
    ),
    Fault(
        name="status",
        kind="requests",
        does="Requests are answered with an HTTP status, in the exchange's own words.",
        own=(
            Parameter(
                "code",
                "418, 429, 500, 502, 503 or 504",
                code_of(418, 429, 500, 502, 503, 504),
                "503",
            ),
            Parameter("retry_after", "in the header, whole seconds; else no header", seconds),
            *_REST,
        ),
    ),
    Fault(
        name="cut",
        kind="requests",
        does="Requests are cut without an answer.",
        own=_REST,
    ),
    Fault(
        name="half_answer",
        kind="requests",
        does="Requests are executed, and their answers cut in the middle.",
        own=(_REQUESTS, _COUNT),
    ),
    Fault(
        name="garbage",
        kind="requests",
        does="Requests are executed, and answered with status 200 and a web page, or with the"
        " answer's JSON broken.",
        own=(
            Parameter("what", "page, cut, missing or types", one_of("page", *SPOILT), "page"),
            _REQUESTS,
            _COUNT,
        ),
    ),
    Fault(
        name="hang",
        kind="requests",
        does="Requests get no answer; when it ends they are cut.",
        own=_REST,
    ),
    Fault(
        name="astray",
        kind="requests",
        does="Requests are cut without an answer, and arrive after all, later: then they are"
        " executed, or refused if the time they are good for is over.",
        own=(Parameter("by", "how much later", seconds, "1s"), _REQUESTS, _COUNT),
    ),
    Fault(
        name="slow",
        kind="requests",
        does="Requests are executed, and answered late.",
        own=(Parameter("by", "how much later", seconds, "1s"), _REQUESTS, _COUNT),
    ),
    Fault(
        name="skew",
        kind="exchange",
        does="The exchange's clock, as it is told and as requests are checked by it, is wrong.",
        own=(Parameter("by", "ahead of ours; negative: behind", signed_seconds, "3s"),),
    ),
    Fault(
        name="lists_late",
        kind="exchange",
        does="Orders placed from now on are in no list of open orders; all else knows them.",
    ),
    Fault(
        name="maintenance",
        kind="exchange",
        does="Websockets are closed with 1001, and everything is answered with 503.",
    ),
    Fault(
        name="down",
        kind="exchange",
        does="Websockets are reset, and every connection is cut before it is answered.",
    ),
)
"""In the order in which they are listed."""

BY_NAME = {fault.name: fault for fault in FAULTS}


def planned(text: str, dialect: str) -> Plan:
    """Read a fault as it is asked for.

    Shapes:  `drop:every=30s`, `status:code=429,retry_after=2s,for=3s`; usual values are filled in.
    Errors:  ValueError that says what is allowed.
    """
    name, _, rest = text.strip().partition(":")
    fault = BY_NAME.get(name)
    if fault is None:
        raise ValueError(f"fault {name!r} is unknown; there are {', '.join(BY_NAME)}")
    if dialect in fault.not_in:
        raise ValueError(f"fault {name}: there is no such thing in the dialect {dialect}")
    known = {each.name: each for each in fault.parameters}
    values: Values = {each.name: each.read(each.usual) for each in known.values() if each.usual}
    given: set[str] = set()
    for pair in rest.split(",") if rest else ():
        key, equals, value = pair.strip().partition("=")
        if key not in known or not equals or key in given:
            allowed = ", ".join(f"{each}=…" for each in known)
            raise ValueError(f"fault {name}: {pair!r} is not one of {allowed}, each once")
        given.add(key)
        try:
            values[key] = known[key].read(value)
        except ValueError as error:
            raise ValueError(f"fault {name}: {key} must be {error}") from None
    _check_times(name, values)
    return Plan(fault, values, text.strip())


def _check_times(name: str, values: Values) -> None:
    every, lasting = values.get("every"), values.get("for", values.get("refuse"))
    if "times" in values and every is None:
        raise ValueError(f"fault {name}: times needs every")
    if every is not None and lasting is not None and float(lasting) >= float(every):
        raise ValueError(f"fault {name}: it must last shorter than every")


def listed() -> str:
    """Tell every fault, for a reader."""
    lines: list[str] = []
    for fault in FAULTS:
        lines += [fault.name, f"  {fault.does}"]
        if fault.not_in:
            lines.append(f"  Not in the dialect {', '.join(fault.not_in)}.")
        lines += [_line(each) for each in (*fault.own, *((FOR,) if fault.lasts else ()))]
        lines.append("")
    lines += ["Each takes also", *map(_line, TIME), ""]
    lines.append("For example: --fault drop:every=30s --fault status:code=429,for=3s")
    return "\n".join(lines)


def _line(parameter: Parameter) -> str:
    usual = f" [{parameter.usual}]" if parameter.usual else ""
    return f"    {parameter.name:<12} {parameter.says}{usual}"


def as_markdown() -> str:
    """Tell every fault as docs/chaos.md does."""
    lines = ["| fault | what happens | parameters |", "|---|---|---|"]
    for fault in FAULTS:
        own = "; ".join(
            f"`{each.name}` {each.says}" + (f" (`{each.usual}`)" if each.usual else "")
            for each in fault.own
        )
        absent = f" Not in the dialect {', '.join(fault.not_in)}." if fault.not_in else ""
        lasts = "`for`" if fault.lasts else ""
        lines.append(
            f"| `{fault.name}` | {fault.does}{absent} | {'; '.join(filter(None, (own, lasts)))} |"
        )
    return "\n".join(lines) + "\n"
