"""Is every number still the same, to the last bit, after names have changed? Two checkouts, asked from outside.

python -m benchmarks.unchanged --before DIR [--after DIR] [--work DIR] [--days N] [--seed N] [--table FILE]

Each checkout (with its own `make setup`) simulates a hospital, trains, checks and releases both models by `vigie demo`,
explains every row of a second hospital, and answers the same questions over HTTP: same data, same seed, same key of the
pseudonyms. The names in what the checkout before made are replaced by the table `renamed.toml`; everything
is then compared in order: packages (sealed again: the digest must be the new package's), scores of the test set,
registrations, policies, reports, cards, explained rows, answers. What the side before made stays in the work folder.

What may differ though no name did, and how it is treated:

- the manifest's `code_commit` is another by nature: the new one is put in before the package is sealed again; the
  card's and the registration's are not compared. `libraries` is compared as all else: other versions are a difference;
- `feature_digest` covers what features compute and their names and labels, not modules: the checkout before computes
  it under the new names (its own module, its own bits), and that must be the new one;
- digests of what holds names or other digests (package, policy, evidence, seal, card, report): the package's is
  recomputed; the others must go together one to one, and what they are digests of is compared itself. `data_digest`
  is of the tables alone and must be the same;
- `package_megabytes` counts bytes, those of longer names too: it must be the size of the package sealed again;
- times and watt hours are measured by a clock: metrics `answer_milliseconds`, `answers_watt_hours`,
  `training_watt_hours` (their thresholds, n and verdicts are compared), and the registration's `energy`;
- times of day (`at` of the registration, `released_at`) and random ids (`prediction_id`) are not compared; signatures
  cover digests and are not, either. Salts and the journal are in nothing that is compared;
- sentences for people (labels, reasons, warnings) may be worded anew: they are counted, and their numbers must be the
  same. Numbers that are set aside are counted, too.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.results import Figure, conditions, publish
from benchmarks.unchanged.checkout_service import SideError
from benchmarks.unchanged.documents import Part, compare_sides
from benchmarks.unchanged.renaming import TableError, load_table
from benchmarks.unchanged.sides import Side, make_side

ROOT = Path(__file__).resolve().parents[2]
DAYS = 560  # as many as the policy's history needs: all gates judge, and the hospital of seed 1 is released
LEAST_ANSWERS, PLACES_SHOWN = 500, 20


def main() -> int:
    """Makes both sides, compares and publishes; returns 1 where anything differs, 2 where a side cannot be made."""
    asked = _arguments()
    try:
        table = load_table(asked.table)
        before, after = (
            make_side(Side(name, root.resolve(), asked.work.resolve() / name), asked.days, asked.seed)
            for name, root in (("before", asked.before), ("after", asked.after))
        )
        parts = [_shown(part) for part in compare_sides(before, after, table)]
    except (SideError, TableError) as error:
        print(f"unchanged: {error}", file=sys.stderr)
        return 2
    where = f"{conditions()}; simulated hospital of {asked.days} days, seed {asked.seed}; names by {asked.table.name}"
    where += (
        f"; {before.commit[:7]} before, {after.commit[:7]}{'+' * after.commit.endswith('+changed')} after"
    )
    publish("unchanged", _figures(parts, where))
    places = [difference for part in parts for difference in part.comparison.differences]
    for difference in places[:PLACES_SHOWN]:
        print(f"{difference.where}\n    before: {difference.before}\n    after:  {difference.after}")
    if len(places) > PLACES_SHOWN:
        print(f"… and {len(places) - PLACES_SHOWN} more places")
    return 1 if places or sum(part.answers for part in parts) < LEAST_ANSWERS else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks.unchanged", description="Compares two checkouts bit by bit."
    )
    parser.add_argument("--before", type=Path, required=True, metavar="DIR")
    parser.add_argument("--after", type=Path, default=ROOT, metavar="DIR")
    default = Path(tempfile.gettempdir()) / "vigie-unchanged"
    parser.add_argument(
        "--work", type=Path, default=default, metavar="DIR", help="what the sides made is kept here"
    )
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--table", type=Path, default=ROOT / "benchmarks/unchanged/renamed.toml", metavar="FILE"
    )
    return parser.parse_args()


def _shown(part: Part) -> Part:
    print(f"compared: {part.name}, {len(part.comparison.differences)} differences", flush=True)
    return part


def _figures(parts: list[Part], where: str) -> list[Figure]:
    found = []
    for part in parts:
        differences, compared = len(part.comparison.differences), part.comparison.numbers
        said = f"{where}; {compared} values compared bit for bit"
        found.append(Figure(f"{part.name}: differences", "places", "0", differences, differences == 0, said))
    answers = sum(part.answers for part in parts)
    target = f"at least {LEAST_ANSWERS}"
    found.append(Figure("answers compared", "answers", target, answers, answers >= LEAST_ANSWERS, where))
    aside = sum(part.comparison.set_aside for part in parts)
    found.append(Figure("not compared: clocks, ids, signatures", "values", None, aside, None, where))
    reworded = sum(part.comparison.reworded for part in parts)
    said = f"{where}; their numbers are the same"
    found.append(Figure("sentences for people in other words", "sentences", None, reworded, None, said))
    return found


if __name__ == "__main__":
    sys.exit(main())
