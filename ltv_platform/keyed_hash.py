"""Hashes that nobody can make again without their key: HMAC-SHA256, in Python and in SQL.

Who has a hash without a key finds what it was made of by trying, as there are not so many e-mail
addresses and customer numbers. Keys lie beside the warehouse in files that only their owner reads.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

_KEY_BYTES = 32
#: HMAC pads its key to a block of the hash and mixes it with these two bytes (RFC 2104).
_BLOCK, _INNER, _OUTER = 64, 0x36, 0x5C


def new_key() -> bytes:
    """A random key."""
    return secrets.token_bytes(_KEY_BYTES)


def keyed_hash(key: bytes, message: bytes) -> str:
    """The hash of a message, as hex."""
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def hash_sql(message: str) -> str:
    """:func:`keyed_hash` of a SQL expression of type VARCHAR; it takes :func:`pads`."""
    inner = f"unhex(sha256(CAST($inner AS BLOB) || encode({message})))"
    return f"sha256(CAST($outer AS BLOB) || {inner})"


def pads(key: bytes) -> dict[str, bytes]:
    """The parameters of :func:`hash_sql`."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(_BLOCK, b"\0")
    return {
        "inner": bytes(byte ^ _INNER for byte in key),
        "outer": bytes(byte ^ _OUTER for byte in key),
    }


def read_key(path: Path) -> bytes:
    """The key of a file; empty: there is none, or it is damaged and so not the right one."""
    try:
        return bytes.fromhex(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return b""


def write_key(path: Path, key: bytes) -> None:
    """Write a key down, whole or not at all, for nobody else to read."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)  # left by a kill
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
