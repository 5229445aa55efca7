"""A model is stopped by one entitled person, at once; it speaks again by a quorum, once, and of that very stop."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hospital.times import instant
from registry.digests import canonical_json, sha256_bytes, write_atomically
from registry.errors import RegistryError, TrustError
from registry.record.database import opened_database
from registry.record.journal import Entry, entries_of
from registry.settings import Settings
from registry.trust.model_stops import is_stopped, resume_model, stop_model
from registry.trust.trust_store import load_trust, trust_digest
from tests.support.installation import Installation, after
from tests.support.releasing import put_policy

MODEL = "wait-time"


@pytest.fixture
def settings(installation: Installation) -> Settings:
    """Of an installation in which nothing is stopped."""
    return installation.settings


@pytest.fixture
def stopped(installation: Installation) -> Installation:
    """Stopped by ada of the board."""
    _stop(installation, "ada")
    return installation


def _stop(installation: Installation, who: str, reason: str = "odd nights", model: str = MODEL) -> str:
    return stop_model(installation.settings, model, installation.people[who], reason=reason, now=after(3))


def _resume(installation: Installation, *names: str, reason: str = " mended ") -> tuple[str, ...]:
    keys = [installation.people[name] for name in names]
    return resume_model(installation.settings, MODEL, keys, reason=reason, now=after(4))


def _acts(settings: Settings) -> Sequence[Entry]:
    with opened_database(settings.database) as engine, engine.connect() as connection:
        return list(entries_of(connection, ("stop", "resume")))


def _stands(settings: Settings, model: str = MODEL) -> bool:
    return is_stopped(settings, load_trust(settings.trust), model)


@pytest.mark.parametrize("who", ["ada", "bob", "releaser"])
def test_one_entitled_person_stops_a_model(installation: Installation, who: str) -> None:
    """By the policy that ships a member of the board or a releaser; that model and no other, with the reason."""
    settings = installation.settings
    before = load_trust(settings.trust)
    with opened_database(settings.database):
        assert not _stands(settings)
    assert _stop(installation, who, "  odd nights ") == who
    trust = load_trust(settings.trust)
    assert list(trust.stopped) == [MODEL]
    signed = trust.stopped[MODEL]
    assert signed["body"] == {"model": MODEL, "reason": "odd nights", "at": instant(after(3))}
    assert signed["signature"]["public_key"] == installation.people[who].public_key
    (entry,) = _acts(settings)
    digest = sha256_bytes(canonical_json(signed))
    assert (entry.actor, entry.action, entry.reason, entry.at) == (
        who,
        "stop",
        "odd nights",
        instant(after(3)),
    )
    expected = {"model": MODEL, "stop_digest": digest, "trust_digest": trust_digest(trust)}
    assert dict(entry.subjects) == expected
    assert (_stands(settings), _stands(settings, "bed-demand")) == (True, False)
    assert trust.keys == before.keys


@pytest.mark.parametrize("who", ["author", "checker", "stranger"])
def test_nobody_else_stops_a_model(installation: Installation, settings: Settings, who: str) -> None:
    """With what the policy lets; and a reason that is missing too is said in the same breath."""
    with pytest.raises(TrustError, match=r"the policy lets board or releaser stop"):
        _stop(installation, who)
    with pytest.raises(TrustError, match=r"board or releaser.*say why"):
        _stop(installation, who, " ")
    assert (load_trust(settings.trust).stopped, _acts(settings)) == ({}, [])


def test_the_policy_says_who_may(installation: Installation) -> None:
    """The author where it says so; whoever it does not name no more."""
    put_policy(installation, stop_roles='["author", "board", "releaser"]')
    assert _stop(installation, "author") == "author"


def test_a_retired_member_stops_nothing(installation: Installation) -> None:
    """Nor does a stop without a reason stand."""
    installation.change_trust(lambda t: t.with_retired("releaser"))
    with pytest.raises(TrustError, match="retired"):
        _stop(installation, "releaser")
    with pytest.raises(TrustError, match="say why"):
        _stop(installation, "ada", "\n\t")


def test_a_model_that_vigie_does_not_have_is_named(installation: Installation) -> None:
    """Rather than a stop that stops nothing; for a resumption too."""
    with pytest.raises(TrustError, match="wait-times"):
        _stop(installation, "ada", model="wait-times")
    with pytest.raises(TrustError, match="wait-times"):
        resume_model(installation.settings, "wait-times", [], reason="", now=after(4))


def test_a_second_stop_leaves_the_first(stopped: Installation) -> None:
    """With its reason; one entry."""
    before = load_trust(stopped.settings.trust)
    with pytest.raises(TrustError, match="stopped already"):
        _stop(stopped, "bob", "other")
    assert load_trust(stopped.settings.trust) == before
    assert [entry.reason for entry in _acts(stopped.settings)] == ["odd nights"]


def test_what_must_stop_does_not_wait_for_the_journal(installation: Installation) -> None:
    """The stop stands though its entry cannot be written; asked again, the entry is written once, of who stopped it."""
    settings = installation.settings
    elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{settings.trust}"})
    with pytest.raises(TrustError, match=r"^wait-time IS stopped.*cannot be opened.*Repeat this command"):
        stop_model(elsewhere, MODEL, installation.people["ada"], reason="harm", now=after(3))
    assert MODEL in load_trust(settings.trust).stopped
    assert _acts(settings) == []
    for _ in range(2):
        with pytest.raises(TrustError, match=r"^wait-time is stopped already\.$"):
            _stop(installation, "bob", "other")
    assert [(e.actor, e.reason) for e in _acts(settings)] == [("ada", "harm")]


def test_a_stop_that_was_never_entered_is_entered_before_it_ends(installation: Installation) -> None:
    """Else the journal would have an end without a beginning."""
    settings = installation.settings
    elsewhere = settings.model_copy(update={"database_url": f"sqlite:///{settings.trust}"})
    with pytest.raises(RegistryError, match="cannot be opened"):
        stop_model(elsewhere, MODEL, installation.people["ada"], reason="harm", now=after(3))
    _resume(installation, "ada", "bob")
    assert [(e.actor, e.action) for e in _acts(settings)] == [("ada", "stop"), ("ada, bob", "resume")]


def test_a_quorum_lets_it_speak_again(stopped: Installation) -> None:
    """Once, with an entry of who signed, of that stop and no other."""
    settings = stopped.settings
    (stop,) = _acts(settings)
    assert _resume(stopped, "bob", "ada") == ("ada", "bob")
    assert load_trust(settings.trust).stopped == {}
    assert not _stands(settings)
    resumed = _acts(settings)[-1]
    assert (resumed.actor, resumed.action, resumed.reason) == ("ada, bob", "resume", "mended")
    expected = {"model": MODEL, "stop_digest": stop.subjects["stop_digest"]}
    expected["trust_digest"] = trust_digest(load_trust(settings.trust))
    assert dict(resumed.subjects) == expected
    assert not (settings.trust / f"resume-{MODEL}.json").exists()
    with pytest.raises(TrustError, match="nothing to resume"):
        _resume(stopped, "ada", "bob")


@pytest.mark.parametrize("names", [("ada",), ("ada", "ada")])
def test_one_member_is_no_quorum_and_signs_where_the_key_is(
    stopped: Installation, names: tuple[str, ...]
) -> None:
    """Twice is once; what was signed is kept until another signs it too."""
    kept = stopped.settings.trust / f"resume-{MODEL}.json"
    with pytest.raises(TrustError, match="0 of 2"):
        _resume(stopped)
    assert not kept.exists()
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped, *names)
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped)
    assert _stands(stopped.settings)
    assert _resume(stopped, "bob") == ("ada", "bob")


@pytest.mark.parametrize("who", ["author", "releaser", "stranger"])
def test_only_the_board_lets_it_speak_again(stopped: Installation, who: str) -> None:
    """However it was stopped."""
    with pytest.raises(TrustError, match="Nothing is resumed"):
        _resume(stopped, "ada", who)
    assert _stands(stopped.settings)


def test_signatures_of_an_earlier_stop_end_no_later_one(stopped: Installation) -> None:
    """What ada signed was that the first was over."""
    kept = stopped.settings.trust / f"resume-{MODEL}.json"
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped, "ada")
    content = kept.read_bytes()
    _resume(stopped, "bob")
    _stop(stopped, "releaser", "again")
    kept.write_bytes(content)
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped, "bob")
    assert _stands(stopped.settings)


@pytest.mark.parametrize("content", [b"", b"{", b"3", b"[3]", b'[{"body":1}]', b"null", b'{"a":1}'])
def test_a_file_of_signatures_that_is_none_counts_for_nothing(stopped: Installation, content: bytes) -> None:
    """And is in nobody's way."""
    write_atomically(stopped.settings.trust / f"resume-{MODEL}.json", content)
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped, "ada")
    assert _resume(stopped, "bob") == ("ada", "bob")


