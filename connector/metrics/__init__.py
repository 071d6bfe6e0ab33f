"""What is counted and measured, by bounded labels: no client's text, no symbol is one.

What an alert waits for is told as 0 from the start: a counter that is born as 1 has not risen for
Prometheus, so that the first one would wake nobody.

Each series is documented by its own text; docs/metrics.md is made of it (`make metrics`). Gauges
are set when the endpoint is asked (connector/monitoring/looks.py), the rest as it happens.
"""

from prometheus_client import Counter, Gauge, Histogram

from connector.metrics.tally import Spreads, Tallies

FEEDS = ("price", "klines", "funding", "account", "positions", "orders")
"""The values of the label `feed`."""

# calls of clients

REQUESTS = Counter(
    "grpc_requests_total", "Finished gRPC calls, by RPC and by status.", ["method", "status"]
)
REQUEST_SECONDS = Spreads(
    "grpc_request_duration_seconds",
    "From a unary gRPC call's start to its end; streams, which have none, are not in it.",
    ["method"],
    (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
)
ORDERS = Counter(
    "connector_orders_total",
    "Orders that clients asked to place or to cancel, one by one also within batches, by what "
    "came of it: ok, or the error's name; cancel_all counts calls.",
    ["action", "outcome"],
)
for _action in ("place", "cancel", "cancel_all"):
    ORDERS.labels(_action, "outcome_unknown")

# the exchange's side

STREAM_CONNECTED = Gauge(
    "exchange_stream_connected",
    "1 while a websocket to the exchange is open, else 0: also when no client has asked for any.",
    ["exchange"],
)
STREAM_MESSAGES = Tallies(
    "exchange_stream_messages_total",
    "Updates that came from the exchange, by feed, before any stage; in the account's feeds what "
    "frames tell.",
    ["stream_type"],
)
REACHABLE = Gauge(
    "connector_exchange_reachable", "1 while the exchange answers and its markets are known."
)
SOCKETS = Gauge("connector_sockets", "Exchange websockets that are open.")
SOCKETS_LOST = Counter(
    "connector_sockets_lost_total", "Exchange websockets that closed or failed while in use."
)
RECONNECTS = Counter(
    "connector_reconnects_total", "Exchange websockets opened in the place of lost ones."
)
POISON_FRAMES = Counter(
    "connector_poison_frames_total", "Websocket frames that could not be parsed and were survived."
)
MALFORMED = Counter(
    "connector_malformed_total",
    "Updates without a usable value or that can't be encoded, unreadable answers, by kind.",
    ["kind"],
)
for _kind in ("answer", "candle", "encoding", "funding", "order", "position", "price", "ticker"):
    MALFORMED.labels(_kind)
REST_CALLS = Counter(
    "connector_rest_calls_total",
    "Requests to the exchange, by HTTP status; none: no answer came.",
    ["status"],
)
for _status in ("418", "429"):
    REST_CALLS.labels(_status)
REST_SECONDS = Spreads(
    "connector_rest_duration_seconds",
    "From sending a request to the exchange to its answer read.",
    [],
    (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10),
).at()
REST_WEIGHT = Gauge(
    "connector_rest_weight", "Weight of the requests within the exchange's window, as we count it."
)
REST_WEIGHT_LIMIT = Gauge(
    "connector_rest_weight_limit", "Weight that the exchange's window allows."
)

# feeds and their stages

STAGE_ITEMS = Tallies(
    "connector_stage_items_total",
    "What went into each stage of a feed (in), what left it (out), and what it dropped, held, "
    "coalesced; a heartbeat's out exceeds its in by what it repeated. All symbols together.",
    ["feed", "stage", "what"],
)
RESUMED = Counter(
    "connector_resumed_total",
    "Subscriptions tried anew after a transient error, by feed.",
    ["feed"],
)
for _feed in FEEDS:
    RESUMED.labels(_feed)
RENEWED = Counter(
    "connector_renewed_total",
    "Subscriptions of a symbol made anew because it was silent for unusually long, by feed: a "
    "quiet market, or one that the exchange forgot to tell of.",
    ["feed"],
)
GAPS_UNFILLED = Counter(
    "connector_gaps_unfilled_total", "Spans of missed bars that the exchange could not give."
)
UPSTREAMS = Gauge(
    "connector_upstreams", "Shared upstream subscriptions now held, by feed.", ["feed"]
)
NEWEST_AGE = Gauge(
    "connector_newest_age_seconds",
    "Since the newest update of a feed came from the exchange, of whichever symbol; not told "
    "while nobody has subscribed to the feed, nor before its first update.",
    ["feed"],
)

# clients' streams

SUBSCRIBERS = Gauge("connector_subscribers", "Streams being served, by feed.", ["feed"])
BUFFERED = Gauge(
    "connector_buffered_items", "Messages that wait for slow readers, by feed.", ["feed"]
)
WRITTEN = Tallies(
    "connector_written_total", "Messages written to clients' streams, by feed.", ["feed"]
)
READER_COALESCED = Tallies(
    "connector_reader_coalesced_total",
    "Messages that a newer one replaced while they waited for a slow reader, by feed.",
    ["feed"],
)
OVERFLOWS = Counter(
    "connector_overflows_total",
    "Streams that were ended because their reader fell too far behind, by feed.",
    ["feed"],
)
for _feed in FEEDS:
    OVERFLOWS.labels(_feed)
FRAME_TO_WRITE = Spreads(
    "connector_frame_to_write_seconds",
    "From the arrival of a websocket frame to the end of writing its message to a client, by "
    "feed; what a stage held back or repeated, and what was asked for, is not in it.",
    ["feed"],
    (0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)

# the process

LOOP_LAG = Histogram(
    "connector_loop_lag_seconds",
    "How late the event loop ran a timer, looked at ten times a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
LOG_LINES_LOST = Counter(
    "connector_log_lines_lost_total",
    "Log lines, orders' among them, for which stderr had no room since nobody read it.",
)


class Frame:
    """The websocket frame that is being handled: when it arrived (`time.perf_counter`), else 0."""

    __slots__ = ("arrived",)

    def __init__(self) -> None:
        self.arrived = 0.0


FRAME = Frame()
"""One loop handles one frame at a time, all the way to the clients' buffers."""
