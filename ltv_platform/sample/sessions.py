"""Sessions of the sample's customers, and the cost of paid ones.

session_costs reports the money of campaign_costs again: what the campaigns of a channel spent in
four weeks is spread evenly over the paid sessions of the channel in these weeks, to the last
millionth. So both tables have the same sum per channel. The cost of a session is known only when
all are counted, so they are drawn twice: to be counted, and to be written.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.campaigns import (
    CAMPAIGNS,
    CHANNEL_OF_CAMPAIGN,
    CHANNEL_OF_SOURCE,
    CHANNEL_WHEN_PAUSED,
    CHANNELS,
    PAID_CHANNELS,
    SOURCES,
)
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.customers import CUSTOMER_DIGITS, Customers
from ltv_platform.sample.draws import Ints, Mask, Stream, lookup
from ltv_platform.sample.scope import SECONDS_PER_DAY, Scope
from ltv_platform.sample.spend import Spend
from ltv_platform.sample.touchpoints import LOTS, ORDINARY, slots_of, write_happened

_ID_DIGITS = 9  # 10 * 10 million customers
_BEFORE_INSTALL = 14 * SECONDS_PER_DAY
_SPAN = 20 * SECONDS_PER_DAY
_MISSING_COST_PERCENT = 5
# Shorter spans of a small sample may have no paid session; longer ones would blur daily costs.
_DAYS_PER_SPAN = 28
_COST_DECIMALS = 6


@dataclass(frozen=True)
class Sessions:
    """Sessions of a batch of customers within the sample's days; one element per row.

    Attributes:
        owner: Index in the batch of customers.
        number: Digits of the id.
        moment: When, in seconds.
        channel: Code of CHANNELS.
        holder, closer, impression: The flags of session_sources.
        is_priced: Its cost is known: it is paid, and not one of the few whose cost is missing.
        lot: Whether the row is ordinary, repeated or late in the file.
    """

    owner: Ints
    number: Ints
    moment: Ints
    channel: Ints
    holder: Mask
    closer: Mask
    impression: Mask
    is_priced: Mask
    lot: Ints


class SessionPrices:
    """The cost of each paid session, in millionths of a dollar.

    The money of a span without paid sessions moves to the next span that has one or, after the
    last, back to the last one. A channel without any, as in a sample of few customers, costs
    nothing.
    """

    def __init__(self, scope: Scope, spend: Spend, batches: Iterable[Sessions]) -> None:
        """Count the paid sessions of all batches, and divide their channels' spend."""
        self._scope = scope
        spans = -(-scope.days // _DAYS_PER_SPAN)
        self._sessions = np.zeros((len(CHANNELS), spans), dtype=np.int64)
        for sessions in batches:
            np.add.at(self._sessions, self._group(sessions), 1)
        self._money = np.zeros_like(self._sessions)
        span_of_day = np.arange(scope.days) // _DAYS_PER_SPAN
        for campaign, channel in enumerate(CHANNEL_OF_CAMPAIGN):
            np.add.at(self._money[channel], span_of_day, spend.micros[campaign])
        for money, sessions_of in zip(self._money, self._sessions, strict=True):
            _move_to_spans_with_sessions(money, sessions_of)
        self._given = np.zeros_like(self._sessions)

    def next(self, sessions: Sessions) -> Ints:
        """Return the cost of each session of the next batch; 0 if it is unknown."""
        group = np.ravel_multi_index(self._group(sessions), self._sessions.shape)
        order = np.argsort(group, kind="stable")
        ordered = group[order]
        rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        rank += self._given.ravel()[ordered]
        np.add.at(self._given.ravel(), ordered, 1)
        each, rest = np.divmod(self._money.ravel()[ordered], self._sessions.ravel()[ordered])
        costs = np.zeros(len(sessions.number), dtype=np.int64)
        costs[np.flatnonzero(sessions.is_priced)[order]] = each + (rank < rest)
        return costs

    def _group(self, sessions: Sessions) -> tuple[Ints, Ints]:
        """Return channel and span of the priced sessions."""
        priced = sessions.is_priced
        day = self._scope.day_of(sessions.moment[priced])
        return sessions.channel[priced], day // _DAYS_PER_SPAN


def _move_to_spans_with_sessions(money: Ints, sessions: Ints) -> None:
    """Move the money of spans without sessions to other spans, in place."""
    spans = np.flatnonzero(sessions)
    if len(spans) == 0:
        return
    target = spans[np.minimum(np.searchsorted(spans, np.arange(len(money))), len(spans) - 1)]
    moved = np.zeros_like(money)
    np.add.at(moved, target, money)
    money[:] = moved


def draw_sessions(scope: Scope, people: Customers) -> Sessions:
    """Draw the sessions of a batch, from two weeks before the install to a week after it.

    A customer's first session leads to the install: it comes before it, on their source's channel.
    """
    owner, slot, draws = slots_of(scope, Stream.SESSIONS, people, columns=8)
    source = people.source[owner]
    is_first = slot == 0
    offset = draws.below(np.where(is_first, _BEFORE_INSTALL, _SPAN)) - _BEFORE_INSTALL
    moment = people.install[owner] + offset
    # Nothing happens before the first day: earlier times are mirrored into the days after it.
    moment = np.where(moment < scope.start, 2 * scope.start - moment, moment)
    by_source = np.stack([lookup(each.sessions) for each in SOURCES])
    drawn = by_source[source, draws.below(100)]
    channel = np.where(is_first, np.array(CHANNEL_OF_SOURCE)[source], drawn)
    day = scope.day_of(np.minimum(moment, scope.end))
    channel = np.where(_runs(scope)[channel, day], channel, CHANNEL_WHEN_PAUSED)
    holder = draws.chance(60)
    closer = draws.chance(40)
    impression = draws.chance(10)
    is_paid = np.array(PAID_CHANNELS)[channel]
    is_priced = is_paid & ~draws.chance(_MISSING_COST_PERCENT)
    lot = LOTS[draws.below(100)]
    kept = moment <= scope.end
    number = people.number[owner] * 10 + slot
    return Sessions(
        owner=owner[kept],
        number=number[kept],
        moment=moment[kept],
        channel=channel[kept],
        holder=holder[kept],
        closer=closer[kept],
        impression=impression[kept],
        is_priced=is_priced[kept],
        lot=lot[kept],
    )


def _runs(scope: Scope) -> Mask:
    """Return whether a channel has visits on a day: paid ones only while money is spent."""
    runs = np.zeros((len(CHANNELS), scope.days), dtype=np.bool_)
    runs[~np.array(PAID_CHANNELS)] = True
    for campaign, channel in zip(CAMPAIGNS, CHANNEL_OF_CAMPAIGN, strict=True):
        runs[channel, list(campaign.days(scope.days))] = True
    return runs


def write_sessions(
    sources: TableFile,
    costs: TableFile,
    people: Customers,
    sessions: Sessions,
    prices: SessionPrices,
) -> None:
    """Write the session_sources and session_costs of a batch, in the order of the customers."""
    ids = csv_files.identifiers("s", sessions.number, _ID_DIGITS)
    customers = people.number[sessions.owner]
    write_happened(
        sources,
        [
            ids,
            csv_files.identifiers("c", customers, CUSTOMER_DIGITS),
            csv_files.texts(sessions.channel, CHANNELS),
            csv_files.dates(sessions.moment // SECONDS_PER_DAY),
            csv_files.times(sessions.moment % SECONDS_PER_DAY),
            csv_files.integers(sessions.holder.astype(np.int64)),
            csv_files.integers(sessions.closer.astype(np.int64)),
            csv_files.integers(sessions.impression.astype(np.int64)),
        ],
        sessions.moment,
        sessions.lot,
    )
    cost = csv_files.decimals(prices.next(sessions), _COST_DECIMALS, missing=~sessions.is_priced)
    ordinary = np.full(len(sessions.number), ORDINARY)
    write_happened(costs, [ids, cost], sessions.moment, ordinary)
