"""Settings, tables and warehouse of one LTV_HOME in one object.

Each part is imported on first use: a command that reads the snapshot needs neither the tables'
SELECTs nor the warehouse, and ``--help`` needs nothing.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltv_platform.contracts import Catalog
    from ltv_platform.settings import Settings
    from ltv_platform.tables.transforms import Graph
    from ltv_platform.warehouse.engine import Engine


@dataclass(frozen=True)
class Workspace:
    """What the command line and tests work with.

    Attributes:
        settings: The settings.
    """

    settings: "Settings"

    @classmethod
    def open(cls) -> "Workspace":
        """The workspace that the environment names; keeps new files private."""
        from ltv_platform.permissions import keep_private
        from ltv_platform.settings import load_settings

        settings = load_settings()
        keep_private(settings.home)
        return cls(settings)

    @cached_property
    def catalog(self) -> "Catalog":
        """What each table is."""
        from ltv_platform.contracts import build_catalog

        return build_catalog(self.settings)

    @cached_property
    def graph(self) -> "Graph":
        """How all derived tables are made."""
        from ltv_platform.assets import build_graph

        return build_graph(self.settings)

    @cached_property
    def engine(self) -> "Engine":
        """The warehouse."""
        from ltv_platform.warehouse.opening import open_engine

        return open_engine(self.settings, self.catalog)
