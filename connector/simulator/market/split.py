"""Cut a bar of the past into the shorter bars that it is made of."""

from itertools import accumulate, pairwise
from random import Random

from connector.simulator.market.bar import Bar
from connector.simulator.market.interval import MINUTE_MS

LEAST_TRADES_PER_MINUTE = 4
"""Open, high, low and close can then be trades of their own in every bar of the past."""


def split_bar(parent: Bar, lengths_ms: list[int], draw: Random) -> list[Bar]:
    """Cut a bar into consecutive bars of the given lengths, at least one.

    Guarantee:  their aggregation is the parent, in every field; each child opens at the close of
                the one before; the same seed gives the same children.
    """
    total = sum(lengths_ms)
    ends = [0, *accumulate(lengths_ms)]
    path = _bridge(parent, ends, total, draw)
    weights = [length * (0.4 + 1.2 * draw.random()) for length in lengths_ms]
    counts = _shares(
        parent.count,
        weights,
        least=[LEAST_TRADES_PER_MINUTE * length // MINUTE_MS for length in lengths_ms],
    )
    volumes = _shares(parent.volume, weights, least=counts)
    children = [
        _child(parent, ends[place], path[place : place + 2], draw)
        for place in range(len(lengths_ms))
    ]
    max(children, key=lambda child: child.high).high = parent.high
    min(children, key=lambda child: child.low).low = parent.low
    for child, count, volume in zip(children, counts, volumes, strict=True):
        child.count = count
        child.volume = volume
    _share_turnover(parent, children)
    _share_bought(parent, children)
    return children


def _bridge(parent: Bar, ends: list[int], total: int, draw: Random) -> list[int]:
    """Walk from the open to the close within high and low, one point at each end."""
    spread = (parent.high - parent.low) * 0.35
    wandered = [0.0]
    for before, after in pairwise(ends):
        wandered.append(wandered[-1] + draw.gauss(0, 1) * ((after - before) / total) ** 0.5)
    drift = wandered[-1]
    path = [
        min(
            max(
                round(
                    parent.open
                    + (parent.close - parent.open) * end / total
                    + (point - drift * end / total) * spread
                ),
                parent.low,
            ),
            parent.high,
        )
        for end, point in zip(ends, wandered, strict=True)
    ]
    path[0], path[-1] = parent.open, parent.close
    return path


def _child(parent: Bar, offset_ms: int, ends: list[int], draw: Random) -> Bar:
    opened, closed = ends
    reach = (abs(closed - opened) + (parent.high - parent.low) // 12 + 1) * 0.7
    high = min(max(opened, closed) + int(draw.random() * reach), parent.high)
    low = max(min(opened, closed) - int(draw.random() * reach), parent.low)
    return Bar(parent.opening_ms + offset_ms, opened, high, low, closed)


def _shares(amount: int, weights: list[float], least: list[int]) -> list[int]:
    """Share a whole amount out by weight, each getting at least its least."""
    spare = amount - sum(least)
    total = sum(weights)
    marks = [int(spare * weight / total) for weight in accumulate(weights)]
    marks[-1] = spare
    return [
        lowest + mark - before
        for lowest, mark, before in zip(least, marks, [0, *marks], strict=False)
    ]


def _share_turnover(parent: Bar, children: list[Bar]) -> None:
    """Give each child a turnover between its low and its high; the sum is the parent's.

    Where that leaves too little room, children reach further, never beyond the parent.
    """
    for child in children:
        child.turnover = child.volume * (child.open + child.high + child.low + child.close) // 4
    missing = parent.turnover - sum(child.turnover for child in children)
    rooms = [
        (child.high if missing > 0 else child.low) * child.volume - child.turnover
        for child in children
    ]
    room = sum(rooms)
    if abs(room) > abs(missing):
        for child, own in zip(children, rooms, strict=True):
            moved = own * missing // room
            child.turnover += moved
    missing = parent.turnover - sum(child.turnover for child in children)
    for child in children:
        if missing == 0:
            return
        farthest = (parent.high if missing > 0 else parent.low) * child.volume
        moved = farthest - child.turnover
        moved = min(missing, moved) if missing > 0 else max(missing, moved)
        child.turnover += moved
        missing -= moved
        child.high = max(child.high, -(-child.turnover // child.volume))
        child.low = min(child.low, child.turnover // child.volume)


def _share_bought(parent: Bar, children: list[Bar]) -> None:
    """Share out what takers bought in proportion to volume and turnover."""
    volume = turnover = bought = bought_turnover = 0
    for child in children:
        volume += child.volume
        turnover += child.turnover
        child.bought = parent.bought * volume // parent.volume - bought
        child.bought_turnover = parent.bought_turnover * turnover // parent.turnover
        child.bought_turnover -= bought_turnover
        bought += child.bought
        bought_turnover += child.bought_turnover
