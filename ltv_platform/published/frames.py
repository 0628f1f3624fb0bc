"""The published tables as frames, for notebooks: ``ltv_platform.query``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from ltv_platform.published.query import answering
from ltv_platform.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd


def query_frame(sql: str, parameters: Mapping[str, Any] | None = None) -> "pd.DataFrame":
    """The rows of a SELECT on the published tables, as ``ltv query`` gives them.

    Args:
        sql: A SELECT on plain table names. LTV_HOME and settings come from the environment.
        parameters: Values of its ``$parameters``, by name.

    Returns:
        Numbers are numbers (DECIMAL as float64, which holds 15 digits), days are datetime64,
        NULL is a missing value.

    Raises:
        UserError: nothing is published, the text is not a single SELECT, or the query fails.
    """

    def frame(cursor: duckdb.DuckDBPyConnection) -> "pd.DataFrame":
        return cursor.df()

    return answering(load_settings(), sql, parameters, frame)
