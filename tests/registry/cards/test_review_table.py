"""What a member of the board is shown before signing."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from hospital.words.catalogue import text
from hospital.words.language import LANGUAGES, Language
from registry.candidates.sealed_check import read_sealed
from registry.cards.review_table import InUse, differences, print_review
from tests.support.installation import Installation


@pytest.fixture
def card(installation: Installation) -> dict[str, Any]:
    """The card of a version."""
    found = read_sealed(installation.check(installation.register())).card
    row = {"unit_group": "all", "horizon_hours": 0.0, "mae": 30.0}
    return {**found, "performance": [row]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {
                "scope": [
                    {"unit_group": "ED", "horizon_hours": 0.0},
                    {"unit_group": "X", "horizon_hours": 24.0},
                ]
            },
            "X 24",
        ),
        ({"scope": []}, "ED"),
        ({"gates": []}, "before, not judged now"),
        (
            {"performance": [{"unit_group": "all", "horizon_hours": 0.0, "mae": 42.5}]},
            "30.00 before, 42.50 now",
        ),
        ({"features": []}, "features taken out: Hour"),
        ({"policy_digest": "sha256:" + "b" * 64}, "another policy"),
    ],
)
def test_each_difference_to_the_version_in_use_is_said(
    card: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    """Scope, gates, errors, inputs and policy; and nothing where there is none."""
    assert list(differences(card, copy.deepcopy(card), "en")) == []
    (sentence,) = differences({**card, **change}, card, "en")
    assert words in sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("released", [False, True])
def test_scope_verdicts_and_every_digest_are_shown(
    card: dict[str, Any], language: Language, *, released: bool
) -> None:
    """In both languages, beside a release and without one."""
    out = io.StringIO()
    digests = {name: f"sha256:{name}" for name in ("package_digest", "card_digest", "report_digest")}
    digests |= {name: f"sha256:{name}" for name in ("policy_digest", "check_digest")}
    print_review(card, InUse(3, card) if released else None, digests, language, Console(file=out, width=200))
    said = out.getvalue()
    assert all(digest in said for digest in digests.values())
    assert "ED" in said
    beside = text("review.beside", language, version="1", release="3")
    assert (beside in said) is released
    assert (text("review.first", language) in said) is not released
