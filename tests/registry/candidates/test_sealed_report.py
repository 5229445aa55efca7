"""The sealed report of a check: it is whole, and signed by a key that may."""

import json
from pathlib import Path

import pytest

from registry.candidates.candidates import JUDGED_FILES
from registry.candidates.sealed_check import CHECKER, Sealed, check_faults, checker_key, read_sealed
from registry.errors import CandidateError, TrustError
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from registry.trust.keys import create_key, demo_key
from registry.trust.trust_changes import trust_key
from registry.trust.trust_store import create_trust, load_trust, save_trust
from tests.support.installation import Installation, after


class TestSealed:
    """What a check sealed."""

    @pytest.mark.parametrize("name", ["report.json", "card.json"])
    @pytest.mark.parametrize("content", [b"[]", b"3", b"{", b"[" * 200_000])
    def test_a_report_or_card_that_is_no_object_is_no_check(
        self, installation: Installation, name: str, content: bytes
    ) -> None:
        """Said as a fault of the check: whatever is asked of it is not asked of a list."""
        found = installation.check(installation.register())
        sealed = read_sealed(found)
        other = Sealed(sealed.model, sealed.version, sealed.package, {**sealed.files, name: content})
        (fault,) = check_faults(other, found.registration["body"], load_trust(installation.settings.trust))
        assert fault.key == "trust_errors.check.untrusted"
        with pytest.raises(CandidateError, match="no JSON object"):
            _ = other.report if name == "report.json" else other.card

    def test_a_sound_check_has_no_fault_and_each_file_is_named(self, installation: Installation) -> None:
        """As text, as bytes, and in another way to write the same."""
        found = installation.check(installation.register())
        sealed, trust = read_sealed(found), load_trust(installation.settings.trust)
        registration = found.registration["body"]
        assert check_faults(sealed, registration, trust) == []
        assert sealed.digests == found.digests()
        for name in JUDGED_FILES.values():
            other = Sealed(
                sealed.model,
                sealed.version,
                sealed.package,
                {**sealed.files, name: sealed.files[name] + b"\n"},
            )
            keys = {
                (f.key.rpartition(".")[2], f.values.get("name"))
                for f in check_faults(other, registration, trust)
            }
            assert ("other_file", name) in keys
        pretty = json.dumps(json.loads(sealed.files["check.json"]), indent=1).encode()
        for content in (pretty, b"{", b"3", b"[" * 200_000):
            other = Sealed(
                sealed.model, sealed.version, sealed.package, {**sealed.files, "check.json": content}
            )
            (fault,) = check_faults(other, registration, trust)
            assert fault.key == "trust_errors.check.untrusted"

    @pytest.mark.parametrize("field", ["model", "version", "digest", "policy_digest"])
    def test_a_report_of_something_else_is_named(self, installation: Installation, field: str) -> None:
        """Sealed and signed as a whole, with a card that says the same: it is of another version all the same."""
        found = installation.check(installation.register())
        sealed = read_sealed(found)
        report = sealed.report | {field: "another"}
        card = sealed.card | ({field: "another"} if field in sealed.card else {})
        found.seal(report, card, default_policy().content, installation.people["checker"])
        faults = check_faults(
            read_sealed(found), found.registration["body"], load_trust(installation.settings.trust)
        )
        assert [f.values["fields"] for f in faults if f.key == "trust_errors.check.disagreement"] == [field]

    def test_a_check_that_cannot_be_read_is_said(self, installation: Installation) -> None:
        """With the file."""
        found = installation.check(installation.register())
        (found.folder / "card.json").unlink()
        (found.folder / "card.json").mkdir()
        with pytest.raises(CandidateError, match=r"card\.json of wait-time version 1 cannot be read"):
            read_sealed(found)


class TestCheckerKey:
    """The key of an installation's check."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        """Of a home that has a trust folder, not founded yet, in which nobody is trusted."""
        found = Settings(home=tmp_path / "home")
        create_trust(found.trust, policy_digest=default_policy().digest)
        return found

    def _checkers(self, settings: Settings) -> list[tuple[str, str]]:
        return [(k.name, k.public_key) for k in load_trust(settings.trust).keys if "checker" in k.roles]

    def test_the_first_is_trusted_at_once(self, settings: Settings) -> None:
        """Before the founding, where nobody else's is; a second time it is the same, and nothing is done."""
        key = checker_key(settings, after(0))
        assert self._checkers(settings) == [(CHECKER, key.public_key)]
        before = (settings.trust / "trust.json").read_bytes()
        assert checker_key(settings, after(1)).public_key == key.public_key
        assert (settings.trust / "trust.json").read_bytes() == before

    def test_where_a_check_is_trusted_no_other_is_added(self, settings: Settings, tmp_path: Path) -> None:
        """Whoever can write the home trusts no check of their own."""
        other = create_key("the check", tmp_path / "other.key")
        trust_key(settings, other.name, other.public_key, ("checker",), now=after(0))
        checker_key(settings, after(0))
        assert self._checkers(settings) == [("the check", other.public_key)]

    def test_after_the_founding_a_quorum_trusts_it(self, installation: Installation) -> None:
        """Even where the board took the former one out."""
        installation.change_trust(lambda t: t.without("checker"))
        checker_key(installation.settings, after(0))
        assert self._checkers(installation.settings) == []

    def test_without_a_trust_folder_none_is_made(self, tmp_path: Path) -> None:
        """To try Vigie out; the key is there for later."""
        settings = Settings(home=tmp_path / "home")
        key = checker_key(settings, after(0))
        assert settings.checker_key.exists()
        assert not settings.trust.exists()
        assert key.name == CHECKER

    def test_a_demos_check_is_the_demos(self, tmp_path: Path) -> None:
        """Known to everybody; no file is made."""
        settings = Settings(home=tmp_path / "home")
        save = create_trust(settings.trust, policy_digest=default_policy().digest, demo=True)
        save_trust(settings.trust, save)
        assert checker_key(settings, after(0)).public_key == demo_key("checker").public_key
        assert not settings.checker_key.exists()

    def test_a_folder_that_cannot_be_changed_leaves_the_key_for_the_board(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        """Another key bears the name: the review says what is missing."""
        other = create_key(CHECKER, tmp_path / "other.key")
        trust_key(settings, CHECKER, other.public_key, ("author",), now=after(0))
        assert checker_key(settings, after(0)).public_key != other.public_key
        assert self._checkers(settings) == []
        (settings.trust / "trust.json").write_bytes(b"{")
        with pytest.raises(TrustError):
            checker_key(settings, after(0))
