"""Synthetic rows as SQL: nine sources from hashes of row numbers, millions a second.

Customers never end: their number gives the moment of install, so any span of days can be made by
itself, and a longer history has the shorter one as its beginning. Everything follows from
``hash()`` of a row's number, so the rows are the same on every run of one DuckDB version.

The shape is that of an app: ids such as c00001234, 20 campaigns in 10 countries and some organic
installs; two customers in five pay, some of them often; events are dense after the install and
have a tail of 900 days; 5 % refunds, 3 % in another currency, 1 row in 1,000 corrected later.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta

#: Installs, and so the partitions, start on this day.
START = date(2023, 1, 1)
#: Days of the plain history.
DAYS = 730

SOURCES = (
    "campaigns",
    "fx_rates",
    "campaign_costs",
    "customers",
    "transactions",
    "customer_interactions",
    "session_sources",
    "session_costs",
    "conversions",
)

#: Customers that are adjacent: events choose among them, so heavy buyers are everywhere.
_BLOCK = 64
_CAMPAIGNS = 20
_COUNTRIES = ("US", "GB", "DE", "FR", "BR", "IN", "JP", "CA", "MX", "ES")
_CATEGORIES = ("coins", "season_pass", "skins", "boosts", "gifts", "bundles")
_PAYMENTS = ("card", "paypal", "app_store", "play_store")


@dataclass(frozen=True)
class Scale:
    """How much data: 100 is 5M customers and 25M purchases in 730 days, 1 a hundredth of it."""

    factor: float

    @property
    def customers(self) -> int:
        """Customers of the plain history."""
        return round(50_000 * self.factor)


@dataclass(frozen=True)
class _Events:
    """How a kind of event follows the installs.

    Attributes:
        salt: Makes its draws independent of another kind's.
        per_customer: How many there are, over the plain history.
        within: Share that falls into the plain history; the others come after its end.
        chosen: Customers of a block that have any.
        tail: Longest age in days; ages are log-uniform up to it.
    """

    salt: str
    per_customer: float
    within: float
    chosen: int
    tail: int


_PURCHASES = _Events("purchase", 5, 0.82, 26, 900)
_INTERACTIONS = _Events("interaction", 1, 0.95, 64, 120)
_SESSIONS = _Events("session", 1, 0.95, 64, 120)


def day(number: int) -> date:
    """The day of that number; the plain history is 0 to 729."""
    return START + timedelta(days=number)


def select(source: str, scale: Scale, first: int, last: int) -> str:
    """A SELECT of the rows of a source of the days ``first`` to ``last``, both included.

    Its columns are those of a file, its rows are in the order of their time.

    Args:
        source: Name of the source table.
        scale: How much data.
        first: Number of the first day.
        last: Number of the last day.
    """
    span = _Span(scale, first, last)
    return {
        "campaigns": span.campaigns,
        "fx_rates": span.fx_rates,
        "campaign_costs": span.campaign_costs,
        "customers": span.customers,
        "transactions": span.transactions,
        "customer_interactions": span.interactions,
        "session_sources": span.sessions,
        "session_costs": span.session_costs,
        "conversions": span.conversions,
    }[source]()


def corrections(scale: Scale, first: int, last: int) -> str:
    """A SELECT of later versions of one transaction in 1,000: another amount, a day later."""
    rows = select("transactions", scale, first, last)
    return (
        "SELECT * REPLACE (amount + 1 AS amount, updated_at + INTERVAL '1 day' AS updated_at) "
        f"FROM ({rows}) AS transactions WHERE hash(transaction_id) % 1000 = 0"
    )


@dataclass(frozen=True)
class _Span:
    scale: Scale
    first: int
    last: int

    def campaigns(self) -> str:
        return (
            "SELECT " + _campaign("k") + " AS campaign_id, 'Campaign ' || k AS campaign_name, "
            "'network_' || (k % 4) AS media_source, 'ios' AS platform, 'purchase' AS objective "
            f"FROM range({_CAMPAIGNS}) AS numbers(k)"
        )

    def fx_rates(self) -> str:
        rate = f"CAST({_draw('k', 'rate', 2000)} + 10000 AS DECIMAL(9, 0)) * 0.0001"
        return (
            f"SELECT {_date('k')} AS date, 'EUR' AS currency, {rate} AS rate "
            f"FROM range({self.first}, {self.last + 1}) AS numbers(k)"
        )

    def campaign_costs(self) -> str:
        key = f"(k * {_CAMPAIGNS} + campaign) * {len(_COUNTRIES)} + place"
        impressions = f"1000 + {_draw(key, 'impressions', 20_000)}"
        return (
            f"SELECT {_campaign('campaign')} AS campaign_id, {_date('k')} AS date, "
            f"{_choice('place', _COUNTRIES)} AS country, "
            f"{_cents(key, 'cost', 500, 9000)} AS cost, CAST(NULL AS VARCHAR) AS currency, "
            f"{impressions} AS impressions, ({impressions}) // 50 AS clicks "
            f"FROM range({self.first}, {self.last + 1}) AS days(k), "
            f"range({_CAMPAIGNS}) AS campaigns(campaign), "
            f"range({len(_COUNTRIES)}) AS countries(place) ORDER BY k, campaign, place"
        )

    def customers(self) -> str:
        # One in 21 came without a campaign.
        drawn = _draw("customer", "campaign", _CAMPAIGNS + 1)
        return (
            f"SELECT {_id('c', 'customer')} AS customer_id, ts AS registration_date, "
            f"{_choice(_draw('customer', 'country', len(_COUNTRIES)), _COUNTRIES)} AS country, "
            f"'City ' || {_draw('customer', 'city', 50)} AS city, "
            f"18 + {_draw('customer', 'age', 50)} AS age, "
            f"{_choice(_draw('customer', 'gender', 2), ('female', 'male'))} AS gender, "
            f"CASE WHEN {drawn} = {_CAMPAIGNS} THEN 'organic_search' ELSE 'ads' END "
            "AS acquisition_source, "
            f"{_choice(_draw('customer', 'segment', 3), ('basic', 'plus', 'premium'))} AS segment, "
            f"{_draw('customer', 'active', 2)} AS is_active, "
            f"CASE WHEN {drawn} < {_CAMPAIGNS} THEN {_campaign(drawn)} END AS campaign_id, "
            f"{_choice(_draw('customer', 'platform', 3), ('ios', 'android', 'web'))} AS platform, "
            f"ts AS updated_at FROM ({self._installs()}) AS installs"
        )

    def transactions(self) -> str:
        refund = f"{_draw('k', 'refund', 20)} = 0"
        return (
            f"SELECT {_id('t', 'k')} AS transaction_id, {_id('c', 'customer')} AS customer_id, "
            f"ts AS transaction_date, {_cents('k', 'amount', 99, 5000)} AS amount, "
            f"CASE WHEN {refund} THEN 1 ELSE 0 END AS is_refund, {_id('o', 'k')} AS order_id, "
            f"{_choice(_draw('k', 'category', len(_CATEGORIES)), _CATEGORIES)} "
            "AS product_category, "
            f"CASE WHEN {refund} THEN 'refund' ELSE 'purchase' END AS transaction_type, "
            f"{_choice(_draw('k', 'payment', len(_PAYMENTS)), _PAYMENTS)} AS payment_method, "
            f"CASE WHEN {_draw('k', 'currency', 100)} < 3 THEN 'EUR' END AS currency, "
            f"ts AS updated_at FROM ({self._events(_PURCHASES)}) AS purchases"
        )

    def interactions(self) -> str:
        kinds = ("app_open", "support_ticket", "feature_use")
        return (
            f"SELECT {_id('i', 'k')} AS interaction_id, {_id('c', 'customer')} AS customer_id, "
            f"ts AS interaction_date, {_choice(_draw('k', 'kind', 3), kinds)} AS interaction_type, "
            f"{_choice(_draw('k', 'channel', 2), ('app', 'email'))} AS channel, "
            f"{_draw('k', 'duration', 3600)} AS duration_seconds, "
            "CAST(NULL AS INTEGER) AS satisfaction_score, ts AS updated_at "
            f"FROM ({self._events(_INTERACTIONS)}) AS interactions"
        )

    def sessions(self) -> str:
        channels = ("Paid Search", "Paid Social", "Email", "Referral", "Direct")
        return (
            f"SELECT {_id('s', 'k')} AS session_id, {_id('c', 'customer')} AS user_id, "
            f"{_choice(_draw('k', 'channel', len(channels)), channels)} AS channel_name, "
            "CAST(ts AS DATE) AS event_date, CAST(ts AS TIME) AS event_time, "
            f"{_draw('k', 'holder', 2)} AS holder_engagement, "
            f"{_draw('k', 'closer', 2)} AS closer_engagement, "
            f"{_draw('k', 'impression', 2)} AS impression_interaction "
            f"FROM ({self._events(_SESSIONS)}) AS sessions"
        )

    def session_costs(self) -> str:
        return (
            f"SELECT {_id('s', 'k')} AS session_id, {_cents('k', 'cost', 5, 200)} AS cost "
            f"FROM ({self._events(_SESSIONS)}) AS sessions WHERE {_draw('k', 'paid', 3)} = 0"
        )

    def conversions(self) -> str:
        later = "ts + INTERVAL '1 hour'"
        return (
            f"SELECT {_id('v', 'customer')} AS conv_id, {_id('c', 'customer')} AS user_id, "
            f"CAST({later} AS DATE) AS conv_date, CAST({later} AS TIME) AS conv_time, "
            f"{_cents('customer', 'conversion', 99, 5000)} AS revenue "
            f"FROM ({self._installs()}) AS installs "
            f"WHERE customer % 50 = 0 AND CAST({later} AS DATE) <= {_date(str(self.last))}"
        )

    def _install(self) -> str:
        """The instant of install of ``customer``: they follow one another at an even pace."""
        seconds = f"(customer * {DAYS * 86_400}) // {self.scale.customers}"
        return f"{_instant(0)} + to_seconds({seconds})"

    def _within(self) -> str:
        return f"ts >= {_instant(self.first)} AND ts < {_instant(self.last + 1)}"

    def _customers_by_then(self) -> int:
        return math.ceil(self.scale.customers * (self.last + 1) / DAYS) + 1

    def _installs(self) -> str:
        return (
            f"SELECT * FROM (SELECT customer, {self._install()} AS ts "
            f"FROM range({self._customers_by_then()}) AS numbers(customer)) AS installs "
            f"WHERE {self._within()}"
        )

    def _events(self, events: _Events) -> str:
        """(k, customer, ts) of the events of the span, in order of time."""
        per_block = round(_BLOCK * events.per_customer / events.within)
        # Customers who installed longer ago than the tail have no events any more.
        oldest = max(0, self.scale.customers * (self.first - events.tail - 1) // DAYS)
        blocks = range(oldest // _BLOCK, math.ceil(self._customers_by_then() / _BLOCK))
        # A square draws the first of the chosen often; the odd factor spreads them over the block.
        member = f"CAST(floor({events.chosen} * pow({_unit('k', events.salt)}, 2)) AS BIGINT)"
        turn = f"CAST(hash(k // {per_block}) % {_BLOCK} AS BIGINT)"
        age = f"CAST(86400 * (pow({events.tail}, {_unit('k', events.salt + 'age')}) - 1) AS BIGINT)"
        return (
            f"SELECT k, customer, ts FROM (SELECT k, customer, {self._install()} "
            f"+ to_seconds({age}) AS ts FROM (SELECT k, "
            f"(k // {per_block}) * {_BLOCK} + ({member} * 37 + {turn}) % {_BLOCK} AS customer "
            f"FROM range({per_block * blocks.start}, {per_block * blocks.stop}) AS numbers(k)"
            ") AS drawn) AS dated "
            f"WHERE {self._within()} ORDER BY ts, k"
        )


def _instant(number: int) -> str:
    return f"TIMESTAMP '{day(number)} 00:00:00'"


def _date(number: str) -> str:
    return f"DATE '{START}' + CAST({number} AS INTEGER)"


def _unit(number: str, salt: str) -> str:
    """A draw from [0, 1) that the row's number and the salt decide."""
    return f"((hash({number}, '{salt}') >> 11) * {2.0**-53!r})"


def _draw(number: str, salt: str, below: int) -> str:
    """An integer draw from 0 to below - 1."""
    return f"CAST(hash({number}, '{salt}') % {below} AS INTEGER)"


def _cents(number: str, salt: str, least: int, spread: int) -> str:
    """An amount with two digits."""
    return f"CAST({_draw(number, salt, spread)} + {least} AS DECIMAL(9, 0)) * 0.01"


def _choice(place: str, words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + f"][1 + {place}]"


def _campaign(number: str) -> str:
    return f"'campaign_' || lpad(CAST({number} AS VARCHAR), 2, '0')"


def _id(letter: str, number: str) -> str:
    return f"'{letter}' || lpad(CAST({number} AS VARCHAR), 9, '0')"
