"""Stored lineage: shipped for default settings, in the home for others, never out of date."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ltv_platform.assets import build_graph
from ltv_platform.lineage import tables
from ltv_platform.lineage.store import (
    SHIPPED,
    Lineages,
    fingerprint,
    lineage_of,
    shipped_text,
    stored_lineage,
)
from ltv_platform.lineage.tables import trace_table
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph, Transform

OTHER: dict[str, Any] = {"horizons": (1, 7, 45)}


@pytest.fixture
def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any search for lineage in SQL fails."""

    def fail(transform: Transform) -> None:
        raise AssertionError(f"{transform.name} was parsed")

    monkeypatch.setattr(tables, "trace_table", fail)


def _graph(home: Path, **settings: Any) -> Graph:
    return build_graph(Settings(home=home, **settings))


def test_what_is_shipped_is_what_the_sql_says(tmp_path: Path) -> None:
    """`make docs` was run after the last change of SQL, contracts or the lineage code."""
    found = [(transform, trace_table(transform)) for transform in _graph(tmp_path).transforms]
    shipped = Path(tables.__file__).parent / SHIPPED
    assert shipped_text(found) == shipped.read_text("utf-8")


@pytest.mark.usefixtures("no_parser")
def test_default_settings_parse_nothing(tmp_path: Path) -> None:
    """Definitions load without looking for lineage, wherever LTV_HOME is, and write nothing."""
    home = tmp_path / "home"
    for transform in _graph(home).transforms:
        assert stored_lineage(transform) == lineage_of(transform)
    assert not home.exists()


def test_other_settings_are_found_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_process: Callable[[], None]
) -> None:
    """docs/operations.md, `cache/`: the tables that differ are kept in the home."""
    transforms = _graph(tmp_path, **OTHER).transforms
    differ = {transform.name for transform in transforms if stored_lineage(transform) is None}
    # Those with a column per horizon, and those that read them.
    assert {"marts.campaign_ltv", "marts.campaign_roas", "marts.country_roas"} <= differ
    assert not {"core.transactions", "marts.attribution", "marts.customer_ltv"} & differ
    found = {transform.name: lineage_of(transform) for transform in transforms}
    assert "revenue_d45" in found["marts.campaign_roas"].columns

    def fail(transform: Transform) -> None:
        raise AssertionError(f"{transform.name} was parsed again")

    monkeypatch.setattr(tables, "trace_table", fail)
    new_process()
    again = _graph(tmp_path, **OTHER)
    assert {transform.name: stored_lineage(transform) for transform in again.transforms} == found
    # Lineage stored for some settings is not used under others.
    assert stored_lineage(_graph(tmp_path, horizons=(1, 7, 60))["marts.campaign_roas"]) is None
    # Back under default settings, what is kept for others is passed by.
    default = _graph(tmp_path)["marts.campaign_roas"]
    assert "revenue_d30" in lineage_of(default).columns


def test_nothing_is_written_where_there_is_no_home(tmp_path: Path) -> None:
    """`ltv lineage` reads; it makes no LTV_HOME."""
    home = tmp_path / "home"
    assert "marts.campaign_roas" in Lineages(Settings(home=home, **OTHER))
    assert lineage_of(_graph(home, **OTHER)["marts.campaign_roas"]).columns
    assert not home.exists()


def test_the_fingerprint_goes_by_sql_and_columns(tmp_path: Path) -> None:
    """Everything rendered into SQL counts, including the columns behind a star."""
    graph, other = _graph(tmp_path), _graph(tmp_path, **OTHER)
    euros = _graph(tmp_path, currency="EUR")
    same = [t.name for t in graph.transforms if fingerprint(t) == fingerprint(other[t.name])]
    assert "core.transactions" in same
    assert "marts.campaign_roas" not in same
    for name in ("core.transactions", "core.campaign_spend"):
        assert fingerprint(graph[name]) != fingerprint(euros[name])
