"""`vigie levels` and `decisions`: the hospital's policies of levels and of decisions, before they are used."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import LanguageOption
from cli.installation import read_settings
from hospital.errors import VigieError

if TYPE_CHECKING:
    from centre.decisions.decision_policy import Decider, DecisionPolicy
    from centre.levels.level_policy import Condition, Level, LevelPolicy, PolicyFault
    from hospital.words.language import Language

__all__ = ["app"]

app = typer.Typer()
_levels = typer.Typer(help="Check a policy of levels of tension.")


_decisions = typer.Typer(help="Check a policy of decisions.")


@_decisions.callback()
def _decisions_group() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


@_levels.callback()
def _group() -> None:
    """Keeps `check` a verb of its own while it is the only one."""


@_levels.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    language: LanguageOption = None,
) -> int:
    """Show a policy's levels in words; exit code 1 where thresholds are still to be set."""
    from centre.levels.level_policy import LevelPolicyError, read_level_policy_file

    spoken = language or read_settings().language
    try:
        policy = read_level_policy_file(file)
    except LevelPolicyError as error:
        raise _refused(file, error.faults, spoken) from None
    print("\n".join(_lines(policy, spoken)))
    return 1 if any(_is_incomplete(level) for level in policy.levels) else 0


def _refused(file: Path, faults: "Sequence[PolicyFault]", language: "Language") -> VigieError:
    """What is wrong with a policy's file: every fault, by its path."""
    shown = [
        _words("fault", language, path=f.path, message=_fault(f.code, f.places, language)) for f in faults
    ]
    said = "\n".join([f"{file}:", *shown])  # in the language that was asked for
    return VigieError(said)


@_decisions.command("check")
def check_decisions(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    language: LanguageOption = None,
) -> int:
    """Show who decides what by a policy; exit code 1 where somebody named could not."""
    from centre.decisions.decision_policy import DecisionPolicyError, policy_of_file

    spoken = language or read_settings().language
    try:
        policy = policy_of_file(file)
        if policy is None:
            raise DecisionPolicyError((_unreadable(),))
    except DecisionPolicyError as error:
        raise _refused(file, error.faults, spoken) from None
    lacking = _lacking(policy, spoken)
    print("\n".join(_decision_lines(policy, lacking, spoken)))
    return 1 if lacking or not policy.deciders else 0


def _unreadable() -> "PolicyFault":
    from centre.levels.level_policy import PolicyFault

    return PolicyFault("file", "unreadable")


def _lacking(policy: "DecisionPolicy", language: "Language") -> dict[str, list[str]]:
    """By person, the roles in which no training that is held lets them decide, in words.

    Who has a pseudonym is looked up in the skill register, which says from day to day.
    """
    held = {(t.person, t.training) for t in policy.trainings_held}
    found: dict[str, list[str]] = {}
    for one in policy.deciders:
        for rule in policy.required_trainings:
            missing = [t for t in rule.trainings if (one.person, t) not in held]
            if one.pseudonym is None and rule.role in one.roles and missing:
                words = _check("lacks", language, role=rule.role, trainings=", ".join(missing))
                found.setdefault(one.person, []).append(words)
    return found


def _decision_lines(
    policy: "DecisionPolicy", lacking: dict[str, list[str]], language: "Language"
) -> list[str]:
    titles = ", ".join(getattr(r.title, language) for r in policy.reasons)
    out = [
        _check("head", language, version=policy.version),
        _check("shifts", language, starts=", ".join(policy.shift_starts)),
        _check("numbers", language, most=policy.most_a_shift, minutes=policy.decide_within_minutes),
        _check("reasons", language, titles=titles),
        "",
    ]
    for one in policy.deciders:
        out += [_decider(one, language), *(f"  - {words}" for words in lacking.get(one.person, ()))]
    out += [] if policy.deciders else [_check("nobody", language)]
    return [*out, "", _check("incomplete", language)] if lacking or not policy.deciders else out


def _decider(one: "Decider", language: "Language") -> str:
    units = _check("everywhere", language) if "*" in one.units else ", ".join(one.units)
    return _check("decider", language, person=one.person, roles=", ".join(one.roles), units=units)


def _check(key: str, language: "Language", **places: object) -> str:
    from hospital.words.catalogue import text

    return text(f"decide.check.{key}", language, None, **places)


def _lines(policy: "LevelPolicy", language: "Language") -> list[str]:
    title = getattr(policy.title, language)
    out = [_words("head", language, title=title, version=policy.version), policy.source]
    for level in policy.levels:
        out += ["", f"{getattr(level.title, language)} ({level.name})", *_level_lines(level, language)]
    if any(_is_incomplete(level) for level in policy.levels):
        out += ["", _words("incomplete", language)]
    return out


def _level_lines(level: "Level", language: "Language") -> list[str]:
    from hospital.words.numbers import percent

    if not level.conditions:
        return ["  " + _words("no_conditions", language)]
    if len(level.conditions) == 1:
        head = _words("only_condition", language)
    else:
        head = _words("at_least", language, least=level.at_least, of=len(level.conditions))
    out = ["  " + head, *(f"  - {_condition(c, language)}" for c in level.conditions)]
    if level.probability is not None:
        digits = max(_digits(level.probability) - 2, 0)
        shown = percent(level.probability, language, digits)
        out.append("  " + _words("ahead", language, probability=shown))
    return out


def _condition(condition: "Condition", language: "Language") -> str:
    from hospital.words.numbers import number

    name = _words(f"indicators.{condition.indicator}", language)
    if condition.threshold is None:
        return _words(f"{condition.side}_unset", language, name=name)
    shown = number(condition.threshold, language, _digits(condition.threshold))
    return _words(condition.side, language, name=name, threshold=shown)


def _digits(value: float) -> int:
    """Decimals as written: what is shown must not be rounded to another threshold."""
    return max(-int(Decimal(repr(value)).normalize().as_tuple().exponent), 0)


def _is_incomplete(level: "Level") -> bool:
    return not level.conditions or any(c.threshold is None for c in level.conditions)


def _fault(code: str, places: object, language: "Language") -> str:
    from hospital.words.catalogue import text

    values: dict[str, object] = dict(places) if isinstance(places, dict) else {}
    return text(f"levels.faults.{code}", language, None, **values)


def _words(key: str, language: "Language", **places: object) -> str:
    from hospital.words.catalogue import text

    return text(f"levels.{key}", language, None, **places)


app.add_typer(_levels, name="levels")
app.add_typer(_decisions, name="decisions")
