"""docs/settings.md says what the settings are, and what changing one costs."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.settings import Settings, variable_name
from ltv_platform.settings.declaration import about
from ltv_platform.settings.page import settings_page
from ltv_platform.tables.transforms import Graph
from ltv_platform_tests.testing import ROOT

PAGE = ROOT / "docs" / "settings.md"

#: A value of each setting that is not its default.
OTHERS = {
    "home": "elsewhere",
    "timezone": "Europe/Berlin",
    "source_timezone": "Asia/Tokyo",
    "currency": "EUR",
    "as_of": "2026-01-01",
    "start_date": "2020-01-01",
    "horizons": "7,30",
    "user_horizons": "9",
    "window": "calendar",
    "organic_sources": "friends",
    "refund_types": "given back",
    "missing_words": "nothing",
    "adapter_options": '{"shopify_orders": {"revenue": "total"}}',
    "id_salt": "salt",
    "migration_days": 30,
    "journey_lookback": "none",
    "journey_sessions": 5,
    "journey_boundary": "before",
    "journey_break": "true",
    "direct_channels": "typed in",
    "ihc_engine": "local",
    "ihc_api_key": "another key",
    "ihc_url": "http://127.0.0.1:8750",
    "ihc_conversion_type": "another model",
    "ihc_preset": "long",
    "ihc_redistribution": '{"closer": {"direction": "any_session", '
    '"redistribution_channel_labels": ["Mail"]}}',
    "ihc_mixed_engines": "true",
    "ihc_request_journeys": 3,
    "ihc_request_sessions": 5,
    "ihc_timeout": 2,
    "ihc_backoff": 2,
    "forecast_horizons": "30",
    "forecast_holdout": 30,
    "factor_min_customers": 4,
    "rejected_share": 0.5,
    "alert_webhook": "http://127.0.0.1:8751",
    "public_url": "http://127.0.0.1:8752",
    "freshness_hours": "none",
    "refresh_attempts": 2,
    "dagster_history": 3,
    "snapshots": 9,
    "backup_dir": "backups",
    "backups": 2,
    "serve_event_rate": 5,
    "spool_limit": 5,
    "serve_read_rate": 5,
    "serve_request_timeout": 5,
    "mcp_sql": "true",
    "memory_limit": "1GB",
    "threads": 1,
    "lock_timeout": 1,
    "run_timeout": 1,
    "dagster_storage": "postgres",
    "adapter_timeout": 1,
    "now": "2026-01-01",
}

#: Settings of the API mean nothing where the local engine scores; the preset, where it does not.
WITH_KEY = {"ihc_api_key": "key", "ihc_conversion_type": "model"}


def _graph(home: Path, given: dict[str, Any]) -> Graph:
    return build_graph(Settings(**{"home": home, **given}))


def _changed_first(before: Graph, after: Graph) -> set[str]:
    """Tables whose SELECT is another one, without those that read such a table."""
    changed = {t.name for t in after.transforms if t.code_hash != before[t.name].code_hash}
    reached: set[str] = set()
    for transform in after.transforms:  # inputs come first
        if (changed | reached) & set(transform.inputs):
            reached.add(transform.name)
    return changed - reached


def test_the_page_is_up_to_date() -> None:
    """What `make docs` would write."""
    assert PAGE.read_text("utf-8") == settings_page(Settings.model_fields)


def test_every_setting_is_on_the_page_with_its_meaning() -> None:
    """One row of each, with default, value and description; the engine has one value only."""
    rows = dict[str, list[str]]()
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            name, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
            rows[name.strip("`")] = cells
    assert rows.keys() == {variable_name(name) for name in Settings.model_fields}
    for name, (default, value, meaning, *_) in rows.items():
        assert default, name
        assert value, name
        assert meaning[:1].isupper() or meaning.startswith("hours:"), name
        assert meaning.endswith("."), name


def test_the_page_says_what_a_setting_rebuilds(tmp_path: Path) -> None:
    """docs/settings.md, last column: the tables whose SELECT changes, and no others.

    LTV_START_DATE is in the section of loads, too: what it leaves out is left out of core tables.
    """
    plain, scored = _graph(tmp_path, {}), _graph(tmp_path, WITH_KEY)
    one_value = {name for name, field in Settings.model_fields.items() if name not in OTHERS}
    assert all(len(get_args(Settings.model_fields[name].annotation)) == 1 for name in one_value)
    for name, value in OTHERS.items():
        api = name.startswith("ihc_") and name != "ihc_preset"
        given = {**(WITH_KEY if api else {}), name: value}
        found = _changed_first(scored if api else plain, _graph(tmp_path, given))
        declared = about(Settings.model_fields[name]).rebuilds
        assert {table.partition(".")[2] for table in found} == set(declared), name


@pytest.mark.parametrize("name", ["as_of", "memory_limit", "threads"])
def test_a_default_that_is_no_value_is_explained(name: str) -> None:
    """The value that then applies is in the column of defaults."""
    unset = str(Settings.model_fields[name].description).partition("; default: ")[2].rstrip(".")
    assert f"| `{variable_name(name)}` | {unset} |" in PAGE.read_text("utf-8")


def test_links_lead_to_headings() -> None:
    """Those in the notes of the fields: a heading that is reworded breaks them."""
    links = re.findall(r"\]\(([\w.]+)(?:#([\w-]+))?\)", PAGE.read_text("utf-8"))
    assert links
    for page, anchor in links:
        headings = re.findall(r"(?m)^#+ (.+)$", (PAGE.parent / page).read_text("utf-8"))
        anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
        assert not anchor or anchor in anchors, f"{page}#{anchor}"
