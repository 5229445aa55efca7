"""What a training came to, as `vigie train` prints it: errors, what a search chose, what groups of inputs are worth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.reader import said, say, spoken_language
from hospital.words.language import Language
from hospital.words.numbers import number, percent

if TYPE_CHECKING:
    from training.ablation import Ablation
    from training.train import Trained
    from training.trees import Hyperparameters
    from training.tune import Tuned

__all__ = ["print_summary"]


def print_summary(done: "Trained", *, signed: bool) -> None:
    """Prints it, with the verb that comes next; `signed`: by its author."""
    candidate, language = done.candidate, spoken_language()
    if candidate.model == "bed-demand":
        say("train.registered_beds", model=candidate.model, version=candidate.version)
    else:
        say("train.registered_minutes", model=candidate.model, version=candidate.version)
    width = max(map(len, done.metrics), default=0)
    for name, value in done.metrics.items():
        print(f"  {name:<{width}} {number(value, language, 2):>8}")
    if done.tuned is not None:
        _print_search(done.tuned, language)
    if done.ablation:
        _print_ablation(done.ablation, language)
    if not signed:
        say("train.unsigned")
    say("next", command=f"vigie check {candidate.model} {candidate.version}")


def _print_search(tuned: "Tuned", language: Language) -> None:
    losses = [trial.loss for trial in tuned.trials]
    chosen = _in_words(tuned.hyperparameters, language)
    say("train.tuned", n=len(losses), former=tuned.kept, chosen=chosen)
    best, first = (number(loss, language, 4) for loss in (min(losses), losses[0]))
    say("train.losses", best=best, first=first)


def _in_words(chosen: "Hyperparameters", language: Language) -> str:
    """What a search chose."""
    return said(
        "train.hyperparameters",
        language,
        rounds=chosen.rounds,
        depth=chosen.depth,
        step=number(chosen.step, language, 2),
        least_weight=number(chosen.least_weight, language),
        columns=percent(chosen.columns, language),
        rows_share=percent(chosen.rows_share, language),
    )


def _print_ablation(ablation: "Sequence[Ablation]", language: Language) -> None:
    """By how much the error rises without each group; the first entry leaves none out."""
    from hospital.words import names

    say("train.ablation")
    for left_out in sorted(ablation[1:], key=lambda a: -a.rise):
        group = names.feature_group(left_out.group, language)
        rise = percent(left_out.rise, language, 1, plus=True)
        say("train.left_out", group=f"{group:<32}", rise=f"{rise:>10}", n=left_out.features)
