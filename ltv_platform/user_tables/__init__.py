"""Tables of the user's own beside the platform's: written, read, and shown to `ltv query`.

Which assets they belong to is told by ``orchestration/io_manager.py``; nothing here knows Dagster.
"""

from ltv_platform.user_tables.model import OwnTable
from ltv_platform.user_tables.query import Query

__all__ = ["OwnTable", "Query"]
