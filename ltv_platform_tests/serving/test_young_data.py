"""Pages of an installation in its first days: most figures are not known yet, and no page fails."""

from pathlib import Path

import pytest

from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client

PAGES = ("", "campaigns", "channels", "customers", "forecasts", "data", "metrics/retention_m1")


@pytest.mark.parametrize("bought", [True, False], ids=["bought", "nothing bought"])
def test_pages_of_ten_days(tmp_path: Path, bought: bool) -> None:
    """Regression: a filter on a table without rows was refused as a value that does not exist."""
    home = Home(tmp_path, start_date="2025-03-01", as_of="2025-03-10", horizons=(1, 7))
    home.load("customers", "a,2025-03-01 10:00:00,US,ads,c1", "b,2025-03-05 10:00:00,DE,,")
    if bought:
        home.load("transactions", "t1,a,2025-03-01 11:00:00,5,0")
        home.load("campaign_costs", "c1,2025-03-01,US,2")
    home.publish()
    with client(home.settings) as browser:
        answers = {page: browser.get(f"/{page}").status_code for page in PAGES}
    assert answers == dict.fromkeys(PAGES, 200)
