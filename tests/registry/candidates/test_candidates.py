"""A candidate's folder: what lies in it, and in which order versions are read."""

import pytest

from registry.candidates.candidates import (
    JUDGED_FILES,
    SIGNED_FILES,
    candidate,
    candidates,
    check_body,
    register,
)
from registry.candidates.standing_reviews import author_of
from registry.digests import sha256_bytes
from registry.errors import CandidateError
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation


class TestFolder:
    """What lies in the folder of a version."""

    def test_versions_are_listed_by_number(self, installation: Installation) -> None:
        """The tenth after the ninth; a folder without a registration, or of another name, is none."""
        assert candidates(installation.settings.candidates, "wait-time") == []
        for version in ("10", "9", "1"):
            installation.register(version)
        folder = installation.settings.candidates / "wait-time"
        (folder / "3").mkdir()
        (folder / "x").mkdir()
        (folder / "x" / "registration.json").write_bytes(b"{}")
        found = candidates(installation.settings.candidates, "wait-time")
        assert [c.version for c in found] == ["1", "9", "10"]
        assert candidate(installation.settings.candidates, "wait-time", "9") == found[1]
        with pytest.raises(CandidateError, match="there are 1, 9, 10"):
            candidate(installation.settings.candidates, "wait-time", "3")
        with pytest.raises(CandidateError, match="train one with"):
            candidate(installation.settings.candidates, "bed-demand", "1")
        with pytest.raises(CandidateError, match="no model wait"):
            candidate(installation.settings.candidates, "wait", "1")

    def test_a_registration_that_was_killed_leaves_room_for_the_next(
        self, installation: Installation
    ) -> None:
        """What it left is no registration, and does not mix with the new package."""
        found = installation.register("1")
        package = found.folder.parent / "copy"
        found.package.rename(package)
        (found.folder / "registration.json").unlink()
        (found.folder / "package").mkdir()
        (found.folder / "package" / "left.ubj").write_bytes(b"half")
        author = installation.people["author"]
        again = register(installation.settings.candidates, "wait-time", "1", package, {"at": 5}, author)
        assert sorted(p.name for p in again.package.iterdir()) == sorted(p.name for p in package.iterdir())
        body = {"model": "wait-time", "version": "1", "package_digest": again.package_digest, "at": 5}
        assert again.registration["body"] == body
        assert author_of(again, load_trust(installation.settings.trust)) == "author"

    @pytest.mark.parametrize(
        ("content", "words"), [(b"{", "no JSON"), (b"[" * 200_000, "no JSON"), (b"[1]", "no JSON object")]
    )
    def test_a_file_that_was_changed_is_said(
        self, installation: Installation, content: bytes, words: str
    ) -> None:
        """With what it is, and what to do where it is not there."""
        found = installation.check(installation.register())
        (found.folder / "report.json").write_bytes(content)
        with pytest.raises(CandidateError, match=words):
            found.json("report.json")
        for name, action in (("report.json", "run vigie check"), ("registration.json", "train again")):
            (found.folder / name).unlink()
            with pytest.raises(CandidateError, match=action):
                found.json(name)

    def test_digests_are_of_what_lies_there(self, installation: Installation) -> None:
        """Five of them, by the bytes; of a version that is not wholly checked there are none."""
        found = installation.register()
        with pytest.raises(CandidateError, match="is not checked"):
            found.digests()
        installation.check(found)
        assert candidate(installation.settings.candidates, "wait-time", "1").checked
        expected = {
            key: sha256_bytes((found.folder / name).read_bytes()) for key, name in SIGNED_FILES.items()
        }
        assert found.digests() == {**expected, "package_digest": found.package_digest}
        (found.folder / "card.json").unlink()
        assert not found.checked
        with pytest.raises(CandidateError, match="is not checked"):
            found.require_checked()
        (found.folder / "card.json").mkdir()
        with pytest.raises(CandidateError, match=r"card\.json of wait-time version 1 cannot be read"):
            found.digests()

    def test_a_check_names_what_it_judged(self) -> None:
        """Package and data of the registration, its own files, verdict and scope; what is missing is unknown."""
        registration = {"model": "m", "version": "1", "package_digest": "p", "data_digest": "d", "at": 5}
        digests = {**dict.fromkeys(JUDGED_FILES, "x"), "check_digest": "y"}
        assert check_body(registration, digests, {"verdict": "pass"}) == {
            "format": 1,
            "model": "m",
            "version": "1",
            "package_digest": "p",
            "data_digest": "d",
            "seal_digest": None,
            **dict.fromkeys(JUDGED_FILES, "x"),
            "verdict": "pass",
            "scope": None,
        }
