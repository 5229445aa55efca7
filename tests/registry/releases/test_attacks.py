"""Attacks by who can write in a folder or holds one key: each is refused, and none holds Vigie up."""

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hospital.errors import VigieError
from hospital.times import DAY, instant
from registry.candidates.reviews import review
from registry.candidates.snapshots import SEAL, open_snapshot
from registry.digests import canonical_json, read_plain_file, sha256_bytes, write_atomically
from registry.errors import KeyFileError, PolicyError, ReleaseError, SnapshotError, TrustError
from registry.package.manifest import LARGEST
from registry.policy.board_policy import load_policy
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.releases.vouching import RELEASE
from registry.trust.ceremony import next_statement, signed_statement
from registry.trust.keys import load_key
from registry.trust.model_stops import stop_model
from registry.trust.trust_changes import put_in_force
from registry.trust.trust_store import load_trust
from tests.support.installation import DIGEST, Installation, after
from tests.support.releasing import (
    board_policy,
    current,
    edit,
    policy_text,
    promote_version,
    refuses_promotion,
    release_by_hand,
    review_by_hand,
)

PATIENCE = 20
"""Seconds in which a refusal comes on a machine that is busy; what opens a pipe waits for ever."""


def at_once(ask: Callable[[], object]) -> VigieError:
    """What is refused, by a call that comes back."""
    refused: list[VigieError] = []

    def asking() -> None:
        try:
            ask()
        except VigieError as error:
            refused.append(error)

    thread = threading.Thread(target=asking, daemon=True)
    thread.start()
    thread.join(timeout=PATIENCE)
    assert not thread.is_alive()
    assert len(refused) == 1
    return refused[0]


def refusal(installation: Installation, model: str = "wait-time") -> str:
    """Why what lies there is not served."""
    error = at_once(lambda: current_release(installation.settings, model))
    assert isinstance(error, ReleaseError | TrustError)
    return str(error)


