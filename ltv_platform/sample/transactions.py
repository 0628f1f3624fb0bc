"""The transactions table: purchases, refunds, corrections, and rows that belong to no cohort."""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.campaigns import (
    CURRENCIES,
    CURRENCY_OF_COUNTRY,
    EXPLICIT_BASE,
    GAPS,
    SOURCES,
)
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.customers import CUSTOMER_DIGITS, Customers
from ltv_platform.sample.draws import Draws, Ints, Mask, Stream, lookup
from ltv_platform.sample.scope import SECONDS_PER_DAY, SECONDS_PER_HOUR, Scope

# A transaction's number is 36 * customer + slot: purchases use the slots below MOST_PURCHASES.
_SLOTS_PER_CUSTOMER = 36
MOST_PURCHASES = 32
_SLOT_OF_UNKNOWN, _SLOT_BEFORE_INSTALL = 34, 35
NUMBER_DIGITS = 9  # 36 * 10 million customers
_LETTER_OF_PURCHASE, _LETTER_OF_REFUND, _LETTER_OF_STRAY = map(ord, "trs")

# Planted by customer number, so that a thousand customers are sure to include every case.
_BOUNDARY_EVERY = 37  # exactly at install, in the last second of D7, in the first second after it
_BOUNDARY_AGES = np.array([0, 7 * SECONDS_PER_DAY - 1, 7 * SECONDS_PER_DAY])
_SURE_EVERY, _SURE_CORRECTION_AT, _SURE_REFUND_AT = 50, 3, 28
_SURE_SLOW_REFUND = 8 * SECONDS_PER_DAY  # after D7 even in a sample of two weeks
_BEFORE_EVERY, _BEFORE_AT = 200, 77
_UNKNOWN_EVERY, _UNKNOWN_AT = 250, 125
_UNKNOWN_OWNERS_FROM = 90_000_000  # above every real customer number
# Planted by lot: how many of 100 purchases are ordinary, repeated, corrected and late.
_LOTS = lookup((94, 2, 2, 2))
_ORDINARY, _REPEATED, _CORRECTED, _LATE = range(4)
# A waiting time with mean 1,000, in equally likely twentieths: −ln(1 − u) at their midpoints.
_EXPONENTIAL = (
    *(25, 78, 134, 192, 255, 322, 393, 470, 553, 644),
    *(744, 856, 981, 1_124, 1_291, 1_492, 1_743, 2_079, 2_590, 3_689),
)
_LATE_AFTER = 5 * SECONDS_PER_DAY
# A correction moves a purchase by one to three days and is known four days after the true time, so
# it is newer than both.
_LONGEST_SHIFT = 3
_CORRECTED_AFTER = 4 * SECONDS_PER_DAY
_LONGEST_BEFORE_INSTALL = 5 * SECONDS_PER_DAY
_OVERCHARGED_CENTS = 100
_FREE_ONE_IN = 64
_REFUNDED_ONE_IN = 12
_LONGEST_PROMPT_REFUND = 3 * SECONDS_PER_DAY
_LONGEST_SLOW_REFUND = 24 * SECONDS_PER_DAY

_CATEGORIES = ("coins", "subscription", "season_pass", "free_trial")
_FREE_TRIAL = _CATEGORIES.index("free_trial")
_TYPES = ("purchase", "refund", "chargeback")
_PAYMENT_METHODS = ("card", "app_store")


