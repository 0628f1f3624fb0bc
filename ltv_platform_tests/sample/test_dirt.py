"""Planted dirt: each dirty row breaks one rule in one column, and is counted in truths.json."""

from collections import Counter

import pytest

from ltv_platform.sample.csv_files import TABLES

from .conftest import Sample
from .reading import KEYS, faults, good_rows, rows


@pytest.mark.parametrize("table", TABLES)
def test_dirty_rows_are_those_of_the_truths_and_break_one_rule_each(
    sample: Sample, table: str
) -> None:
    """Found again by the rules of tables.md alone, column by column."""
    found = [faults(table, row) for row in rows(sample.folder, table)]
    assert max(len(columns) for columns in found) == 1
    expected: Counter[str] = Counter()
    for dirty in sample.truths.dirty_rows[table]:
        expected[dirty.column] += dirty.rows
    assert Counter(column for columns in found for column in columns) == expected
    assert sample.truths.tables[table].dirty == expected.total() > 0


@pytest.mark.parametrize("table", KEYS)
def test_dirty_rows_have_keys_of_their_own(sample: Sample, table: str) -> None:
    """So no good row can be shadowed by one."""
    key = KEYS[table]
    good = {row[key] for row in good_rows(sample.folder, table)}
    dirty = [row[key] for row in rows(sample.folder, table) if faults(table, row) and row[key]]
    assert len(dirty) == len(set(dirty))
    assert good.isdisjoint(dirty)


@pytest.mark.parametrize(
    ("table", "kind", "column", "text"),
    [
        ("transactions", "nan", "amount", "NaN"),
        ("transactions", "infinity", "amount", "inf"),
        ("transactions", "thousands_separator", "amount", "1,000.00"),
        ("transactions", "too_many_decimals", "amount", "0.1234567"),
        ("transactions", "negative_amount", "amount", "-5.00"),
        ("transactions", "bad_currency", "currency", "E1"),
        ("transactions", "bad_boolean", "is_refund", "maybe"),
        ("transactions", "future_timestamp", "transaction_date", "2099-01-01 00:00:00"),
        ("customers", "impossible_date", "registration_date", "2025-13-45 10:00:00"),
        ("conversions", "negative_amount", "revenue", "-5.00"),
        ("campaign_costs", "thousands_separator", "cost", "1,000.00"),
        ("fx_rates", "zero_rate", "rate", "0"),
    ],
)
def test_kinds_of_dirt(sample: Sample, table: str, kind: str, column: str, text: str) -> None:
    """The kinds that a platform must know are planted as often as the truths say."""
    expected = {(each.kind, each.column): each.rows for each in sample.truths.dirty_rows[table]}
    found = sum(row[column] == text for row in rows(sample.folder, table))
    assert 0 < found == expected[kind, column]
