"""ccxt, and nothing but ccxt."""

from connector.exchange.on_demand import import_on_demand

import_on_demand()
