"""Tables of users' own assets: written, read, and made visible to `ltv query`.

``orchestration/io_manager.py`` knows which assets they belong to; nothing here knows Dagster.
"""

from ltv_platform.user_tables.model import OwnTable
from ltv_platform.user_tables.query import Query

__all__ = ["OwnTable", "Query"]