@dataclass(frozen=True)
class Transactions:
    """The newest versions of a batch's transactions; one element per row.

    Attributes:
        letter: Code point of the first letter of the id.
        number: Digits of the id.
        owner: Index in the batch of customers; -1 if no such customer exists.
        owner_number: Digits of customer_id.
        moment: transaction_date in seconds.
        cents: Amount in cents of the currency; never negative.
        currency: Code of CURRENCIES.
        kind: Code of the transaction type; 0 is a purchase, all others refund money.
        category: Code of the product category.
        payment: Code of the payment method.
        updated: updated_at in seconds.
        lot: Whether the row is ordinary, repeated, corrected or late in the file.
    """

    letter: Ints
    number: Ints
    owner: Ints
    owner_number: Ints
    moment: Ints
    cents: Ints
    currency: Ints
    kind: Ints
    category: Ints
    payment: Ints
    updated: Ints
    lot: Ints

    @property
    def is_refund(self) -> Mask:
        """Whether the amount is refunded to the customer."""
        refund: Mask = self.kind > 0
        return refund

    @property
    def is_corrected(self) -> Mask:
        """Whether the file also has an older version of the row."""
        corrected: Mask = self.lot == _CORRECTED
        return corrected

    def take(self, rows: Ints | Mask) -> Self:
        """Return the rows at these positions, or where the mask is True."""
        return replace(self, **{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def joined(self, *others: Self) -> Self:
        """Return these rows followed by the rows of the others."""
        return replace(
            self,
            **{
                each.name: np.concatenate([getattr(part, each.name) for part in (self, *others)])
                for each in fields(self)
            },
        )


def write_transactions(file: TableFile, scope: Scope, people: Customers) -> Transactions:
    """Draw and write all transactions of a batch of customers.

    Returns:
        The newest version of every transaction, on which the figures are based. Older versions
        and repeated rows are only in the file.
    """
    purchases, refunds = _purchases_and_refunds(scope, people)
    current = purchases.joined(refunds, *_strays(scope, people))
    older = _older_versions(scope, current)
    rows = current.joined(older)
    is_older = np.arange(len(rows.number)) >= len(current.number)
    # For a corrected pair, the older version comes late for half of the customers and the newer for
    # the others, so that neither the first nor the last row of a key is always right.
    older_is_late = rows.owner_number // 2 % 2 == 0
    late = (rows.lot == _LATE) | ((rows.lot == _CORRECTED) & (is_older == older_is_late))
    file.write(_columns(rows), rows.moment, late=late, repeated=rows.lot == _REPEATED)
    return current


def _purchases_and_refunds(scope: Scope, people: Customers) -> tuple[Transactions, Transactions]:
    """Return the purchases of known customers, and the refunds of some of them."""
    owner, slot, age, draws = _purchase_slots(scope, people)
    source = people.source[owner]
    customer = people.number[owner]
    boundary = (slot == 0) & _on_a_boundary(customer)
    sure = (slot == 0) & ~boundary
    sure_correction = sure & (customer % _SURE_EVERY == _SURE_CORRECTION_AT)
    sure_refund = sure & (customer % _SURE_EVERY == _SURE_REFUND_AT)
    planted = boundary | sure_correction | sure_refund

    age = np.where(planted, age % SECONDS_PER_DAY, age)
    which_boundary = customer // _BOUNDARY_EVERY % len(_BOUNDARY_AGES)
    age = np.where(boundary, _BOUNDARY_AGES[which_boundary], age)
    moment = people.install[owner] + age

    prices = np.array([each.prices for each in SOURCES])
    free = (draws.below(_FREE_ONE_IN) == 0) & ~planted
    cents = np.where(free, 0, prices[source, draws.below(prices.shape[1])])
    number = customer * _SLOTS_PER_CUSTOMER + slot
    currency = np.array(CURRENCY_OF_COUNTRY)[people.first_country[owner]]
    in_the_us = people.first_country[owner] == 0
    currency = np.where(in_the_us & (number % 3 == 0), EXPLICIT_BASE, currency)

    # One sure refund in four is prompt and whole, one prompt and partial, and so on.
    which_refund = customer // _SURE_EVERY % 4
    by_chance = (draws.below(_REFUNDED_ONE_IN) == 0) & (cents > 0)
    refunded = (by_chance & ~sure_correction) | sure_refund
    prompt = np.where(sure_refund, which_refund // 2 == 0, draws.chance(50))
    slow = _LONGEST_PROMPT_REFUND + draws.below(_LONGEST_SLOW_REFUND - _LONGEST_PROMPT_REFUND)
    delay = np.where(
        prompt,
        SECONDS_PER_HOUR + draws.below(_LONGEST_PROMPT_REFUND),
        np.where(sure_refund, _SURE_SLOW_REFUND, slow),
    )
    whole = np.where(sure_refund, which_refund % 2 == 0, draws.chance(50))
    kind_of_refund = 1 + (draws.below(8) == 0)
    lot = np.where(sure_correction, _CORRECTED, _LOTS[draws.below(100)])
    too_young = moment + _LATE_AFTER > scope.end
    lot = np.where((lot == _LATE) & too_young, _ORDINARY, lot)
    # A correction that moves a purchase past its own refund would be a second fault.
    lot = np.where((lot == _CORRECTED) & (refunded | boundary | too_young), _ORDINARY, lot)

    purchases = Transactions(
        letter=np.full(len(owner), _LETTER_OF_PURCHASE),
        number=number,
        owner=owner,
        owner_number=customer,
        moment=moment,
        cents=cents,
        currency=currency,
        kind=np.zeros(len(owner), dtype=np.int64),
        category=np.where(free, _FREE_TRIAL, draws.below(_FREE_TRIAL)),
        payment=draws.below(len(_PAYMENT_METHODS)),
        updated=np.where(lot == _CORRECTED, moment + _CORRECTED_AFTER, moment),
        lot=lot,
    )
    refunds = replace(
        purchases,
        letter=np.full(len(owner), _LETTER_OF_REFUND),
        moment=moment + delay,
        updated=moment + delay,
        cents=np.where(whole, cents, cents // 3),
        kind=kind_of_refund,
        lot=np.full(len(owner), _ORDINARY),
    )
    return (
        purchases.take(moment <= scope.end),
        refunds.take(refunded & (moment + delay <= scope.end)),
    )


def _purchase_slots(scope: Scope, people: Customers) -> tuple[Ints, Ints, Ints, Draws]:
    """Return each purchase's customer index, its slot, its age, and its draws."""
    shape = (len(people.number), MOST_PURCHASES)
    draws = Draws(
        scope.seed,
        Stream.PURCHASES,
        int(people.number[0]) * MOST_PURCHASES,
        len(people.number) * MOST_PURCHASES,
        columns=17,
    )
    # Values drawn once per customer are those of slot 0.
    paces = [each.pace for each in SOURCES]
    payers = np.array([each.payers for each in SOURCES])[people.source]
    pays = (draws.below(100).reshape(shape)[:, 0] < payers) | _on_a_boundary(people.number)
    for position in (_SURE_CORRECTION_AT, _SURE_REFUND_AT):
        pays |= people.number % _SURE_EVERY == position
    leaves = np.array([pace.leave for pace in paces])
    leave = leaves[people.source, draws.below(leaves.shape[1]).reshape(shape)[:, 0]]
    left = draws.below(100).reshape(shape) < leave[:, np.newaxis]
    bought = pays[:, np.newaxis] & (np.cumsum(left, axis=1) - left == 0)

    first = np.array([pace.first_days for pace in paces])[people.source] * SECONDS_PER_DAY
    mean_gap = np.array([pace.gap_hours for pace in paces])[people.source] * SECONDS_PER_HOUR
    mean_gap = mean_gap * np.array(GAPS)[draws.below(len(GAPS)).reshape(shape)[:, 0]] // 4
    drawn = np.array(_EXPONENTIAL)[draws.below(len(_EXPONENTIAL)).reshape(shape)]
    age = mean_gap[:, np.newaxis] * drawn // 1_000
    age[:, 0] = draws.below(first.repeat(MOST_PURCHASES)).reshape(shape)[:, 0]
    age = np.cumsum(age, axis=1)

    kept = bought.ravel()
    draws.keep(kept)
    owner, slot = np.nonzero(bought)
    return owner, slot, age.ravel()[kept], draws


def _on_a_boundary(number: Ints) -> Mask:
    return np.equal(number % _BOUNDARY_EVERY, 0)


def _strays(scope: Scope, people: Customers) -> tuple[Transactions, Transactions]:
    """Return purchases of unknown customers, and purchases before the install."""
    draws = Draws(
        scope.seed, Stream.STRAY_TRANSACTIONS, int(people.number[0]), len(people.number), columns=4
    )
    prices = np.array(SOURCES[0].prices)
    any_time = scope.start + draws.below(scope.days) * SECONDS_PER_DAY
    any_time += draws.below(SECONDS_PER_DAY)
    before = people.install - 1 - draws.below(_LONGEST_BEFORE_INSTALL)
    position = np.arange(len(people.number))
    zeros = np.zeros(len(position), dtype=np.int64)
    template = Transactions(
        letter=np.full(len(position), _LETTER_OF_STRAY),
        number=people.number * _SLOTS_PER_CUSTOMER + _SLOT_OF_UNKNOWN,
        owner=np.full(len(position), -1),
        owner_number=_UNKNOWN_OWNERS_FROM + people.number,
        moment=any_time,
        cents=prices[draws.below(len(prices))],
        currency=zeros,
        kind=zeros,
        category=zeros,
        payment=zeros,
        updated=any_time,
        lot=np.full(len(position), _ORDINARY),
    )
    of_known = replace(
        template,
        number=people.number * _SLOTS_PER_CUSTOMER + _SLOT_BEFORE_INSTALL,
        owner=position,
        owner_number=people.number,
        moment=before,
        updated=before,
    )
    return (
        template.take(people.number % _UNKNOWN_EVERY == _UNKNOWN_AT),
        # Nothing happens before the first day, or the platform's start rule could apply.
        of_known.take((people.number % _BEFORE_EVERY == _BEFORE_AT) & (before >= scope.start)),
    )


def _older_versions(scope: Scope, current: Transactions) -> Transactions:
    """Return the superseded version of each corrected row: another day and a higher amount."""
    corrected = current.take(current.is_corrected)
    shift = (1 + corrected.number % _LONGEST_SHIFT) * SECONDS_PER_DAY
    earlier = corrected.moment - shift
    moment = np.where(earlier >= scope.start, earlier, corrected.moment + shift)
    return replace(
        corrected, moment=moment, updated=moment, cents=corrected.cents + _OVERCHARGED_CENTS
    )


def _columns(rows: Transactions) -> list[csv_files.Column]:
    """Return the columns of the file."""
    return [
        csv_files.identifiers(rows.letter, rows.number, NUMBER_DIGITS),
        csv_files.identifiers("c", rows.owner_number, CUSTOMER_DIGITS),
        csv_files.timestamps(rows.moment),
        csv_files.decimals(rows.cents, 2),
        csv_files.integers(rows.is_refund.astype(np.int64)),
        csv_files.identifiers("o", rows.number, NUMBER_DIGITS),
        csv_files.texts(rows.category, _CATEGORIES),
        csv_files.texts(rows.kind, _TYPES),
        csv_files.texts(rows.payment, _PAYMENT_METHODS),
        csv_files.texts(rows.currency, CURRENCIES),
        csv_files.timestamps(rows.updated),
    ]