class TestFiles:
    """What lies in a release's folder, and is no file that was signed."""

    @pytest.mark.parametrize("name", ["release.json", "check.json", "package/baseline.json"])
    def test_a_device_is_not_opened(self, installation: Installation, release: Release, name: str) -> None:
        """One that never ends."""
        path = release.folder / name
        path.unlink()
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
        except PermissionError:
            pytest.skip("this account may make no devices")
        assert Path(name).name in refusal(installation)

    @pytest.mark.parametrize("name", ["trust.json", "policy.toml"])
    def test_nor_one_behind_a_link_in_the_trust_folder(
        self, installation: Installation, release: Release, name: str
    ) -> None:
        """Links are read there, where a folder is mounted: of plain files."""
        policy = board_policy(approvals="2")
        board = [installation.people["ada"], installation.people["bob"]]
        put_in_force(installation.settings, policy, now=after(0), signers=board)
        assert current(installation).digest == release.digest
        path = installation.settings.trust / name
        path.unlink()
        path.symlink_to("/dev/zero")
        assert "trust file" in refusal(installation) or "text of the policy" in refusal(installation)

    def test_nor_one_behind_the_name_of_a_key(self, tmp_path: Path) -> None:
        """Its name is given by a person, and may be any."""
        (tmp_path / "ada.key").symlink_to("/dev/zero")
        assert isinstance(at_once(lambda: load_key(tmp_path / "ada.key")), KeyFileError)

    @pytest.mark.parametrize(
        "name", ["report.json", "release.json", "package/manifest.json", "package/median.ubj"]
    )
    def test_a_file_of_a_terabyte_is_not_read(
        self, installation: Installation, release: Release, name: str
    ) -> None:
        """It is of holes, and costs its maker nothing; the service would end for want of memory."""
        os.truncate(release.folder / name, 2**40)
        assert f"is larger than {LARGEST // 2**20} MiB" in refusal(installation)

    def test_one_that_grows_while_it_is_read_is_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was small when it was looked at."""
        path = tmp_path / "x"
        path.write_bytes(b"0123456789")
        looked = os.fstat

        def before(handle: int) -> os.stat_result:
            found = list(looked(handle))
            found[stat.ST_SIZE] = 1
            return os.stat_result(found)

        monkeypatch.setattr(os, "fstat", before)
        with pytest.raises(OSError, match="is larger than"):
            read_plain_file(path, at_most=4)
        assert read_plain_file(path, at_most=10) == b"0123456789"

    @pytest.mark.parametrize(
        "name",
        [
            "REPORT.json",
            "Release.json",
            "PACKAGE",
            "report.JSON",
            "package/Median.ubj",
            "package/MANIFEST.json",
        ],
    )
    @pytest.mark.parametrize("beside", [False, True])
    def test_other_capitals_are_another_name(
        self, installation: Installation, release: Release, name: str, *, beside: bool
    ) -> None:
        """In the place of the signed file, and beside it."""
        folder = (release.folder / name).parent
        own = next(p for p in folder.iterdir() if p.name.casefold() == Path(name).name.casefold())
        if not beside:
            own.rename(release.folder / name)
        elif own.is_dir():
            shutil.copytree(own, release.folder / name)
        else:
            shutil.copyfile(own, release.folder / name)
        assert "release 2 is refused" in refusal(installation)

    @pytest.mark.parametrize(
        "name",
        [
            "report.json ",
            " report.json",
            "report.json\u200b",
            "repоrt.json",
            "report.json~",
            ".report.json.swp",
            ".hidden",
            "release.json.bak",
            "report.json\n",
            "package/manifest.json\u200b",
            "package/.hidden",
            "package/baseline.json.bak",
            "package ",
        ],
    )
    def test_a_name_that_looks_like_a_signed_ones_does_not_belong(
        self, installation: Installation, release: Release, name: str
    ) -> None:
        """Nothing is in a release that nobody signed, seen or not."""
        (release.folder / name).write_bytes(b"{}")
        assert "release 2 is refused" in refusal(installation)

    @pytest.mark.parametrize(
        "content", ["[" * 200_000, '{"a":' * 200_000, "1e999", "NaN", '"\\ud800"', "\xff"]
    )
    @pytest.mark.parametrize("name", ["release.json", "trust.json"])
    def test_json_that_breaks_its_reader_is_refused(
        self, installation: Installation, release: Release, name: str, content: str
    ) -> None:
        """Too deep, too large, half a letter."""
        folder = release.folder if name == "release.json" else installation.settings.trust
        (folder / name).write_bytes(content.encode("latin-1"))
        assert name.partition(".")[0] in refusal(installation)

    @pytest.mark.parametrize("number", [-1, 1.5, True, "2", float("inf"), None, [2]])
    @pytest.mark.parametrize("field", ["lowest_release", "released_before"])
    def test_a_lowest_release_is_a_number_of_a_release(
        self, installation: Installation, release: Release, field: str, number: object
    ) -> None:
        """Of minus one the release before the newest would be in use."""
        path = installation.settings.trust / "trust.json"
        body = json.loads(path.read_bytes())
        path.write_text(json.dumps(body | {field: {"wait-time": number}}))
        assert "cannot be read" in refusal(installation)

    def test_a_check_that_breaks_its_reader_is_refused_though_the_releaser_signed_it(
        self, installation: Installation, release: Release
    ) -> None:
        """A traceback in the service's thread would leave it as it was, and green."""
        content = b"[" * 200_000
        (release.folder / "check.json").write_bytes(content)
        signed = installation.people["releaser"].sign(
            RELEASE, release.body | {"check_digest": sha256_bytes(content)}
        )
        write_atomically(release.folder / "release.json", canonical_json(signed.to_json()))
        assert "release 2 is refused" in refusal(installation)

    @pytest.mark.parametrize("name", [SEAL, "visits.parquet"])
    def test_a_pipe_in_a_data_snapshot_holds_up_no_check(self, tmp_path: Path, name: str) -> None:
        """It is missing, as if nothing were there."""
        folder = tmp_path / ("a" * 64)
        folder.mkdir()
        seal = canonical_json({"files": {"visits.parquet": DIGEST}})
        (folder / SEAL).write_bytes(seal)
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        error = at_once(lambda: open_snapshot(tmp_path, DIGEST, sha256_bytes(seal)))
        assert isinstance(error, SnapshotError)

    @pytest.mark.parametrize("way", ["pipe", "link", "socket"])
    def test_a_candidate_with_what_is_no_file_is_not_promoted(
        self, installation: Installation, way: str
    ) -> None:
        """It was approved before, and is exchanged after."""
        path = installation.approved().package / "median.ubj"
        path.rename(path.parent.parent / "elsewhere")
        if way == "pipe":
            os.mkfifo(path)
        elif way == "link":
            path.symlink_to(path.parent.parent / "elsewhere")
        else:
            os.mknod(path, stat.S_IFSOCK | 0o600)
        at_once(lambda: promote_version(installation))
        refuses_promotion(installation, r"median\.ubj cannot be read")

    def test_who_writes_the_candidate_later_does_not_write_the_release(
        self, installation: Installation
    ) -> None:
        """Files of a release are its own, though the author's have second names."""
        found = installation.approved()
        os.link(found.package / "median.ubj", found.folder.parent / "second-name")
        promote_version(installation)
        (found.folder.parent / "second-name").write_bytes(b"other trees")
        (found.folder / "card.json").write_bytes(b"{}")
        assert current(installation).sequence == 1


