"""The way back is the board's to approve: how many, who, for how long, and for which way alone."""

import json
import shutil
from pathlib import Path

import pytest

from cli.main import main
from hospital.times import DAY, instant
from registry.candidates.candidates import candidate
from registry.digests import canonical_json, write_atomically
from registry.errors import PromotionError, ReleaseError
from registry.releases.release import Release
from registry.releases.releases import current_release
from registry.releases.vouching import RELEASE, ROLLBACK
from registry.rollback.rollback import approve_rollback, rollback
from registry.trust.keys import Signed
from registry.trust.trust_store import load_trust
from tests.support.installation import Installation, after
from tests.support.releasing import (
    actions,
    approve_way_back,
    current,
    edit,
    promote_version,
    put_policy,
    roll_back,
)

pytestmark = pytest.mark.usefixtures("english")

MODEL = "wait-time"


@pytest.fixture
def chain(installation: Installation) -> Installation:
    """Three releases of three versions."""
    for version in ("1", "2", "3"):
        installation.approved(version)
        promote_version(installation, version)
    return installation


def _refused(
    installation: Installation, match: str, to: int | None = None, members: tuple[str, ...] = ()
) -> None:
    before = current(installation).digest
    with pytest.raises(PromotionError, match=match):
        roll_back(installation, to, members)
    assert current(installation).digest == before


def _by_hand(installation: Installation, release: Release, approvals: object) -> None:
    """The release in use with other approvals of its way back, signed by the releaser without a command."""
    body = release.body | {"rollback_approvals": approvals}
    signed = installation.people["releaser"].sign(RELEASE, body)
    write_atomically(release.folder / "release.json", canonical_json(signed.to_json()))


def _not_served(installation: Installation, match: str) -> None:
    with pytest.raises(ReleaseError, match=match):
        current_release(installation.settings, MODEL)


class TestCarryingOut:
    """What opens the way, and all that does not."""

    def test_a_releaser_alone_does_not_go_back(self, chain: Installation) -> None:
        """And reads what is missing, and what to do."""
        _refused(
            chain, "0 of 1 approvals of going from release 3 to release 2.*vigie rollback wait-time --key"
        )
        approve_way_back(chain)
        release = roll_back(chain, members=())
        assert (release.version, release.sequence) == ("2", 4)
        assert actions(chain)[-2:] == [("ada", "approve roll back"), ("releaser", "roll back")]

    def test_a_policy_may_ask_for_more(self, chain: Installation) -> None:
        """One person twice is one; what was given is kept until they are enough."""
        put_policy(chain, rollback_approvals="2")
        _refused(chain, "1 of 2 approvals", members=("ada", "ada"))
        release = roll_back(chain, members=("bob",))
        assert len(release.body["rollback_approvals"]) == 2
        assert release.body["rollback_approvals"][0]["body"]["reason"] == "too long"

    @pytest.mark.parametrize("who", ["author", "releaser", "stranger", "checker"])
    def test_only_a_member_of_the_board_approves(self, chain: Installation, who: str) -> None:
        """Nothing is kept of anybody else."""
        before = actions(chain)
        with pytest.raises(PromotionError, match="is not approved"):
            approve_way_back(chain, who)
        assert actions(chain) == before
        assert not list(chain.settings.trust.glob("rollback-*"))

    def test_nobody_has_two_parts_in_it(self, chain: Installation) -> None:
        """Neither who releases it nor who made the version, whatever roles they have."""
        people = chain.people
        chain.change_trust(
            lambda t: t.with_person(people["releaser"], ("board", "releaser")).with_person(
                people["author"], ("author", "board")
            )
        )
        approve_way_back(chain, "releaser")
        _refused(chain, "its author and its releaser do not approve it")
        with pytest.raises(PromotionError, match="nobody approves their own work"):
            approve_way_back(chain, "author")

    @pytest.mark.parametrize("to", [1, 2])
    def test_an_approval_is_of_one_way(self, chain: Installation, to: int) -> None:
        """To the other release it opens nothing."""
        approve_way_back(chain, to=to)
        _refused(chain, "0 of 1 approvals", to=3 - to)
        assert roll_back(chain, to, ()).body["rolled_back_to"] == to

    def test_an_approval_is_used_once(self, chain: Installation) -> None:
        """Neither after another release, nor after it was used, even if the file is put back."""
        approve_way_back(chain, to=1)
        path = chain.settings.trust / "rollback-wait-time.json"
        kept = path.read_bytes()
        assert roll_back(chain, 1, ()).sequence == 4
        assert roll_back(chain, 3, ("bob",)).sequence == 5
        path.write_bytes(kept)
        _refused(chain, "0 of 1 approvals", to=1)

    def test_it_counts_for_as_long_as_the_policy_says(self, chain: Installation) -> None:
        """Ninety days by the one that ships; none from the future."""
        ada, releaser = chain.people["ada"], chain.people["releaser"]
        approve_rollback(chain.settings, MODEL, ada, now=after(3))
        with pytest.raises(PromotionError, match="older than the 90 days"):
            rollback(chain.settings, MODEL, releaser, now=after(3 + 91 * 24))
        with pytest.raises(PromotionError, match="dated later than the release"):
            rollback(chain.settings, MODEL, releaser, now=after(2))
        assert rollback(chain.settings, MODEL, releaser, now=after(3 + 89 * 24)).sequence == 4

    def test_who_left_since_approves_nothing(self, chain: Installation) -> None:
        """The member's key is retired before it is carried out."""
        approve_way_back(chain, "ada")
        chain.change_trust(lambda t: t.with_retired("ada"))
        _refused(chain, "retired")

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[1]", b"[{}]", b"[" * 100_000, b'[{"body":{},"signature":{}}]']
    )
    def test_a_file_that_is_none_counts_for_nothing(self, chain: Installation, content: bytes) -> None:
        """And is made anew."""
        (chain.settings.trust / "rollback-wait-time.json").write_bytes(content)
        _refused(chain, "0 of 1 approvals")
        assert roll_back(chain).sequence == 4

    def test_what_was_signed_and_not_entered_is_entered(self, chain: Installation) -> None:
        """A signature of a command that was killed: the journal knows each that a release rests on."""
        approve_way_back(chain, "ada")
        path = chain.settings.trust / "rollback-wait-time.json"
        body = json.loads(path.read_bytes())[0]["body"]
        path.write_bytes(canonical_json([chain.people["bob"].sign(ROLLBACK, body).to_json()]))
        roll_back(chain, members=())
        assert actions(chain)[-2:] == [("bob", "approve roll back"), ("releaser", "roll back")]


