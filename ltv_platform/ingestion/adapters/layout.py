"""What an adapter declares about the files of its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ltv_platform.ingestion.adapters.file_columns import FileColumn
from ltv_platform.ingestion.reading.dialect import Dialect

#: Variables available to every SELECT; see ``file_relation``.
OWN_VARIABLES = ("base_currency", "reporting_timezone", "source_timezone")


@dataclass(frozen=True)
class Layout:
    """What is known about the files of a format.

    Attributes:
        name: The format's usual name; empty: its files cannot be recognized by their columns.
        dialect: How a delimited file is written.
        refusals: Conditions on a record that make a file unusable, each with its message.
        totals: The condition that identifies totals; None: there are none.
        numbers: How numbers are written; None: inferred from the values.
        dates: How dates are written; None: inferred from the values.
        empty: Texts that stand for a missing value.
        choices: The allowed values of each variable, the default first.
        options: The chosen values of variables and forms.
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
        """The columns that the SELECTs see; empty: those of the file, unchanged."""
        return self.dialect.known

    @property
    def needed(self) -> tuple[FileColumn, ...]:
        """The fingerprint of the format."""
        return tuple(column for column in self.columns if column.needed)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of ``file``, if they are declared."""
        captured = sorted({name for column in self.columns for name in column.captures()})
        declared = [column.name for column in self.columns]
        return (*declared, *(name for name in captured if name not in declared))

    @property
    def forms(self) -> dict[str, str]:
        """How numbers and dates are written, if declared or chosen."""
        forms = {"numbers": self.numbers, "dates": self.dates}
        return {what: form for what, form in forms.items() if form is not None}

    @property
    def holds_persons(self) -> bool:
        """Its files contain e-mail addresses of persons, which must be hashed."""
        return any(column.kind == "person" for column in self.columns)

    @property
    def persons(self) -> tuple[str, ...]:
        """The columns declared to identify a person, as they are or hashed."""
        return tuple(each.name for each in self.columns if each.kind in ("id", "person"))

    @property
    def variables(self) -> dict[str, str]:
        """The variables that SELECTs can read with ``getvariable``."""
        return {name: self.options.get(name, choices[0]) for name, choices in self.choices.items()}
