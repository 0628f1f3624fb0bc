"""Filters in the address of a page."""

from datetime import date

import pytest

from ltv_platform.errors import UserError
from ltv_platform.reports.filters import EVERYTHING, Filters


def test_an_address_is_read_and_written() -> None:
    """A form sends empty values for what it does not restrict."""
    address = {"from": "2026-01-01", "to": "", "country": "US", "target": "1.20", "grain": "week"}
    filters = Filters.parse(address)
    assert filters == Filters(start=date(2026, 1, 1), country="US", target=1.2, grain="week")
    assert filters.address() == "?from=2026-01-01&country=US&grain=week&target=1.2"
    assert Filters.parse(filters.values()) == filters
    assert EVERYTHING.address() == ""


def test_an_address_changes_one_filter() -> None:
    """Values of files are escaped: a campaign may have any name."""
    filters = Filters(country="US", sort="-spend")
    assert filters.address(sort=None, campaign="a&b=<c>") == "?country=US&campaign=a%26b%3D%3Cc%3E"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ({"contry": "US"}, "There is no filter 'contry'"),
        ({"from": "yesterday"}, "from is 'yesterday', which is not a date"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "from is 2026-02-01, after to"),
        ({"target": "0"}, "target is '0', which is not a ROAS above 0"),
        ({"target": "nan"}, "target is 'nan'"),
        ({"grain": "year"}, "grain is 'year'"),
        ({"cohorts": "all"}, "cohorts is 'all'"),
        ({"campaign": "a\x00b"}, "campaign is too long or is not text"),
        ({"campaign": "a" * 400}, "campaign is too long"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(address: dict[str, str], message: str) -> None:
    """Ignoring it would show the figures of everything as those of a part."""
    with pytest.raises(UserError, match=message):
        Filters.parse(address)
