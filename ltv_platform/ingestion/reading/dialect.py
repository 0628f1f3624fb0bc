"""The dialect of a delimited file: as an adapter declares it, or the usual one."""

from dataclasses import dataclass

from ltv_platform.ingestion.adapters.file_columns import FileColumn


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: One character; None: detected from the header.
        whitespace: Columns are separated by runs of spaces and tabs.
        quote: The quote character.
        header: The first record holds the column names.
        columns: Column names of files without a header.
        known: The columns that the adapter declares; others may have any name.
        titled: Titles precede the header, and notices follow the records.
    """

    delimiter: str | None = None
    whitespace: bool = False
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
    known: tuple[FileColumn, ...] = ()
    titled: bool = False
