"""What is known before any customer is drawn: exchange rates, campaign spend, campaign names."""

import csv
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

import numpy as np

from ltv_platform.sample import csv_files
from ltv_platform.sample.campaigns import (
    CAMPAIGN_IDS,
    CAMPAIGNS,
    COUNTRIES,
    CURRENCIES,
    EURO,
    POUND,
    SpendPlan,
)
from ltv_platform.sample.csv_files import TableFile
from ltv_platform.sample.draws import Draws, Ints, Stream
from ltv_platform.sample.scope import MONDAY_TO_FRIDAY, Scope

RATE_DECIMALS = 8
ONE_TO_ONE = 10**RATE_DECIMALS
_FIRST_RATE = {EURO: 108_000_000, POUND: 127_000_000}
_DAILY_MOVE = 300_000  # at most 0.003 up or down
# Sterling is quoted to only four decimals: files mix precisions.
_STEP = {EURO: 1, POUND: 10_000}
_HOLIDAYS = ("01-01", "12-25", "12-26")

_LEAST_PERCENT_OF_PLAN, _PERCENT_RANGE = 80, 41
_CENTS_PER_THOUSAND_IMPRESSIONS = (900, 700, 500)
_IMPRESSIONS_PER_CLICK = 55


@dataclass(frozen=True)
class ExchangeRates:
    """US dollars per unit of each of CURRENCIES, in units of 10**-8.

    Attributes:
        applicable: (currency, day) -> the latest rate quoted up to that day.
    """

    applicable: Ints

    def micros(self, cents: Ints, currency: Ints, day: Ints) -> Ints:
        """Convert to millionths of a dollar, each row rounded half away from zero."""
        # cents * 10**4 are micro-units of the currency; rates are in 10**-8. Amounts are >= 0.
        return (2 * cents * self.applicable[currency, day] + 10_000) // 20_000


@dataclass(frozen=True)
class Spend:
    """Campaign spend as planned, before anybody installs.

    Attributes:
        micros: (campaign, day) -> millionths of a dollar, over all lines.
    """

    micros: Ints


def write_exchange_rates(file: TableFile, scope: Scope) -> ExchangeRates:
    """Draw a random walk per currency, and write a row for each day with a quote.

    These are weekdays except holidays, and always the first day, so every day of the sample has a
    rate at most five days old.
    """
    day = np.arange(scope.days, dtype=np.int64)
    holiday = np.array(
        [
            (scope.first_day + timedelta(days=int(each))).strftime("%m-%d") in _HOLIDAYS
            for each in day
        ]
    )
    quoted = ((scope.weekdays() < MONDAY_TO_FRIDAY) & ~holiday) | (day == 0)
    newest_quote = np.maximum.accumulate(np.where(quoted, day, 0))
    draws = Draws(scope.seed, Stream.EXCHANGE_RATES, 0, scope.days, columns=len(_FIRST_RATE))
    applicable = np.full((len(CURRENCIES), scope.days), ONE_TO_ONE, dtype=np.int64)
    for currency, first_rate in _FIRST_RATE.items():
        walk = first_rate + np.cumsum(draws.below(2 * _DAILY_MOVE + 1) - _DAILY_MOVE)
        rate = walk // _STEP[currency] * _STEP[currency]
        applicable[currency] = rate[newest_quote]
        rows = np.flatnonzero(quoted)
        decimals = RATE_DECIMALS if _STEP[currency] == 1 else 4
        file.write(
            [
                csv_files.dates(scope.first_epoch_day + rows),
                csv_files.texts(np.full(len(rows), currency), CURRENCIES),
                csv_files.decimals(rate[rows] // 10 ** (RATE_DECIMALS - decimals), decimals),
            ],
            rows,
        )
    return ExchangeRates(applicable)


def write_spend(file: TableFile, scope: Scope, rates: ExchangeRates) -> Spend:
    """Write campaign_costs: 80 to 120 per cent of the planned budget of each day."""
    micros = np.zeros((len(CAMPAIGNS), scope.days), dtype=np.int64)
    lines = []
    for code, campaign in enumerate(CAMPAIGNS):
        if campaign.spend is None:
            continue
        plan = campaign.spend
        draws = Draws(scope.seed, Stream.SPEND, code * scope.days, scope.days, columns=1)
        percent = _LEAST_PERCENT_OF_PLAN + draws.below(_PERCENT_RANGE)
        planned = scope.customers * plan.planned_share * plan.per_install
        of_the_day = planned * percent // (1_000 * 100 * scope.days)
        active = scope.weekdays() < (MONDAY_TO_FRIDAY if plan.weekdays_only else 7)
        runs = campaign.days(scope.days)
        day = np.flatnonzero(active[: runs.stop])
        day = day[day >= runs.start]
        for ordinal, (_, share) in enumerate(plan.lines):
            # No line is free: with zero spend, it would be unclear whether a campaign-day is a
            # cohort.
            cents = np.maximum(of_the_day[day] * share // 100, 1)
            currency = np.full(len(day), plan.currency)
            micros[code, day] += rates.micros(cents, currency, day)
            lines.append((code, ordinal, day, cents))
    _write_lines(file, scope, lines)
    return Spend(micros)


def _write_lines(file: TableFile, scope: Scope, lines: list[tuple[int, int, Ints, Ints]]) -> None:
    """Write (campaign, line of its plan, days, cents of each day) sorted by day."""
    lengths = [len(day) for _, _, day, _ in lines]
    campaign = np.repeat([code for code, _, _, _ in lines], lengths)
    ordinal = np.repeat([ordinal for _, ordinal, _, _ in lines], lengths)
    day = np.concatenate([day for _, _, day, _ in lines])
    cents = np.concatenate([cents for _, _, _, cents in lines])
    plans = [each.spend or SpendPlan(0, (), 0) for each in CAMPAIGNS]
    country_of_line = np.array([_country_codes(plan) for plan in plans])
    currency = np.array([plan.currency for plan in plans])[campaign]
    # Lines with the same key differ in price, hence in impressions: identical rows would look like
    # a repeated delivery.
    price = np.array(_CENTS_PER_THOUSAND_IMPRESSIONS)[ordinal]
    impressions = cents * 1_000 // price
    file.write(
        [
            csv_files.texts(campaign, CAMPAIGN_IDS),
            csv_files.dates(scope.first_epoch_day + day),
            csv_files.texts(country_of_line[campaign, ordinal], COUNTRIES),
            csv_files.decimals(cents, 2),
            csv_files.texts(currency, CURRENCIES),
            csv_files.integers(impressions),
            csv_files.integers(impressions // _IMPRESSIONS_PER_CLICK),
        ],
        day,
    )


def _country_codes(plan: SpendPlan) -> list[int]:
    """Return the country code of each line of a plan, padded to the longest plan."""
    codes = [COUNTRIES.index(country) for country, _ in plan.lines]
    return codes + [0] * (len(_CENTS_PER_THOUSAND_IMPRESSIONS) - len(codes))


def write_campaigns(file: TableFile) -> None:
    """Write the names of the campaigns; one contains a comma, so it is quoted."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for campaign in CAMPAIGNS:
        writer.writerow(
            [
                campaign.campaign_id,
                campaign.campaign_name,
                campaign.media_source,
                campaign.platform,
                campaign.objective,
            ]
        )
    file.write_lines(text.getvalue().splitlines())
