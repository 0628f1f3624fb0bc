"""Column lineage in Dagster's format."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ltv_platform.assets import build_graph
from ltv_platform.orchestration.lineage import COLUMN_LINEAGE, found_metadata, kept_metadata
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Graph


def _graph(folder: Path, **settings: Any) -> Graph:
    return build_graph(Settings(home=folder, **settings))


def _deps(lineage: dg.TableColumnLineage, column: str) -> list[tuple[str, str]]:
    return [
        (dep.asset_key.to_user_string(), dep.column_name) for dep in lineage.deps_by_column[column]
    ]


def test_published_columns_come_of_columns_upstream(tmp_path: Path) -> None:
    """An asset's columns are those that readers see; its own stored sums are gone through."""
    lineage = kept_metadata(_graph(tmp_path)["marts.campaign_roas"])[COLUMN_LINEAGE]
    assert _deps(lineage, "cpi") == [
        ("core/campaign_spend", "campaign_id"),
        ("core/campaign_spend", "date"),
        ("core/campaign_spend", "spend"),
        ("marts/campaign_ltv", "country"),
        ("marts/campaign_ltv", "installs"),
    ]
    assert ("marts/campaign_ltv", "revenue_d7") in _deps(lineage, "roas_d7")


def test_every_dependency_is_a_column_of_an_asset_upstream(tmp_path: Path) -> None:
    """A link that leads nowhere would break the way from a figure to the files."""
    graph = _graph(tmp_path)
    for transform in graph.transforms:
        lineage = kept_metadata(transform)[COLUMN_LINEAGE]
        columns = {c.name for c in (*transform.contract.published, *transform.contract.columns)}
        assert set(lineage.deps_by_column) <= columns
        upstream = {*transform.inputs}.union(
            *(transform.presentation_inputs(name) for name in transform.presentations)
        )
        for deps in lineage.deps_by_column.values():
            for dep in deps:
                table = graph.catalog[".".join(dep.asset_key.path)]
                assert table.full_name in upstream, (transform.name, dep)
                assert table.column(dep.column_name)


@pytest.mark.usefixtures("new_process")
def test_what_is_not_kept_comes_with_the_first_materialization(tmp_path: Path) -> None:
    """Under other settings, definitions load without it; writing the table computes it."""
    transform = _graph(tmp_path, horizons=(1, 7, 45))["marts.campaign_roas"]
    assert kept_metadata(transform) == {}
    found = found_metadata(transform)
    assert ("marts/campaign_ltv", "revenue_d45") in _deps(found[COLUMN_LINEAGE], "roas_d45")
    assert kept_metadata(transform) == found


def test_dagster_takes_it_as_its_own(tmp_path: Path) -> None:
    """`dagster/column_lineage` is a type that Dagster knows, not text."""
    metadata = kept_metadata(_graph(tmp_path)["core.transactions"])

    @dg.asset(metadata=metadata)
    def transactions() -> None: ...

    [spec] = transactions.specs
    given = dg.MaterializeResult(metadata=metadata).metadata
    assert given is not None
    value = given[COLUMN_LINEAGE]
    assert spec.metadata[COLUMN_LINEAGE] == value
    assert isinstance(value, dg.TableColumnLineage)
