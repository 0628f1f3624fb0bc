"""The table made from counted levels and patterns: statuses, edges, order of rows."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from ltv_platform.factors.influence import influencing_factors
from ltv_platform.parameters.factors import FACTORS
from ltv_platform_tests.factors.counted import counted

Levels = Mapping[str, Sequence[str]]


def _values(many: int, seed: int = 1) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return (chance.random(many) < 0.5) * np.exp(3 + chance.normal(size=many))


def _among(many: int, *names: str, seed: int = 2) -> list[str]:
    return [names[place] for place in np.random.default_rng(seed).integers(0, len(names), many)]


def _rows(
    values: Sequence[float] | np.ndarray, levels: Levels, **more: int
) -> dict[tuple[str, str], dict[str, Any]]:
    table = influencing_factors(counted(values, levels, **more))
    return {(row["factor"], row["level"]): row for row in table.to_pylist()}


def test_few_customers_take_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below 100 mature customers: raw figures, a status, and nothing heavy is imported."""
    sums = counted(_values(99), {"segment": _among(99, "a", "b")})
    for name in ("numpy", "scipy", "scipy.special"):
        monkeypatch.setitem(sys.modules, name, None)
    rows = influencing_factors(sums).to_pylist()
    monkeypatch.undo()
    assert {row["status"] for row in rows} == {"too_few_customers", "raw_only"}
    assert {row["multiplier"] for row in rows} == {row["significant"] for row in rows} == {None}
    assert rows[0]["reason"] == (
        "The model needs 100 customers of 180 days or more in large enough levels; there are 99."
    )
    assert all(row["avg_ltv"] > 0 and row["lift"] > 0 for row in rows)


def test_few_payers_take_no_model() -> None:
    """Ten customers with revenue per coefficient."""
    values = np.where(np.arange(200) < 25, 9.0, 0.0)
    rows = _rows(values, {"segment": ["a", "b"] * 100, "gender": ["f", "f", "m", "m"] * 50})
    assert rows["(all)", "(all)"]["reason"] == (
        "For 3 coefficients the model needs 30 customers with revenue; there are 25."
    )
    assert rows["segment", "a"]["status"] == "too_few_customers"
    assert rows["segment", "a"]["avg_ltv"] == 9 * 13 / 100


def test_no_customer_is_no_row_and_no_mature_one_is_one() -> None:
    """Nothing known, nothing said; else the row of all says what is missing."""
    empty = counted([], {})
    assert influencing_factors(empty).num_rows == 0
    known = empty.set_column(empty.column_names.index("known_customers"), "known_customers", [[7]])
    [row] = influencing_factors(known).to_pylist()
    assert (row["factor"], row["customers"], row["avg_ltv"]) == ("(all)", 0, None)
    assert row["status"] == "too_few_customers"


def test_one_factor_is_its_raw_lift() -> None:
    """Multiplier: in a model of one factor, the level's mean over the mean of all."""
    values = _values(400)
    rows = _rows(values, {"segment": _among(400, "a", "b", "c")})
    everyone = rows["(all)", "(all)"]
    assert everyone["status"] == "ok"
    for name in "abc":
        row = rows["segment", name]
        raw = row["avg_ltv"] / everyone["avg_ltv"]
        assert row["multiplier"] == pytest.approx(raw, rel=1e-9)
        assert row["multiplier_lower"] < row["multiplier"] < row["multiplier_upper"]
        assert abs(row["lift"] - 1) <= abs(raw - 1)
    assert rows["gender", "(none)"]["status"] == "one_level"
    assert rows["is_active", "(none)"]["status"] == "raw_only"


def test_small_levels_are_pooled_and_listed() -> None:
    """Below min_customers, or below ten payers: raw, without a multiplier."""
    levels = ["a"] * 300 + ["b"] * 100 + ["small"] * 9 + ["free"] * 91
    values = np.concatenate([_values(409) + 1, np.zeros(91)])
    rows = _rows(values, {"segment": levels})
    assert [rows["segment", name]["status"] for name in ("a", "b")] == ["ok", "ok"]
    small, free = rows["segment", "small"], rows["segment", "free"]
    assert small["reason"] == "9 customers, 10 are needed: pooled into (other)."
    assert free["reason"] == "0 customers with revenue, 10 are needed: pooled into (other)."
    assert small["multiplier"] is free["multiplier"] is None
    assert small["customers"] == 9
    assert (free["avg_ltv"], free["payers"]) == (0, 0)
    assert free["lift"] < 1
    more = _rows(values, {"segment": levels}, min_customers=101)
    assert more["segment", "b"]["status"] == "pooled"


