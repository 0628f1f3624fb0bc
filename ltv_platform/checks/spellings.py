"""Checks for names that two feeds spell differently, which would split one figure in two."""

from ltv_platform.checks.model import CheckOutcome, TableCheck, ask
from ltv_platform.countries import is_known
from ltv_platform.warehouse.engine import Reader

#: Most names in a message.
_SHOWN = 5


def spelling_checks() -> tuple[TableCheck, ...]:
    """Non-blocking checks that spend and customers use the same campaigns and countries."""
    return (
        TableCheck(
            "core.campaign_spend",
            "countries_are_known",
            "Countries of spend and customers are ISO 3166-1 codes or English names, or match "
            "each other.",
            _countries_are_known,
            reads=("core.customers",),
        ),
        TableCheck(
            "core.campaign_spend",
            "campaigns_are_spelled_alike",
            "No two campaign ids differ only in capitals or spaces.",
            _campaigns_are_spelled_alike,
            reads=("core.customers",),
        ),
        TableCheck(
            "core.campaign_spend",
            "spend_is_not_negative",
            "No campaign and day has negative spend after its corrections.",
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
    # Customers of a country without spend have no ROAS, nor does spend without customers.
    passed = not given["spend"] or not text
    hint = ": no match on the other side; use codes such as DE in both files"
    return CheckOutcome(
        passed,
        {f"{side}_countries": len(names) for side, names in odd.items()},
        "" if passed else text + hint,
    )


def _campaigns_are_spelled_alike(engine: Reader) -> CheckOutcome:
    groups = [str(names) for (names,) in ask(engine, "core/campaigns_are_spelled_alike")]
    return CheckOutcome(
        not groups,
        {"campaigns": len(groups)},
        f"{'; '.join(groups[:_SHOWN])}: if these are one campaign, spell it the same way in all "
        "files"
        if groups
        else "",
    )


def _spend_is_not_negative(engine: Reader) -> CheckOutcome:
    rows = ask(engine, "core/spend_is_not_negative")
    shown = ", ".join(f"{campaign} {day} {spend}" for campaign, day, spend in rows[:_SHOWN])
    return CheckOutcome(
        not rows,
        {"negative_days": len(rows)},
        f"{len(rows)} (campaign, day) pairs have negative spend: {shown}; is the spend that these "
        "corrections apply to missing?"
        if rows
        else "",
    )
