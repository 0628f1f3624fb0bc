"""Settings, tables and warehouse of one LTV_HOME, brought together for whoever works on it."""

from dataclasses import dataclass
from functools import cached_property

from ltv_platform.assets import build_graph
from ltv_platform.settings import Settings, load_settings
from ltv_platform.transforms import Graph
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine


@dataclass(frozen=True)
class Workspace:
    """What the command line and tests work with.

    Attributes:
        settings: The settings.
    """

    settings: Settings

    @classmethod
    def open(cls) -> "Workspace":
        """The workspace that the environment names."""
        return cls(load_settings())

    @cached_property
    def graph(self) -> Graph:
        """All derived tables."""
        return build_graph(self.settings)

    @cached_property
    def engine(self) -> DuckDBEngine:
        """The warehouse."""
        return DuckDBEngine(self.settings, self.graph.catalog)
