"""`vigie token`: made with an end and rights, listed with its state, lent as a link, revoked; each in the journal."""

import json

import pytest

from cli.main import main

pytestmark = pytest.mark.usefixtures("home", "english")


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that succeeds prints."""
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_a_tokens_life(capsys: pytest.CaptureFixture[str]) -> None:
    """Made, listed, lent, revoked: the list and the journal say what, and a link of a revoked one is not made."""
    token = out(
        capsys, "token", "create", "feed", "--role", "application", "--scope", "wait-time", "--days", "30"
    )
    token_id = token.split("_")[1]
    listed = out(capsys, "token", "list")
    assert f"{token_id}  feed" in listed
    assert "application (wait-time)" in listed
    assert "valid until 20" in listed
    assert "/enter/" in out(capsys, "token", "link", token_id)
    out(capsys, "token", "revoke", token_id)
    assert "revoked" in out(capsys, "token", "list")
    assert main(["token", "link", token_id]) == 2
    capsys.readouterr()
    lines = [json.loads(line) for line in out(capsys, "journal", "export").splitlines()]
    assert [line["action"] for line in lines] == ["create token", "revoke token"]
    assert {line["subjects"]["token"] for line in lines} == {token_id}


def test_the_list_stands_in_columns_however_long_the_names_are(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a token, and nothing where there is none."""
    assert out(capsys, "token", "list") == ""
    out(capsys, "token", "create", "Médecin des urgences de nuit", "--role", "operator")
    out(capsys, "token", "create", "feed", "--role", "application", "--scope", "wait-time")
    lines = out(capsys, "token", "list").splitlines()
    assert len(lines) == 2
    assert len({line.index("valid until") for line in lines}) == 1
    assert len({line.index(role) for line, role in zip(lines, ("operator", "application"), strict=True)}) == 1


def test_a_second_token_of_a_name_says_its_identity(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever makes it learns what the record will call it."""
    out(capsys, "token", "create", "feed", "--role", "application")
    assert main(["token", "create", "Feed", "--role", "operator"]) == 0
    printed = capsys.readouterr()
    token_id = printed.out.split("_")[1]
    assert f"Feed ({token_id})" in printed.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["create", "a\x1b[31m", "--role", "admin"],
        ["create", "a", "--role", "admin", "--days", "400"],
        ["create", "a", "--role", "admin", "--days", "0"],
        ["create", "a", "--role", "admin", "--scope", "all"],
        ["revoke", "\x1b[2J\u202e"],
    ],
)
def test_what_is_refused_is_said_in_characters_that_a_terminal_shows(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """One error, no escape of the sender's in it."""
    assert main(["token", *arguments]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(("vigie: ", "Usage"))
    assert not set(printed) & {"\x1b", "\u202e"}
