"""What is traded, in which units, and how its numbers are written."""

from decimal import Decimal

import msgspec

from connector.simulator.market.digits import IntText, fixed_text, whole_count


class Terms(msgspec.Struct, frozen=True):
    """An instrument's terms as text; the number of digits is the number the exchange sends."""

    asset: str
    quote: str
    price: str
    tick: str
    step: str
    min_notional: str
    position: int
    """Its place in the catalogue: spreads the instruments' trades over time."""

    @property
    def name(self) -> str:
        """`BTCUSDT`."""
        return self.asset + self.quote


class Instrument:
    """A perpetual contract; inside, prices are whole ticks and quantities whole steps."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.name = terms.name
        self.stream_name = terms.name.lower()
        self.asset = terms.asset
        self.quote = terms.quote
        self.price_decimals = _decimals(terms.tick)
        self.quantity_decimals = _decimals(terms.step)
        self.tick_units = int(Decimal(terms.tick).scaleb(self.price_decimals))
        step_units = int(Decimal(terms.step).scaleb(self.quantity_decimals))
        self.start_price = whole_count(terms.price, terms.tick, "start price")
        self.price_text: IntText = fixed_text(self.tick_units, self.price_decimals)
        self.quantity_text: IntText = fixed_text(step_units, self.quantity_decimals)
        self.turnover_text: IntText = fixed_text(
            self.tick_units * step_units, self.price_decimals + self.quantity_decimals
        )
        self.mark_decimals = max(8, self.price_decimals)
        self.mark_text: IntText = fixed_text(1, self.mark_decimals)
        self.mark_units = self.tick_units * 10 ** (self.mark_decimals - self.price_decimals)
        """Mark units (10^-mark_decimals) in a tick."""
        self.money_in_lot = self.tick_units * step_units
        self.money_in_lot *= 10 ** (8 - self.price_decimals - self.quantity_decimals)
        """Money (10^-8 of the quote asset) in a tick times a step; whole for every instrument."""
        self.least_notional = whole_count(terms.min_notional, "0.00000001", "least notional")
        """In money."""
        self._step_units = step_units
        self._marks_in_money = 10 ** (self.mark_decimals - 8 + self.quantity_decimals)
        trade_value = Decimal(800)
        self.usual_steps = max(
            2, int(trade_value / (Decimal(terms.price) * Decimal(terms.step)).normalize())
        )
        """Steps in a usual trade, worth about 800 of the quote asset."""
        self.most_steps = self.usual_steps * 5_000
        """The largest order, in steps."""
        self.dearest_price = self.start_price * 40
        """The highest price that is accepted, in ticks."""
        self.least_price = max(1, self.start_price // 20)
        self.greatest_price = self.start_price * 20

    def value_at_mark(self, mark: int, steps: int) -> int:
        """Give what signed steps are worth at a mark price, in money, to the nearest unit."""
        doubled = 2 * mark * steps * self._step_units + self._marks_in_money
        return doubled // (2 * self._marks_in_money)

    def ticks(self, price: str) -> int:
        """Read a price; ValueError unless it is a multiple of the tick, up to the highest."""
        ticks = whole_count(price, self.terms.tick, f"price of {self.name}")
        if ticks > self.dearest_price:
            most = self.price_text(self.dearest_price)
            raise ValueError(f"price of {self.name} must be at most {most}, got {price!r}")
        return ticks

    def steps(self, quantity: str) -> int:
        """Read a quantity; ValueError unless it is a multiple of the step, up to the largest."""
        steps = whole_count(quantity, self.terms.step, f"quantity of {self.name}")
        if steps > self.most_steps:
            most = self.quantity_text(self.most_steps)
            raise ValueError(f"quantity of {self.name} must be at most {most}, got {quantity!r}")
        return steps


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])
