"""What the rooms of trust refuse is said in both languages: every text is used, and every place of it is filled."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hospital.errors import VigieError
from hospital.words.catalogue import entries
from registry.errors import KeyFileError, PromotionError, ReleaseError, ReviewError, TrustError
from registry.releases.releases import current_release
from registry.trust.keys import load_key
from registry.trust.model_stops import stop_model
from registry.trust.trust_changes import found_trust
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import promote_version
from tests.support.repository import ROOT

SUBJECT = "trust_errors"
ROOMS = ("people", "trust", "candidates", "releases", "rollback", "checkpoints", "erasure")
SHORT = {"refusal": ("releases", 2, {"model", "number"}), "_error": ("candidates", 0, {"model", "version"})}
"""Functions that are given the end of a key: its section, which argument it is, and what they fill themselves."""


def _trees() -> Iterator[ast.Module]:
    files = [p for room in ROOMS for p in sorted((ROOT / "registry" / room).glob("*.py"))]
    files += [ROOT / "serving" / "releases" / f"{name}.py" for name in ("releases_in_use", "release_source")]
    assert len(files) > 30
    for path in files:
        yield ast.parse(path.read_text("utf-8"))


def _calls() -> Iterator[tuple[str, set[str] | None]]:
    """Each key that is called for, with the names that fill it; None: they are given by a mapping."""
    for node in (n for tree in _trees() for n in ast.walk(tree) if isinstance(n, ast.Call)):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        section, place, own = SHORT.get(name, ("", 0, set[str]()))
        given = node.args[place] if len(node.args) > place else None
        if not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
            continue
        key = f"{SUBJECT}.{section}.{given.value}" if section else given.value
        if key.startswith(f"{SUBJECT}."):
            names = {k.arg for k in node.keywords if k.arg is not None} | own
            yield key, None if any(k.arg is None for k in node.keywords) else names


def test_every_key_has_a_text_whose_places_are_filled() -> None:
    """A key without a text, or a place without a value, would be a traceback in place of a refusal."""
    texts, calls = entries(SUBJECT), list(_calls())
    assert len(calls) > 100
    for key, names in calls:
        entry = texts[key.removeprefix(f"{SUBJECT}.")]
        for words in (*entry["fr"].values(), *entry["en"].values()):
            places = set(re.findall(r"\{(\w+)\}", words))
            assert names is None or places <= names, (key, places, names)


def test_every_text_is_used() -> None:
    """What nobody says any more is taken out."""
    constants = {
        n.value
        for tree in _trees()
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    unused = [
        key
        for key in entries(SUBJECT)
        if f"{SUBJECT}.{key}" not in constants and key.rpartition(".")[2] not in constants
    ]
    assert unused == []


def test_no_refusal_of_these_rooms_is_written_in_the_code() -> None:
    """Words that stand in an error's call are English for everybody."""
    written = []
    for node in (n for tree in _trees() for n in ast.walk(tree) if isinstance(n, ast.Raise)):
        call = node.exc
        if isinstance(call, ast.Call) and call.args and getattr(call.func, "id", "").endswith("Error"):
            first = call.args[0]
            words = [c.value for c in ast.walk(first) if isinstance(c, ast.Constant)]
            written += [w for w in words if isinstance(w, str) and " " in w.strip()]
    assert written == []


def in_french(error: VigieError) -> str:
    """What is said to a French reader; the spaces that hold a sign to its word as plain ones."""
    return error.words("fr").replace("\u00a0", " ").replace("\u202f", " ")


class TestInFrench:
    """Said to a French reader, what is named in it among the rest."""

    def test_a_release(self, installation: Installation) -> None:
        """The file, the number and what to do."""
        installation.approved()
        release = promote_version(installation)
        (release.folder / "report.json").write_bytes(b"{}")
        with pytest.raises(ReleaseError) as caught:
            current_release(installation.settings, "wait-time")
        assert in_french(caught.value) == (
            "wait-time : la version en service 1 est refusée : report.json n'est pas ce qui a été signé ; "
            "restaurez-le depuis une copie, ou revenez en arrière."
        )

    def test_every_obstacle_of_a_promotion(self, installation: Installation) -> None:
        """One a line, each in the same language."""
        found = installation.check(installation.register(), verdict="block")
        installation.approve(found, "ada", hours=1)
        with pytest.raises(PromotionError) as caught:
            promote_version(installation, who="ada")
        lines = in_french(caught.value).splitlines()
        assert lines == [
            "wait-time version 1 ne peut pas être mise en service :",
            "  - son contrôle dit block (accuracy) : seul pass ouvre",
            "  - elle a 1 approbation sur 2 de ce qu'elle est maintenant : lancez vigie review wait-time 1",
            "  - la personne qui met en service ne peut pas signer : "
            "ada n'a pas le rôle releaser dans le dossier de confiance.",
        ]

    def test_a_review_and_the_signature_that_it_lacks(self, installation: Installation) -> None:
        """An error within an error."""
        found = installation.check(installation.register())
        with pytest.raises(ReviewError) as caught:
            installation.approve(found, "stranger")
        assert in_french(caught.value) == (
            "Cette revue ne peut pas être donnée. La clé de stranger n'est pas dans le dossier de confiance : "
            "faites-l'y ajouter par vigie key trust."
        )

    def test_a_stop(self, installation: Installation) -> None:
        """Two faults, and who may."""
        with pytest.raises(TrustError) as caught:
            stop_model(
                installation.settings, "wait-time", installation.people["stranger"], reason=" ", now=after(1)
            )
        said = in_french(caught.value)
        assert said.startswith("wait-time n'est pas arrêté : La clé de stranger n'est pas dans")
        assert "(selon la politique, un modèle est arrêté par : board" in said
        assert said.endswith(" ; dites pourquoi (--reason).")
        assert " or " not in said

    def test_a_key_file_and_a_founding(self, installation: Installation, tmp_path: Path) -> None:
        """The system's own reason among the words."""
        with pytest.raises(KeyFileError) as missing:
            load_key(tmp_path / "ada.key")
        assert in_french(missing.value).endswith(
            "ne peut pas être lu (il n'existe pas) : vérifiez son chemin."
        )
        with pytest.raises(TrustError) as founded:
            found_trust(installation.settings, now=after(1), signers=[])
        assert in_french(founded.value).startswith("Les personnes et leurs rôles sont déjà fixés")
        with pytest.raises(TrustError) as none:
            load_trust(tmp_path)
        assert in_french(none.value).startswith("Il n'y a pas de fichier de confiance dans")
