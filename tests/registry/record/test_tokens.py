"""Bearer tokens: who calls, and what nobody can learn from the database."""

import pytest
from sqlalchemy import Engine, create_engine, select, text

from registry.errors import TokenError
from registry.record.database import opened_database, writing
from registry.record.tables.record_tables import tokens
from registry.record.tokens import ROLES, authenticate, create_token, list_tokens, revoke_token
from tests.support.installation import NOW, after
from tests.support.old_database import migrate_to


def _create(engine: Engine, *roles: str, **options: object) -> str:
    with writing(engine) as connection:
        return create_token(connection, "emergency board", roles or ("application",), now=NOW, **options)  # type: ignore[arg-type]


def test_a_token_tells_who_calls_and_with_which_roles(engine: Engine) -> None:
    """And nothing about any other."""
    _create(engine, "admin")
    secret = _create(engine, "operator", "application")
    with engine.connect() as connection:
        caller = authenticate(connection, secret, now=NOW)
    assert (caller.name, caller.roles) == ("emergency board", frozenset({"application", "operator"}))


def test_the_database_does_not_hold_the_secret(engine: Engine) -> None:
    """Who reads a backup can call nothing."""
    secret = _create(engine)
    with engine.connect() as connection:
        kept = " ".join(str(value) for row in connection.execute(select(tokens)) for value in row)
    assert secret.split("_", 2)[2] not in kept


def test_secrets_are_long_and_never_the_same(engine: Engine) -> None:
    """256 random bits: what makes a fast hash enough."""
    secrets = {_create(engine) for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(secret.split("_", 2)[2]) == 43 for secret in secrets)


def test_a_changed_token_is_refused(engine: Engine) -> None:
    """Every part of it counts."""
    secret = _create(engine)
    other = _create(engine)
    wrong = [
        "",
        "vigie",
        secret[:-1],
        secret + "A",
        secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        secret.replace("vigie", "VIGIE"),
        "_".join([*secret.split("_", 2)[:2], other.split("_", 2)[2]]),
        f"vigie_{'0' * 12}_{secret.split('_', 2)[2]}",
        f"vigie_{chr(0)}_{secret.split('_', 2)[2]}",
        secret + "\n",
        "é" * 40,
    ]
    with engine.connect() as connection:
        for attempt in wrong:
            with pytest.raises(TokenError, match="not valid"):
                authenticate(connection, attempt, now=NOW)


def test_a_token_ends(engine: Engine) -> None:
    """At its end, not a moment later."""
    secret = _create(engine, expires=after(1))
    with engine.connect() as connection:
        authenticate(connection, secret, now=after(0.99))
        with pytest.raises(TokenError, match="not valid"):
            authenticate(connection, secret, now=after(1))


def test_a_revoked_token_is_refused_and_keeps_its_first_time(engine: Engine) -> None:
    """The list shows when it was."""
    secret = _create(engine)
    with writing(engine) as connection:
        token_id = list_tokens(connection)[0].token_id
        revoke_token(connection, token_id, now=after(1))
        revoke_token(connection, token_id, now=after(2))
        with pytest.raises(TokenError, match="not valid"):
            authenticate(connection, secret, now=after(3))
        revoked = list_tokens(connection)[0].revoked_at
        with pytest.raises(TokenError, match="no token"):
            revoke_token(connection, "unknown", now=NOW)
    assert revoked == int(after(1).timestamp() * 1e6)


def test_a_token_without_a_known_role_or_name_is_not_made(engine: Engine) -> None:
    """Nor one that has ended before it begins."""
    with writing(engine) as connection:
        for roles in ((), ("root",), ("admin", "root")):
            with pytest.raises(TokenError, match="needs roles"):
                create_token(connection, "a", roles, now=NOW)
        with pytest.raises(TokenError, match="needs a name"):
            create_token(connection, " ", ("admin",), now=NOW)
        with pytest.raises(TokenError, match="expired already"):
            create_token(connection, "a", ("admin",), now=NOW, expires=NOW)
        assert list_tokens(connection) == []


def test_every_role_of_the_design_can_be_given(engine: Engine) -> None:
    """Six roles."""
    secret = _create(engine, *ROLES)
    with engine.connect() as connection:
        assert authenticate(connection, secret, now=NOW).roles == frozenset(ROLES)
    assert len(ROLES) == 6


def test_tokens_of_before_keep_their_rights_and_share_no_identity(empty_database_url: str) -> None:
    """Migration 0007: of two that bore one name neither inherits what was recorded under it; all of them end."""
    engine = create_engine(empty_database_url)
    migrate_to(engine, "0004")
    with engine.begin() as connection:
        for token_id, name in (("a", "board"), ("b", "Board"), ("c", "feed"), ("d", "page")):
            row = {"i": token_id, "n": name, "r": '["admin"]'}
            connection.execute(text("INSERT INTO tokens VALUES (:i, :n, :r, 'x', 1, NULL, NULL)"), row)
    engine.dispose()
    with opened_database(empty_database_url) as migrated, migrated.connect() as connection:
        found = {token.token_id: token for token in list_tokens(connection)}
    identities = {token_id: token.identity for token_id, token in found.items()}
    assert identities == {"a": "board (a)", "b": "Board (b)", "c": "feed", "d": "page (d)"}
    assert all(token.roles == ("admin",) and token.scopes == () for token in found.values())
    assert all(token.expires_at is not None for token in found.values())


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb", "a\u202eb", "a\x00", "x" * 201])
def test_a_name_that_a_terminal_would_obey_is_refused(engine: Engine, name: str) -> None:
    """Escapes, line ends, marks that turn the direction of writing, and what no list has room for."""
    with writing(engine) as connection, pytest.raises(TokenError, match="needs a name"):
        create_token(connection, name, ("admin",), now=NOW)


def test_all_that_is_wrong_with_a_token_is_said_at_once(engine: Engine) -> None:
    """Name, roles, scopes and end; an end in ten years, too."""
    with writing(engine) as connection:
        with pytest.raises(TokenError) as refused:
            create_token(connection, "", (), now=NOW, expires=NOW, scopes=["everything"])
        for words in ("needs a name", "needs roles", "scopes", "expired already"):
            assert words in str(refused.value)
        with pytest.raises(TokenError, match="366 days at most"):
            create_token(connection, "a", ("admin",), now=NOW, expires=after(24 * 3660))
