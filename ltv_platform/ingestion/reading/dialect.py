"""How a delimited file is written: what an adapter may say of it, or the usual form."""

from dataclasses import dataclass

from ltv_platform.ingestion.adapters.file_columns import FileColumn


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: One character; None: found from the header line.
        whitespace: Columns are parted by any run of blanks.
        quote: Quote character.
        header: The first record holds the column names.
        columns: Column names where there is no header.
        known: The columns that its adapter declares; others may be called as they like.
        titled: Titles stand before the header, and notices behind the records.
    """

    delimiter: str | None = None
    whitespace: bool = False
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
    known: tuple[FileColumn, ...] = ()
    titled: bool = False
