"""Small groups over several versions: whose reports lend what, and what is never counted twice."""

import json
from pathlib import Path
from typing import Any

from registry.candidates.candidates import Candidate, candidate
from registry.check.small_groups import earlier_gaps
from registry.evidence.records import EarlierGap
from registry.settings import Settings


def gap(value: float) -> dict[str, Any]:
    """A gap as a report keeps it."""
    return {
        "group": "language=other",
        "metric": "log_error",
        "value": value,
        "sd": 0.03,
        "blocks": 90,
        "n": 800,
    }


def version(settings: Settings, number: int, judged: list[int] | None, *gaps: dict[str, Any]) -> Candidate:
    """A registered version; checked where it says when it was judged."""
    folder = settings.candidates / "wait-time" / str(number)
    folder.mkdir(parents=True)
    (folder / "registration.json").write_text("{}")
    if judged is not None:
        for name in ("card.json", "policy.toml", "check.json"):
            (folder / name).write_text("{}")
        (folder / "report.json").write_text(json.dumps({"judged": judged, "small_groups": list(gaps)}))
    return candidate(settings.candidates, "wait-time", str(number))


def test_versions_judged_on_other_days_lend_their_gaps(tmp_path: Path) -> None:
    """Those before and those after; an unchecked one and one judged on the same days lend nothing."""
    settings = Settings(home=tmp_path)
    version(settings, 1, [0, 100], gap(0.1))
    version(settings, 2, None)
    version(settings, 3, [150, 250], gap(0.3))
    mine = version(settings, 4, [200, 300], gap(0.4))
    version(settings, 5, [300, 400], gap(0.5))
    found = earlier_gaps(settings, mine, (200, 300))
    assert sorted(g.value for g in found) == [0.1, 0.5]
    assert all(isinstance(g, EarlierGap) and g.n == 800 for g in found)


def test_of_versions_judged_on_the_same_days_the_last_counts(tmp_path: Path) -> None:
    """Registering the same days again and again adds no visits."""
    settings = Settings(home=tmp_path)
    for number, span in ((1, [0, 100]), (2, [0, 100]), (3, [50, 150])):
        version(settings, number, span, gap(number / 10))
    mine = version(settings, 4, [200, 300])
    assert [g.value for g in earlier_gaps(settings, mine, (200, 300))] == [0.3]


def test_days_that_overlap_at_either_end_are_the_same_days(tmp_path: Path) -> None:
    """Begun before these ended, or ended after these began, or around them: nothing is lent."""
    settings = Settings(home=tmp_path)
    for number, span in ((1, [150, 201]), (2, [299, 350]), (3, [100, 400]), (4, [220, 280])):
        version(settings, number, span, gap(number / 10))
    mine = version(settings, 5, [200, 300])
    assert earlier_gaps(settings, mine, (200, 300)) == ()


def test_a_report_that_cannot_be_read_lends_nothing(tmp_path: Path) -> None:
    """Cut short, or of an earlier Vigie that did not keep small groups."""
    settings = Settings(home=tmp_path)
    broken = version(settings, 1, [0, 100], gap(0.1))
    (broken.folder / "report.json").write_text('{"judged": [0, ')
    old = version(settings, 2, [100, 200])
    (old.folder / "report.json").write_text("{}")
    mine = version(settings, 3, [200, 300])
    assert earlier_gaps(settings, mine, (200, 300)) == ()


def test_days_that_only_touch_are_other_days(tmp_path: Path) -> None:
    """A span ends before its last instant: what begins there, or ended where this begins, was judged on other days."""
    settings = Settings(home=tmp_path)
    version(settings, 1, [100, 200], gap(0.1))
    mine = version(settings, 2, [200, 300], gap(0.2))
    version(settings, 3, [300, 400], gap(0.3))
    assert sorted(g.value for g in earlier_gaps(settings, mine, (200, 300))) == [0.1, 0.3]


def test_a_version_lends_nothing_to_itself_and_a_half_sealed_one_nothing_to_anybody(tmp_path: Path) -> None:
    """Checked on later days its own report would count its visits twice; a report without a card was never a check."""
    settings = Settings(home=tmp_path)
    half = version(settings, 1, [0, 100], gap(0.1))
    (half.folder / "card.json").unlink()
    mine = version(settings, 2, [200, 300], gap(0.2))
    assert earlier_gaps(settings, mine, (500, 600)) == ()
