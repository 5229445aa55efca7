"""Tokens beside their entries: what an audit finds at which entry, and what a token is from its making to its end."""

import getpass
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, insert, select, text, update

from hospital.times import instant, moment
from registry.errors import TokenError
from registry.record.database import opened_database, writing
from registry.record.journal import Entry, append, entries
from registry.record.journal_audit import JournalFault
from registry.record.tables.record_tables import tokens
from registry.record.token_audit import edited
from registry.record.tokens import (
    LONGEST,
    Caller,
    TokenInfo,
    account,
    authenticate,
    create_token,
    list_tokens,
    revoke_token,
    valid_caller,
)
from tests.support.installation import NOW, after
from tests.support.old_database import migrate_to


def _create(engine: Engine, name: str = "app", *roles: str, **options: object) -> str:
    with writing(engine) as connection:
        return create_token(connection, name, roles or ("application",), now=NOW, **options)  # type: ignore[arg-type]


def _id(secret: str) -> str:
    return secret.split("_")[1]


def _revoke(engine: Engine, token_id: str, **options: object) -> None:
    with writing(engine) as connection:
        revoke_token(connection, token_id, now=after(1), **options)  # type: ignore[arg-type]


def _entries(engine: Engine) -> list[Entry]:
    with engine.connect() as connection:
        return list(entries(connection))


def _edited(engine: Engine) -> list[JournalFault]:
    with engine.connect() as connection:
        return edited(connection)


def _information(engine: Engine) -> dict[str, TokenInfo]:
    with engine.connect() as connection:
        return {token.token_id: token for token in list_tokens(connection)}


class TestAudit:
    """What `vigie journal verify` says of tokens."""

    def test_a_fault_is_named_at_the_entry_that_says_otherwise(self, engine: Engine) -> None:
        """Edited and gone at the making; one that nobody made at no entry."""
        _create(engine)
        edited_one, gone = _id(_create(engine)), _id(_create(engine))
        assert _edited(engine) == []
        with engine.begin() as connection:
            mine = tokens.c.token_id
            connection.execute(update(tokens).where(mine == edited_one).values(name="x", roles="[]"))
            connection.execute(update(tokens).where(mine == gone).values(token_id="forged"))
        assert sorted(_edited(engine), key=lambda fault: fault.seq) == [
            JournalFault(0, "no entry says that token 'forged' was made"),
            JournalFault(2, f"token {edited_one} was edited (name, roles)"),
            JournalFault(3, f"token {gone} is gone"),
        ]

    def test_only_the_entry_that_made_it_vouches_for_a_token(self, engine: Engine) -> None:
        """A second entry of the same token, whoever wrote it, changes nothing of what it was made as."""
        token_id = _id(_create(engine))
        made = dict(_entries(engine)[0].subjects)
        with writing(engine) as connection:
            forged = {**made, "roles": "admin"}
            append(connection, actor="Eve", action="create token", subjects=forged, now=NOW)
        with engine.begin() as connection:
            connection.execute(update(tokens).values(roles='["admin"]'))
        assert [f.message for f in _edited(engine)] == [f"token {token_id} was edited (roles)"]

    def test_a_revocation_is_that_of_its_first_entry(self, engine: Engine) -> None:
        """Its instant, and none without an entry; a later entry moves it no more."""
        token_id = _id(_create(engine))
        _revoke(engine, token_id)
        assert _edited(engine) == []
        with writing(engine) as connection:
            subjects = {"token": token_id}
            append(connection, actor="x", action="revoke token", subjects=subjects, now=after(2))
        assert _edited(engine) == []
        with engine.begin() as connection:
            connection.execute(update(tokens).values(revoked_at=instant(after(2))))
        assert [f.message for f in _edited(engine)] == [f"token {token_id} was edited (revoked)"]

    def test_a_token_of_before_that_was_revoked_stays_so(self, empty_database_url: str) -> None:
        """The entry that covers it says when; called back it shows, and so does another instant."""
        older = create_engine(empty_database_url)
        migrate_to(older, "0007")
        with older.begin() as connection:
            row = "INSERT INTO tokens (token_id, name, roles, hash, created_at, expires_at, revoked_at, scopes, "
            row += "identity) VALUES (:id, :id, '[\"operator\"]', 'h', 5, NULL, :revoked, '[]', :id)"
            connection.execute(text(row), [{"id": "t1", "revoked": 7}, {"id": "t2", "revoked": None}])
        older.dispose()
        with opened_database(empty_database_url) as migrated:
            assert _edited(migrated) == []
            for at in (None, 8):
                with migrated.begin() as connection:
                    connection.execute(update(tokens).where(tokens.c.token_id == "t1").values(revoked_at=at))
                assert [f.message for f in _edited(migrated)] == ["token t1 was edited (revoked)"]
            with migrated.begin() as connection:
                connection.execute(update(tokens).where(tokens.c.token_id == "t1").values(revoked_at=7))
                connection.execute(update(tokens).where(tokens.c.token_id == "t2").values(created_at=6))
            assert [f.message for f in _edited(migrated)] == ["token t2 was edited (created)"]

    @pytest.mark.parametrize("roles", ["no json", "3", "[[]]"])
    def test_a_token_that_cannot_be_read_is_said(self, engine: Engine, roles: str) -> None:
        """And what was found before it is kept: here, one that nobody made."""
        _create(engine)
        with engine.begin() as connection:
            connection.execute(update(tokens).values(roles=roles))
        (fault,) = _edited(engine)
        assert (fault.seq, fault.message.partition("(")[0]) == (0, "tokens cannot be read ")

    def test_tables_that_are_gone_are_said(self, engine: Engine) -> None:
        """Rather than a traceback in the middle of an audit."""
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE tokens"))
        (fault,) = _edited(engine)
        assert fault.message.startswith("tokens cannot be read (")


