"""What an adapter says of the files of its format, besides its SELECTs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ltv_platform.ingestion.adapters.file_columns import FileColumn
from ltv_platform.ingestion.reading.dialect import Dialect

#: Variables that every SELECT may ask for; see ``file_relation``.
OWN_VARIABLES = ("base_currency", "reporting_timezone", "source_timezone")


@dataclass(frozen=True)
class Layout:
    """What is known of the files of a format.

    Attributes:
        name: What people call the format; empty: files are not known by their columns.
        dialect: How a delimited file is written.
        refusals: Conditions on single records of a file that cannot be loaded, each with what to
            say.
        totals: The condition of records that sum up others; None: there are none.
        numbers: How numbers are written; None: the values tell.
        dates: How dates are written; None: the values tell.
        empty: What stands in columns where there is no value.
        choices: The values that each variable may have, the usual one first.
        options: What was chosen of variables and forms.
    """

    name: str = ""
    dialect: Dialect = field(default_factory=Dialect)
    refusals: tuple[tuple[str, str], ...] = ()
    totals: str | None = None
    numbers: str | None = None
    dates: str | None = None
    empty: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """The columns that the SELECTs see; none: those of the file, as they are."""
        return self.dialect.known

    @property
    def needed(self) -> tuple[FileColumn, ...]:
        """The fingerprint of the format."""
        return tuple(column for column in self.columns if column.needed)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that ``file`` has, where they are declared."""
        captured = sorted({name for column in self.columns for name in column.captures()})
        declared = [column.name for column in self.columns]
        return (*declared, *(name for name in captured if name not in declared))

    @property
    def forms(self) -> dict[str, str]:
        """How numbers and dates are written, where that is declared or chosen."""
        forms = {"numbers": self.numbers, "dates": self.dates}
        return {what: form for what, form in forms.items() if form is not None}

    @property
    def holds_persons(self) -> bool:
        """Its files tell of persons what is not taken as it is."""
        return any(column.kind == "person" for column in self.columns)

    @property
    def persons(self) -> tuple[str, ...]:
        """The columns that are declared to identify a person, as they are or hashed."""
        return tuple(each.name for each in self.columns if each.kind in ("id", "person"))

    @property
    def variables(self) -> dict[str, str]:
        """What the SELECTs may ask for with ``getvariable``."""
        return {name: self.options.get(name, choices[0]) for name, choices in self.choices.items()}
