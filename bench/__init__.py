"""Whole processes on loopback, measured from outside: the exchange, the connector, its clients."""
