"""What `vigie train` prints of a search and of groups of inputs is in the reader's language."""

from pathlib import Path

import pytest

from cli.training_summary import print_summary
from registry.candidates.candidates import Candidate
from training.ablation import Ablation
from training.train import Trained
from training.trees import Hyperparameters
from training.tune import Trial, Tuned

CHOSEN = Hyperparameters(rounds=150, depth=4, step=0.03, least_weight=30, columns=0.4, rows_share=1.0)
TUNED = Tuned(CHOSEN, (Trial(Hyperparameters(), 0.5), Trial(CHOSEN, 0.25)), 1)
ABLATION = (Ablation("", 0, 0.25, 0.0), Ablation("calendar", 7, 0.26, 0.04))


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (
            "fr",
            [
                "150 arbres de profondeur 4, pas de 0,03, feuilles d'au moins 30 lignes en poids, "
                "40\u00a0% des variables et 100\u00a0% des lignes par arbre",
                "0,2500",
                "Calendrier",
                "+4,0\u00a0%",
            ],
        ),
        (
            "en",
            [
                "150 trees of depth 4, step 0.03, leaves of at least 30 rows in weight, "
                "40% of the features and 100% of the rows a tree",
                "0.2500",
                "Calendar",
                "+4.0%",
            ],
        ),
    ],
)
def test_a_search_and_an_ablation_are_in_words(
    language: str, wanted: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name of a field of the code, and no decimal point in French."""
    monkeypatch.setenv("VIGIE_LANGUAGE", language)
    candidate = Candidate("wait-time", "1", Path("1"))
    print_summary(Trained(candidate, {"mae": 12.5}, TUNED, ABLATION, 400.0), signed=True)
    printed = capsys.readouterr().out
    assert [words for words in wanted if words not in printed] == []
    assert "least_weight" not in printed
    assert "calendar" not in printed
