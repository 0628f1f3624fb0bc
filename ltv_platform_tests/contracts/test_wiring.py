"""Contracts, SQL and wiring agree."""

from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined

from ltv_platform import assets
from ltv_platform.assets import GROUPS, build_graph
from ltv_platform.assets.core import CORE
from ltv_platform.contracts import arrow
from ltv_platform.contracts.operations import PUBLISHED_OPERATIONS
from ltv_platform.errors import UserError
from ltv_platform.settings import Settings
from ltv_platform.settings import load as settings_module
from ltv_platform.tables import rendering, source_code, transforms
from ltv_platform.tables.transforms import AsOf, Derivation, Graph
from ltv_platform_tests.testing.home import Home

#: The module that rounds what is estimated, and that of the settings.
ROUNDS, SETTINGS = Path(arrow.__file__), Path(settings_module.__file__)
SQL_FOLDER = files("ltv_platform") / "sql"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An empty home."""
    return Home(tmp_path_factory.mktemp("home"))


def test_every_derived_table_is_made(home: Home) -> None:
    """A contract without wiring, or wiring without contract, is a slip."""
    made = {transform.name for transform in home.graph.transforms}
    assert made == {table.full_name for table in home.graph.catalog.derived}


def test_a_table_without_contract_or_wiring_is_an_error(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten step of "Adding a table" is named; nothing would build the table otherwise."""
    monkeypatch.setattr(assets, "CORE", CORE[1:])
    with pytest.raises(UserError, match=r"core\.\w+ has a contract but no wiring"):
        build_graph(home.settings)
    monkeypatch.setattr(assets, "CORE", (*CORE, Derivation("core.new", "core")))
    with pytest.raises(UserError, match=r"core\.new has wiring in \S+ but no contract"):
        build_graph(home.settings)


def test_plain_names_are_unique(home: Home) -> None:
    """Raw is not published, so plain names are unambiguous."""
    names = [table.name for table in home.graph.catalog.derived]
    names += [table.name for table in PUBLISHED_OPERATIONS]
    assert len(set(names)) == len(names)


def test_keys_and_partitions_are_columns(home: Home) -> None:
    """Of the stored and of the published columns alike."""
    for table in home.graph.catalog:
        stored = {column.name for column in table.columns}
        published = {column.name for column in table.published}
        assert set(table.key) <= stored
        if table.layer != "raw":
            assert set(table.key) <= published
        if table.partition is not None:
            assert table.column(table.partition).type == "DATE"
            assert table.column(table.partition).required
        assert all(column.description for column in (*table.columns, *table.published))


def test_windows_are_of_inputs(home: Home) -> None:
    """A window of a table that the SELECT does not read would be ignored in silence."""
    for transform in home.graph.transforms:
        assert set(transform.derivation.windows) <= set(transform.inputs), transform.name


def test_inputs_come_first(home: Home) -> None:
    """The order of the graph is one in which the tables can be built."""
    seen: set[str] = set()
    for transform in home.graph.transforms:
        derived = {table for table in transform.inputs if not table.startswith("raw.")}
        assert derived <= seen
        seen.add(transform.name)


