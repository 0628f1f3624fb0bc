"""Checks of names that two feeds spell in different ways, which would split one figure in two."""

from ltv_platform.checks.model import CheckOutcome, TableCheck
from ltv_platform.countries import is_known
from ltv_platform.warehouse.engine import Reader

#: Names that a message shows at the most.
_SHOWN = 5


def spelling_checks() -> tuple[TableCheck, ...]:
    """Warnings: spend and customers must mean the same campaigns and countries."""
    return (
        TableCheck(
            "core.campaign_spend",
            "countries_are_known",
            "Countries of spend and of customers are codes or English names of ISO 3166-1, or the "
            "same on both sides.",
            _countries_are_known,
            reads=("core.customers",),
        ),
        TableCheck(
            "core.campaign_spend",
            "campaigns_are_spelled_alike",
            "No two campaign ids differ in capitals or blanks only.",
            _campaigns_are_spelled_alike,
            reads=("core.customers",),
        ),
        TableCheck(
            "core.campaign_spend",
            "spend_is_not_negative",
            "No campaign and day ends below zero after its corrections.",
            _spend_is_not_negative,
        ),
    )


def _countries_are_known(engine: Reader) -> CheckOutcome:
    sides = {
        "spend": "SELECT DISTINCT country FROM core.campaign_spend WHERE country IS NOT NULL",
        "customers": "SELECT DISTINCT country FROM core.customers WHERE country <> '(unknown)'",
    }
    given = {side: {str(country) for (country,) in engine.rows(sql)} for side, sql in sides.items()}
    shared = given["spend"] & given["customers"]
    odd = {
        side: sorted(country for country in countries - shared if not is_known(country))
        for side, countries in given.items()
    }
    text = "; ".join(
        f"{side} under {', '.join(names[:_SHOWN])}" for side, names in odd.items() if names
    )
    # Without spend of its own, a country's customers have no ROAS, and the other way round.
    passed = not given["spend"] or not text
    hint = ": these meet nobody on the other side; use codes such as DE in both files"
    return CheckOutcome(
        passed,
        {f"{side}_countries": len(names) for side, names in odd.items()},
        "" if passed else text + hint,
    )


def _campaigns_are_spelled_alike(engine: Reader) -> CheckOutcome:
    rows = engine.rows(
        "SELECT STRING_AGG(campaign_id, ' / ' ORDER BY campaign_id) FROM ("
        "SELECT campaign_id FROM core.campaign_spend UNION SELECT campaign_id FROM core.customers"
        ") AS campaigns GROUP BY LOWER(REPLACE(campaign_id, ' ', '')) HAVING COUNT(*) > 1 "
        "ORDER BY 1"
    )
    groups = [str(names) for (names,) in rows]
    return CheckOutcome(
        not groups,
        {"campaigns": len(groups)},
        f"{'; '.join(groups[:_SHOWN])}: if these are one campaign, write it one way in all files"
        if groups
        else "",
    )


def _spend_is_not_negative(engine: Reader) -> CheckOutcome:
    rows = engine.rows(
        "SELECT campaign_id, CAST(date AS VARCHAR), CAST(SUM(spend) AS VARCHAR) "
        "FROM core.campaign_spend GROUP BY campaign_id, date HAVING SUM(spend) < 0 ORDER BY 1, 2"
    )
    shown = ", ".join(f"{campaign} {day} {spend}" for campaign, day, spend in rows[:_SHOWN])
    return CheckOutcome(
        not rows,
        {"negative_days": len(rows)},
        f"{len(rows)} (campaign, day) end below zero: {shown}; is the spend missing that these "
        "corrections correct?"
        if rows
        else "",
    )
