"""docs/metrics.md, outlook of campaigns: verdict, action, status and reason, case by case."""

from dataclasses import replace

import pytest

from ltv_platform.forecasting.cohorts.verdicts import (
    ACTIONS,
    Case,
    Expected,
    reason_of,
    status_of,
    verdict_of,
)

#: A campaign that loses money, with all that a verdict needs.
LOSING = Case(
    has_spend=True,
    installs=500,
    known_age=200,
    payback_day=None,
    payback_spend_share=None,
    observed=(90, 0.47, 0.86),
    expected=Expected(365, 0.98, 0.62, 0.55, 0.71),
    longest=365,
    expected_payback=(None, None, None),
)
#: About day 80; day 60 to day 200.
PAYBACK = (80, 60, 200)


def expecting(roas: float, lower: float | None, upper: float | None, horizon: int = 365) -> Case:
    """The same with another forecast."""
    return replace(LOSING, expected=Expected(horizon, 0.98, roas, lower, upper))


@pytest.mark.parametrize(
    ("case", "verdict", "action"),
    [
        (replace(LOSING, payback_day=18, payback_spend_share=0.9), "pays_back", "continue"),
        (replace(expecting(1.2, 1.0, 1.4), expected_payback=PAYBACK), "will_pay_back", "continue"),
        (
            replace(expecting(1.2, 1.0, 1.4), expected_payback=PAYBACK, known_age=199),
            "likely_to_pay_back",
            "watch",
        ),
        (expecting(1.2, 0.99, 1.4), "likely_to_pay_back", "watch"),
        (expecting(1.0, 0.8, 1.2), "likely_to_pay_back", "watch"),
        (expecting(0.99, 0.8, 1.0), "unlikely_to_pay_back", "reduce"),
        (LOSING, "will_not_pay_back", "stop"),
        (replace(LOSING, has_spend=False), "no_spend", None),
    ],
)
def test_verdicts_follow_from_the_interval(case: Case, verdict: str, action: str | None) -> None:
    """Observed payback counts first; then where 1 lies in the interval."""
    assert verdict_of(case) == verdict
    assert ACTIONS[verdict] == action


@pytest.mark.parametrize(
    ("case", "status"),
    [
        (replace(LOSING, expected=None), "too_few_mature_cohorts"),
        (expecting(0.6, 0.5, 0.7, horizon=30), "too_few_mature_cohorts"),
        (replace(LOSING, installs=29), "too_few_installs"),
        (replace(LOSING, known_age=27), "too_young"),
        (expecting(0.6, None, None), "too_few_parts"),
    ],
)
def test_too_little_is_no_verdict(case: Case, status: str) -> None:
    """Each status other than ok: too early, to be watched; an observed payback still counts."""
    assert status_of(case) == status
    assert verdict_of(case) == "too_early"
    assert verdict_of(replace(case, payback_day=2, payback_spend_share=0.8)) == "pays_back"


def test_a_short_horizon_can_only_be_good_news() -> None:
    """Payback by D30 is payback; no payback by D30 says nothing about D365."""
    early = replace(expecting(1.3, 1.1, 1.5, horizon=30), expected_payback=(20, 15, 28))
    assert verdict_of(early) == "will_pay_back"
    assert verdict_of(expecting(1.3, 0.9, 1.5, horizon=30)) == "too_early"
    assert verdict_of(expecting(0.3, 0.2, 0.4, horizon=30)) == "too_early"


def test_reasons_have_their_figures() -> None:
    """One sentence each; 79.99 % of the spend is never written as 80 %."""
    assert reason_of(LOSING) == (
        "D90 ROAS 0.47 on 86 % of the spend; expected 0.62 by D365 (80 % interval 0.55–0.71); no "
        "payback by D365; beyond day 200, the age of its oldest cohort, other campaigns are used."
    )
    aged = replace(expecting(0.9, 0.8, 1.1), known_age=365)
    assert reason_of(aged).endswith(
        "; expected 0.90 by D365 (80 % interval 0.80–1.10); payback by D365 is possible, but not "
        "expected."
    )
    good = replace(expecting(1.6, 1.2, 2.1), known_age=365)
    assert reason_of(replace(good, expected_payback=(120, 80, 210))).endswith(
        "; payback by about day 120 (80 % interval: day 80 to day 210)."
    )
    assert reason_of(replace(good, expected_payback=(120, 80, None))).endswith(
        "(80 % interval: day 80 to later than D365)."
    )
    assert reason_of(replace(LOSING, payback_day=18, payback_spend_share=0.7999)) == (
        "Revenue covered the spend by day 18, observed on 79 % of it; D90 ROAS 0.47 on 86 % of the "
        "spend."
    )
    assert reason_of(replace(LOSING, has_spend=False)) == (
        "Nothing was spent, so there is nothing to pay back."
    )
    assert reason_of(replace(LOSING, installs=0)) == (
        "Money was spent and nobody installed, so no revenue can be expected."
    )


def test_reasons_say_what_is_missing() -> None:
    """What a verdict needs, and what is known until then."""
    known = "D90 ROAS 0.47 on 86 % of the spend."
    assert reason_of(replace(LOSING, installs=29)) == (
        f"29 installs are too few for a verdict (30 needed); {known}"
    )
    assert reason_of(replace(LOSING, known_age=9)) == (
        f"The oldest cohort is known for 9 days (28 needed for a verdict); {known}"
    )
    assert reason_of(replace(LOSING, expected=None, observed=None)) == (
        "No forecast covers 80 % of the spend; less than 80 % of the spend is old enough for any "
        "ROAS."
    )
    assert reason_of(expecting(0.3, 0.2, 0.4, horizon=30)) == (
        f"Expected 0.30 by D30 (80 % interval 0.20–0.40); D365 cannot be forecast yet; {known}"
    )
    assert reason_of(expecting(0.3, None, None)) == (
        "Expected 0.30 by D365, but too few campaigns are old enough for an interval; " + known
    )
