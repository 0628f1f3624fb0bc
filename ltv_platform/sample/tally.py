"""Exact sums over the batches: installs, payers and revenue by cohort and by bucket.

All money is in millionths of a dollar as int64: ten million customers spend less than 10**16 of
them. `truths.py` turns the sums into figures.
"""

import numpy as np

from ltv_platform.sample.campaigns import (
    COUNTRIES,
    EURO,
    LABEL_OF_SOURCE,
    LABELS,
    ORGANIC,
    UNKNOWN,
)
from ltv_platform.sample.customers import Customers
from ltv_platform.sample.draws import Ints, Mask
from ltv_platform.sample.scope import SECONDS_PER_DAY, Scope
from ltv_platform.sample.spend import ExchangeRates
from ltv_platform.sample.transactions import Transactions

HORIZONS = (1, 3, 7, 14, 30)
LONGEST_HORIZON = 365

BUCKETS = (
    "campaigns",
    "(organic)",
    "(unknown) campaign",
    "(unknown) customer",
    "(before install)",
    "(beyond horizon)",
)
_UNKNOWN_CUSTOMER, _BEFORE_INSTALL, _BEYOND_HORIZON = 3, 4, 5
_BUCKET_OF_LABEL = np.array(
    [{ORGANIC: 1, UNKNOWN: 2}.get(label, 0) for label in LABELS], dtype=np.int64
)


class Tally:
    """Sums by (label, install day), horizon and bucket; labels are those of LABELS.

    Attributes:
        installs: (label, day) -> customers.
        installs_by_country: country code -> customers, by the country of the install.
        gross, refunds: (horizon, label, day) -> millionths of a dollar within the horizon.
        payers: (horizon, label, day) -> customers with a purchase above zero in the horizon.
        bucket_rows, bucket_gross, bucket_refunds: bucket -> rows, millionths of a dollar.
        corrected_customers, corrected_transactions: Records with two versions.
        refund_rows, foreign_rows: Transactions that refund money, or need an exchange rate.
    """

    def __init__(self, scope: Scope, rates: ExchangeRates) -> None:
        """Start empty; revenue will be converted at these rates."""
        self._scope = scope
        self._rates = rates
        cohorts = (len(LABELS), scope.days)
        self.installs = np.zeros(cohorts, dtype=np.int64)
        self.installs_by_country = np.zeros(len(COUNTRIES), dtype=np.int64)
        self.gross = np.zeros((len(HORIZONS), *cohorts), dtype=np.int64)
        self.refunds = np.zeros((len(HORIZONS), *cohorts), dtype=np.int64)
        self.payers = np.zeros((len(HORIZONS), *cohorts), dtype=np.int64)
        self.bucket_rows = np.zeros(len(BUCKETS), dtype=np.int64)
        self.bucket_gross = np.zeros(len(BUCKETS), dtype=np.int64)
        self.bucket_refunds = np.zeros(len(BUCKETS), dtype=np.int64)
        self.corrected_customers = 0
        self.corrected_transactions = 0
        self.refund_rows = 0
        self.foreign_rows = 0

    def add(self, people: Customers, transactions: Transactions) -> None:
        """Add a batch of customers and the newest version of all their transactions."""
        label = np.array(LABEL_OF_SOURCE)[people.source]
        cohort = (label, self._scope.day_of(people.install))
        np.add.at(self.installs, cohort, 1)
        np.add.at(self.installs_by_country, people.country, 1)
        self.corrected_customers += int(people.is_corrected.sum())
        self.corrected_transactions += int(transactions.is_corrected.sum())
        self.refund_rows += int(transactions.is_refund.sum())
        self.foreign_rows += int((transactions.currency >= EURO).sum())

        micros = self._rates.micros(
            transactions.cents, transactions.currency, self._scope.day_of(transactions.moment)
        )
        known = transactions.owner >= 0
        # owner is -1 for unknown customers: `known` masks what is looked up for them.
        age = transactions.moment - people.install[transactions.owner]
        refund = transactions.is_refund
        self._add_to_buckets(label[transactions.owner], known, age, micros, refund)

        purchase = ~refund
        for position, horizon in enumerate(HORIZONS):
            within = known & (age >= 0) & (age < horizon * SECONDS_PER_DAY)
            for sums, rows in (
                (self.gross, np.flatnonzero(within & purchase)),
                (self.refunds, np.flatnonzero(within & refund)),
            ):
                of_cohort = tuple(part[transactions.owner[rows]] for part in cohort)
                np.add.at(sums[position], of_cohort, micros[rows])
            pays = np.zeros(len(people.number), dtype=np.bool_)
            pays[transactions.owner[within & purchase & (transactions.cents > 0)]] = True
            np.add.at(self.payers[position], tuple(part[pays] for part in cohort), 1)

    def _add_to_buckets(
        self, label: Ints, known: Mask, age: Ints, micros: Ints, refund: Mask
    ) -> None:
        """Assign every transaction to exactly one bucket."""
        bucket = np.select(
            [~known, age < 0, age >= LONGEST_HORIZON * SECONDS_PER_DAY],
            [_UNKNOWN_CUSTOMER, _BEFORE_INSTALL, _BEYOND_HORIZON],
            default=_BUCKET_OF_LABEL[label],
        )
        np.add.at(self.bucket_rows, bucket, 1)
        np.add.at(self.bucket_gross, bucket[~refund], micros[~refund])
        np.add.at(self.bucket_refunds, bucket[refund], micros[refund])
