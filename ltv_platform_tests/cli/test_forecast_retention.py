"""`ltv forecast retention`: renewals from the published purchases, or from a file."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from ltv_platform.cli import app
from ltv_platform.errors import UserError
from ltv_platform.reports.forecasts import renewals_as_of
from ltv_platform_tests.forecasting.repeat_buying.customers import HIGH_END
from ltv_platform_tests.testing.home import Home

MONTH = 30.4375
HEADER = "transaction_id,customer_id,transaction_date,amount,is_refund,product_category"
#: Subscribers who pay every week, of 200 at the start.
WEEKLY = (200, 150, 120, 100, 90)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Subscribers who began on 2025-01-31, one on 2025-05-25, known until 2025-05-31."""
    home = Home(tmp_path_factory.mktemp("home"), groups=("core",), as_of="2025-05-31")
    home.load("customers", *(f"{name},2025-01-31,DE,ads,c1" for name in ("a", "b", "c", "e", "f")))
    payments = {
        "a": ("01-31", "02-28", "03-31", "04-30", "05-31"),
        "b": ("01-31", "02-28"),
        "c": ("01-31", "02-28", "03-02", "04-30"),
        "e": ("01-31", "02-28"),
        "f": ("05-25",),
        "unknown": ("01-31", "02-28"),
    }
    rows = [
        f"{name}{day},{name},2025-{day},10,0,premium"
        for name, days in payments.items()
        for day in days
    ]
    refund = "r,e,2025-03-05,10,1,premium"
    coins = "coins,b,2025-03-31,5,0,coins"
    home.load("transactions", *rows, refund, coins, header=HEADER)
    home.publish()
    return home


