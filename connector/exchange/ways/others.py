"""Exchanges of which we know what client ids they take; the rest goes by the generic rule."""

from connector.exchange.client_ids import ClientIdRule
from connector.exchange.ways.way import Way

# "letters, numbers, and _, 1-40 characters" (ccxt bingx.py); BingX lowers their case.
BINGX = Way(client_ids=ClientIdRule(40, "a-z0-9_"))

# cloid: "128 bit hex string, e.g. 0x1234567890abcdef1234567890abcdef", Hyperliquid.
HYPERLIQUID = Way(client_ids=ClientIdRule(34, "0-9a-f", prefix="0x", min_length=34))

# cl_ord_id: a UUID, or "free text" of up to 18 characters, Kraken "cl_ord_id" guide.
KRAKEN = Way(client_ids=ClientIdRule(18, r"A-Za-z0-9_\-"))

# newClientOrderId: `^[a-zA-Z0-9_-]{1,32}$`, MEXC spot v3; externalOid of its contracts: 32.
MEXC = Way(client_ids=ClientIdRule(32, r"a-zA-Z0-9_\-"))
