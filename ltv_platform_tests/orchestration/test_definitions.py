"""What Dagster shows: every asset described, owned, grouped, typed, checked and partitioned."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from ltv_platform.assets import GROUPS
from ltv_platform.orchestration.assets import BLOCKS, asset_key
from ltv_platform.orchestration.build import build_definitions
from ltv_platform.orchestration.partitions import daily_partitions
from ltv_platform.refresh.build import checks_of
from ltv_platform_tests.testing.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home without any loads."""
    return Home(tmp_path_factory.mktemp("home"), start_date="2025-12-01", timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def definitions(home: Home) -> dg.Definitions:
    """Its definitions."""
    return build_definitions(home.engine, home.graph)


def test_definitions_load_without_a_warehouse(definitions: dg.Definitions) -> None:
    """All keys, partitions, resources and jobs resolve, without a warehouse file."""
    dg.Definitions.validate_loadable(definitions)


def test_loading_writes_nothing(tmp_path: Path) -> None:
    """Definitions are loaded by every process; none of them may take the lock for that."""
    home = Home(tmp_path / "home")
    build_definitions(home.engine, home.graph)
    assert not home.settings.home.exists()


def test_every_asset_is_described(home: Home, definitions: dg.Definitions) -> None:
    """Descriptions (grain, what it answers, its SQL), owners, kinds, group."""
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.group_name not in (None, "default"), key
        assert {tag for tag in node.tags if tag.startswith("dagster/kind/")}, key
    for transform in home.graph.transforms:
        node = graph.get(asset_key(transform.name))
        assert node.description is not None
        assert transform.contract.description in node.description
        assert "SELECT" in node.description
        assert node.code_version == transform.code_hash


def test_every_table_has_its_column_schema(home: Home, definitions: dg.Definitions) -> None:
    """The column schema has the published columns, with personal data tagged."""
    graph = definitions.resolve_asset_graph()
    tables = [t.contract for t in home.graph.transforms]
    tables += [source.log for source in home.graph.catalog.sources.values()]
    tagged = set()
    for table in tables:
        schema = graph.get(asset_key(table.full_name)).metadata["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchema)
        columns = {column.name: column for column in schema.columns}
        assert list(columns) == [column.name for column in table.published]
        for column in table.published:
            assert columns[column.name].type == column.type
            assert columns[column.name].description
            assert ("pii" in columns[column.name].tags) == column.pii
            assert columns[column.name].constraints.nullable != column.required
            if column.pii:
                tagged.add(column.name)
    assert tagged == {"customer_id", "user_id", "owner", "city", "age", "gender", "level"}


def test_every_derived_table_has_a_blocking_key_check(
    home: Home, definitions: dg.Definitions
) -> None:
    """Unique keys and reconciliation block; references and rejected share only warn.

    To Dagster none is blocking: it would stop all tables of the steps behind.
    """
    graph = definitions.resolve_asset_graph()
    specs = {key: graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert not any(spec.blocking for spec in specs.values())
    blocking = {
        (".".join(key.asset_key.path), key.name): str(spec.description).startswith(BLOCKS)
        for key, spec in specs.items()
    }
    for transform in home.graph.transforms:
        assert blocking[transform.name, "unique_key"]
    assert blocking["marts.campaign_roas", "spend_reconciles"]
    assert blocking["marts.revenue_reconciliation", "revenue_reconciles"]
    assert blocking["marts.daily_revenue", "daily_revenue_reconciles"]
    assert blocking["marts.attribution", "credit_reconciles"]
    assert blocking["marts.channel_reporting", "channels_reconcile"]
    assert blocking["marts.channel_model_comparison", "models_reconcile"]
    others = {name for (_, name), blocks in blocking.items() if not blocks}
    assert others == {
        "rejected_share",
        "customers_are_known",
        "countries_are_known",
        "campaigns_are_spelled_alike",
        "spend_is_not_negative",
        "every_row_has_a_rate",
        "one_engine",
        "journeys_are_scored",
        "journeys_are_whole",
        "no_user_dominates",
    }


def test_a_check_reads_what_is_made_before(home: Home) -> None:
    """Checks run right behind their table, so what they compare it with must be there by then."""
    order = [
        transform.name
        for group in GROUPS
        for transform in home.graph.transforms
        if transform.derivation.group == group
    ]
    for transform in home.graph.transforms:
        for check in checks_of(home.engine, transform.name):
            for table in check.reads:
                assert order.index(table) < order.index(transform.name), (check.name, table)
        for table in transform.made_before:
            assert table.startswith("raw.") or order.index(table) < order.index(transform.name)


def test_dependencies_are_those_of_the_sql(home: Home, definitions: dg.Definitions) -> None:
    """An asset depends on the tables that its SELECT reads.

    A forecast depends on its back-test, too, whose figures it carries.
    """
    graph = definitions.resolve_asset_graph()
    for transform in home.graph.transforms:
        node = graph.get(asset_key(transform.name))
        assert node.parent_keys == {asset_key(table) for table in transform.made_before}
        assert node.is_partitioned == (transform.contract.partition is not None)
        if node.is_partitioned:
            assert node.backfill_policy == dg.BackfillPolicy.single_run()
    snapshot = graph.get(asset_key("publish.published_snapshot"))
    assert snapshot.parent_keys == {asset_key(t.name) for t in home.graph.transforms}


def test_partitions_are_days_of_the_reporting_zone(home: Home) -> None:
    """Daily partitions in LTV_TIMEZONE, today's included, by the injected clock."""
    partitions = daily_partitions(home.settings)
    keys = partitions.get_partition_keys()
    assert (keys[0], keys[-1]) == ("2025-12-01", "2026-01-15")
    assert partitions.timezone == "Europe/Berlin"
    late = home.under(now="2026-01-15T23:30:00Z")
    assert daily_partitions(late.settings).get_last_partition_key() == "2026-01-16"
    real = home.under(now=None)
    before = real.settings.today()
    last = date.fromisoformat(str(daily_partitions(real.settings).get_last_partition_key()))
    assert before <= last <= real.settings.today()


def test_partitions_before_the_first_load(tmp_path: Path) -> None:
    """Before the first load there is nothing to partition; the assets exist anyway."""
    home = Home(tmp_path)
    assert daily_partitions(home.settings).get_first_partition_key() == "2026-01-01"
    home.load("conversions", "v1,a,2024-06-01,10:00:00,5")
    assert daily_partitions(home.settings).get_first_partition_key() == "2024-01-01"
    (tmp_path / "start_date").write_text(date(2023, 1, 1).isoformat(), "utf-8")
    assert daily_partitions(home.settings).get_first_partition_key() == "2023-01-01"