class TestPromotedAgain:
    """Going back by another name: an earlier version, promoted again on the approvals that it had."""

    def test_a_releaser_alone_does_not_promote_what_was_left(self, chain: Installation) -> None:
        """The board approves it again, now that it knows what it is instead of."""
        for version in ("1", "2"):
            with pytest.raises(
                PromotionError, match=r"before another version took its place.*vigie rollback"
            ):
                promote_version(chain, version, hours=3)
        assert current(chain).version == "3"
        chain.approve(candidate(chain.settings.candidates, MODEL, "2"), "ada", hours=2.5)
        with pytest.raises(PromotionError, match="1 of 2 approvals"):
            promote_version(chain, "2", hours=3)
        chain.approve(candidate(chain.settings.candidates, MODEL, "2"), "bob", hours=2.5)
        assert promote_version(chain, "2", hours=3).sequence == 4
        assert current(chain).version == "2"

    def test_nor_makes_such_a_release_by_hand(self, chain: Installation) -> None:
        """Of the whole release before, under the next number."""
        second, third = current(chain).folder.with_name("000002"), current(chain)
        fourth = third.folder.with_name("000004")
        shutil.copytree(second, fourth)
        body = json.loads((second / "release.json").read_bytes())["body"]
        body |= {"sequence": 4, "former_release": third.digest, "released_at": third.released_at}
        signed = chain.people["releaser"].sign(RELEASE, body)
        write_atomically(fourth / "release.json", canonical_json(signed.to_json()))
        edit(chain.settings.trust / "trust.json", lambda b: b.update(lowest_release={MODEL: 4}))
        _not_served(chain, "before another version took its place")


class TestServing:
    """A release that goes back is refused without its approvals, whoever signed it."""

    @pytest.fixture
    def back(self, chain: Installation) -> Release:
        """Rolled back from 3 to 2, as it must be."""
        return roll_back(chain)

    def test_a_releaser_alone_makes_none_by_hand(self, chain: Installation, back: Release) -> None:
        """Without approvals, with none that is one, with words in their place."""
        wrong: list[object] = [[], [{}], [back.body["approvals"][0]], {"a": 1}, None, "ada"]
        for approvals in wrong:
            _by_hand(chain, back, approvals)
            _not_served(chain, "is refused")
        body = {name: value for name, value in back.body.items() if name != "rollback_approvals"}
        signed = chain.people["releaser"].sign(RELEASE, body)
        write_atomically(back.folder / "release.json", canonical_json(signed.to_json()))
        _not_served(chain, "0 of 1 approvals of the board")

    @pytest.mark.parametrize(
        "change",
        [
            {"from_digest": "sha256:other"},
            {"from_release": 2},
            {"to_release": 1},
            {"package_digest": "sha256:other"},
            {"model": "bed-demand"},
            {"at": instant(after(3)) - 91 * DAY},
            {"at": instant(after(4))},
            {"at": True},
            {"at": None},
        ],
    )
    def test_an_approval_of_something_else_carries_nothing(
        self, chain: Installation, back: Release, change: dict[str, object]
    ) -> None:
        """Another way, another time."""
        given = Signed.from_json(back.body["rollback_approvals"][0])
        _by_hand(chain, back, [chain.people["ada"].sign(ROLLBACK, given.body | change).to_json()])
        _not_served(chain, "0 of 1 approvals of the board")

    @pytest.mark.parametrize("who", ["releaser", "author", "stranger"])
    def test_nor_does_one_of_somebody_else(self, chain: Installation, back: Release, who: str) -> None:
        """Whatever they signed."""
        given = Signed.from_json(back.body["rollback_approvals"][0])
        _by_hand(chain, back, [chain.people[who].sign(ROLLBACK, given.body).to_json()])
        _not_served(chain, "0 of 1 approvals of the board")

    def test_the_policy_in_force_holds(self, chain: Installation, back: Release) -> None:
        """A board that asks for two ends what one approved."""
        put_policy(chain, rollback_approvals="2")
        _not_served(chain, "1 of 2 approvals of the board")
        put_policy(chain, rollback_approvals="1")
        assert current(chain).digest == back.digest

    def test_a_key_that_is_taken_out_ends_it(self, chain: Installation) -> None:
        """Of a member who approved the way back, and not the version."""
        stranger = chain.people["stranger"]
        chain.change_trust(lambda t: t.with_person(stranger, ("board",)))
        roll_back(chain, members=("stranger",))
        chain.change_trust(lambda t: t.with_retired("stranger"))
        assert current(chain).sequence == 4
        chain.change_trust(lambda t: t.without("stranger"))
        _not_served(chain, "not in the trust folder")