def test_tables_that_read_each_other_are_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cycle is said with its tables."""
    loop = "SELECT * FROM marts.user_revenue"
    monkeypatch.setattr(transforms, "render", lambda *_: loop)
    with pytest.raises(ValueError, match=r"read each other: marts\.user_revenue"):
        Graph((Derivation("marts.user_revenue", "campaigns"),), home.graph.catalog, home.settings)


def test_presentations_give_their_contract(home: Home) -> None:
    """Published columns, in order and with their types."""
    for transform in home.graph.transforms:
        for presentation in transform.presentations:
            select = transform.presentation(AsOf(), None, None, presentation)
            given = home.engine.fetch(select.sql, select.parameters)
            names = [column.name for column in transform.contract.published]
            assert given.column_names == names, transform.name


def test_every_sql_file_belongs_to_a_table(home: Home) -> None:
    """A SELECT that no line of wiring names would never run, and nobody would say so."""
    expected = set()
    for transform in home.graph.transforms:
        stem = f"{transform.derivation.group}/{transform.contract.name}"
        expected.add(f"{stem}.sql")
        if transform.contract.presented is not None:
            expected.add(f"{stem}.presentation.sql")
        expected |= {f"{stem}.presentation.{name}.sql" for name in transform.derivation.adds}
    found = {f"{group}/{path.name}" for group in GROUPS for path in (SQL_FOLDER / group).iterdir()}
    assert found == expected


def test_every_select_opens_with_its_grain_and_question() -> None:
    """A SQL file opens with two lines: grain; what it answers."""
    for group in GROUPS:
        for path in (SQL_FOLDER / group).iterdir():
            lines = path.read_text("utf-8").splitlines()
            if ".presentation." in path.name:
                assert lines[0].startswith("-- Published: "), path.name
            else:
                assert lines[0].startswith("-- Grain: "), path.name
                assert any(line.startswith("-- Answers: ") for line in lines[:4]), path.name


def test_a_fit_is_made_anew_when_what_rounds_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digits kept are part of the code of every table made in Python, and of no other.

    Docstrings are not code, and a new setting changes no code that only gets values.
    """
    whole = {path: path.read_text("utf-8") for path in (ROUNDS, SETTINGS)}
    graph = Home(tmp_path).graph

    def made_anew(changed: Path, text: str) -> set[str]:
        """The tables whose code is another one with that text of a module."""
        copy = tmp_path / changed.name
        copy.write_text(text, "utf-8")
        file_of = source_code._file_of
        with monkeypatch.context() as patch:
            patch.setattr(
                source_code,
                "_file_of",
                lambda name: copy if file_of(name) == changed else file_of(name),
            )
            source_code.code_of.cache_clear()
            source_code._facts.cache_clear()
            hashes = {t.name: t.code_hash for t in Home(tmp_path).graph.transforms}
        source_code.code_of.cache_clear()
        source_code._facts.cache_clear()
        return {t.name for t in graph.transforms if t.code_hash != hashes[t.name]}

    fitted = {t.name for t in graph.transforms if t.derivation.fit is not None}
    assert len(fitted) == 10
    assert made_anew(ROUNDS, whole[ROUNDS].replace("_DIGITS = 12", "_DIGITS = 11")) == fitted
    assert made_anew(ROUNDS, whole[ROUNDS].replace("Significant digits", "Digits")) == set()
    assert made_anew(ROUNDS, whole[ROUNDS].replace("for an array", "for arrays")) == set()
    assert made_anew(SETTINGS, whole[SETTINGS] + "NEW = 1\n") == set()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, r"ltv_platform/sql/core/new\.sql does not exist"),
        ("{% import 'macros/none.sql' as m %}", r"sql/macros/none\.sql does not exist"),
        ("SELECT {{ no.total('a') }}", r"core/new\.sql cannot be rendered: 'no' is undefined"),
        ("SELECT {{ ", r"sql/core/new\.sql cannot be rendered: "),
    ],
)
def test_a_slip_in_a_template_names_its_file(
    home: Home, monkeypatch: pytest.MonkeyPatch, text: str | None, says: str
) -> None:
    """A missing file looked like a full disk, and a mistyped macro like a bug."""
    templates = {} if text is None else {"core/new.sql": text}
    environment = Environment(loader=DictLoader(templates), undefined=StrictUndefined)
    monkeypatch.setattr(rendering, "_environment", lambda: environment)
    with pytest.raises(UserError, match=says):
        rendering.render("core/new.sql", home.settings, of=text)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"organic_sources": ("seo",)}, {"core.customers"}),
        ({"user_horizons": (3,)}, {"marts.user_revenue"}),
        ({"migration_days": 30}, {"marts.rfm_migration"}),
        (
            {"forecast_horizons": (60,)},
            {"marts.purchase_forecasts", "marts.ltv_forecast", "marts.forecast_totals"},
        ),
        ({"forecast_holdout": 60}, {"marts.forecast_backtest"}),
        ({"factor_min_customers": 20}, {"marts.ltv_influencing_factors"}),
        (
            {"currency": "EUR"},
            {"core.transactions", "core.campaign_spend", "core.waiting_for_rate"},
        ),
        (
            {"start_date": "2024-01-01"},  # which versions count
            {
                f"core.{name}"
                for name in (
                    "customers",
                    "transactions",
                    "interactions",
                    "sessions",
                    "conversions",
                    "waiting_for_rate",
                )
            },
        ),
        ({"as_of": "2025-01-01", "source_timezone": "Asia/Tokyo"}, set()),
    ],
)
def test_a_setting_changes_the_code_of_the_tables_it_concerns(
    home: Home, settings: dict[str, object], changed: set[str]
) -> None:
    """code_hash includes the bound settings: changing one makes exactly those tables stale."""
    base = home.settings.model_dump(exclude_unset=True)
    other = build_graph(Settings(**{**base, **settings}))
    differ = {t.name for t in home.graph.transforms if other[t.name].code_hash != t.code_hash}
    assert differ == changed
