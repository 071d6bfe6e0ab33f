"""Reading the endpoint as Prometheus does."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Scrape:
    """What one GET /metrics told."""

    samples: Samples
    names: frozenset[str]
    """Of the families, as the parser tells them: a counter without `_total`."""

    def of(self, name: str, **labels: str) -> float:
        """Give a sample; 0 where it isn't told yet."""
        return self.samples.get((name, frozenset(labels.items())), 0)

    def all_of(self, name: str) -> dict[str, float]:
        """Give the samples of a name with one label, by that label's value."""
        return {
            next(iter(labels))[1]: value
            for (each, labels), value in self.samples.items()
            if each == name and len(labels) == 1
        }


async def get(port: int, path: str) -> tuple[int, str]:
    """Give status and text."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def scrape(port: int) -> Scrape:
    """Ask for the metrics, and read them with prometheus-client's own parser."""
    status, text = await get(port, "/metrics")
    assert status == 200
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        },
        frozenset(family.name for family in families),
    )
