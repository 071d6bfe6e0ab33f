"""The account's streams: one picture of positions, one account, whoever listens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from typing import Never

from reactivex import Observable
from reactivex import operators as ops

from connector import items, wire
from connector.config import FeedsConfig
from connector.exchange.parse_account import Wallets
from connector.feed_logs import log_malformed, log_resumed
from connector.observables import PrivateSources
from connector.operators import (
    Backoff,
    Counts,
    Deafness,
    Pace,
    Positions,
    ask_on_news,
    combine_account,
    heartbeat,
    keep_positions,
    map_to_proto,
    positions_changed,
    resume,
    share_latest,
)
from connector.stages import Pipelines
from connector.trading import Account, Position

TOGETHER = timedelta(milliseconds=100)
"""Balances and positions change in one frame and are asked for at once: so far apart they come."""

ASKED_AGAIN = timedelta(seconds=5)
"""Between two questions that the exchange doesn't answer, at most."""


class AccountFeeds:
    """What is told by frames comes at once, what only an answer knows within a second.

    Profit, margins and health move without a word, so both halves are asked for every so often.
    """

    def __init__(
        self,
        private: PrivateSources,
        config: FeedsConfig,
        backoff: Backoff,
        closing: Observable[object],
        canonical: Callable[[str], str],
        pipelines: Pipelines,
    ) -> None:
        self._private, self._config, self._backoff = private, config, backoff
        self._pipelines = pipelines
        self._asking = replace(backoff, cap=max(backoff.cap, ASKED_AGAIN))
        self._closing, self._canonical = closing, canonical

    @cached_property
    def account(self) -> Observable[wire.AccountMessage]:
        """Share the account: at once, at every change, and repeated when nothing changes.

        The heartbeat stands below `resume`: an account that can't be asked for isn't repeated.
        """
        private, config = self._private, self._config.account
        every = config.refresh_s if private.tells_balances else config.poll_s
        count = Counts("account")
        wallets = count.source(private.balance_news()).pipe(
            resume(self._backoff, log_resumed("account")),
            count.through("ask_on_news", ask_on_news(private.wallets, _as_asked, _pace(every))),
        )

        def combined(wallets: Observable[Wallets]) -> Observable[Account]:
            return combine_account(wallets, self._held, private.complete, TOGETHER)

        return wallets.pipe(
            count.through("combine_account", combined),
            count.through("heartbeat", heartbeat(_one, timedelta(seconds=config.heartbeat_s))),
            resume(self._asking, log_resumed("account")),
            self._pipelines.of("account").operator(items.accounts(private.now_ms), count),
            map_to_proto(self._encode_account, log_malformed),
            ops.take_until(self._closing),
            share_latest(self._config.linger),
        )

    def positions(self, asked: Mapping[str, str]) -> Observable[wire.PositionMessage]:
        """Tell the open positions, then each change; one that closes once, with size 0.

        `asked` is the asker's spelling of one symbol, and ccxt's; empty: all, canonically spelled.
        """
        spelled = {symbol: spelling for spelling, symbol in asked.items()}

        def wanted(held: Positions) -> Positions:
            return tuple(each for each in held if not spelled or each.symbol in spelled)

        def encode(position: Position) -> wire.PositionMessage:
            symbol = position.symbol
            return wire.encode_position(position, spelled.get(symbol) or self._canonical(symbol))

        return self._held.pipe(
            ops.map(wanted),
            positions_changed(),
            self._pipelines.of("positions").operator(
                items.positions(self._private.now_ms), Counts("positions", "given")
            ),
            map_to_proto(encode, log_malformed),
        )

    @cached_property
    def _held(self) -> Observable[Positions]:
        """Share the one picture of all positions, which the account rests on too."""
        private, config = self._private, self._config.positions
        every = config.refresh_s if private.tells_positions else config.poll_s
        count = Counts("positions")
        return count.source(private.positions_told()).pipe(
            resume(self._backoff, log_resumed("positions")),
            count.through(
                "ask_on_news",
                ask_on_news(
                    lambda: private.positions().pipe(
                        resume(self._asking, log_resumed("positions"))
                    ),
                    _laid_over,
                    _pace(every),
                    Deafness(_sizes_differ, private.hang_up_positions),
                ),
            ),
            count.through("keep_positions", keep_positions()),
            ops.take_until(self._closing),
            share_latest(self._config.linger),
        )

    def _encode_account(self, account: Account) -> wire.AccountMessage:
        return wire.encode_account(account, self._canonical)


def _as_asked(answer: Wallets, _: Sequence[Never]) -> Wallets:
    """Take the answer as it is: frames tell nothing to lay over it."""
    return answer


def _pace(every_s: float) -> Pace:
    return Pace(timedelta(seconds=every_s))


def _laid_over(asked: Positions, told: Sequence[Position]) -> Positions:
    """Lay what was told over an answer that may be older; the details of an equal one stay."""
    by_symbol = {each.symbol: each for each in asked}
    for position in told:
        known = by_symbol.get(position.symbol)
        if known is None or Decimal(known.size) != Decimal(position.size):
            by_symbol[position.symbol] = position
    return tuple(by_symbol.values())


def _sizes_differ(one: Positions, other: Positions) -> bool:
    return _sizes(one) != _sizes(other)


def _sizes(positions: Positions) -> dict[str, Decimal]:
    return {each.symbol: Decimal(each.size) for each in positions if Decimal(each.size)}


def _one(_: Account) -> None:
    """Give the one key that there is."""
