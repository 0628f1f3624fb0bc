"""A pipe without filters answers the published table, to the last digit."""

import pytest

from ltv_platform.contracts.ddl import column_list
from ltv_platform.pipes.declared import all_pipes
from ltv_platform.settings import Settings
from ltv_platform_tests.pipes.asking import Asking

TABLES = {
    "customer_retention_analysis": "customer_retention",
    "customer_segmentation": "rfm_segments",
}
#: Half a million rows, and what is not a table.
LONG = ("campaign_cohort_curve",)
PIPES = [
    name
    for name in all_pipes(Settings(home="/nowhere"))
    if name not in LONG and not name.endswith("_quarantine")
]


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_without_filters_is_its_table(sample: Asking, name: str) -> None:
    """Every column, in the order of the key."""
    pipe = sample.pipe(name)
    table = TABLES.get(name, name)
    key = column_list(pipe.order)
    expected = sample.home.published(f"SELECT * FROM {table} ORDER BY {key}")
    rows = sample.rows(name)
    if name == "quarantine":  # records without a key of their own
        assert sorted(map(str, rows)) == sorted(map(str, expected))
    else:
        assert rows == expected


def test_a_long_table_is_answered_in_pages(sample: Asking) -> None:
    """The first and the last page of half a million rows, and their number."""
    [count] = sample.home.values("SELECT COUNT(*) FROM campaign_cohort_curve")
    first = sample.answer("campaign_cohort_curve", limit=2)
    last = sample.answer("campaign_cohort_curve", limit=100, offset=count - 1)
    assert (first.total, last.total) == (count, count)
    assert [len(first.rows), len(last.rows)] == [2, 1]
    [expected] = sample.home.values(
        "SELECT CAST(MAX(install_date) AS VARCHAR) FROM campaign_cohort_curve"
    )
    assert last.rows[0][0] == expected
    assert sample.answer("campaign_cohort_curve", offset=count + 5).total == count


@pytest.mark.parametrize("name", ["ltv_by_cohort", "customer_retention_analysis"])
@pytest.mark.parametrize("start", ["2000-01-01", "2000-01-02"], ids=["sums", "events"])
def test_a_filter_that_all_customers_meet_changes_nothing(
    sample: Asking, name: str, start: str
) -> None:
    """The same SELECT over published sums and over all events: every figure is equal."""
    assert sample.rows(name, start_date=start) == sample.rows(name)


def test_factors_of_all_customers_are_those_of_the_table(sample: Asking) -> None:
    """The model is fitted again, and finds the same."""
    name = "ltv_influencing_factors"
    assert sample.rows(name, start_date="2000-01-01") == sample.rows(name)


def test_segments_of_a_window_of_all_days_are_those_of_the_table(sample: Asking) -> None:
    """Customers are scored again, from all transactions."""
    name = "customer_segmentation"
    assert sample.rows(name, start_date="2000-01-01") == sample.rows(name)
    assert sample.rows(name, end_date="2100-01-01") == sample.rows(name)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("customer_ltv", {"country": "US"}),
        ("ltv_by_cohort", {"country": "US"}),
        ("customer_retention_analysis", {"segment": "premium"}),
        ("campaign_roas", {"grain": "month"}),
        ("customer_segmentation", {"country": "DE"}),
    ],
)
def test_tables_in_memory_answer_as_their_files(
    sample: Asking, name: str, given: dict[str, str]
) -> None:
    """What is too large to be kept in memory is read from its files."""
    from_files = Asking(sample.home, prepared=False)
    assert from_files.rows(name, **given) == sample.rows(name, **given)
    from_files.close()