def test_a_forged_signature_among_those_kept_ends_nothing(stopped: Installation) -> None:
    """Bob's name and key over ada's word."""
    kept = stopped.settings.trust / f"resume-{MODEL}.json"
    with pytest.raises(TrustError, match="1 of 2"):
        _resume(stopped, "ada")
    (given,) = json.loads(kept.read_bytes())
    forged = {**given, "signature": {**given["signature"], "public_key": stopped.people["bob"].public_key}}
    write_atomically(kept, canonical_json([given, forged]))
    with pytest.raises(TrustError, match="does not verify"):
        _resume(stopped)
    assert _stands(stopped.settings)


def test_a_resumption_whose_entry_fails_leaves_the_stop(stopped: Installation, tmp_path: Path) -> None:
    """Nobody could say who let it speak."""
    elsewhere = stopped.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}"})
    before = load_trust(stopped.settings.trust)
    keys = [stopped.people["ada"], stopped.people["bob"]]
    with pytest.raises(RegistryError, match="cannot be opened"):
        resume_model(elsewhere, MODEL, keys, reason="mended", now=after(4))
    assert load_trust(stopped.settings.trust) == before
    assert [e.action for e in _acts(stopped.settings)] == ["stop"]
    assert _resume(stopped, "ada", "bob") == ("ada", "bob")


