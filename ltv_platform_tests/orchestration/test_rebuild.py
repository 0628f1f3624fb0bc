"""Which days people may ask to rebuild."""

from datetime import date

import pytest

from ltv_platform.errors import UserError
from ltv_platform.orchestration.foreground import rebuild
from ltv_platform.tables.transforms import Graph
from ltv_platform_tests.testing.loader import Loader

SOON = date(2030, 1, 1)
EARLY = date(2020, 1, 1)
PARTITIONS = "is outside the partitions, which run from 2025-01-01 to 2026-01-15."


@pytest.mark.parametrize(
    ("days", "message"),
    [
        ((SOON, None), f"2030-01-01 {PARTITIONS}"),
        ((None, SOON), f"2030-01-01 {PARTITIONS}"),
        ((None, EARLY), f"2020-01-01 {PARTITIONS}"),
        ((EARLY, SOON), f"2020-01-01 to 2030-01-01 {PARTITIONS}"),
        (
            (date(2026, 1, 2), None),
            "2026-01-02 is after 2025-12-31, the last day included in the figures.",
        ),
        ((SOON, EARLY), "The range ends on 2020-01-01, before its start on 2030-01-01."),
    ],
)
def test_days_that_cannot_be_rebuilt(
    load: Loader, graph: Graph, days: tuple[date | None, date | None], message: str
) -> None:
    """The message names the days that were asked for, and none that nobody named.

    Partitions start with the year of the first row.
    """
    load("customers", "customer_id,registration_date\na,2025-12-30\nb,2025-12-31\n")
    with pytest.raises(UserError) as caught:
        rebuild(load.engine, graph, days, "", lambda _: None)
    assert str(caught.value).partition("\n")[0] == message


def test_a_rebuild_empties_the_days_that_as_of_has_left(load: Loader, graph: Graph) -> None:
    """A purchase corrected to an earlier day moves as_of back; it occurs there once."""
    header = "transaction_id,customer_id,transaction_date,amount\n"
    load("customers", "customer_id,registration_date\na,2025-01-01\n")
    load("transactions", f"{header}t1,a,2025-12-30 10:00:00,5\n")
    rebuild(load.engine, graph, (None, None), "key:core/*", lambda _: None)
    load("transactions", f"{header}t1,a,2025-01-02 10:00:00,5\n", "corrected.csv")
    rebuild(load.engine, graph, (None, None), "key:core/*", lambda _: None)
    days = load.rows("SELECT event_date FROM core.transactions")
    assert days == [(date(2025, 1, 2),)]