class TestPlaces:
    """Releases elsewhere than where they were made."""

    @pytest.mark.parametrize("source", [1, 2])
    def test_a_copy_under_the_next_number_is_none(
        self, installation: Installation, release: Release, source: int
    ) -> None:
        """An older one, or the newest once more: signed, and of another number."""
        folder = release.folder.parent
        shutil.copytree(folder / f"{source:06d}", folder / "000003")
        assert "release 3 is refused" in refusal(installation)

    def test_an_older_one_under_the_newest_number_is_none(
        self, installation: Installation, release: Release
    ) -> None:
        """With all its files and signatures."""
        older = release.folder.with_name("000001")
        shutil.rmtree(release.folder)
        shutil.copytree(older, release.folder)
        assert "release 2 is refused" in refusal(installation)

    def test_two_that_changed_places_are_none(self, installation: Installation, release: Release) -> None:
        """Both are signed, and both were in use."""
        older, aside = release.folder.with_name("000001"), release.folder.with_name("aside")
        release.folder.rename(aside)
        older.rename(release.folder)
        aside.rename(older)
        assert "release 1 is refused" in refusal(installation)

    @pytest.mark.parametrize("linked", [False, True])
    def test_releases_of_another_model_are_none(
        self, installation: Installation, release: Release, *, linked: bool
    ) -> None:
        """Under the name of one that has no releases."""
        other = release.folder.parent.with_name("bed-demand")
        if linked:
            other.symlink_to(release.folder.parent)
        else:
            shutil.copytree(release.folder.parent, other)
        assert "bed-demand" in refusal(installation, "bed-demand")

    def test_a_models_folder_that_is_a_link_is_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """The same releases elsewhere may be others the next moment."""
        elsewhere = release.folder.parent.parent.parent / "elsewhere"
        release.folder.parent.rename(elsewhere)
        release.folder.parent.symlink_to(elsewhere)
        assert "is a link elsewhere" in refusal(installation)

    @pytest.mark.parametrize(
        "name", ["0000003", "３", "00000３", "000003 ", "3", "000003.bak", ".000003", "-00003"]
    )
    def test_what_is_no_number_is_no_release(
        self, installation: Installation, release: Release, name: str
    ) -> None:
        """It is neither served nor in the way of what is."""
        shutil.copytree(release.folder, release.folder.with_name(name))
        assert current(installation).digest == release.digest


