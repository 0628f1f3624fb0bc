"""Interactions, sessions with their costs, and conversions of the sample's customers.

Coherent with the journeys of attribution.md: users are customers, most sessions precede the
conversion, and costs may be missing. No figure of truths.json is made of these rows.
"""

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.campaigns import CAMPAIGN_IDS, LABEL_OF_SOURCE
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.customers import CUSTOMER_DIGITS, Customers
from ltv_platform.sample.draws import Draws, Ints, Mask, Stream, lookup
from ltv_platform.sample.scope import SECONDS_PER_DAY, Scope

# At most four rows of a kind per customer: weights of 0, 1, 2, 3 and 4 of them, two on average.
_MOST_PER_CUSTOMER = 4
_HOW_MANY = lookup((10, 22, 34, 26, 8))
_ID_DIGITS = 9  # 10 * 10 million customers

# Plants by lot: of 100 rows so many are repeated and late.
_LOTS = lookup((96, 2, 2))
_ORDINARY, _REPEATED, _LATE = range(3)

_INTERACTION_TYPES = ("app_open", "email_open", "support_ticket", "chat")
_SCORED_FROM = _INTERACTION_TYPES.index("support_ticket")
_INTERACTION_CHANNELS = ("app", "email", "web", None)
_LONGEST_INTERACTION_AGE = 45 * SECONDS_PER_DAY

_PAID_SEARCH, _PAID_SOCIAL, _ORGANIC_SEARCH, _DIRECT, _EMAIL, _REFERRAL = range(6)
_CHANNELS = (
    "Paid Search",
    "Paid Social",
    "Organic Search",
    "Direct Traffic",
    "Email",
    "Referral",
)
_CHANNELS_OF_PAID = lookup((38, 32, 8, 12, 6, 4))
_CHANNELS_OF_OTHERS = lookup((6, 6, 42, 28, 8, 10))
_CLICK_COST_LIMIT = 12_000  # exclusive, in units of 0.0001
_SESSIONS_BEFORE_INSTALL = 14 * SECONDS_PER_DAY
_SESSIONS_SPAN = 20 * SECONDS_PER_DAY

_CONVERTING_PERCENT = 25
_CONVERSION_WITHIN = 3 * SECONDS_PER_DAY
_REVENUES = (999, 1999, 2999, 4999, 7999)


def write_interactions(file: TableFile, scope: Scope, people: Customers) -> None:
    """Draw and write the customer_interactions of a batch."""
    owner, slot, draws = _slots(scope, Stream.INTERACTIONS, people, columns=8)
    moment = people.install[owner] + draws.below(_LONGEST_INTERACTION_AGE)
    kind = draws.below(len(_INTERACTION_TYPES))
    channel = draws.below(len(_INTERACTION_CHANNELS))
    duration = 5 + draws.below(1_800)
    score = 1 + draws.below(5)
    scored = (kind >= _SCORED_FROM) & (draws.below(3) > 0)
    lot = _LOTS[draws.below(100)]
    number = people.number[owner] * 10 + slot
    columns = [
        csv_files.identifiers("i", number, _ID_DIGITS),
        csv_files.identifiers("c", people.number[owner], CUSTOMER_DIGITS),
        csv_files.timestamps(moment),
        csv_files.texts(kind, _INTERACTION_TYPES),
        csv_files.texts(channel, _INTERACTION_CHANNELS),
        csv_files.integers(duration),
        csv_files.integers(score, missing=~scored),
        csv_files.timestamps(moment),
    ]
    _write(file, columns, moment, lot, moment <= scope.end)


