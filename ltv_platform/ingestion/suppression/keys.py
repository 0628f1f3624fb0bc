"""The list of erased persons as keyed hashes, and the rows that it keeps out of the log.

A hash without a key can be reversed by trying all identifiers. So the hashes are keyed, and the key
is a file next to the warehouse that only its owner can read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ltv_platform.contracts import SourceTable
from ltv_platform.contracts.ddl import literal, quoted
from ltv_platform.contracts.sources import SOURCES
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.confinement import Connection
from ltv_platform.ingestion.suppression.texts import what_stays, words
from ltv_platform.keyed_hash import hash_sql, keyed_hash, new_key, pads, read_key, write_key
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Judged, Load, Reader, Rows, Transaction

#: The kind of entries for persons; entries for their ids have the name of a source table as kind.
CUSTOMER = "customer"
#: The kind of the one entry that verifies the key.
_KEY = "key"


@dataclass(frozen=True)
class Suppressed:
    """The list.

    Attributes:
        key: The key of the hashes; empty: nobody was ever erased.
        pseudonyms: The hashes by kind.
    """

    key: bytes
    pseudonyms: Mapping[str, frozenset[str]]

    def __bool__(self) -> bool:
        return any(self.pseudonyms.values())

    def pseudonym(self, kind: str, identifier: str) -> str:
        """The hash of an identifier on the list."""
        # Words of damaged text may contain surrogates.
        message = f"{kind}\0{identifier}".encode(errors="surrogatepass")
        return keyed_hash(self.key, message)

    def holds(self, kind: str, identifier: str | None) -> bool:
        """Whether an identifier is on the list."""
        return identifier is not None and (
            self.pseudonym(kind, identifier) in self.pseudonyms.get(kind, ())
        )

    def together_with(self, identifiers: Mapping[str, Iterable[str]]) -> "Suppressed":
        """The list with additional identifiers, by kind."""
        more = {
            kind: frozenset(self.pseudonym(kind, each) for each in of_kind)
            for kind, of_kind in identifiers.items()
        }
        kinds = {*self.pseudonyms, *more}
        none: frozenset[str] = frozenset()
        return Suppressed(
            self.key,
            {kind: self.pseudonyms.get(kind, none) | more.get(kind, none) for kind in kinds},
        )

    def condition(
        self, source: SourceTable, person: str | None, key: str | None
    ) -> tuple[str, dict[str, Any]]:
        """A SQL condition for rows of persons on the list.

        Args:
            source: The table that the rows are for.
            person: SQL for the person's identifier; None: the rows do not have it.
            key: SQL for the row's key; None: the rows do not have it.

        Returns:
            The condition and its parameters.
        """
        cases, values = ["FALSE"], dict[str, Any]()
        for name, kind, value in (("person", CUSTOMER, person), ("key", key_kind(source), key)):
            listed = self.pseudonyms.get(kind)
            if listed and value is not None:
                cases.append(f"{self.hash_sql(kind, value)} IN (SELECT UNNEST($of_{name}))")
                values[f"of_{name}"] = sorted(listed)
        return " OR ".join(cases), {**values, **self.pads()} if values else {}

    def pads(self) -> dict[str, bytes]:
        """The parameters of :meth:`hash_sql`."""
        return pads(self.key)

    @staticmethod
    def hash_sql(kind: str, value: str) -> str:
        """:meth:`pseudonym` as SQL, of an expression."""
        return hash_sql(f"{literal(kind)} || chr(0) || {value}")


def key_kind(source: SourceTable) -> str:
    """The kind of the keys of a source table."""
    return source.person_source or source.name


def read_suppressed(warehouse: Rows, settings: Settings) -> Suppressed:
    """The list of a warehouse.

    Raises:
        UserError: its key is no longer in LTV_HOME.
    """
    pseudonyms: dict[str, set[str]] = {}
    for kind, pseudonym in warehouse.rows("SELECT kind, pseudonym FROM raw.suppressed"):
        pseudonyms.setdefault(kind, set()).add(pseudonym)
    of_key = pseudonyms.pop(_KEY, set())
    suppressed = Suppressed(
        read_key(settings.erasure_key_path), {k: frozenset(v) for k, v in pseudonyms.items()}
    )
    if of_key and suppressed.pseudonym(_KEY, "") not in of_key:
        raise UserError(
            f"{settings.erasure_key_path} is not the key used for past erasures: without it, "
            "erased persons would come back with the next file that names them.",
            "Restore that file from a backup of LTV_HOME.",
        )
    return suppressed


def with_key(suppressed: Suppressed) -> Suppressed:
    """The list with a key, a new one if it had none; see :func:`keep_key`."""
    if suppressed.key:
        return suppressed
    return Suppressed(new_key(), suppressed.pseudonyms)


def keep_key(suppressed: Suppressed, settings: Settings) -> None:
    """Store a new key, before any hash made with it."""
    path = settings.erasure_key_path
    if suppressed.key != read_key(path):
        write_key(path, suppressed.key)


def put_on_list(
    transaction: Transaction, suppressed: Suppressed, kinds: Iterable[str], now: datetime
) -> None:
    """Write what is not on the warehouse's list yet.

    Args:
        transaction: What it is written in.
        suppressed: The whole list.
        kinds: The kinds to write.
        now: When (UTC).
    """
    entries = [(_KEY, suppressed.pseudonym(_KEY, ""))]
    entries += [(kind, each) for kind in kinds for each in suppressed.pseudonyms.get(kind, ())]
    transaction.execute(
        "INSERT INTO raw.suppressed BY NAME "
        "SELECT kind, pseudonym, $now AS suppressed_at FROM ("
        "SELECT UNNEST($kinds) AS kind, UNNEST($pseudonyms) AS pseudonym"
        ") AS entries WHERE (kind, pseudonym) NOT IN "
        "(SELECT (kind, pseudonym) FROM raw.suppressed) ORDER BY kind, pseudonym",
        {
            "now": now,
            "kinds": [kind for kind, _ in entries],
            "pseudonyms": [pseudonym for _, pseudonym in entries],
        },
    )


def leave_out(
    connection: Connection, reader: Reader, source: SourceTable, judged: str, left_out: str
) -> int:
    """Find the judged rows of persons on the list, which are neither stored nor quarantined.

    Args:
        connection: The staging connection.
        reader: The warehouse.
        source: The contract.
        judged: Name of a temporary table with the contract's columns.
        left_out: Name of a new temporary table with their ``row_id`` (rowid) in it.

    Returns:
        The number of rows.
    """
    condition, values = "FALSE", dict[str, Any]()
    if source.is_personal:
        person = None if source.person is None else quoted(source.person)
        suppressed = read_suppressed(reader, reader.settings)
        condition, values = suppressed.condition(source, person, quoted(source.key[0]))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {left_out} AS SELECT rowid AS row_id FROM {judged} "
        f"WHERE {condition}",
        values,
    )
    return int(connection.execute(f"SELECT COUNT(*) FROM {left_out}").fetchall()[0][0])


def leave_out_malformed(
    connection: Connection,
    reader: Reader,
    source: SourceTable,
    malformed: str,
    delimiter: str | None,
) -> int:
    """Remove the parts of malformed records that name somebody on the list.

    Args:
        connection: The staging connection.
        reader: The warehouse.
        source: The contract.
        malformed: Name of a temporary table (line, raw, reason).
        delimiter: The delimiter of the file, if known.

    Returns:
        The number of removed records.
    """
    suppressed = read_suppressed(reader, reader.settings) if source.is_personal else None
    if not suppressed:
        return 0
    removed = 0
    rows = connection.execute(f"SELECT rowid, raw, reason FROM {malformed}").fetchall()
    for row_id, raw, reason in rows:
        stays = what_stays(raw, reason, lambda text: names(suppressed, source, text, delimiter))
        if stays is None:
            connection.execute(f"DELETE FROM {malformed} WHERE rowid = $1", [row_id])
            removed += 1
        elif stays != raw:
            connection.execute(f"UPDATE {malformed} SET raw = $1 WHERE rowid = $2", [stays, row_id])
    return removed


def names(suppressed: Suppressed, source: SourceTable, text: str, delimiter: str | None) -> bool:
    """Whether a malformed record names somebody on the list."""
    kinds = [key_kind(source), *([CUSTOMER] if source.person is not None else [])]
    listed = [kind for kind in kinds if suppressed.pseudonyms.get(kind)]
    return bool(listed) and any(
        suppressed.holds(kind, word) for word in words(text, delimiter) for kind in listed
    )


def remember_keys(transaction: Transaction, settings: Settings, load: Load, judged: Judged) -> None:
    """Put the keys of left-out rows on the list if rows without a person refer to them.

    Inside the transaction of their load. Costs of a session name no user, so they are kept out by
    the session; costs that came before it are removed.

    Args:
        transaction: That of its load.
        settings: Name the key file.
        load: The file.
        judged: Its rows.
    """
    source = load.table
    dependents = [other for other in SOURCES if other.person_source == source.name]
    if not dependents:
        return
    key = quoted(source.key[0])
    keys = [
        identifier
        for (identifier,) in judged.connection.execute(
            f"SELECT DISTINCT {key} FROM judged_{judged.rows} "
            f"WHERE rowid IN (SELECT row_id FROM left_out_{judged.rows}) AND {key} IS NOT NULL"
        ).fetchall()
    ]
    kind = key_kind(source)
    suppressed = read_suppressed(transaction, settings).together_with({kind: keys})
    put_on_list(transaction, suppressed, [kind], load.received_at)
    for other in dependents:
        transaction.execute(
            f"DELETE FROM raw.{other.name} WHERE {quoted(other.key[0])} IN (SELECT UNNEST($keys))",
            {"keys": keys},
        )
