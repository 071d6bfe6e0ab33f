"""Counters of what happens, by bounded labels. Every one is documented by its own text."""

from prometheus_client import Counter, Gauge, Histogram

POISON_FRAMES = Counter(
    "connector_poison_frames_total", "Websocket frames that could not be parsed and were survived."
)
MALFORMED = Counter(
    "connector_malformed_total",
    "Parsed updates without a usable value, by kind.",
    ["kind"],
)
SOCKETS_LOST = Counter(
    "connector_sockets_lost_total", "Exchange websockets that closed or failed while in use."
)
RESUMED = Counter(
    "connector_resumed_total", "Resubscriptions after a transient error, by feed.", ["feed"]
)
COALESCED = Counter(
    "connector_coalesced_total",
    "Updates replaced by a newer one before delivery, by place.",
    ["at"],
)
STAGE_ITEMS = Counter(
    "connector_stage_items_total",
    "Items that a configured stage, or a client's own, dropped, held or coalesced.",
    ["feed", "stage", "what"],
)
GAPS_UNFILLED = Counter(
    "connector_gaps_unfilled_total", "Spans of missed bars that the exchange could not give."
)
UPSTREAMS = Gauge(
    "connector_upstreams", "Shared upstream subscriptions now held, by feed.", ["feed"]
)
LOOP_LAG = Histogram(
    "connector_loop_lag_seconds",
    "How late the event loop ran a timer, looked at ten times a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
REQUESTS = Counter("grpc_requests_total", "Finished gRPC calls.", ["method", "status"])
REQUEST_SECONDS = Histogram(
    "grpc_request_duration_seconds", "Time from a gRPC call's start to its end.", ["method"]
)
