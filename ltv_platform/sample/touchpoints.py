"""Interactions and conversions of the sample's customers; sessions have their own module.

Consistent with the journeys of attribution.md: users are customers, and most sessions precede the
conversions. No figure of truths.json depends on these rows.
"""

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.customers import CUSTOMER_DIGITS, Customers
from ltv_platform.sample.draws import Draws, Ints, Stream, lookup
from ltv_platform.sample.scope import SECONDS_PER_DAY, Scope
from ltv_platform.sample.spend import ExchangeRates
from ltv_platform.sample.transactions import NUMBER_DIGITS, Transactions

# At most four rows of a kind per customer: weights of 0, 1, 2, 3 and 4 rows, two on average.
_MOST_PER_CUSTOMER = 4
_ROWS_PER_CUSTOMER = lookup((10, 22, 34, 26, 8))
_ID_DIGITS = 9  # 10 * 10 million customers

# Planted by lot: how many of 100 rows are ordinary, repeated and late.
LOTS = lookup((96, 2, 2))
ORDINARY, _REPEATED, _LATE = range(3)

_INTERACTION_TYPES = ("app_open", "email_open", "chat")
_SCORED_FROM = _INTERACTION_TYPES.index("chat")
_INTERACTION_CHANNELS = ("app", None)
_LONGEST_INTERACTION_AGE = 45 * SECONDS_PER_DAY

# As long as a shop's tracking still credits a visit, so that ROAS by channel is near ROAS by
# campaign at D30, before refunds.
_CONVERSIONS_UP_TO = 30 * SECONDS_PER_DAY
_MICROS_PER_CENT = 10_000


def write_interactions(file: TableFile, scope: Scope, people: Customers) -> None:
    """Draw and write the customer_interactions of a batch."""
    owner, slot, draws = slots_of(scope, Stream.INTERACTIONS, people, columns=8)
    moment = people.install[owner] + draws.below(_LONGEST_INTERACTION_AGE)
    kind = draws.below(len(_INTERACTION_TYPES))
    channel = draws.below(len(_INTERACTION_CHANNELS))
    duration = 5 + draws.below(1_800)
    score = 1 + draws.below(5)
    scored = (kind >= _SCORED_FROM) & (draws.below(3) > 0)
    lot = LOTS[draws.below(100)]
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
    happened = moment <= scope.end
    write_happened(
        file, [column.filter(happened) for column in columns], moment[happened], lot[happened]
    )


def write_conversions(
    file: TableFile,
    scope: Scope,
    rates: ExchangeRates,
    people: Customers,
    transactions: Transactions,
) -> None:
    """Write the conversions of a batch: the purchases of the first 30 days, in whole US cents."""
    age = transactions.moment - people.install[transactions.owner]
    converts = (transactions.owner >= 0) & ~transactions.is_refund & (transactions.cents > 0)
    rows = transactions.take(converts & (age >= 0) & (age < _CONVERSIONS_UP_TO))
    micros = rates.micros(rows.cents, rows.currency, scope.day_of(rows.moment))
    columns = [
        csv_files.identifiers("v", rows.number, NUMBER_DIGITS),
        csv_files.identifiers("c", rows.owner_number, CUSTOMER_DIGITS),
        csv_files.dates(rows.moment // SECONDS_PER_DAY),
        csv_files.times(rows.moment % SECONDS_PER_DAY),
        csv_files.decimals((micros + _MICROS_PER_CENT // 2) // _MICROS_PER_CENT, 2),
    ]
    write_happened(file, columns, rows.moment, np.full(len(rows.number), ORDINARY))


def slots_of(
    scope: Scope, stream: Stream, people: Customers, columns: int
) -> tuple[Ints, Ints, Draws]:
    """Return each row's customer index, its slot, and draws with one column used."""
    draws = Draws(
        scope.seed,
        stream,
        int(people.number[0]) * _MOST_PER_CUSTOMER,
        len(people.number) * _MOST_PER_CUSTOMER,
        columns,
    )
    owner = np.repeat(np.arange(len(people.number)), _MOST_PER_CUSTOMER)
    slot = np.tile(np.arange(_MOST_PER_CUSTOMER), len(people.number))
    wanted = _ROWS_PER_CUSTOMER[draws.below(100)[::_MOST_PER_CUSTOMER]]
    exists = slot < wanted[owner]
    draws.keep(exists)
    return owner[exists], slot[exists], draws


def write_happened(
    file: TableFile, columns: list[csv_files.Column], moment: Ints, lot: Ints
) -> None:
    """Write rows within the sample's days, each late or repeated according to its lot."""
    file.write(columns, moment, late=lot == _LATE, repeated=lot == _REPEATED)
