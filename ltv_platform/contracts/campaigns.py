"""Campaign tables: the value of install cohorts, and whether they earn their cost back.

Stored columns are sums; the presentation SELECT adds what depends on as_of: maturity, ratios,
reached ages.
"""

from collections.abc import Callable, Iterable

from ltv_platform.contracts.daily_revenue import DAILY_REVENUE
from ltv_platform.contracts.model import TOTAL, Column, Table
from ltv_platform.settings import Settings

_INSTALL_DATE = Column(
    "install_date", "DATE", "Day of the install in the reporting zone.", required=True
)
_CAMPAIGN = Column("campaign_id", "VARCHAR", "Campaign, (organic) or (unknown).", required=True)
_COUNTRY = Column("country", "VARCHAR", "Country, or (unknown).", required=True)
_INSTALLS = Column("installs", "BIGINT", "Customers of the cohort.", required=True)
_SPEND = Column("spend", TOTAL, "Spend on the install date; NULL: no known spend.")
_AGE_DAYS = Column(
    "age_days",
    "INTEGER",
    "Days from install date to as_of, at most the longest horizon.",
    required=True,
)
_TO_DATE = Column(
    "revenue_to_date", TOTAL, "Net revenue so far, up to the longest horizon.", required=True
)
_WAITS_FROM_AGE = Column(
    "waits_from_age",
    "INTEGER",
    "Age in days from which revenue waits for a rate; NULL: none waits.",
)
_COST_WAITS = Column(
    "cost_waits", "BOOLEAN", "Whether spend of the day waits for a rate.", required=True
)
_ROAS_TO_DATE = Column("roas_to_date", "DOUBLE", "revenue_to_date / spend; still growing.")


def _per_horizon(
    horizons: Iterable[int], columns: Callable[[int], tuple[Column, ...]]
) -> tuple[Column, ...]:
    return tuple(column for days in horizons for column in columns(days))


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _first(days: int) -> str:
    return "the first day" if days == 1 else f"the first {days} days"


def _cohort_sums(days: int, *, required: bool) -> tuple[Column, ...]:
    return (
        Column(
            f"payers_d{days}",
            "BIGINT",
            f"Customers who paid within {_days(days)}.",
            required=required,
        ),
        Column(f"revenue_d{days}", TOTAL, f"Net revenue of {_first(days)}.", required=required),
        Column(f"refunds_d{days}", TOTAL, f"Refunds of {_first(days)}.", required=required),
        Column(
            f"retained_d{days}",
            "BIGINT",
            f"Customers with any event on day {days} after install.",
            required=required,
        ),
    )


def _ltv_readings(days: int) -> tuple[Column, ...]:
    return (
        *_cohort_sums(days, required=False),
        Column(f"ltv_d{days}_per_user", "DOUBLE", f"revenue_d{days} / installs."),
        Column(f"arppu_d{days}", "DOUBLE", f"revenue_d{days} / payers_d{days}."),
        Column(f"retention_d{days}", "DOUBLE", f"retained_d{days} / installs."),
    )


def _roas_readings(days: int) -> tuple[Column, ...]:
    return (
        Column(f"revenue_d{days}", TOTAL, f"Net revenue of {_first(days)}; NULL: immature."),
        Column(f"roas_d{days}", "DOUBLE", f"revenue_d{days} / spend; NULL: immature or no spend."),
    )


def _summary_readings(days: int) -> tuple[Column, ...]:
    mature = f"cohorts mature at day {days}"
    return (
        Column(f"installs_d{days}", "BIGINT", f"Installs of {mature}."),
        Column(f"payers_d{days}", "BIGINT", f"Payers within {_days(days)} of {mature}."),
        Column(f"total_revenue_d{days}", TOTAL, f"Net revenue within {_days(days)} of {mature}."),
        Column(f"ltv_d{days}_per_user", "DOUBLE", f"total_revenue_d{days} / installs_d{days}."),
        Column(
            f"total_cost_d{days}",
            TOTAL,
            f"Spend on the distinct days covered by {_first(days)} of {mature}.",
        ),
        Column(f"roas_d{days}", "DOUBLE", f"total_revenue_d{days} / total_cost_d{days}."),
        Column(f"cohort_cost_d{days}", TOTAL, f"Spend on the install dates of {mature}."),
        Column(f"cohort_roas_d{days}", "DOUBLE", f"total_revenue_d{days} / cohort_cost_d{days}."),
    )


