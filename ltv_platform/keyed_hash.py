"""Hashes that cannot be computed without their key: HMAC-SHA256, in Python and in SQL.

A hash without a key can be reversed by trying all inputs: there are not that many e-mail addresses
and customer numbers. Keys are files next to the warehouse that only their owner can read.
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
    """:func:`keyed_hash` as SQL, of a VARCHAR expression; its parameters are :func:`pads`."""
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
    """The key in a file; empty if there is none, or if it is damaged."""
    try:
        return bytes.fromhex(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return b""


def write_key(path: Path, key: bytes) -> None:
    """Write a key to a file that only its owner can read, completely or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)  # left by a killed processed process
    with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
