"""CSV of a table of a page."""

from ltv_platform.reports.screen_csv import table_csv

_PAGE = """
<table id="other"><tr><td>no</td></tr></table>
<table id="figures">
<thead>
<tr class="group"><th></th><th colspan="2">Cohort ROAS</th></tr>
<tr><th>Campaign</th><th><a href="?sort">D7<span aria-hidden="true"> ↓</span></a></th>
<th>D30</th></tr>
</thead>
<tbody>
<tr><th><a href="#x">=SUM(A1)</a></th><td><data value="0.4184">0.42<span class="mark">◐</span><span
 class="unseen"> covers little</span></data></td><td><data value="">–</data></td></tr>
<tr><th>b, "c"</th><td>−1,234.50</td><td>–<span class="unseen">no spend</span></td></tr>
<tr><th>d<br>e</th><td>42 %</td><td><data value="-1.5">−1.50</data></td></tr>
</tbody>
</table>
"""


def test_a_table_is_what_the_page_shows_with_exact_values() -> None:
    """Marks and words for screen readers are left out; no text is a formula."""
    assert table_csv(_PAGE, "figures") == (
        "Campaign,Cohort ROAS D7,Cohort ROAS D30\n"
        "'=SUM(A1),0.4184,\n"
        '"b, ""c""",-1234.50,\n'
        "de,42 %,-1.5\n"
    )


def test_an_unknown_table_is_none() -> None:
    """A page says so with its status."""
    assert table_csv(_PAGE, "missing") is None