class TestPeople:
    """What one person alone can sign, or write."""

    def test_an_approval_of_another_version_carries_nothing(
        self, installation: Installation, release: Release
    ) -> None:
        """As it is, under another version's name, or with this version's digests and the old signature."""
        found = installation.check(installation.register("3"))
        given = json.loads((release.folder / "release.json").read_bytes())["body"]["approvals"]
        edited = [{**g, "body": {**g["body"], "version": "3", **found.digests()}} for g in given]
        for approvals in (given, edited):
            for number, approval in enumerate(approvals, 1):
                write_atomically(found.folder / "reviews" / f"{number:04d}-x.json", canonical_json(approval))
            with pytest.raises(VigieError, match="it has 0 of 2 approvals"):
                promote_version(installation, "3")
            body = {"version": "3", "registration": found.registration}
            shutil.rmtree(release.package)
            shutil.copytree(found.package, release.package)
            release_by_hand(installation, release, found, approvals, **body)
            assert "release 2 is refused" in refusal(installation)

    def test_an_approval_of_tomorrow_carries_nothing(self, installation: Installation) -> None:
        """Neither alone nor beside one of today; five minutes between two clocks are no tomorrow."""
        found = installation.check(installation.register())
        today = instant(after(2))
        review_by_hand(installation, found, ada=today + DAY, bob=today)
        refuses_promotion(installation, "the approval of ada is dated later than the release")
        review_by_hand(installation, found, ada=today + 4 * 60 * 1_000_000, bob=today)
        assert promote_version(installation).sequence == 1

    def test_who_approved_of_tomorrow_can_refuse_today(self, installation: Installation) -> None:
        """A wrong clock, or a key that was lent, does not take the no away; the approval does not come back."""
        found = installation.check(installation.register())
        review_by_hand(installation, found, ada=instant(after(2)) + 400 * DAY, bob=instant(after(1)))
        ada = installation.people["ada"]
        review(installation.settings, "wait-time", "1", ada, "refuse", "harms nights", now=after(1.5))
        refuses_promotion(installation, "ada refused it")
        with pytest.raises(VigieError, match="ada refused it"):
            promote_version(installation, hours=24 * 401)

    @pytest.mark.parametrize(
        "entries",
        [
            {"alpha": "0.06"},
            {"approval_days": "91"},
            {"least_gain": "0.0"},
            {"tolerance_short": "0.13"},
            {"settled_before": '["arrival_mode", "reason"]'},
        ],
    )
    def test_a_quorum_puts_no_looser_policy_in_force(
        self, installation: Installation, release: Release, entries: dict[str, str]
    ) -> None:
        """Neither by asking, nor by writing the signed statement into the trust folder themselves."""
        policy = board_policy(**entries)
        board = [installation.people["ada"], installation.people["bob"]]
        before = (installation.settings.trust / "trust.json").read_bytes()
        with pytest.raises(PolicyError, match="stricter, not looser"):
            put_in_force(installation.settings, policy, now=after(0), signers=board)
        assert (installation.settings.trust / "trust.json").read_bytes() == before
        (installation.settings.trust / "policy.toml").write_bytes(policy.content)
        installation.change_trust(lambda t: t.with_policy(policy.digest))
        assert "stricter, not looser" in refusal(installation)

    @pytest.mark.parametrize(
        "entries",
        [
            {"approvals": "1"},
            {"alpha": "0.2"},
            {"approval_days": "100000"},
            {"least_gain": "-1.0"},
            {"rollback_approvals": "0"},
        ],
    )
    def test_nor_one_beyond_all_bounds(
        self, installation: Installation, release: Release, entries: dict[str, str]
    ) -> None:
        """It is no policy at all, whoever signs its digest."""
        text = policy_text(**entries)
        with pytest.raises(PolicyError, match="stricter, not looser"):
            load_policy(text)
        (installation.settings.trust / "policy.toml").write_bytes(text)
        installation.change_trust(lambda t: t.with_policy(sha256_bytes(text)))
        assert "stricter, not looser" in refusal(installation)

    def test_a_model_is_stopped_though_the_policy_in_force_cannot_be_used(
        self, installation: Installation, release: Release
    ) -> None:
        """Who may, says then the policy that ships: what must stop waits for no text."""
        installation.change_trust(lambda t: t.with_policy(DIGEST))
        assert "text of the policy" in refusal(installation)
        stop_model(
            installation.settings, "wait-time", installation.people["ada"], reason="harm", now=after(3)
        )
        assert "wait-time" in load_trust(installation.settings.trust).stopped
        author = installation.people["author"]
        with pytest.raises(TrustError, match="is not stopped"):
            stop_model(installation.settings, "bed-demand", author, reason="harm", now=after(3))

    @pytest.mark.parametrize(
        "name",
        [
            "ada\u200b",
            "a\u00adda",
            "аda",
            "ADA",
            "a da",
            "a  da",
            "ada 2",
            "ada2",
            "2ada",
            "àda",
            "a4a".replace("4", "d"),
            "ad4",
            "a-d-a",
            "ada.",
            "ａｄａ",
            "aada",
        ],
    )
    def test_two_of_the_board_make_no_third_of_one_of_them(
        self, installation: Installation, name: str
    ) -> None:
        """Asked for, and written with both signatures into the trust file."""
        twin = installation.people["stranger"]
        with pytest.raises(TrustError):
            load_trust(installation.settings.trust).with_key(name, twin.public_key, ("board",))
        edit(installation.settings.trust / "trust.json", lambda body: self._add(installation, body, name))
        with pytest.raises(TrustError, match="names a person or a key twice"):
            load_trust(installation.settings.trust)

    def _add(self, installation: Installation, body: dict[str, object], name: str) -> None:
        trust = load_trust(installation.settings.trust)
        entry = {
            "name": name,
            "public_key": installation.people["stranger"].public_key,
            "roles": ["board"],
        }
        keys = [*trust.entries, entry]
        statement = next_statement(trust.statements, keys, trust.policy_digest, 2)
        signed = signed_statement(statement, (), [installation.people["ada"], installation.people["bob"]])
        body |= {"keys": keys, "statements": [*trust.statements, signed]}

    def test_what_was_added_so_is_read_where_the_name_is_another_persons(
        self, installation: Installation
    ) -> None:
        """Else the refusals above would be of the forging and not of the name."""
        edit(
            installation.settings.trust / "trust.json",
            lambda body: self._add(installation, body, "Cleo Marin"),
        )
        assert [k.name for k in load_trust(installation.settings.trust).keys][-1] == "Cleo Marin"

    def test_one_twice_under_a_retired_name_is_refused(self, installation: Installation) -> None:
        """A retired key of the very same name is the former one; of a spelling of it, somebody's second."""
        trust = load_trust(installation.settings.trust).with_retired("ada")
        twin = installation.people["stranger"].public_key
        with pytest.raises(TrustError, match="Another key is called ada"):
            trust.with_key("Ada", twin, ("board",))
        assert replace(trust.with_key("ada", twin, ("board",)), statements=()).keys[-1].name == "ada"