class TestTokens:
    """What a token is from its making to its end."""

    def test_its_entries_say_all_of_it_but_the_secret(self, engine: Engine) -> None:
        """Made and revoked, by whom; without a name it is the account of the machine."""
        secret = _create(engine, "feed", "operator", "application", scopes=["pages", "centre"], by="Ada")
        _revoke(engine, _id(secret), by="Bob")
        _create(engine, "other")
        made, revoked, other = _entries(engine)
        expected = {
            "token": _id(secret),
            "identity": "feed",
            "name": "feed",
            "roles": "application, operator",
            "scopes": "centre, pages",
            "expires_at": moment(instant(NOW + timedelta(days=180))).isoformat(timespec="seconds"),
        }
        for entry, action, actor in ((made, "create token", "Ada"), (revoked, "revoke token", "Bob")):
            assert (entry.action, entry.actor) == (action, actor)
            assert dict(entry.subjects).items() >= expected.items()
            assert secret.split("_", 2)[2] not in str(entry)
        assert (other.actor, other.subjects["scopes"]) == (account(), "all")
        _revoke(engine, other.subjects["token"])
        assert _entries(engine)[3].actor == account()

    def test_it_lasts_half_a_year_and_a_year_at_most(self, engine: Engine) -> None:
        """To the very second."""
        usual = _create(engine)
        longest = _create(engine, expires=NOW + LONGEST)
        found = _information(engine)
        assert found[_id(usual)].expires_at == instant(NOW + timedelta(days=180))
        assert found[_id(longest)].expires_at == instant(NOW + timedelta(days=366))
        with pytest.raises(TokenError, match="366 days at most"):
            _create(engine, expires=NOW + LONGEST + timedelta(seconds=1))

    def test_a_name_may_be_as_long_as_a_list_has_room_for(self, engine: Engine) -> None:
        """Two hundred signs."""
        _create(engine, "x" * 200)
        assert [token.name for token in _information(engine).values()] == ["x" * 200]

    @pytest.mark.parametrize("name", ["app", "APP", " app ", "ａpp", "page", "Page"])
    def test_no_token_inherits_what_another_asked(self, engine: Engine, name: str) -> None:
        """A name that is borne already, in any spelling, or the pages' own, has the token's id beside it."""
        _revoke(engine, _id(_create(engine, "app")))
        token_id = _id(_create(engine, name))
        assert _information(engine)[token_id].identity == f"{name} ({token_id})"

    def test_an_identity_is_not_taken_by_a_name(self, engine: Engine) -> None:
        """Somebody who asks for a token named as another's identity gets an identity of their own."""
        _create(engine, "app")
        second = _id(_create(engine, "app"))
        third = _id(_create(engine, f"app ({second})"))
        identities = [token.identity for token in _information(engine).values()]
        assert len(set(identities)) == len(identities) == 3
        assert f"app ({second}) ({third})" in identities
        other = _id(_create(engine, "feed"))
        assert _information(engine)[other].identity == "feed"

    def test_who_came_by_it_is_known_as_long_as_it_is_good(self, engine: Engine) -> None:
        """A session asks again by the id: whatever ends the token ends the session."""
        secret = _create(engine, "app", "operator", scopes=["pages"], expires=after(2))
        token_id = _id(secret)
        with engine.connect() as connection:
            caller = authenticate(connection, secret, now=NOW)
            assert valid_caller(connection, token_id, now=NOW) == caller
            assert valid_caller(connection, "0" * 12, now=NOW) is None
            assert valid_caller(connection, token_id, now=after(2)) is None
        assert caller == Caller("app", frozenset({"operator"}), "app", token_id, frozenset({"pages"}))
        _revoke(engine, token_id)
        with engine.connect() as connection:
            assert valid_caller(connection, token_id, now=NOW) is None

    def test_a_caller_is_recorded_under_its_identity(self) -> None:
        """Without a token under its name; an application sees what it asked itself, whatever it is besides."""
        assert Caller("app", frozenset(), "app (1)").actor == "app (1)"
        assert Caller("page", frozenset()).actor == "page"
        assert Caller("app", frozenset({"application", "admin"})).sees_own_only is True
        assert Caller("ada", frozenset({"operator"})).sees_own_only is False

    def test_the_list_says_what_became_of_each(self, engine: Engine) -> None:
        """The oldest first; ended at its end and not before; one of before that has no end is good."""
        with writing(engine) as connection:
            for hours in (3, 1, 2):
                create_token(connection, f"t{hours}", ["admin"], now=after(hours), expires=after(hours + 9))
        found = list(_information(engine).values())
        assert [token.name for token in found] == ["t1", "t2", "t3"]
        assert (found[0].state(after(9.9)), found[0].state(after(10))) == ("valid", "expired")
        assert replace(found[0], expires_at=None).state(after(10**4)) == "valid"
        _revoke(engine, found[0].token_id)
        assert next(iter(_information(engine).values())).state(after(10)) == "revoked"

    def test_a_token_of_before_without_an_end_is_good(self, engine: Engine) -> None:
        """Until it is revoked."""
        secret = _create(engine)
        with engine.begin() as connection:
            connection.execute(update(tokens).values(expires_at=None))
            assert authenticate(connection, secret, now=after(10**5)).name == "app"

    def test_revoking_twice_is_said_once(self, engine: Engine) -> None:
        """One entry, of the first time."""
        token_id = _id(_create(engine))
        _revoke(engine, token_id)
        _revoke(engine, token_id)
        assert [entry.action for entry in _entries(engine)] == ["create token", "revoke token"]

    @pytest.mark.parametrize(
        ("typed", "shown"),
        [("abc", "abc"), ("é" * 3, r"\xe9\xe9\xe9"), ("a" * 41, "a" * 40), ("a\x1b[2J", "of this id")],
    )
    def test_an_id_that_is_none_is_shown_so_that_no_terminal_obeys_it(
        self, engine: Engine, typed: str, shown: str
    ) -> None:
        """A part of it, in plain characters, or not at all."""
        with writing(engine) as connection, pytest.raises(TokenError, match="no token") as refused:
            revoke_token(connection, typed, now=NOW)
        assert f"{shown}" in str(refused.value)
        assert "a" * 41 not in str(refused.value)
        assert "\x1b" not in str(refused.value)

    @pytest.mark.parametrize("error", [KeyError("uid"), OSError("no name")])
    def test_an_account_without_a_name_can_make_tokens(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        """In a container a number may be all that there is."""

        def nobody() -> str:
            raise error

        monkeypatch.setattr(getpass, "getuser", nobody)
        assert account() == "account unknown"
        monkeypatch.setattr(getpass, "getuser", lambda: "vigie")
        assert account() == "account vigie"

    def test_a_row_with_another_hash_opens_nothing(self, engine: Engine) -> None:
        """Nor does one that has none."""
        secret = _create(engine)
        with engine.begin() as connection:
            kept = connection.execute(select(tokens)).mappings().one()
            connection.execute(tokens.delete())
            connection.execute(insert(tokens).values(**{**kept, "hash": ""}))
            with pytest.raises(TokenError, match="not valid"):
                authenticate(connection, secret, now=NOW)
