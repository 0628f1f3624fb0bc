"""Repeated rows, new versions, and files that were loaded before."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.warehouse.duckdb import raw_log
from ltv_platform_tests.testing.loader import Loader, assert_adds_up

A, B = "c1,Spring", "c1,Summer"


def campaigns(*rows: str) -> str:
    """A file of campaigns, which have no updated_at."""
    return "\n".join(["campaign_id,campaign_name", *rows]) + "\n"


def versions(load: Loader, table: str = "campaigns", value: str = "campaign_name") -> list[str]:
    """The stored values in the order of their versions, which must count from 1."""
    rows = load.rows(f"SELECT version, {value} FROM raw.{table} ORDER BY version")
    assert [version for version, _ in rows] == list(range(1, len(rows) + 1))
    return [str(text) for _, text in rows]


@pytest.mark.parametrize(
    ("files", "stored", "repeated"),
    [
        ([[A, A]], ["Spring"], 1),
        ([[A, B, A]], ["Spring", "Summer", "Spring"], 0),
        ([[A, B, B, A, A]], ["Spring", "Summer", "Spring"], 2),
        ([[A], [B], [B, A]], ["Spring", "Summer", "Spring"], 1),
        ([[A, B], [B, A]], ["Spring", "Summer", "Spring"], 1),
        ([[A], [A, A, B]], ["Spring", "Summer"], 2),
    ],
)
def test_undated_versions(
    load: Loader, files: Sequence[list[str]], stored: list[str], repeated: int
) -> None:
    """A, B, A without updated_at: the third is a new version, for the newest by receipt wins."""
    counts = [load("campaigns", campaigns(*rows), f"{i}.csv") for i, rows in enumerate(files)]
    assert versions(load) == stored
    assert sum(count.rows_repeated for count in counts) == repeated


def dated(*rows: tuple[str, str]) -> str:
    """A file of one customer's versions: (segment, day of updated_at)."""
    lines = [f"c1,2025-01-01,{segment},{day}" for segment, day in rows]
    return "\n".join(["customer_id,registration_date,segment,updated_at", *lines]) + "\n"


@pytest.mark.parametrize("together", [True, False])
def test_dated_versions_are_known_wherever_they_stood(load: Loader, together: bool) -> None:
    """With updated_at, values equal to any earlier version's are repeated; across files, too."""
    rows = [("a", "2025-02-01"), ("b", "2025-02-02"), ("a", "2025-02-01"), ("a", "2025-02-03")]
    files = [rows] if together else [[row] for row in rows]
    counts = [load.outcome("customers", dated(*file), f"{i}.csv") for i, file in enumerate(files)]
    assert versions(load, "customers", "segment") == ["a", "b", "a"]
    # Alone in its file, the third is the very content of the first.
    assert counts[-1 if together else 2].counts is not None
    if together:
        assert counts[0].counts is not None
        assert counts[0].counts.rows_repeated == 1
    else:
        assert counts[2].repeated


def test_an_undated_version_is_compared_with_the_last_that_was_stored(load: Loader) -> None:
    """Regression: a repeated row in between made it a new version, depending on the split."""
    load("customers", dated(("a", "2025-02-01"), ("u", "")), "1.csv")
    counts = load("customers", dated(("a", "2025-02-01"), ("u", ""), ("x", "")), "2.csv")
    assert (counts.rows_accepted, counts.rows_repeated) == (1, 2)
    assert versions(load, "customers", "segment") == ["a", "u", "x"]


def test_same_values_under_another_key_are_two_rows(load: Loader) -> None:
    """Same values, other key = two rows."""
    counts = load("campaigns", campaigns("c1,Spring", "c2,Spring"))
    assert (counts.rows_accepted, counts.rows_repeated) == (2, 0)


def test_lines_of_spend_with_one_key_add_up(load: Loader) -> None:
    """Sources whose loads replace know no repeated rows."""
    text = "campaign_id,date,country,cost\nc1,2025-03-01,US,5\nc1,2025-03-01,US,5\n"
    counts = load("campaign_costs", text)
    assert (counts.rows_accepted, counts.rows_repeated) == (2, 0)