def _country_readings(days: int) -> tuple[Column, ...]:
    paid = "campaigns with spend in the country"
    return (
        Column(
            f"installs_d{days}",
            "BIGINT",
            f"Installs of cohorts mature at day {days} with known cost.",
        ),
        Column(f"paid_installs_d{days}", "BIGINT", f"Those of {paid}."),
        Column(f"spend_d{days}", TOTAL, "Spend on their install dates."),
        Column(f"revenue_d{days}", TOTAL, f"Net revenue in {_days(days)} of {paid}."),
        Column(f"roas_d{days}", "DOUBLE", f"revenue_d{days} / spend_d{days} (paid)."),
        Column(
            f"blended_revenue_d{days}", TOTAL, "Net revenue of all cohorts, with or without spend."
        ),
        Column(f"blended_roas_d{days}", "DOUBLE", f"blended_revenue_d{days} / spend_d{days}."),
    )


def campaign_tables(settings: Settings) -> tuple[Table, ...]:
    """The contracts of the group; some have a column per configured horizon."""
    horizons = settings.horizons
    return (
        _user_revenue(settings.user_horizons),
        _campaign_ltv(horizons),
        _campaign_roas(horizons),
        CAMPAIGN_COHORT_CURVE,
        _campaign_summary(horizons),
        _country_roas(horizons),
        REVENUE_RECONCILIATION,
        DAILY_REVENUE,
    )


def _user_revenue(horizons: tuple[int, ...]) -> Table:
    def sums(required: bool) -> tuple[Column, ...]:
        return _per_horizon(
            horizons,
            lambda days: (
                Column(
                    f"revenue_d{days}",
                    TOTAL,
                    f"Net revenue of {_first(days)}.",
                    required=required,
                ),
                Column(
                    f"transactions_d{days}",
                    "BIGINT",
                    f"Purchases in {_first(days)}.",
                    required=required,
                ),
            ),
        )

    grain = (
        Column("customer_id", "VARCHAR", "The customer.", required=True, pii=True),
        _INSTALL_DATE,
        _CAMPAIGN,
        _COUNTRY,
    )
    return Table(
        layer="marts",
        name="user_revenue",
        description="One row per customer. What did each bring in during the first days after "
        "install?",
        key=("customer_id",),
        columns=(*grain, *sums(required=True), _WAITS_FROM_AGE),
        partition="install_date",
        presented=grain + sums(required=False),
    )


def _campaign_ltv(horizons: tuple[int, ...]) -> Table:
    grain = (_INSTALL_DATE, _CAMPAIGN, _COUNTRY, _INSTALLS)
    return Table(
        layer="marts",
        name="campaign_ltv",
        description=(
            "One row per install date, campaign and country. "
            "What is a user of this cohort worth after N days?"
        ),
        key=("install_date", "campaign_id", "country"),
        columns=(
            *grain,
            *_per_horizon(horizons, lambda days: _cohort_sums(days, required=True)),
            _TO_DATE,
            _WAITS_FROM_AGE,
        ),
        partition="install_date",
        presented=(*grain, *_per_horizon(horizons, _ltv_readings), _TO_DATE, _AGE_DAYS),
    )


def _campaign_roas(horizons: tuple[int, ...]) -> Table:
    grain = (_INSTALL_DATE, _CAMPAIGN, _COUNTRY, _INSTALLS, _SPEND)
    return Table(
        layer="marts",
        name="campaign_roas",
        description=(
            "One row per install date, campaign and country, including days of spend without "
            "installs. Has the cohort earned back its cost after N days?"
        ),
        key=("install_date", "campaign_id", "country"),
        columns=(
            *grain,
            *_per_horizon(
                horizons,
                lambda days: (
                    Column(
                        f"revenue_d{days}",
                        TOTAL,
                        f"Net revenue of {_first(days)}.",
                        required=True,
                    ),
                ),
            ),
            _TO_DATE,
            _WAITS_FROM_AGE,
            _COST_WAITS,
        ),
        partition="install_date",
        presented=(
            *grain,
            Column("cpi", "DOUBLE", "spend / installs."),
            Column(
                "cost_complete",
                "BOOLEAN",
                "Whether the cost is final and none of it waits for a rate.",
                required=True,
            ),
            *_per_horizon(horizons, _roas_readings),
            _TO_DATE,
            _ROAS_TO_DATE,
            _AGE_DAYS,
        ),
    )


_AGE_DAY = Column(
    "age_day", "INTEGER", "Full days since install; 0 is the first day.", required=True
)
_CURVE_SUMS = (
    Column("revenue", TOTAL, "Net revenue at that age.", required=True),
    Column("refunds", TOTAL, "Refunds at that age.", required=True),
    Column("transactions", "BIGINT", "Purchases at that age.", required=True),
    Column("payers", "BIGINT", "Customers who paid at that age.", required=True),
)

