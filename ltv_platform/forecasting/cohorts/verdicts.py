"""What a marketing lead is told about a campaign: a verdict, an action, and a sentence."""

from dataclasses import dataclass

#: Share of the spend for which a figure must be known to represent the campaign.
ENOUGH_SPEND = 0.8
#: Installs below which a campaign may look good or bad by chance.
LEAST_INSTALLS = 30
#: Days that some cohort must be known for. The intervals of younger campaigns were not tested.
LEAST_AGE = 28

#: What to do about each verdict.
ACTIONS = {
    "pays_back": "continue",
    "will_pay_back": "continue",
    "likely_to_pay_back": "watch",
    "too_early": "watch",
    "unlikely_to_pay_back": "reduce",
    "will_not_pay_back": "stop",
    "no_spend": None,
}


@dataclass(frozen=True)
class Expected:
    """Observed and expected revenue over spend at a horizon, with an 80 % interval.

    Attributes:
        horizon: Days of life.
        spend_share: Share of the campaign's spend that it covers.
        roas: Revenue / spend.
        lower: Lower end; None: no interval.
        upper: Upper end.
    """

    horizon: int
    spend_share: float
    roas: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Case:
    """The figures of a campaign that its verdict is based on.

    Attributes:
        has_spend: Whether anything was spent.
        installs: Customers.
        known_age: Days that its oldest cohort is known for.
        payback_day: Observed day of payback.
        payback_spend_share: Share of the spend for which it was observed.
        observed: Longest horizon that enough of the spend has reached, its ROAS, and that share.
        expected: At the longest horizon with a forecast of enough of the spend.
        longest: The longest forecast horizon.
        expected_payback: Expected day, the earliest and the latest of its interval.
    """

    has_spend: bool
    installs: int
    known_age: int
    payback_day: int | None
    payback_spend_share: float | None
    observed: tuple[int, float, float] | None
    expected: Expected | None
    longest: int
    expected_payback: tuple[int | None, int | None, int | None]


def status_of(case: Case) -> str:
    """Whether the expected figures can be relied on; the first reason if not."""
    if not case.has_spend:
        return "no_spend"
    if case.expected is None or case.expected.horizon < case.longest:
        return "too_few_mature_cohorts"
    if 0 < case.installs < LEAST_INSTALLS:
        return "too_few_installs"
    if case.known_age < LEAST_AGE:
        return "too_young"
    return "ok" if case.expected.lower is not None else "too_few_parts"


def verdict_of(case: Case) -> str:
    """One of :data:`ACTIONS`.

    A forecast to less than the longest horizon can say that a campaign pays back, but not that it
    does not.
    """
    status, expected = status_of(case), case.expected
    if status == "no_spend":
        return status
    if case.payback_day is not None:
        return "pays_back"
    if status not in {"ok", "too_few_mature_cohorts"} or expected is None:
        return "too_early"
    if expected.lower is None or expected.upper is None:
        return "too_early"
    if expected.lower >= 1:
        # Beyond the age of its oldest cohort, a forecast rests on other campaigns.
        latest = case.expected_payback[2]
        is_own = latest is not None and latest <= case.known_age
        return "will_pay_back" if is_own else "likely_to_pay_back"
    if status != "ok":
        return "too_early"
    if expected.upper < 1:
        return "will_not_pay_back"
    return "likely_to_pay_back" if expected.roas >= 1 else "unlikely_to_pay_back"


def reason_of(case: Case) -> str:
    """The verdict with its figures, one sentence."""
    verdict = verdict_of(case)
    if verdict == "no_spend":
        return "Nothing was spent, so there is nothing to pay back."
    if verdict == "pays_back" and case.payback_spend_share is not None:
        share = _percent(case.payback_spend_share)
        start = f"Revenue covered the spend by day {case.payback_day}, observed on {share} of it"
        return _sentence(start, _observed(case))
    if verdict == "too_early":
        return _sentence(_too_early(case), _observed(case))
    if not case.installs:
        return "Money was spent and nobody installed, so no revenue can be expected."
    if verdict in {"will_pay_back", "likely_to_pay_back"}:
        end = _payback(case)
    elif verdict == "unlikely_to_pay_back":
        end = f"payback by D{case.longest} is possible, but not expected"
    else:
        end = f"no payback by D{case.longest}"
    return _sentence(_observed(case), _expected(case.expected), end, _beyond(case))


def _too_early(case: Case) -> str:
    status = status_of(case)
    if status == "too_few_installs":
        return f"{case.installs} installs are too few for a verdict ({LEAST_INSTALLS} needed)"
    if status == "too_young":
        return (
            f"the oldest cohort is known for {case.known_age} days "
            f"({LEAST_AGE} needed for a verdict)"
        )
    if case.expected is None:
        return f"no forecast covers {_percent(ENOUGH_SPEND)} of the spend"
    if case.expected.lower is None:
        return f"{_expected(case.expected)}, but too few campaigns are old enough for an interval"
    return f"{_expected(case.expected)}; D{case.longest} cannot be forecast yet"


def _observed(case: Case) -> str:
    if case.observed is None:
        return f"less than {_percent(ENOUGH_SPEND)} of the spend is old enough for any ROAS"
    days, roas, share = case.observed
    return f"D{days} ROAS {roas:.2f} on {_percent(share)} of the spend"


def _expected(expected: Expected | None) -> str:
    if expected is None:
        return ""
    text = f"expected {expected.roas:.2f} by D{expected.horizon}"
    if expected.lower is None or expected.upper is None:
        return text
    return f"{text} (80 % interval {expected.lower:.2f}–{expected.upper:.2f})"


def _beyond(case: Case) -> str:
    """Says that a forecast rests on other campaigns."""
    if case.expected is None or case.known_age >= case.expected.horizon:
        return ""
    return f"beyond day {case.known_age}, the age of its oldest cohort, other campaigns are used"


def _payback(case: Case) -> str:
    horizon = case.expected.horizon if case.expected else case.longest
    day, earliest, latest = case.expected_payback
    end = f"day {latest}" if latest is not None else f"later than D{horizon}"
    return f"payback by about day {day} (80 % interval: day {earliest} to {end})"


def _percent(share: float) -> str:
    """Rounded down, so that less than 80 % never reads as 80 %."""
    return f"{int(share * 100 + 1e-9)} %"


def _sentence(*parts: str) -> str:
    whole = "; ".join(part for part in parts if part)
    return f"{whole[:1].upper()}{whole[1:]}."
