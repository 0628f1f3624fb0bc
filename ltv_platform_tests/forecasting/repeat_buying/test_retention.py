"""Counts of renewals, and the curve fitted to them."""

from pathlib import Path

import numpy as np
import pytest

from ltv_platform.errors import UserError
from ltv_platform.forecasting.repeat_buying.retention import Renewals, project
from ltv_platform.forecasting.repeat_buying.subscriber_counts import read_counts
from ltv_platform_tests.forecasting.repeat_buying.customers import HIGH_END, REGULAR


def test_counts_of_groups() -> None:
    """Who left is at risk once more than they renewed, who stayed as often as it came due."""
    renewals = Renewals.of_groups([3, 3, 3, 1, 0], [3, 1, 0, 1, 0], [10, 4, 2, 5, 100])
    assert renewals.at_risk.tolist() == [21, 14, 10]
    assert renewals.left.tolist() == [2, 4, 0]


def test_counts_of_cohorts() -> None:
    """A cohort is at risk in the periods that it has been counted in."""
    renewals = Renewals.of_cohorts([[100, 60, 30], [50, 40], [7]])
    assert renewals.at_risk.tolist() == [150, 60]
    assert renewals.left.tolist() == [50, 30]
    died_out = Renewals.of_cohorts([[100, 0, 0, 0]])
    assert (died_out.at_risk.tolist(), died_out.left.tolist()) == ([100], [100])


@pytest.mark.parametrize(
    ("survivors", "later", "last"),
    [
        (HIGH_END, [0.468, 0.445, 0.427, 0.409, 0.394], 0.378),
        (REGULAR, [0.223, 0.207, 0.194, 0.183, 0.173], 0.170),
    ],
)
def test_the_projection_of_the_paper(
    survivors: np.ndarray, later: list[float], last: float
) -> None:
    """docs/forecasts.md: fitted to seven years, the next five of Fader & Hardie (2007), table 1."""
    projection = project(Renewals.of_cohorts([survivors.tolist()]), 12)
    assert [row.period for row in projection.curve] == list(range(1, 13))
    known, ahead = projection.curve[:7], projection.curve[7:]
    assert [row.at_risk for row in known] == survivors[:-1].tolist()
    assert [row.renewed for row in known] == survivors[1:].tolist()
    assert [row.survival for row in known] == pytest.approx((survivors[1:] / 1000).tolist())
    assert {(row.at_risk, row.renewed, row.retention, row.survival) for row in ahead} == {
        (None, None, None, None)
    }
    assert [row.expected_survival for row in ahead] == pytest.approx(later, abs=0.0165)
    assert ahead[-1].expected_survival == pytest.approx(last, abs=5e-4)


def test_payments_add_up_the_survival() -> None:
    """The first payment is 1, each renewal its survival, discounted."""
    projection = project(Renewals.of_cohorts([HIGH_END.tolist()]), 3, discount=0.1)
    survival = np.array([1, *(row.expected_survival for row in projection.curve)])
    payments = np.cumsum(survival / 1.1 ** np.arange(len(survival)))
    assert len(projection.curve) == 7, "no known period is cut off"
    assert [row.expected_payments for row in projection.curve] == pytest.approx(payments[1:])
    assert projection.expected_lifetime == pytest.approx(5.92225349578)
    assert project(Renewals.of_cohorts([HIGH_END.tolist()]), 3).expected_lifetime is None


def test_without_a_fit_the_counts_are_shown() -> None:
    """The model's figures are None; the reason is in the fit."""
    projection = project(Renewals.of_cohorts([[60, 30, 20]]), 3)
    assert projection.fit.status == "too_few_customers"
    assert projection.expected_lifetime is None
    assert [row.retention for row in projection.curve] == [0.5, pytest.approx(2 / 3), None]
    assert {row.expected_survival for row in projection.curve} == {None}


def test_counts_in_a_file(tmp_path: Path) -> None:
    """Rows in any order, a byte order mark, capitals, further columns."""
    file = tmp_path / "counts.csv"
    file.write_text(
        "\ufeffCohort,Period,Subscribers,note\nb,0,50,\na,1,60,x\na,0,100,\na,2,30,\nb,1,40,\n",
        "utf-8",
    )
    renewals = read_counts(file)
    assert renewals.at_risk.tolist() == [150, 60]
    assert renewals.left.tolist() == [50, 30]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column period and subscribers; its header is: nothing"),
        ("period;subscribers\n0;5\n", "its header is: period;subscribers"),
        ("period,subscribers\n", "has no rows"),
        ("period,subscribers\n0,5\n2,3\n", "has no period 1"),
        ("period,subscribers\n1,5\n", "has no period 0"),
        ("cohort,period,subscribers\na,0,5\na,1,6\n", "has 6 subscribers of cohort a after per"),
        ("period,subscribers\n0,5\n0,4\n", r"has period 0 of one cohort twice \(line 3\)"),
        ("period,subscribers\n0,5.5\n", r"'5.5' as subscribers, not a whole number \(line 2\)"),
        ("period,subscribers\n0\n", "'nothing' as subscribers"),
        ("period,subscribers\n-1,5\n", "'-1' as period, not a whole number"),
    ],
)
def test_counts_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    """The file, the line, and what it should hold."""
    file = tmp_path / "counts.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(UserError, match=message) as error:
        read_counts(file)
    assert str(file) in error.value.message
    assert "columns period and subscribers" in error.value.hint


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Not there, a folder, or no text."""
    (tmp_path / "bytes").write_bytes(b"period,subscribers\n\xff\xfe,1\n")
    for name in ("none.csv", ".", "bytes"):
        with pytest.raises(UserError, match="cannot be read"):
            read_counts(tmp_path / name)
