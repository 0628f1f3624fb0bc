"""Tokens: stored as hashes, noticed at once, scoped."""

import json
import stat
from pathlib import Path

import pytest

from ltv_platform.errors import UserError
from ltv_platform.serving.scopes import refuse_unknown_names
from ltv_platform.serving.tokens import Tokens, create_token, list_tokens, revoke_token
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.command_line import CommandLine


def test_only_its_hash_is_stored_for_its_owner(settings: Settings) -> None:
    """docs/api.md: a copy of the file opens nothing."""
    token = create_token(settings, "feeds", ["APPEND:transactions"])
    text = settings.tokens_path.read_text("utf-8")
    assert token not in text
    assert token.rpartition("_")[2] not in text
    assert stat.S_IMODE(settings.tokens_path.stat().st_mode) == 0o600
    [stored] = json.loads(text).values()
    assert stored.keys() == {"name", "scopes", "created_at", "sha256"}


def test_a_running_server_notices_new_and_revoked_tokens(settings: Settings) -> None:
    """Without a restart: the file is looked at for each request."""
    tokens = Tokens(settings)
    assert not tokens.configured
    first = create_token(settings, "first", ["ADMIN"])
    second = create_token(settings, "second", ["READ:customer_ltv"])
    assert tokens.configured
    assert [token.name for token in map(tokens.find, (first, second)) if token] == [
        "first",
        "second",
    ]
    assert revoke_token(settings, "first") == 1
    assert tokens.find(first) is None
    assert tokens.find(second) is not None


def test_a_token_is_found_as_a_whole(settings: Settings) -> None:
    """Neither its beginning nor a changed secret is accepted."""
    token = create_token(settings, "a", ["ADMIN"])
    tokens = Tokens(settings)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    for other in ("", token[:-1], token + "A", changed, token.upper(), "ltv_", "\0" * 56, "ä" * 99):
        assert tokens.find(other) is None, other


def test_without_their_file_tokens_are_still_required(settings: Settings) -> None:
    """Somebody who removes the file must not open a running server."""
    token = create_token(settings, "a", ["ADMIN"])
    tokens = Tokens(settings)
    assert tokens.configured
    settings.tokens_path.unlink()
    assert tokens.configured
    assert tokens.find(token) is None


def test_the_last_revoked_token_opens_nothing(settings: Settings) -> None:
    """The file stays, empty."""
    create_token(settings, "a", ["ADMIN"])
    assert revoke_token(settings, "a") == 0
    assert Tokens(settings).configured


def test_a_damaged_file_says_so_each_time(settings: Settings) -> None:
    """Until it is fixed, nobody is let in."""
    token = create_token(settings, "a", ["ADMIN"])
    tokens = Tokens(settings)
    whole = settings.tokens_path.read_text("utf-8")
    settings.tokens_path.write_text("{", "utf-8")
    for _ in range(2):
        with pytest.raises(UserError, match=r"tokens\.json cannot be read: JSONDecodeError"):
            tokens.find(token)
    settings.tokens_path.write_text(whole, "utf-8")
    assert tokens.find(token) is not None


@pytest.mark.parametrize(
    ("scopes", "allowed", "refused"),
    [
        (["ADMIN"], ["ADMIN", "READ:customer_ltv", "APPEND:customers", "READ:dashboard"], []),
        (["READ:customer_ltv"], ["READ:customer_ltv"], ["READ:quarantine", "APPEND:customers"]),
        (["READ:*"], ["READ:customer_ltv", "READ:dashboard"], ["APPEND:customers", "ADMIN"]),
        (["APPEND:*"], ["APPEND:customers"], ["READ:customer_ltv", "ADMIN"]),
        (
            ["APPEND:customers", "READ:customer_ltv"],
            ["APPEND:customers", "READ:customer_ltv"],
            ["APPEND:transactions", "READ:*"],
        ),
    ],
)
def test_what_a_scope_allows(
    settings: Settings, scopes: list[str], allowed: list[str], refused: list[str]
) -> None:
    """The table of scopes in docs/api.md."""
    token = Tokens(settings).find(create_token(settings, "a", scopes))
    assert token is not None
    assert [scope for scope in allowed + refused if token.may(scope)] == allowed


@pytest.mark.parametrize(
    ("name", "scopes", "message"),
    [
        ("a b", ["ADMIN"], "'a b' cannot be the name of a token.\nUse up to 64 letters"),
        ("", ["ADMIN"], "'' cannot be the name of a token."),
        ("a", [], "A token needs a scope.\nScopes are ADMIN, READ:<pipe>"),
        ("a", ["READ"], "'READ' is not a scope.\nScopes are ADMIN"),
        ("a", ["ADMIN", "admin"], "'admin' is not a scope."),
        ("a", ["READ:customer ltv"], "'READ:customer ltv' is not a scope."),
    ],
)
def test_what_cannot_be_created(
    settings: Settings, name: str, scopes: list[str], message: str
) -> None:
    """The message says what a token needs."""
    with pytest.raises(UserError) as error:
        create_token(settings, name, scopes)
    assert str(error.value).startswith(message)
    assert list_tokens(settings) == []


def test_a_name_is_given_once(settings: Settings) -> None:
    """Otherwise nobody would know which one to revoke."""
    create_token(settings, "a", ["ADMIN"])
    with pytest.raises(UserError, match="There is a token a already"):
        create_token(settings, "a", ["READ:*"])
    with pytest.raises(UserError, match="There is no token b"):
        revoke_token(settings, "b")


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("READ:customr_ltv", "There is no pipe or metric 'customr_ltv'.\nDid you mean READ:custom"),
        ("READ:roas_d8", "There is no pipe or metric 'roas_d8'.\nDid you mean READ:roas_d"),
        ("APPEND:purchases", "There is no source 'purchases'.\nThere are: customers, "),
        ("APPEND:dashboard", "There is no source 'dashboard'.\nThere are: customers, "),
    ],
)
def test_a_token_for_nothing_is_refused(settings: Settings, scope: str, message: str) -> None:
    """It would be shown once, and open nothing."""
    refuse_unknown_names(settings, ["ADMIN", "READ:dashboard", "READ:*", "APPEND:customers"])
    with pytest.raises(UserError) as error:
        refuse_unknown_names(settings, ["READ:roas_d7", scope])
    assert str(error.value).startswith(message)


def test_on_the_command_line(ltv: CommandLine, tmp_path: Path) -> None:
    """The token is the last word on stdout, and shown this once."""
    made = ltv("token", "create", "shop", "--scope", "APPEND:transactions", "--scope", "READ:*")
    assert made.code == 0, made.err
    token = made.out.split()[-1]
    assert token.startswith("ltv_")
    assert "it is not shown again" in made.err
    listed = ltv("token", "list", "--format", "json")
    assert token not in listed.out
    [row] = json.loads(listed.out)
    assert (row["name"], row["scopes"]) == ("shop", "APPEND:transactions, READ:*")
    wrong = ltv("token", "create", "other", "--scope", "READ:shop", "--scope", "ADMIN")
    assert (wrong.code, wrong.out) == (2, "")
    assert "There is no pipe or metric 'shop'." in wrong.err
    again = ltv("token", "create", "shop", "--scope", "ADMIN")
    assert (again.code, again.out) == (2, "")
    revoked = ltv("token", "revoke", "shop")
    assert revoked.code == 0
    assert "Token shop is revoked." in revoked.err
    assert "No token is left: the server refuses every request" in revoked.err
    assert json.loads(ltv("token", "list", "--format", "json").out) == []
