"""How a delimited file is written: what an adapter may say of it, or the usual form."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: One character; None: found from the header line.
        whitespace: Columns are parted by any run of blanks.
        quote: Quote character.
        header: The first record holds the column names.
        columns: Column names where there is no header.
    """

    delimiter: str | None = None
    whitespace: bool = False
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
