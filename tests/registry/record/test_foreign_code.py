"""Code in the database that is not Vigie's: what it takes away leaves no gap, and is named by `verify`."""

import pytest
from sqlalchemy import Engine, text

from hospital.words.messages import Foreign
from registry.record.database import writing
from registry.record.foreign_code import foreign_code
from registry.record.journal import append
from registry.record.journal_audit import verify
from tests.support.installation import NOW

SWALLOWS = {
    "sqlite": (
        "CREATE TRIGGER quiet AFTER INSERT ON journal WHEN new.action = 'decide' "
        "BEGIN DELETE FROM payloads WHERE seq = new.seq; DELETE FROM journal WHERE seq = new.seq; END",
    ),
    "postgresql": (
        "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER quiet BEFORE INSERT ON journal FOR EACH ROW WHEN (new.action = 'decide') "
        "EXECUTE FUNCTION quiet()",
    ),
}


def enter(engine: Engine, action: str) -> None:
    """An entry."""
    with writing(engine) as connection:
        append(connection, actor="Ada", action=action, subjects={"n": "1"}, now=NOW)


def faults(engine: Engine) -> list[str]:
    """What is named."""
    with engine.connect() as connection:
        found = [fault.message for fault in foreign_code(connection)]
    assert all("que Vigie n'a pas créé" in Foreign(words, "audit", "faults").words("fr") for words in found)
    return found


def test_a_database_as_vigie_makes_it_has_none(engine: Engine) -> None:
    """Nothing is named."""
    assert faults(engine) == []


def test_a_trigger_that_takes_entries_away_is_named(engine: Engine) -> None:
    """The decision is acknowledged and gone, and the chain is whole without it."""
    with engine.begin() as connection:
        for statement in SWALLOWS[engine.dialect.name]:
            connection.execute(text(statement))
    for action in ("predict", "decide", "predict"):
        enter(engine, action)
    with engine.connect() as connection:
        actions = list(connection.scalars(text("SELECT action FROM journal ORDER BY seq")))
        chain = verify(connection)
    assert (actions, chain) == (["predict", "predict"], [])
    (words,) = faults(engine)
    assert "'journal'" in words
    assert "a trigger that Vigie did not make ('quiet')" in words


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_rule_is_named(engine: Engine) -> None:
    """PostgreSQL's older way to do something instead."""
    with engine.begin() as connection:
        connection.execute(
            text("CREATE RULE quiet AS ON INSERT TO journal WHERE new.action = 'decide' DO INSTEAD NOTHING")
        )
    (words,) = faults(engine)
    assert "a rule that Vigie did not make ('quiet')" in words


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["ALTER TABLE decisions RENAME TO old", "CREATE VIEW decisions AS SELECT * FROM old WHERE 0"],
            "'decisions' has a view",
        ),
        (
            ["DROP TABLE tokens", "CREATE TABLE tokens (token_id TEXT PRIMARY KEY On\n Conflict IGNORE)"],
            "'tokens' has a rule",
        ),
    ],
    ids=["view in the place of a table", "rows that are passed over"],
)
def test_a_table_that_is_none_is_named(engine: Engine, statements: list[str], said: str) -> None:
    """It takes what it likes."""
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()
    assert any(said in words for words in faults(engine))


def test_verify_names_it(engine: Engine) -> None:
    """With the other rows that are not what they should be."""
    from cli.journal_verification import edited_rows
    from registry.settings import Settings

    with engine.begin() as connection:
        for statement in SWALLOWS[engine.dialect.name]:
            connection.execute(text(statement))
    with engine.connect() as connection:
        found = edited_rows(connection, Settings())
    assert ["quiet" in fault.message for fault in found] == [True]