CAMPAIGN_COHORT_CURVE = Table(
    layer="marts",
    name="campaign_cohort_curve",
    description=(
        "One row per install date, campaign and age in days. "
        "How does a cohort's revenue grow towards its cost?"
    ),
    key=("install_date", "campaign_id", "age_day"),
    columns=(
        Column(
            "age_date",
            "DATE",
            "First day on which a customer of the cohort can reach that age.",
            required=True,
        ),
        _INSTALL_DATE,
        _CAMPAIGN,
        _AGE_DAY,
        Column("installs", "BIGINT", "Customers of the cohort; only at age 0."),
        Column("spend", TOTAL, "Spend on the install date; only at age 0."),
        *_CURVE_SUMS,
        Column("waiting_rows", "BIGINT", "Transactions waiting for a rate.", required=True),
        _COST_WAITS,
    ),
    partition="age_date",
    presented=(
        _INSTALL_DATE,
        _CAMPAIGN,
        _AGE_DAY,
        _INSTALLS,
        _SPEND,
        *_CURVE_SUMS,
        Column("cumulative_revenue", TOTAL, "Net revenue up to that age.", required=True),
        Column("cumulative_roas", "DOUBLE", "cumulative_revenue / spend; NULL: immature."),
        Column("mature", "BOOLEAN", "Whether every user has reached that age.", required=True),
    ),
)


def _campaign_summary(horizons: tuple[int, ...]) -> Table:
    return Table(
        layer="marts",
        name="campaign_summary",
        description=(
            "One row per campaign; columns of a horizon cover its mature cohorts. Which campaigns "
            "earn back their spend, how far and how fast?"
        ),
        key=("campaign_id",),
        columns=(
            _CAMPAIGN,
            Column("campaign_name", "VARCHAR", "Name of the campaign."),
            Column("media_source", "VARCHAR", "Ad network."),
            Column("platform", "VARCHAR", "ios, android, web, …"),
            Column("objective", "VARCHAR", "Campaign goal or type, as the source gives it."),
            Column(
                "first_install_date", "DATE", "Install date of the first cohort.", required=True
            ),
            Column("last_install_date", "DATE", "Last cohort.", required=True),
            Column("installs", "BIGINT", "Installs of all cohorts.", required=True),
            Column("cohort_cost", TOTAL, "Spend on the install dates of all cohorts."),
            Column("cpi", "DOUBLE", "cohort_cost / installs."),
            _TO_DATE,
            Column("roas_to_date", "DOUBLE", "revenue_to_date / cohort_cost; still growing."),
            *_per_horizon(horizons, _summary_readings),
            Column("payback_day", "INTEGER", "Day on which revenue first covers the spend."),
            Column(
                "payback_spend_share", "DOUBLE", "Share of the spend on which payback_day is based."
            ),
        ),
    )


def _country_roas(horizons: tuple[int, ...]) -> Table:
    return Table(
        layer="marts",
        name="country_roas",
        description="One row per country. Where does ad spend pay back?",
        key=("country",),
        columns=(
            _COUNTRY,
            Column("rank", "INTEGER", "1 = best D7 ROAS, then revenue, then name.", required=True),
            Column("installs", "BIGINT", "Installs of all cohorts.", required=True),
            Column(
                "small_base",
                "BOOLEAN",
                "Fewer than 30 paid installs at D7.",
                required=True,
            ),
            *_per_horizon(horizons, _country_readings),
        ),
    )


_RECONCILED = (
    Column("event_date", "DATE", "Day of the event in the reporting zone.", required=True),
    Column(
        "bucket",
        "VARCHAR",
        "campaigns, (organic), (unknown) campaign, (unknown) customer, (guest), (before install), "
        "(beyond horizon) or (waiting for rate).",
        required=True,
    ),
    Column("transactions", "BIGINT", "Purchases and refunds.", required=True),
    Column("gross_revenue", TOTAL, "Gross purchases; NULL while they wait for a rate."),
    Column("refund_amount", TOTAL, "Refunds; NULL while they wait for a rate."),
    Column("net_revenue", TOTAL, "gross_revenue − refund_amount."),
)

REVENUE_RECONCILIATION = Table(
    layer="marts",
    name="revenue_reconciliation",
    description=("One row per event day and bucket. Where did every purchase and refund end up?"),
    key=("event_date", "bucket"),
    columns=_RECONCILED,
    partition="event_date",
    presented=_RECONCILED,
)