def test_the_same_file_twice_changes_nothing(load: Loader) -> None:
    """Under another name, compressed or with a byte order mark it is another matter of bytes."""
    first = load("campaigns", campaigns(A, ",bad"))
    again = load.outcome("campaigns", campaigns(A, ",bad"), "renamed.csv")
    assert again.repeated
    assert again.counts == first
    marked = load("campaigns", "\ufeff" + campaigns(A, ",bad"), "marked.csv")
    assert (marked.rows_accepted, marked.rows_repeated, marked.rows_quarantined) == (0, 1, 1)


def test_the_same_content_twice_in_the_first_call(load: Loader) -> None:
    """Regression: before the start is settled both were staged, and both were loaded."""
    paths = [load.write(name, campaigns(A, ",bad")) for name in ("one.csv", "two.csv")]
    first, second = ingest(load.engine, [Request("campaigns", path) for path in paths])
    assert not first.repeated
    assert second.repeated
    assert load.rows("SELECT COUNT(*), COUNT(DISTINCT load_id) FROM raw.loads") == [(1, 1)]
    assert load.rows("SELECT COUNT(*) FROM raw.quarantine") == [(1,)]


def test_a_failing_append_leaves_nothing(load: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, quarantine, the line in loads and touched days commit together or not at all."""

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    load("campaigns", campaigns(A))
    before = load.rows("FROM raw.touched")
    with monkeypatch.context() as patch:
        patch.setattr(raw_log, "touch", fail)
        with pytest.raises(RuntimeError, match="killed"):
            load.outcome("campaigns", campaigns(B, ",bad"), "b.csv")
    assert versions(load) == ["Spring"]
    assert load.rows("FROM raw.touched") == before
    assert load.rows("SELECT COUNT(*) FROM raw.quarantine") == [(0,)]
    assert not list(load.engine.settings.home.glob("staging_*"))
    load("campaigns", campaigns(B, ",bad"), "b.csv")
    assert versions(load) == ["Spring", "Summer"]


def test_touched_days_are_those_of_all_versions(load: Loader) -> None:
    """The days of all versions, old and new, of the keys of a load; nothing of other keys."""
    head = "transaction_id,customer_id,transaction_date,amount\n"
    load("transactions", f"{head}t1,c1,2025-03-01,1\nt2,c1,2025-03-09,1\n", "1.csv")
    load("transactions", f"{head}t1,c1,2025-03-05,1\n", "2.csv")
    assert load.rows(
        "SELECT CAST(day AS VARCHAR), seq FROM raw.touched WHERE table_name = 'transactions' "
        "ORDER BY day"
    ) == [("2025-03-01", 2), ("2025-03-05", 2), ("2025-03-09", 1)]


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y"]), st.sampled_from("012")),
        min_size=1,
        max_size=10,
    ),
    cuts=st.sets(st.integers(0, 10)),
)
def test_the_log_does_not_depend_on_how_rows_are_split_into_files(
    load: Loader, rows: list[tuple[str, str, str]], cuts: set[int]
) -> None:
    """The same rows in one file or in many: the same versions, and every row counted."""
    head = "customer_id,registration_date,segment,updated_at\n"
    lines = [
        f"{key},2025-01-01,{segment},{f'2025-02-0{day}' if day != '0' else ''}\n"
        for key, segment, day in rows
    ]
    edges = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    logs = []
    for parts in ([lines], [lines[start:end] for start, end in pairwise(edges)]):
        with load.engine.session() as connection:
            for table in ("customers", "loads", "touched"):
                connection.execute(f"DELETE FROM raw.{table}")
        for i, part in enumerate(parts):
            # The ordinal in an unknown column keeps equal parts from being the same load.
            text = "n," + head + "".join(f"{i},{line}" for line in part)
            counts = load.outcome("customers", text, f"{i}.csv").counts
            assert counts is not None
            assert_adds_up(counts)
        logs.append(
            load.rows(
                "SELECT customer_id, version, segment, updated_at FROM raw.customers ORDER BY ALL"
            )
        )
    assert logs[0] == logs[1]
