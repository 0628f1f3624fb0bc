"""Which tables of the warehouse are user tables, and which names they may not have."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ltv_platform.contracts.ddl import quoted
from ltv_platform.errors import UserError

#: Schemas of the platform and of the engine, and other reserved names.
RESERVED = frozenset(
    [
        *("raw", "core", "marts", "publish", "announced"),
        *("information_schema", "pg_catalog", "main", "memory", "system", "temp", "warehouse"),
    ]
)


@dataclass(frozen=True)
class OwnTable:
    """A user table.

    Attributes:
        schema: Its schema.
        name: Its plain name.
        day: The column with the daily partition of a row; None: the table is written as a whole.
    """

    schema: str
    name: str
    day: str | None = None

    @classmethod
    def of_key(cls, path: Sequence[str], day: str | None = None) -> "OwnTable":
        """The table of an asset: ``mine/top_campaigns`` is ``mine.top_campaigns``.

        Raises:
            UserError: the key is not the name of a table, or is that of a table of the platform.
        """
        key, schema = "/".join(path), "_".join(path[:-1])
        if not schema:
            raise UserError(f"The asset {key} has no schema.", 'Give it one: key_prefix="mine".')
        if schema.lower() in RESERVED:
            raise UserError(
                f"{key} would be a table of the schema {schema}, which is reserved for the "
                "platform: it rewrites its tables there.",
                'Choose another key_prefix, such as "mine".',
            )
        if odd := [part for part in path if not re.fullmatch(r"\w+", part)]:
            raise UserError(
                f"The asset {key} cannot be a table because of {odd[0]!r}.",
                "Use letters, digits and underscores.",
            )
        return cls(schema, path[-1], day)

    @property
    def full_name(self) -> str:
        """Schema and name, as in ``mine.top_campaigns``."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The quoted name for SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"
