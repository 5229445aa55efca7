"""Reads 100,000 answers back (`make bench-reasons`): rank, sign, value, unit, sums, verbs; and tries their order."""

import argparse
import json
import math
import time
from collections import Counter

from benchmarks.reasons.agreement import disagreements
from benchmarks.reasons.answers import DAYS, SCALE, Answer, answers
from benchmarks.reasons.faithfulness import STEPS, curves
from benchmarks.reasons.uncertainty_agreement import uncertainty_disagreements
from benchmarks.results import Figure, conditions, publish
from cli.progress import bar

_KINDS = {
    "rank": ("rank",),
    "sign": ("sign", "sign not written"),
    "which way an uncertainty lies from the usual, and what most makes it so": ("lead", "no lead"),
    "said where an effect goes against what is expected": ("against",),
    "effect": ("effect", "sum", "start", "no start", "shown as nothing"),
    "value and usual value": ("value", "usual"),
    "unit and plural": ("unit", "plural"),
    "a sentence for each reason, each recognised": (
        "subject not recognised",
        "subject not in the answer",
        "contribution without a sentence",
        "sentence without an effect",
        "note among the reasons",
    ),
    "causal verbs": ("causal verb",),
}


def main() -> None:
    """Asks, reads, compares, publishes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="after which no more are asked for")
    parser.add_argument("--rows", type=int, default=2_000, help="waits on which the order is tried")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--shown", action="store_true", help="print each answer that disagrees")
    args = parser.parse_args()
    found: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    until = time.monotonic() + 60 * args.minutes
    with bar(title="reasons") as step:
        for answer in answers(args.count, args.seed):
            wrong = of_answer(answer)
            if wrong and args.shown:
                print(
                    json.dumps([*wrong, answer.kind, answer.served, answer.explanation], ensure_ascii=False)
                )
            found.update(wrong.keys())
            languages[answer.language] += 1
            asked.update(_asked(answer))
            if time.monotonic() > until:
                break
            step(f"{sum(languages.values())}", min(sum(languages.values()) / args.count, 1.0))
    read = sum(languages.values())
    said = (
        f"{read} answers ({languages['fr']} French, {languages['en']} English): "
        f"{', '.join(f'{n} {name}' for name, n in sorted(asked.items()))}; "
        f"of a simulated hospital of {DAYS} days, {SCALE:g} times the usual size; seed {args.seed}; {conditions()}"
    )
    figures = [
        Figure(f"answers that disagree: {name}", "answers", "0", n, n == 0, said)
        for name, kinds in _KINDS.items()
        for n in [sum(found[kind] for kind in kinds)]
    ]
    unknown = set(found) - {kind for kinds in _KINDS.values() for kind in kinds}
    if unknown:
        raise RuntimeError(f"kinds that no figure counts: {', '.join(sorted(unknown))}")
    publish("reasons", [*figures, *_order(args.rows, args.seed)])


def of_answer(answer: Answer) -> Counter[str]:
    """What the sentences of one answer get wrong, by kind; empty: all agrees."""
    read = disagreements if answer.explanation["of"] == "p50" else uncertainty_disagreements
    return read(answer.explanation, answer.language, answer.served)


def _asked(answer: Answer) -> tuple[str, str, str]:
    """What is counted of an answer: what it is of, what is explained of it, and with what it is compared."""
    reference = answer.explanation["reference"]
    compared = reference if isinstance(reference, str) else next(iter(reference))
    what = {"wait": "of waits", "beds": "of bed demand", "total": "of hospital totals"}[answer.kind]
    return what, f"on the {answer.explanation['of']}", f"against {compared}"


def _order(rows: int, seed: int) -> list[Figure]:
    found = curves(rows, seed)
    said = (
        f"{found.rows} waits of the last fifth, each feature set to what the answer calls usual, one after the other; "
        f"share of the way to the usual forecast; seed {seed}; {conditions()}"
    )
    out = []
    for steps in (1, 3, 5, STEPS):
        mine, theirs = float(found.vigie[steps - 1]), float(found.shap[steps - 1])
        target = f"at least shap's {theirs:.3f}"
        out.append(Figure(f"way gone after {steps} reasons", "share", target, mine, mine >= theirs, said))
        out.append(Figure(f"way gone after {steps}, in shap's order", "share", None, theirs, None, said))
        chance = float(found.random[steps - 1])
        out.append(Figure(f"way gone after {steps}, in any order", "share", None, chance, None, said))
    out.append(
        Figure(
            "first three reasons that either half of the trees gives", "share", None, found.stable, None, said
        )
    )
    return out


if __name__ == "__main__":
    main()