def test_the_most_frequent_levels_are_told_apart() -> None:
    """At most 30 levels of a factor; of equally frequent ones the first by name."""
    names = [f"c{number:02d}" for number in range(35)]
    rows = _rows(_values(3500) + 1, {"city": names * 100})
    statuses = {name: rows["city", name]["status"] for name in names}
    assert [name for name in names if statuses[name] == "ok"] == names[:30]
    assert "30 most frequent" in rows["city", "c30"]["reason"]


def test_what_follows_from_an_earlier_factor_is_collinear() -> None:
    """Cities lie in countries; who bought nothing has neither category nor payment method."""
    many = 2000
    country = _among(many, "DE", "FR", "US")
    city = [
        f"{of} {place}" for of, place in zip(country, _among(many, "1", "2", seed=3), strict=True)
    ]
    bought = _among(many, "yes", "no", seed=4)
    category = [
        what if yes == "yes" else "(none)"
        for what, yes in zip(_among(many, "toys", "food", seed=5), bought, strict=True)
    ]
    method = [
        how if yes == "yes" else "(none)"
        for how, yes in zip(_among(many, "card", "cash", seed=6), bought, strict=True)
    ]
    rows = _rows(
        _values(many),
        {
            "country": country,
            "city": city,
            "segment": country,
            "product_category": category,
            "payment_method": method,
        },
    )
    statuses = {key: row["status"] for key, row in rows.items()}
    assert {status for (factor, _), status in statuses.items() if factor == "city"} == {"collinear"}
    assert {statuses["segment", name] for name in ("DE", "FR", "US")} == {"collinear"}
    assert {statuses["country", name] for name in ("DE", "FR", "US")} == {"ok"}
    assert statuses["product_category", "(none)"] == "ok"
    assert statuses["payment_method", "(none)"] == "collinear"
    assert statuses["payment_method", "card"] == statuses["payment_method", "cash"] == "ok"
    assert "a level of an earlier factor" in rows["payment_method", "(none)"]["reason"]
    assert "the earlier factors" in rows["city", "DE 1"]["reason"]


def test_confounded_factors_are_told_apart() -> None:
    """Adjusted: premium doubles LTV, and a source looks good only because it brings premium."""
    chance = np.random.default_rng(8)
    many = 6000
    premium = chance.random(many) < 0.3
    good = chance.random(many) < np.where(premium, 0.8, 0.2)
    values = (chance.random(many) < 0.6) * np.exp(3 + 0.5 * chance.normal(size=many))
    values *= np.where(premium, 2, 1)
    rows = _rows(
        values,
        {
            "acquisition_source": np.where(good, "good", "other").tolist(),
            "segment": np.where(premium, "premium", "standard").tolist(),
        },
    )
    source, segment = rows["acquisition_source", "good"], rows["segment", "premium"]
    assert source["lift"] > 1.2
    assert source["multiplier_lower"] < 1 < source["multiplier_upper"]
    assert source["significant"] is False
    truth = 2 / (1 + premium.mean())
    assert segment["multiplier_lower"] < truth < segment["multiplier_upper"]
    assert segment["significant"] is True


def test_all_refunds_are_no_revenue() -> None:
    """Everybody below 0: floored and counted; averages 0, and a lift of nothing is NULL."""
    rows = _rows([-5.0] * 150, {"segment": ["a", "b", "c"] * 50})
    everyone = rows["(all)", "(all)"]
    assert (everyone["floored_customers"], everyone["payers"], everyone["avg_ltv"]) == (150, 0, 0)
    assert {row["lift"] for row in rows.values()} == {None}
    assert rows["segment", "a"]["status"] == "too_few_customers"


