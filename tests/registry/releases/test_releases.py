"""What is served is what was signed, or nothing."""

import json
import os
import re
import shutil
import stat
import threading
from pathlib import Path

import pytest

from registry.digests import canonical_json, write_atomically
from registry.errors import (
    ReleaseError,
    TrustError,
)
from registry.releases.release import Release
from registry.releases.release_chain import release_stamp
from registry.releases.releases import current_release, load_release
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation
from tests.support.releasing import current, edit

FILES = (
    "release.json",
    "report.json",
    "card.json",
    "check.json",
    "policy.toml",
    "package",
    "package/manifest.json",
    "package/median.ubj",
    "package/baseline.json",
)
BESIDES = ("notes", "package/notes", "package/spread.ubj", "nested/notes", "package/nested/notes")
"""Where nothing should be: in the release, in its package, and in folders of theirs."""


def _put(path: Path, elsewhere: Path, way: str) -> None:
    """Something that is no plain file, or one with a second name."""
    if way == "pipe":
        os.mkfifo(path)
    elif way == "link":
        path.symlink_to(elsewhere)
    elif way == "hard link":
        os.link(elsewhere, path)
    elif way == "folder":
        path.mkdir()
    else:
        os.mknod(path, stat.S_IFSOCK | 0o600)


class TestServedReleases:
    """What is served is what was signed, or nothing."""

    def _refused(self, installation: Installation, match: str) -> None:
        with pytest.raises(ReleaseError, match=match):
            current_release(installation.settings, "wait-time")

    @pytest.mark.parametrize(
        "name", ["report.json", "card.json", "policy.toml", "package/median.ubj", "package/manifest.json"]
    )
    @pytest.mark.parametrize("way", ["edit", "delete"])
    def test_a_changed_file_is_named(
        self, installation: Installation, release: Release, name: str, way: str
    ) -> None:
        """With what to do."""
        path = release.folder / name
        if way == "delete":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + b" ")
        self._refused(installation, rf"(?i){re.escape(Path(name).name)}.* restore it from a copy")

    @pytest.mark.parametrize("name", ["notes.txt", "package/model.pkl", "package/spread.ubj"])
    def test_a_file_too_many_is_named(self, installation: Installation, release: Release, name: str) -> None:
        """Whatever is not signed is not served."""
        (release.folder / name).write_bytes(b"x")
        self._refused(installation, Path(name).name.replace(".", r"\."))

    def test_a_link_to_elsewhere_is_refused(self, installation: Installation, release: Release) -> None:
        """What it points at can change after it was looked at."""
        shutil.move(release.package, release.folder.parent.parent / "elsewhere")
        release.package.symlink_to(release.folder.parent.parent / "elsewhere")
        self._refused(installation, "package is a link")

    @pytest.mark.parametrize("name", [*FILES, *BESIDES])
    @pytest.mark.parametrize("way", ["pipe", "link", "hard link", "socket", "folder"])
    def test_what_is_no_plain_file_is_refused_without_being_opened(
        self, installation: Installation, release: Release, name: str, way: str
    ) -> None:
        """Opening a pipe for reading waits for ever for somebody who writes: refresh and service would stand still."""
        path, elsewhere = release.folder / name, release.folder.parent.parent / "elsewhere"
        elsewhere.write_bytes(b"{}")
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.rename(elsewhere)
        path.parent.mkdir(exist_ok=True)
        _put(path, elsewhere, way)
        refused: list[BaseException] = []

        def ask() -> None:
            try:
                current_release(installation.settings, "wait-time")
            except ReleaseError as error:
                refused.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout=10)
        assert not asking.is_alive()
        assert len(refused) == 1
        assert name.split("/")[-2 if "nested" in name else -1] in str(refused[0])

    def test_a_release_folder_that_is_a_link_is_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """The same bytes elsewhere may be others the next moment."""
        shutil.move(release.folder, release.folder.parent.parent / "elsewhere")
        release.folder.symlink_to(release.folder.parent.parent / "elsewhere")
        self._refused(installation, "is a link elsewhere")

    def test_a_trust_file_that_is_a_pipe_is_refused_and_a_mounted_link_is_read(
        self, installation: Installation, release: Release
    ) -> None:
        """A folder mounted from configuration consists of links to plain files."""
        trust = installation.settings.trust / "trust.json"
        elsewhere = installation.settings.trust / "trust-of-today.json"
        trust.rename(elsewhere)
        trust.symlink_to(elsewhere)
        assert current(installation).digest == release.digest
        trust.unlink()
        os.mkfifo(trust)
        with pytest.raises(TrustError, match="no trust file"):
            current_release(installation.settings, "wait-time")

    @pytest.mark.parametrize(
        "change",
        [
            {"version": "3"},
            {
                "scope": [
                    {"unit_group": "ED", "horizon_hours": 0.0},
                    {"unit_group": "X", "horizon_hours": 24.0},
                ]
            },
            {"sequence": 3},
            {"former_release": None},
            {"approvals": []},
        ],
    )
    def test_an_edited_release_is_refused(
        self, installation: Installation, release: Release, change: dict[str, object]
    ) -> None:
        """The releaser signed all of it."""
        edit(release.folder / "release.json", lambda b: b["body"].update(change))  # type: ignore[attr-defined]
        self._refused(installation, r"release\.json was changed")

    def _forge(self, installation: Installation, release: Release, change: dict[str, object]) -> None:
        signed = installation.people["releaser"].sign("vigie-release-v1", release.body | change)
        write_atomically(release.folder / "release.json", canonical_json(signed.to_json()))

    def test_even_the_releaser_cannot_widen_the_scope(
        self, installation: Installation, release: Release
    ) -> None:
        """It is the one that the board's report names."""
        scope = [*release.body["scope"], {"unit_group": "X", "horizon_hours": 24.0}]
        self._forge(installation, release, {"scope": scope})
        self._refused(installation, "scope")

    def test_even_the_releaser_cannot_do_without_the_board(
        self, installation: Installation, release: Release
    ) -> None:
        """Neither fewer approvals, nor one twice, nor those of another version."""
        ada, bob = release.body["approvals"]
        first = load_release_body(installation, 1)
        for approvals in ([ada], [ada, ada], [ada, bob, ada], first["approvals"]):
            self._forge(installation, release, {"approvals": approvals})
            self._refused(installation, "approval")

    def test_the_same_person_is_not_two_by_signing_with_another_name(
        self, installation: Installation, release: Release
    ) -> None:
        """The name in a signature proves nothing."""
        ada = release.body["approvals"][0]
        twin = {**ada, "signature": {**ada["signature"], "name": "bob"}}
        self._forge(installation, release, {"approvals": [ada, twin]})
        self._refused(installation, "different people")

    def test_the_author_cannot_release_under_another_name(
        self, installation: Installation, release: Release
    ) -> None:
        """Even with the role of a releaser."""
        author = installation.people["author"]
        installation.change_trust(lambda t: t.with_person(author, ("author", "releaser")))
        signed = author.sign("vigie-release-v1", release.body).to_json()
        signed["signature"]["name"] = "releaser"
        write_atomically(release.folder / "release.json", canonical_json(signed))
        self._refused(installation, "different people")

    def test_an_older_release_is_not_served_in_place_of_a_newer(
        self, installation: Installation, release: Release
    ) -> None:
        """Deleting the newest does not bring back the one before."""
        shutil.rmtree(release.folder)
        self._refused(installation, "release 2 is gone")
        trust = load_trust(installation.settings.trust)
        with pytest.raises(ReleaseError, match="older than the lowest acceptable"):
            load_release(installation.settings, "wait-time", 1, trust)

    def test_all_releases_gone_is_not_never_any(self, installation: Installation, release: Release) -> None:
        """The trust folder remembers."""
        shutil.rmtree(release.folder.parent)
        self._refused(installation, "gone")

    def test_a_rewritten_past_is_refused(self, installation: Installation, release: Release) -> None:
        """Even one that the releaser signs."""
        first = load_release_at(release.folder.with_name("000001"), installation)
        self._forge(installation, first, {"released_at": 5})
        self._refused(installation, "does not follow release 1: the chain is broken")

    def test_a_lost_past_is_reported(self, installation: Installation, release: Release) -> None:
        """With the number that is missing."""
        shutil.rmtree(release.folder.with_name("000001"))
        self._refused(installation, "release 1 is missing")

    def test_a_release_of_another_model_or_number_is_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """However well it is signed."""
        changes: list[dict[str, object]] = [{"model": "bed-demand"}, {"sequence": 3}, {"format": 2}]
        for change in changes:
            self._forge(installation, release, change)
            self._refused(installation, "belongs to another model or number")

    def test_other_bytes_of_the_same_release_are_refused(
        self, installation: Installation, release: Release
    ) -> None:
        """The chain to come is over the bytes."""
        path = release.folder / "release.json"
        path.write_bytes(path.read_bytes() + b"\n")
        self._refused(installation, r"release\.json was changed")

    def test_a_folder_that_was_never_released_is_reported(
        self, installation: Installation, release: Release
    ) -> None:
        """And what to do about it."""
        (release.folder.with_name("000007")).mkdir()
        self._refused(installation, "remove that folder")

    def test_a_key_taken_out_of_the_trust_folder_takes_its_releases_along(
        self, installation: Installation, release: Release
    ) -> None:
        """A stolen key's are; a retired key's are not."""
        path = installation.settings.trust / "trust.json"
        content = path.read_bytes()
        installation.change_trust(lambda t: t.with_retired("ada").with_retired("releaser"))
        assert current(installation).sequence == 2
        path.write_bytes(content)
        installation.change_trust(lambda t: t.without("ada"))
        self._refused(installation, "ada is not in the trust folder")

    def test_the_stamp_costs_little_and_changes_with_the_trust_folder(
        self, installation: Installation, release: Release
    ) -> None:
        """So that a running service notices."""
        stamp = release_stamp(installation.settings, "wait-time")
        assert stamp == release_stamp(installation.settings, "wait-time")
        installation.change_trust(lambda t: t.with_retired("ada"))
        assert release_stamp(installation.settings, "wait-time") != stamp


def load_release_at(folder: Path, installation: Installation) -> Release:
    """A release as its files say, unverified."""
    body = json.loads((folder / "release.json").read_bytes())["body"]
    return Release("wait-time", body["version"], body["sequence"], folder, body, "")


def load_release_body(installation: Installation, number: int) -> dict[str, object]:
    """What the releaser signed for a number."""
    body: dict[str, object] = load_release_at(
        installation.settings.releases / "wait-time" / f"{number:06d}", installation
    ).body
    return body