@pytest.fixture(scope="module")
def weekly(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """As many subscribers as a fit takes, each of whom paid every 7 days until they left."""
    start = date(2025, 1, 1)
    as_of = start + timedelta(days=7 * len(WEEKLY) - 4)
    home = Home(tmp_path_factory.mktemp("weekly"), groups=("core",), as_of=as_of)
    home.load("customers", *(f"s{n},{start},DE,ads,c1" for n in range(WEEKLY[0])))
    home.load(
        "transactions",
        *(
            f"{n}-{week},s{n},{start + timedelta(days=7 * week)},9.99,0"
            for week, subscribers in enumerate(WEEKLY)
            for n in range(subscribers)
        ),
    )
    home.publish()
    return home


@pytest.fixture
def ltv(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs `ltv forecast retention` on a home."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(home: Home | Path, *arguments: str) -> Result:
        folder = home if isinstance(home, Path) else home.settings.home
        monkeypatch.setenv("LTV_HOME", str(folder))
        return CliRunner().invoke(app, ["forecast", "retention", *arguments])

    yield run


def test_renewals_of_the_published_purchases(home: Home) -> None:
    """Three renewals are due of who began on 2025-01-31: the fourth may come until 2025-06-16.

    b paid once more; c twice in one month and then not for two; the renewal of e was refunded; f
    has just begun. An unknown customer is not a subscriber.
    """
    day, renewals = renewals_as_of(home.settings, MONTH, category="premium")
    assert day == date(2025, 5, 31)
    assert renewals.at_risk.tolist() == [4, 3, 1]
    assert renewals.left.tolist() == [1, 2, 0]


def test_a_category_or_all_purchases(home: Home) -> None:
    """Without a category b's coins of 2025-03-31 are a renewal."""
    _, renewals = renewals_as_of(home.settings, MONTH)
    assert (renewals.at_risk.tolist(), renewals.left.tolist()) == ([4, 3, 2], [1, 1, 1])
    _, coins = renewals_as_of(home.settings, MONTH, category="coins")
    assert (coins.at_risk.tolist(), coins.left.tolist()) == ([1], [1])
    with pytest.raises(UserError, match="bought in the product category none by 2025-05-31"):
        renewals_as_of(home.settings, MONTH, category="none")


def test_a_renewal_is_due_when_no_later_day_can_be_one(home: Home) -> None:
    """Until 45 days after the first payment, so that nobody is late by fewer than 15."""
    _, early = renewals_as_of(home.settings, MONTH, date(2025, 3, 16))
    assert early.at_risk.tolist() == []
    _, due = renewals_as_of(home.settings, MONTH, date(2025, 3, 17))
    assert (due.at_risk.tolist(), due.left.tolist()) == ([4], [1])


def test_a_projection_as_json(weekly: Home, ltv: Any, tmp_path: Path) -> None:
    """The same from purchases as from a file with the same counts."""
    [found] = json.loads(ltv(weekly, "--period", "week", "--format", "json").stdout)
    assert (found["model"], found["status"], found["customers"]) == ("sbg", "ok", 200)
    assert [(row["at_risk"], row["renewed"]) for row in found["curve"][:5]] == [
        *pairwise(WEEKLY),
        (None, None),
    ]
    file = tmp_path / "counts.csv"
    counts = (f"{week},{subscribers}" for week, subscribers in enumerate(WEEKLY))
    file.write_text("\n".join(["period,subscribers", *counts]), "utf-8")
    answer = ltv(weekly, "--counts", str(file), "--format", "json")
    [counted] = json.loads(answer.stdout)
    assert counted == {**found, "period": None, "as_of": None}
    assert list(found["parameters"]) == ["alpha", "beta"]
    assert (found["period"], found["as_of"], found["discount"]) == ("week", "2025-02-01", 0.0)


def test_a_projection_as_a_table_and_csv(ltv: Any, tmp_path: Path) -> None:
    """docs/forecasts.md: the high-end segment of Fader & Hardie (2007), without a home."""
    file = tmp_path / "counts.csv"
    counts = (f"{year},{subscribers}" for year, subscribers in enumerate(HIGH_END))
    file.write_text("\n".join(["period,subscribers", *counts]), "utf-8")
    answer = ltv(tmp_path / "none", "--counts", str(file), "--discount", "0.1")
    assert answer.exit_code == 0
    assert "Fitted to 1,000 subscribers: alpha 0.6681, beta 3.806." in answer.stderr
    assert "pay 5.92 times in all, the first payment included, discounted by 0.1" in answer.stderr
    lines = answer.stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert lines[3].split() == ["1", "1,000", "869", "0.87", "0.87", "0.85", "0.85", "1.77"]
    answer = ltv(tmp_path / "none", "--counts", str(file), "--format", "csv", "--horizon", "8")
    header, first, *_, last = answer.stdout.splitlines()
    assert header.split(",")[:4] == ["period", "at_risk", "renewed", "retention"]
    assert first.startswith("1,1000,869,0.869,0.869,0.850679262774,0.850679262774,1.85067926277")
    assert last.startswith("8,,,,,")
    assert "infinite, because alpha is at most 1" in answer.stderr


def test_too_few_periods(home: Home, ltv: Any) -> None:
    """What is known is shown, and why nothing is projected."""
    answer = ltv(home, "--as-of", "2025-03-20", "--horizon", "2")
    assert answer.exit_code == 0
    assert "sbg: 1 period of renewals; a fit takes 2 or more." in answer.stderr
    assert answer.stdout.splitlines()[-1].split() == ["2", *"–––––––"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--counts", "none.csv"), "none.csv cannot be read"),
        (("--counts", "x", "--period", "year", "--as-of", "2025-05-01"), "--period and --as-of"),
        (("--period", "decade"), "decade"),
        (("--discount", "0.00001"), "Give 0, or 0.0001 and more"),
        (("--as-of", "2025-01-30"), "the first transaction is from 2025-01-31"),
        (("--category", "none"), "bought in the product category none"),
    ],
)
def test_errors_say_what_to_give_instead(
    home: Home, ltv: Any, arguments: tuple[str, ...], message: str
) -> None:
    """No traceback."""
    answer = ltv(home, *arguments)
    shown = answer.stderr + str(answer.exception)
    assert answer.exit_code == 2 or isinstance(answer.exception, UserError)
    assert message in shown


def test_nothing_is_published(ltv: Any, tmp_path: Path) -> None:
    assert "Nothing is published" in str(ltv(tmp_path).exception)