def test_another_models_stop_and_end_are_its_own(stopped: Installation) -> None:
    """Asked of the journal alone, where the file was edited."""
    _stop(stopped, "bob", model="bed-demand")
    _resume(stopped, "ada", "bob")
    settings = stopped.settings
    path = settings.trust / "trust.json"
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), "stopped": {}}))
    assert (_stands(settings), _stands(settings, "bed-demand")) == (False, True)


@pytest.mark.parametrize("kind", ["other words", "another model's", "a stranger's"])
def test_a_stop_that_nobody_signed_is_entered_in_nobodys_name(installation: Installation, kind: str) -> None:
    """Written into the file by hand in a person's name, with the signature of something else.

    The model is silent, as the file says; a person's own stop takes its place, and is the one in the journal.
    """
    settings = installation.settings
    path = settings.trust / "trust.json"
    if kind == "a stranger's":
        stranger = replace(installation.people["stranger"], name="ada")
        made = stranger.sign("vigie-stop-v1", {"model": MODEL, "reason": "r", "at": 1}).to_json()
    else:
        _stop(installation, "ada", model="bed-demand")
        made = json.loads(path.read_bytes())["stopped"]["bed-demand"]
        if kind == "other words":
            made["body"] |= {"model": MODEL, "reason": "what ada never said"}
    file = json.loads(path.read_bytes())
    write_atomically(path, canonical_json({**file, "stopped": {MODEL: made}}))
    before = len(_acts(settings))
    assert _stands(settings)
    _resume(installation, "ada", "bob")
    assert [e.action for e in _acts(settings)[before:]] == ["resume"]
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), "stopped": {MODEL: made}}))
    _stop(installation, "bob", "bob's own")
    last = _acts(settings)[-1]
    assert (last.actor, last.action, last.reason) == ("bob", "stop", "bob's own")
    write_atomically(path, canonical_json({**json.loads(path.read_bytes()), "stopped": {}}))
    assert _stands(settings)
