"""Pages of metrics as the server shows them: refusals, unknown names, links from a folder, CSV."""

import pytest
from starlette.testclient import TestClient

from ltv_platform_tests.testing.home import Home
from ltv_platform_tests.testing.http import client


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A dashboard on one customer, one purchase and one cost."""
    home = Home(tmp_path_factory.mktemp("metrics") / "home", as_of="2025-03-31")
    home.load("customers", "a,2025-02-01 10:00:00,US,ads,alpha")
    home.load("transactions", "t,a,2025-02-01 11:00:00,5,0")
    home.load("campaign_costs", "alpha,2025-02-01,US,2", "alpha,2025-03-30,US,1")
    home.publish()
    return client(home.settings)


def test_the_server_and_its_own_metrics_do_not_meet(browser: TestClient) -> None:
    """Prometheus keeps /metrics; the index of ours is in the folder."""
    assert browser.get("/metrics").headers["content-type"].startswith("text/plain")
    index = browser.get("/metrics/index")
    assert index.status_code == 200
    assert 'href="../metrics/roas_d7"' in index.text


def test_a_refusal_is_a_page_with_links(browser: TestClient) -> None:
    """The reason, and a link without the filter that the metric does not have."""
    answer = browser.get("/metrics/channel_cost?country=US")
    assert answer.status_code == 200
    assert "channel_cost has no dimension" in answer.text
    assert '<a href="../metrics/channel_cost">Channel cost without country</a>' in answer.text


def test_an_unknown_metric_has_similar_ones(browser: TestClient) -> None:
    """As a page whose links lead out of the folder."""
    answer = browser.get("/metrics/roas_d8")
    assert answer.status_code == 404
    assert "There is no metric &#39;roas_d8&#39;." in answer.text
    assert "Did you mean roas_d" in answer.text
    assert 'href="../campaigns"' in answer.text


def test_an_unreadable_filter_keeps_the_links(browser: TestClient) -> None:
    """Regression: an error below a folder had links to pages in this folder."""
    answer = browser.get("/metrics/roas_d7?from=yesterday")
    assert answer.status_code == 400
    assert 'href="../campaigns"' in answer.text


def test_the_csv_of_a_metric(browser: TestClient) -> None:
    """With a file name that has no folder."""
    answer = browser.get("/metrics/roas_d7.csv?table=value-table&by=country")
    assert answer.headers["content-disposition"].endswith('"metrics_roas_d7_value-table.csv"')
    assert answer.text.splitlines()[1].startswith("US,2.5,5.000000,2.000000")
