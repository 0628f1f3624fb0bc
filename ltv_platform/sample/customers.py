"""The customers table: who installs, when, through what, and how records are corrected."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.campaigns import (
    CAMPAIGN_IDS,
    COUNTRIES,
    SOURCE_WHEN_PAUSED,
    SOURCES,
)
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.draws import Draws, Ints, Mask, Stream, lookup
from ltv_platform.sample.scope import SECONDS_PER_DAY, Scope

CUSTOMER_DIGITS = 8
# Planted by customer number, so that a thousand customers are sure to include every case.
_REPEATED_EVERY, _REPEATED_AT = 97, 11
_CORRECTED_EVERY, _CORRECTED_AT = 83, 29
_PAUSE_EVERY, _PAUSE_AT = 9, 4

_INSTALLS_PER_WEEKDAY = np.array([10, 10, 10, 11, 12, 14, 13])  # busier at the weekend
_CITIES: tuple[tuple[str | None, ...], ...] = (
    ("New York", "San José", "San José"),
    (None, None, None),
    (None, None, None),
    (None, None, None),
    (None, None, None),
    (None, None, None),
    (None, None, None),
)
_GENDERS = ("female", "male", None)
_SEGMENTS = ("standard", "premium", None)
_PLATFORMS = ("ios", "android", "web")
_YOUNGEST, _OLDEST = 18, 55


@dataclass(frozen=True)
class Customers:
    """A batch of customers in install order; one array element per customer.

    Attributes:
        number: The customer's number, from 0; the id is `c` and eight digits.
        source: Code of SOURCES.
        install: Time of the earliest registration, in seconds (metrics.md section 2).
        country: Code of COUNTRIES at the install or, if missing there, of a later record.
        first_country: The same in the first record, which also decides their currency.
        is_corrected: There is a later record.
    """

    number: Ints
    source: Ints
    install: Ints
    country: Ints
    first_country: Ints
    is_corrected: Mask


def draw_customers(scope: Scope, batch: range) -> Customers:
    """Draw the customers of `batch` (numbers), without writing them."""
    return _drawn(scope, batch)[0]


def write_customers(file: TableFile, scope: Scope, batch: range) -> Customers:
    """Draw the customers of `batch` (numbers) and write their records.

    Some records are written twice (repeated delivery). Some have a second, newer version with a
    later registration, another country and another campaign; its country counts if the first has
    none.
    """
    people, corrected_install, draws = _drawn(scope, batch)
    number, corrected = people.number, people.is_corrected
    new_country = _country_of_correction(people.first_country)
    campaign = np.array([_campaign_code(each.campaign_id) for each in SOURCES])[people.source]
    new_campaign = (campaign + 1) % len(CAMPAIGN_IDS)

    second = np.flatnonzero(corrected)
    rows = np.concatenate([np.arange(len(number)), second])
    is_second = np.arange(len(rows)) >= len(number)
    registration = np.where(is_second, corrected_install[rows], people.install[rows])
    row_country = np.where(is_second, new_country[rows], people.first_country[rows])
    age = _YOUNGEST + draws.below(_OLDEST - _YOUNGEST)
    columns = [
        csv_files.identifiers("c", number[rows], CUSTOMER_DIGITS),
        csv_files.timestamps(registration),
        csv_files.texts(row_country, COUNTRIES),
        csv_files.texts(row_country * 3 + draws.below(3)[rows], _flat(_CITIES)),
        csv_files.integers(age[rows], missing=draws.chance(5)[rows]),
        csv_files.texts(lookup((48, 47, 5))[draws.below(100)][rows], _GENDERS),
        csv_files.texts(people.source[rows], [each.acquisition_source for each in SOURCES]),
        csv_files.texts(lookup((70, 25, 5))[draws.below(100)][rows], _SEGMENTS),
        csv_files.integers(draws.chance(70).astype(np.int64)[rows]),
        csv_files.texts(
            np.where(is_second, new_campaign[rows], campaign[rows]), (*CAMPAIGN_IDS, None)
        ),
        csv_files.texts(draws.below(len(_PLATFORMS))[rows], _PLATFORMS),
        csv_files.timestamps(registration),
    ]
    # For a corrected pair, the newer version comes late for even numbers and the older for odd
    # ones, so that neither the first nor the last row of a key is always right.
    late = corrected[rows] & (is_second == (number[rows] % 2 == 0))
    repeated = (number % _REPEATED_EVERY == _REPEATED_AT) & ~corrected
    file.write(columns, registration, late=late, repeated=repeated[rows])
    return people


def _drawn(scope: Scope, batch: range) -> tuple[Customers, Ints, Draws]:
    """Return the customers, the registration time of corrections, and the remaining draws."""
    number = np.arange(batch.start, batch.stop, dtype=np.int64)
    draws = Draws(scope.seed, Stream.CUSTOMERS, batch.start, len(batch), columns=11)
    day = _install_days(scope, number)
    install = scope.start + day * SECONDS_PER_DAY + draws.below(SECONDS_PER_DAY)
    source = lookup([source.share for source in SOURCES], 1_000)[draws.below(1_000)]
    runs = np.array([(each.days(scope.days).start, each.days(scope.days).stop) for each in SOURCES])
    comes = (day >= runs[source, 0]) & (day < runs[source, 1])
    comes &= ~(np.array([each.installs_pause for each in SOURCES])[source] & _installs_paused(day))
    source = np.where(comes, source, SOURCE_WHEN_PAUSED)
    by_source = np.stack([lookup(each.countries) for each in SOURCES])
    first_country = by_source[source, draws.below(100)]
    # The second version of a corrected record: later, elsewhere, with a campaign that must lose.
    corrected_install = install + (2 + draws.below(4)) * SECONDS_PER_DAY
    corrected = (number % _CORRECTED_EVERY == _CORRECTED_AT) & (corrected_install <= scope.end)
    takes_new = corrected & (first_country == len(COUNTRIES) - 1)
    country = np.where(takes_new, _country_of_correction(first_country), first_country)
    people = Customers(number, source, install, country, first_country, corrected)
    return people, corrected_install, draws


def _country_of_correction(first_country: Ints) -> Ints:
    """Return the country of a newer record: a different one, and never None."""
    return (first_country + 1) % (len(COUNTRIES) - 1)


def _install_days(scope: Scope, number: Ints) -> Ints:
    """Return the install day (0 = first) of each customer number: busier at weekends.

    The first customer installs on the first day, the last one on the last.
    """
    ends = np.cumsum(_INSTALLS_PER_WEEKDAY[scope.weekdays()])
    position = number * (ends[-1] - 1) // max(scope.customers - 1, 1)
    day: Ints = np.searchsorted(ends, position, side="right")
    return day


def _installs_paused(day: Ints) -> Mask:
    """Return the days on which nobody installs through campaigns with `installs_pause`."""
    return np.equal(day % _PAUSE_EVERY, _PAUSE_AT)


def _campaign_code(campaign_id: str | None) -> int:
    """Return the index in CAMPAIGN_IDS; for None, the one after the last."""
    return len(CAMPAIGN_IDS) if campaign_id is None else CAMPAIGN_IDS.index(campaign_id)


def _flat(groups: Sequence[Sequence[str | None]]) -> list[str | None]:
    return [value for group in groups for value in group]
