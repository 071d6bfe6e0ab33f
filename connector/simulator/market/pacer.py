"""Which instrument trades when: an exact rate that never drifts."""


class Pacer:
    """Spread trades evenly: each instrument once a cycle, at its own place in it.

    Guarantee:  the n-th trade's instant is computed from n alone, so that lateness is caught up
                and rounding never adds up. An instrument's place depends on its position in the
                catalogue only (multiples of the golden ratio, which lie apart for any count).
    Units:      microseconds of exchange time.
    """

    def __init__(self, positions: list[int], cycle_us: float) -> None:
        places = sorted(
            ((position + 1) * 0.6180339887498949 % 1.0, n) for n, position in enumerate(positions)
        )
        self._places = [place for place, _ in places]
        self._order = [n for _, n in places]
        self._cycle_us = cycle_us
        self._anchor_us = 0
        self._cycle = 0
        self._step = 0
        self.next_us = 0
        """Instant of the next trade."""

    def begin(self, at_us: int) -> None:
        """Begin a first cycle here; what was due before is forgotten."""
        self._anchor_us = at_us
        self._cycle = self._step = 0
        self._plan()

    def take(self) -> int:
        """Give the place (in the list of instruments) of the next trade, and go on."""
        taken = self._order[self._step]
        self._step += 1
        if self._step == len(self._order):
            self._cycle, self._step = self._cycle + 1, 0
        self._plan()
        return taken

    def _plan(self) -> None:
        passed = (self._cycle + self._places[self._step]) * self._cycle_us
        self.next_us = self._anchor_us + int(passed)
