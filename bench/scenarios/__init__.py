"""All scenarios, in the order in which they are run."""

from bench.run import Scenario
from bench.scenarios import closes, cycles, default, every, fanout, floor, start, trading, unary

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (floor, every, default, closes, fanout, cycles, unary, trading, start)
}