def write_sessions(sources: TableFile, costs: TableFile, scope: Scope, people: Customers) -> None:
    """Draw and write the session_sources and session_costs of a batch.

    Sessions lie from two weeks before the install to a week after it. Organic, direct and e-mail
    sessions have no cost (NULL), and some paid ones lack it too.
    """
    owner, slot, draws = _slots(scope, Stream.SESSIONS, people, columns=9)
    offset = draws.below(_SESSIONS_SPAN) - _SESSIONS_BEFORE_INSTALL
    moment = people.install[owner] + offset
    # Nothing happens before the first day: what would is mirrored into the days after it.
    moment = np.where(moment < scope.start, 2 * scope.start - moment, moment)
    paid = np.array(LABEL_OF_SOURCE)[people.source[owner]] < len(CAMPAIGN_IDS)
    pick = draws.below(100)
    channel = np.where(paid, _CHANNELS_OF_PAID[pick], _CHANNELS_OF_OTHERS[pick])
    holder = draws.chance(60)
    closer = draws.chance(40)
    impression = draws.chance(10)
    cost = 100 + draws.below(_CLICK_COST_LIMIT)
    unpaid = (channel != _PAID_SEARCH) & (channel != _PAID_SOCIAL) & (channel != _REFERRAL)
    no_cost = unpaid | draws.chance(5)
    lot = _LOTS[draws.below(100)]
    happened = moment <= scope.end
    ids = csv_files.identifiers("s", people.number[owner] * 10 + slot, _ID_DIGITS)
    _write(
        sources,
        [
            ids,
            csv_files.identifiers("c", people.number[owner], CUSTOMER_DIGITS),
            csv_files.texts(channel, _CHANNELS),
            csv_files.dates(moment // SECONDS_PER_DAY),
            csv_files.times(moment % SECONDS_PER_DAY),
            csv_files.integers(holder.astype(np.int64)),
            csv_files.integers(closer.astype(np.int64)),
            csv_files.integers(impression.astype(np.int64)),
        ],
        moment,
        lot,
        happened,
    )
    _write(
        costs,
        [ids, csv_files.decimals(cost, 4, missing=no_cost)],
        moment,
        np.full(len(lot), _ORDINARY),
        happened,
    )


def write_conversions(file: TableFile, scope: Scope, people: Customers) -> None:
    """Draw and write the conversions of a batch: at most one per customer, soon after install."""
    draws = Draws(
        scope.seed, Stream.CONVERSIONS, int(people.number[0]), len(people.number), columns=3
    )
    converts = draws.chance(_CONVERTING_PERCENT)
    moment = people.install + draws.below(_CONVERSION_WITHIN)
    columns = [
        csv_files.identifiers("v", people.number, CUSTOMER_DIGITS),
        csv_files.identifiers("c", people.number, CUSTOMER_DIGITS),
        csv_files.dates(moment // SECONDS_PER_DAY),
        csv_files.times(moment % SECONDS_PER_DAY),
        csv_files.decimals(np.array(_REVENUES)[draws.below(len(_REVENUES))], 2),
    ]
    lot = np.full(len(moment), _ORDINARY)
    _write(file, columns, moment, lot, converts & (moment <= scope.end))


def _slots(
    scope: Scope, stream: Stream, people: Customers, columns: int
) -> tuple[Ints, Ints, Draws]:
    """Return for each row its customer's position, its slot, and draws with one column used."""
    draws = Draws(
        scope.seed,
        stream,
        int(people.number[0]) * _MOST_PER_CUSTOMER,
        len(people.number) * _MOST_PER_CUSTOMER,
        columns,
    )
    owner = np.repeat(np.arange(len(people.number)), _MOST_PER_CUSTOMER)
    slot = np.tile(np.arange(_MOST_PER_CUSTOMER), len(people.number))
    wanted = _HOW_MANY[draws.below(100)[::_MOST_PER_CUSTOMER]]
    there = slot < wanted[owner]
    draws.keep(there)
    return owner[there], slot[there], draws


def _write(
    file: TableFile, columns: list[csv_files.Column], moment: Ints, lot: Ints, happened: Mask
) -> None:
    """Write the rows that happened within the sample's days."""
    file.write(
        [column.filter(happened) for column in columns],
        moment[happened],
        late=lot[happened] == _LATE,
        repeated=lot[happened] == _REPEATED,
    )
