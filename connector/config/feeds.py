"""How each stream is shaped before it is shared."""

from datetime import timedelta

from pydantic import Field

from connector.config.section import Section
from connector.domain import PriceSource


class _Feed(Section):
    stages: str | list[dict[str, object]] = Field(
        default_factory=list[dict[str, object]],
        description="what its items pass, in order: see docs/pipelines.md",
    )


class PriceFeed(_Feed):
    """The price stream."""

    max_per_second: float = Field(
        default=20, ge=0, le=1000, description="per symbol; 0: every update"
    )
    source: PriceSource = Field(
        default=PriceSource.TICKER, description="ticker | bidask | trades | mark"
    )
    heartbeat_s: float = Field(default=10, gt=0, le=3600, description="a quiet symbol is repeated")


class KlinesFeed(_Feed):
    """The kline stream."""

    grace_ms: int = Field(
        default=2000, ge=100, le=60_000, description="after a bar's end until it is asked for"
    )


class FundingFeed(_Feed):
    """The funding stream."""

    heartbeat_s: float = Field(default=3, gt=0, le=3600, description="a quiet symbol is repeated")
    poll_s: float = Field(default=5, gt=0, le=3600, description="where the exchange has no stream")


class OrdersFeed(_Feed):
    """The order stream."""

    silence_s: float = Field(
        default=60, gt=0, le=3600, description="without news, until open orders are asked for"
    )


class PositionsFeed(_Feed):
    """The position stream."""

    refresh_s: float = Field(
        default=10, gt=0, le=3600, description="asked at least so often, for profit and margins"
    )
    poll_s: float = Field(default=5, gt=0, le=3600, description="where the exchange has no stream")


class AccountFeed(PositionsFeed):
    """The account stream."""

    heartbeat_s: float = Field(default=10, gt=0, le=3600, description="a quiet account is repeated")


class FeedsConfig(Section):
    """How each stream is shaped before it is shared."""

    price: PriceFeed = Field(default_factory=PriceFeed)
    klines: KlinesFeed = Field(default_factory=KlinesFeed)
    funding: FundingFeed = Field(default_factory=FundingFeed)
    orders: OrdersFeed = Field(default_factory=OrdersFeed)
    positions: PositionsFeed = Field(default_factory=PositionsFeed)
    account: AccountFeed = Field(default_factory=AccountFeed)
    linger_s: float = Field(
        default=5, ge=0, le=30, description="an upstream is kept this long after its last client"
    )
    stale_s: float = Field(
        default=10,
        ge=0.1,
        le=600,
        description="prices, klines and funding of a symbol that are silent for so long, and for "
        "five times their median gap, are subscribed anew",
    )

    @property
    def stages(self) -> dict[str, str | list[dict[str, object]]]:
        """What each feed's items pass, as it is written."""
        return {
            "price": self.price.stages,
            "klines": self.klines.stages,
            "funding": self.funding.stages,
            "account": self.account.stages,
            "positions": self.positions.stages,
            "orders": self.orders.stages,
        }

    @property
    def linger(self) -> timedelta:
        """How long an upstream subscription outlives its last client."""
        return timedelta(seconds=self.linger_s)

    @property
    def stale(self) -> timedelta:
        """Silence that may mean that the exchange forgot a subscription."""
        return timedelta(seconds=self.stale_s)
