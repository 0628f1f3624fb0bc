"""Tokens of the HTTP API: who may read and append what.

A token is shown once and stored as a hash. It has 256 random bits, too many to try, so the hash
needs no key. Its first part is its number in the file: a token is found without comparing secrets,
and then its hash is compared in constant time.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ltv_platform.atomic_files import draft_of, sync
from ltv_platform.errors import UserError
from ltv_platform.locks import one_at_a_time
from ltv_platform.settings import Settings

ADMIN = "ADMIN"
#: Seconds between two looks at the file: a look takes longer than all else that a token takes.
LOOK_EVERY = 0.25
_SCOPE = re.compile(r"ADMIN|(READ|APPEND):(\*|[a-z][a-z0-9_]*)")
_NAME = re.compile(r"[\w.@-]{1,64}")
_TOKEN = re.compile(r"ltv_([0-9a-f]{8})_[\w-]{43}")
_ID_BYTES, _SECRET_BYTES = 4, 32


@dataclass(frozen=True)
class Token:
    """What is known of a token; not the token itself.

    Attributes:
        name: Its name.
        scopes: What it may do: ``ADMIN``, ``READ:<pipe>``, ``APPEND:<source>``; ``*`` stands for
            every pipe or source.
        created_at: When it was created (UTC).
    """

    name: str
    scopes: frozenset[str]
    created_at: datetime

    def may(self, scope: str) -> bool:
        """Whether it may do this, as in ``READ:customer_ltv``."""
        every = f"{scope.partition(':')[0]}:*"
        return not self.scopes.isdisjoint((scope, every, ADMIN))


@dataclass(frozen=True)
class _Stored:
    token: Token
    digest: bytes


class Tokens:
    """The tokens of an LTV_HOME; notices when another process changes them, after `LOOK_EVERY`.

    A token that is not known is looked for in the file at once.
    """

    def __init__(self, settings: Settings) -> None:
        self._path = settings.tokens_path
        self._state: tuple[int, int, int] | None = None
        self._seen = False
        self._next_look = 0.0
        self._known: Mapping[str, _Stored] = {}

    @property
    def configured(self) -> bool:
        """Whether there is a file of tokens, or was one since the start, even if it is empty."""
        # The first token closes the server at once.
        self._refresh(at_once=not self._seen)
        return self._seen

    def find(self, presented: str) -> Token | None:
        """The token that this is; None: it is unknown or revoked.

        Raises:
            UserError: the file of the tokens is damaged or not readable.
        """
        match = _TOKEN.fullmatch(presented)
        if match is None:
            return None
        self._refresh(at_once=match[1] not in self._known)
        stored = self._known.get(match[1])
        if stored is None or not hmac.compare_digest(stored.digest, _digest(presented)):
            return None
        return stored.token

    def _refresh(self, *, at_once: bool = False) -> None:
        """Read the file again if it was replaced; a file that disappears leaves no token."""
        if not at_once and time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_EVERY
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._known, self._state = {}, None
            return
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        if state != self._state:
            # Until it can be read, no token is known, and each of them reads it again.
            self._known, self._state, self._seen = {}, None, True
            self._known, self._state = _read(self._path), state


def list_tokens(settings: Settings) -> list[Token]:
    """All tokens by name.

    Raises:
        UserError: the file is damaged.
    """
    return sorted((s.token for s in _read(settings.tokens_path).values()), key=lambda t: t.name)


def create_token(settings: Settings, name: str, scopes: Iterable[str]) -> str:
    """Create a token and return it; it cannot be shown again.

    Raises:
        UserError: the name is taken or not allowed, a scope is not valid, or there is none.
    """
    wanted = frozenset(scopes)
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot be the name of a token.",
            "Use up to 64 letters, digits and the signs . _ - @.",
        )
    if not wanted or (wrong := sorted(s for s in wanted if not _SCOPE.fullmatch(s))):
        raise UserError(
            f"{wrong[0]!r} is not a scope." if wanted else "A token needs a scope.",
            "Scopes are ADMIN, READ:<pipe> such as READ:customer_ltv, and APPEND:<source> such as "
            "APPEND:transactions; READ:* and APPEND:* stand for all.",
        )
    with one_at_a_time(settings.tokens_lock_path, f"changes the tokens of {settings.home}", 10):
        known = _read(settings.tokens_path)
        if any(stored.token.name == name for stored in known.values()):
            raise UserError(
                f"There is a token {name} already.",
                f"Choose another name, or revoke it first: `ltv token revoke {name}`.",
            )
        number = secrets.token_hex(_ID_BYTES)
        created = f"ltv_{number}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        token = Token(name, wanted, datetime.now(UTC).replace(microsecond=0))
        _write(settings.tokens_path, {**known, number: _Stored(token, _digest(created))})
    return created


def revoke_token(settings: Settings, name: str) -> int:
    """Revoke a token; a running server refuses it at once.

    Returns:
        How many tokens are left.

    Raises:
        UserError: there is no token of this name.
    """
    with one_at_a_time(settings.tokens_lock_path, f"changes the tokens of {settings.home}", 10):
        known = _read(settings.tokens_path)
        left = {number: stored for number, stored in known.items() if stored.token.name != name}
        if len(left) == len(known):
            raise UserError(f"There is no token {name}.", "`ltv token list` shows all tokens.")
        _write(settings.tokens_path, left)
    return len(left)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _read(path: Path) -> dict[str, _Stored]:
    try:
        content = json.loads(path.read_text("utf-8"))
        return {
            number: _Stored(
                Token(
                    one["name"],
                    frozenset(one["scopes"]),
                    datetime.fromisoformat(one["created_at"]),
                ),
                bytes.fromhex(one["sha256"]),
            )
            for number, one in content.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The tokens in {path} cannot be read: {type(error).__name__}: {error}.",
            "Restore the file from a backup, or remove it and create the tokens again.",
        ) from error


def _write(path: Path, tokens: Mapping[str, _Stored]) -> None:
    content = {
        number: {
            "name": stored.token.name,
            "scopes": sorted(stored.token.scopes),
            "created_at": stored.token.created_at.isoformat(),
            "sha256": stored.digest.hex(),
        }
        for number, stored in tokens.items()
    }
    with draft_of(path) as draft:
        draft.touch(0o600)
        draft.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
        sync(draft)
