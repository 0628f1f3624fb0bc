"""Ids for persons whom an export identifies only by e-mail address: a keyed hash of the address.

The same person is the same customer in every file. Nobody can guess the address without the key,
which is created on first use and kept in LTV_HOME.
"""

from ltv_platform.contracts.ddl import literal
from ltv_platform.keyed_hash import hash_sql, keyed_hash, new_key, pads, read_key, write_key
from ltv_platform.settings import Settings

_PREFIX = "person-"
#: Hex digits kept of a hash: 128 bits, so that no two persons share one by chance.
_DIGITS = 32
#: Placeholders that exports write for a missing address: all of them would be one customer.
_MISSING = (
    "",
    "-",
    "--",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "undefined",
    "(not set)",
    "unknown",
)


def person_id(settings: Settings, address: str) -> str:
    """The customer id for an e-mail address."""
    return _PREFIX + keyed_hash(_key(settings), address.strip().lower().encode())[:_DIGITS]


def person_id_sql(value: str) -> str:
    """:func:`person_id` of a SQL expression, NULL for no address; needs :func:`parameters`."""
    address = f"lower(trim({value}))"
    hashed = f"{_PREFIX!r} || left({hash_sql(address)}, {_DIGITS})"
    return f"CASE WHEN {address} NOT IN ({', '.join(map(literal, _MISSING))}) THEN {hashed} END"


def parameters(settings: Settings) -> dict[str, bytes]:
    """Query parameters of :func:`person_id_sql`; creates the key if there is none."""
    return pads(_key(settings))


def _key(settings: Settings) -> bytes:
    if settings.id_salt is not None:
        return settings.id_salt.get_secret_value().encode()
    key = read_key(settings.id_salt_path)
    if not key:
        key = new_key()
        settings.home.mkdir(parents=True, exist_ok=True)
        write_key(settings.id_salt_path, key)
    return key
