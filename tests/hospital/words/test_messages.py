"""What is said before its language is known: values, lists and causes are written by the reader's language."""

import datetime as dt

import numpy as np
import pytest

from hospital.contracts.fault_words import fault
from hospital.errors import ContractError, HistoryError, VigieError
from hospital.ingest.reading_findings import Finding, FindingText, StoredFinding
from hospital.words.catalogue import CatalogueError, entries
from hospital.words.messages import Foreign, Lines, Names, is_key, message


def test_a_key_is_distinguished_from_a_sentence() -> None:
    """A sentence has spaces; what others said is shown as it is, braces and all."""
    assert is_key("errors.training.no_model")
    assert not is_key("The model is gone.")
    assert not is_key("model")
    assert VigieError("as {it} was").words("fr") == "as {it} was"
    with pytest.raises(CatalogueError, match="no text"):
        VigieError("errors.training.nowhere").words("fr")


def test_numbers_days_and_plurals_are_the_language_s() -> None:
    """A number decides the plural of its text; days and thousands are written as the reader does."""
    error = VigieError("registry.bulk.not_exact", n=1200, of=10000)
    assert error.words("fr").startswith("1\u202f200 explications sur 10\u202f000 ne redonnent pas")
    assert error.words("en").startswith("1,200 of 10,000 explanations")
    one = VigieError("verbs.token.once", n=1)
    assert (one.words("fr")[-7:], one.words("en")[-6:]) == ("1 jour.", "1 day.")
    day = VigieError("registry.check.no_recent_row", day=dt.date(2026, 1, 31))
    assert "31/01/2026" in day.words("fr")
    assert "2026-01-31" in day.words("en") == str(day)


def test_faults_within_an_error_are_in_its_language() -> None:
    """Messages, errors and their causes one within another, however deep."""
    faults = (
        message("registry.package.missing", name="a.ubj"),
        message("registry.package.changed", name="b"),
    )
    error = VigieError("practice.refused.key", why=VigieError("registry.package.faulty", faults=faults))
    assert error.words("fr").endswith(
        "Le paquet n'est pas conforme\u00a0: a.ubj manque\u00a0; "
        "b n'est pas le fichier qui a été signé\u00a0: ses octets ont changé."
    )
    assert str(error).endswith("a.ubj is missing; b is not the file that was signed: its bytes were changed.")
    people = VigieError("verbs.rollback.no_members", names=["Ada", "Lin", "Zoé"])
    assert "Ada, Lin et Zoé" in people.words("fr")
    parts = Names((message("errors.history.parts.train"), message("errors.history.parts.test")))
    assert parts.words("fr") == "apprentissage, test"


def test_one_line_a_cause_with_its_count() -> None:
    """Fifty-seven of the same are one line; each other cause has its own, in the order in which they came."""
    many = [message("verbs.new_home.zone")] * 57 + [message("verbs.new_home.finess")]
    error = VigieError("verbs.new_home.refused", faults=Lines(tuple(many)))
    lines = error.words("fr").split("\n")
    assert len(lines) == 3
    assert lines[1].endswith("Indian/Reunion (57 fois)")
    assert lines[2].endswith("2A0000006")
    assert "(57 times)" in str(error)


def test_what_the_system_refuses_is_said_in_the_language() -> None:
    """Recognised by its English; what is unknown stays in the system's words."""
    why = PermissionError(13, "Permission denied", "/closed")
    error = VigieError("verbs.new_home.unwritable", home="/closed", why=why)
    assert "(accès refusé)" in error.words("fr")
    assert "(Permission denied)" in str(error)
    assert Foreign("Flux capacitor missing").words("fr") == "Flux capacitor missing"
    limit = Foreign("Input should be greater than 3", "commands", "constraints")
    assert limit.words("fr") == "un nombre supérieur à 3 est attendu"
    assert str(limit) == "Input should be greater than 3"


def test_faults_of_tables_and_histories_say_themselves() -> None:
    """An error of tables within another keeps its lines; a history's has a text as every other."""
    error = ContractError((fault("visits[3].seen_at", "missing", 2),))
    assert error.words("fr") == "visits[3].seen_at\u00a0: une valeur est requise (2 lignes)"
    assert (
        HistoryError("faults.histories.one_row")
        .words("fr")
        .startswith("Le relevé des présents a une ligne par unité")
    )


@pytest.mark.parametrize("n", [np.int64(3), np.int32(3), 3])
def test_a_number_of_numpy_decides_a_plural_as_python_s_does(n: object) -> None:
    """Counts come from arrays."""
    assert message("errors.counted", n=n, message="x").words("en") == "x (3 times)"


def test_what_decides_a_plural_is_a_number() -> None:
    """A text in its place is a mistake of Vigie's, named by the key."""
    with pytest.raises(TypeError, match=r"errors\.counted"):
        message("errors.counted", n="1", message="x").words("en")


@pytest.mark.parametrize(
    ("n", "fr", "en"),
    [
        (
            1,
            "1 ligne est laissée de côté, en a.csv[3] : trop tard",
            "1 row is left out, at a.csv[3]: trop tard",
        ),
        (
            2,
            "2 lignes sont laissées de côté, la première en a.csv[3] : trop tard",
            "2 rows are left out, the first at a.csv[3]: trop tard",
        ),
    ],
)
def test_a_finding_of_one_row_is_said_of_one(n: int, fr: str, en: str) -> None:
    """Also where a package has it, which keeps the English of many."""
    says = FindingText("row_left_out", {"n": n, "path": "a.csv[3]", "why": Foreign("trop tard")})
    stored = StoredFinding(f"{n} rows are left out, the first at a.csv[3]: trop tard")
    assert Finding("stays", "row_left_out", says).message == stored.stored
    for one in (says, stored):
        finding = Finding("stays", "row_left_out", one)
        assert (finding.words("fr").replace("\u00a0", " "), finding.words("en")) == (fr, en)


@pytest.mark.parametrize("name", [n for n in entries("faults") if n.startswith("findings.")])
@pytest.mark.parametrize("n", [1, 2, 1234, np.int64(5)])
def test_a_stored_finding_is_said_as_it_was_found(name: str, n: object) -> None:
    """By its English alone, in both languages; counts are kept as they were written."""
    places = {
        "n": n,
        "times": 7,
        "zoned": 4,
        "naive": 3,
        "column": "left_at",
        "time": "left_at",
        "name": "at",
    }
    places |= {"path": "stays[1234].left_at", "label": "stays", "names": "stays_old.csv, …"}
    says = FindingText(name.removeprefix("findings."), places | {"why": fault("x", "after_reception").says})
    assert "1,234" not in says.stored
    for language in ("fr", "en"):
        said = [one.words("fr" if language == "fr" else "en") for one in (says, StoredFinding(says.stored))]
        assert said[0] == said[1]
        assert "{" not in said[0]