def test_equal_revenue_is_equal() -> None:
    """Where nothing varies, multipliers are 1 and their interval is a point."""
    row = _rows([4.0] * 200, {"segment": ["a", "b"] * 100})["segment", "a"]
    assert (row["multiplier"], row["multiplier_lower"], row["lift"]) == (1, 1, 1)
    assert row["significant"] is False


def test_names_of_any_kind() -> None:
    """Quotes, emoji, ten thousand letters, and the words for what is missing."""
    names = ["'; DROP", '"q"', "🧸 Spiel", "x" * 10_000, "(other)", "(unknown)", "NULL"]
    rows = _rows(_values(700) + 1, {"product_category": names * 100})
    assert {rows["product_category", name]["status"] for name in names} == {"ok"}


def test_the_order_of_rows_changes_nothing() -> None:
    """Same rows in, the same table out to the last bit; twelve digits are kept."""
    many = 1500
    levels = {
        factor: _among(many, *"abcdefg"[: 2 + place % 6], seed=place)
        for place, factor in enumerate(FACTORS)
    }
    sums = counted(_values(many), levels)
    table = influencing_factors(sums)
    assert table["status"].to_pylist().count("ok") > 20
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(sums.num_rows)
        assert influencing_factors(sums.take(order)).equals(table)
    for value in table["multiplier"].drop_null().to_pylist():
        assert value == float(f"{value:.12g}")


def _with_gaps(many: int = 20_000) -> tuple[np.ndarray, dict[str, list[str]]]:
    """Ages and incomes (in segment) that the same third of the customers does not tell."""
    chance = np.random.default_rng(7)
    tells = chance.random(many) < 0.67
    age = np.where(tells, chance.choice(["18-24", "25-44", "45-54"], many, p=[0.3, 0.5, 0.2]), "")
    shares = [0.3, 0.2, 0.2, 0.1, 0.1, 0.1]
    income = np.where(tells, chance.choice(list("abcdef"), many, p=shares), "")
    worth = {"": 1.0, "18-24": 0.6, "25-44": 1.0, "45-54": 2.0}
    of_income = {"": 1.0, "a": 0.5, "b": 1.0, "c": 2.0, "d": 1.5, "e": 3.0, "f": 0.8}
    mean = 20 * np.array([worth[a] * of_income[i] for a, i in zip(age, income, strict=True)])
    values = np.where(chance.random(many) < 0.5, chance.gamma(1.5, 2 * mean / 1.5), 0.0)
    name = {"": "(unknown)"}
    return values, {
        "age_band": [name.get(a, str(a)) for a in age],
        "segment": [name.get(i, str(i)) for i in income],
    }


GROUPINGS: tuple[dict[str, str], ...] = (
    {},
    {"a": "low", "b": "low"},
    {"b": "rest", "d": "rest", "e": "rest", "f": "rest"},
    {"a": "all but c", "b": "all but c", "d": "all but c", "e": "all but c", "f": "all but c"},
)


def test_what_coincides_leaves_other_multipliers_the_same() -> None:
    """Grouping incomes changes no age, nor its ratio to customers with neither known.

    Who tells no income was taken for one of the most frequent level, whichever the grouping made
    the most frequent, and the level (unknown) of age made up for it.
    """
    values, levels = _with_gaps()
    found = []
    for grouping in GROUPINGS:
        grouped = [grouping.get(level, level) for level in levels["segment"]]
        rows = _rows(values, {**levels, "segment": grouped})
        assert rows["segment", "(unknown)"]["status"] == "collinear"
        ages = {name: rows["age_band", name] for name in ("18-24", "25-44", "45-54", "(unknown)")}
        found.append({name: row["multiplier"] for name, row in ages.items()})
        for row in ages.values():
            assert row["multiplier_lower"] < row["multiplier"] < row["multiplier_upper"]
    for multipliers in found[1:]:
        assert multipliers == pytest.approx(found[0], rel=0.02)
    # Without incomes at all, ages are what they are: the incomes of all ages are alike.
    [alone] = [_rows(values, {"age_band": levels["age_band"]})]
    for name, multiplier in found[0].items():
        assert multiplier == pytest.approx(alone["age_band", name]["multiplier"], rel=0.05)