class TestCommandLine:
    """`vigie rollback`: by whose key it is, an approval or the act."""

    def _run(self, chain: Installation, *arguments: str) -> int:
        keys = [
            str(chain.settings.home / "keys" / f"{a}.json") if a in chain.people else a for a in arguments
        ]
        return main(["rollback", MODEL, *keys], clock=lambda: after(3))

    @pytest.fixture(autouse=True)
    def home(self, chain: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The commands' home."""
        monkeypatch.setenv("VIGIE_HOME", str(chain.settings.home))
        return chain.settings.home

    def test_one_after_the_other(self, chain: Installation, capsys: pytest.CaptureFixture[str]) -> None:
        """A member, then the releaser; what is said names both releases and the next command."""
        assert self._run(chain, "--key", "releaser", "--to", "1") == 2
        assert "vigie rollback wait-time --to 1 --key FILE" in capsys.readouterr().err
        assert self._run(chain, "--key", "ada", "--to", "1", "--reason", "too long") == 0
        said = capsys.readouterr().out
        assert "from release 3 (version 3) back to release 1 (version 1): 1 of 1 approvals" in said
        assert "vigie rollback wait-time --to 1 --key FILE" in said
        assert self._run(chain, "--key", "releaser", "--to", "1") == 0
        assert current(chain).version == "1"

    def test_together(self, chain: Installation) -> None:
        """In any order; whoever could do both approves where there is another releaser."""
        bob = chain.people["bob"]
        chain.change_trust(lambda t: t.with_person(bob, ("board", "releaser")))
        put_policy(chain, rollback_approvals="2")
        assert self._run(chain, "--key", "releaser", "--key", "bob", "--key", "ada") == 0
        assert len(current(chain).body["rollback_approvals"]) == 2

    def test_who_could_do_both_approves_while_nobody_else_has(
        self, chain: Installation, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And carries it out once somebody did; their own approval is not one of those."""
        both = chain.people["stranger"]
        chain.change_trust(lambda t: t.with_person(both, ("board", "releaser")))
        for _ in range(2):
            assert self._run(chain, "--key", "stranger") == 0
            said = capsys.readouterr().out
            assert "stranger approves taking wait-time from release 3" in said
            assert "a releaser who is none of them" in said
        assert current(chain).sequence == 3
        assert self._run(chain, "--key", "ada") == 0
        assert self._run(chain, "--key", "stranger") == 0
        assert current(chain).version == "2"

    def test_what_was_killed_is_completed_once(
        self, chain: Installation, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The same command again does not go back one further."""
        arguments = ("--key", "ada", "--key", "releaser")
        assert self._run(chain, *arguments) == 0
        edit(chain.settings.trust / "trust.json", lambda b: b.update(lowest_release={MODEL: 3}))
        for one in (arguments, ("--key", "ada")):
            assert self._run(chain, *one) == 0
            assert "is back at version 2, as release 4" in capsys.readouterr().out
            assert current(chain).sequence == 4
            edit(chain.settings.trust / "trust.json", lambda b: b.update(lowest_release={MODEL: 3}))

    def test_two_releasers_do_nothing(self, chain: Installation, capsys: pytest.CaptureFixture[str]) -> None:
        """It would go back twice."""
        stranger = chain.people["stranger"]
        chain.change_trust(lambda t: t.with_person(stranger, ("releaser",)))
        assert self._run(chain, "--key", "ada", "--key", "releaser", "--key", "stranger") == 2
        assert "one releaser" in capsys.readouterr().err
        assert load_trust(chain.settings.trust).lowest_release[MODEL] == 3
        assert actions(chain)[-1] == ("releaser", "promote")
