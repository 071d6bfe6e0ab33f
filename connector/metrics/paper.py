"""`python -m connector.metrics.paper`: docs/metrics.md, made of the registry's own texts."""

from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.core import Metric

from connector import metrics

HEAD = """# Metrics

Written by `make metrics` from the texts in `connector/metrics/__init__.py`. Served at
`http://127.0.0.1:9464/metrics` (`[metrics]` in `examples/connector.toml`), beside `/healthz`, which
answers 200 while the process lives, and `/readyz`, 200 while the exchange answers and its markets
are known, else 503. Labels are bounded: feeds, stages, RPCs, statuses; never a symbol or what a
client wrote. A histogram has `_bucket`, `_sum` and `_count` behind its name.

| series | type | labels | what it tells |
|---|---|---|---|
"""

Described = tuple[str, str, tuple[str, ...], str]
"""Name as it is queried, type, labels, text."""


def described() -> list[Described]:
    """Give every series of the registry; a histogram by its name without `_bucket`."""
    labels = _labels()
    return sorted(
        (_queried(family), family.type, labels.get(family.name, ()), family.documentation)
        for family in REGISTRY.collect()
    )


def paper() -> str:
    """Give docs/metrics.md."""
    return HEAD + "".join(
        f"| `{name}` | {kind} | {', '.join(labels) or '–'} | {text} |\n"
        for name, kind, labels, text in described()
    )


def _queried(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {  # the library's own
        "python_info": ("version", "implementation"),
        "python_gc_collections": ("generation",),
        "python_gc_objects_collected": ("generation",),
        "python_gc_objects_uncollectable": ("generation",),
    }
    series: Iterable[object] = vars(metrics).values()
    for each in series:
        if isinstance(each, metrics.Tallies | metrics.Spreads):
            found[each.name.removesuffix("_total")] = each.label_names
        elif isinstance(each, metrics.Counter | metrics.Gauge | metrics.Histogram):
            names: tuple[str, ...] = each._labelnames  # pyright: ignore
            found[next(iter(each.describe())).name] = names
    return found


if __name__ == "__main__":
    print(paper(), end="")
