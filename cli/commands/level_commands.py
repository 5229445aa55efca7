"""`vigie levels`: the hospital's policy of levels of tension, before it is used."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import LanguageOption
from cli.installation import read_settings
from hospital.errors import VigieError

if TYPE_CHECKING:
    from centre.levels.level_policy import Condition, Level, LevelPolicy
    from hospital.words.language import Language

__all__ = ["app"]

app = typer.Typer()
_levels = typer.Typer(help="Check a policy of levels of tension.")


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
        shown = [
            _words("fault", spoken, path=f.path, message=_fault(f.code, f.places, spoken))
            for f in error.faults
        ]
        raise VigieError("\n".join([f"{file}:", *shown])) from None
    print("\n".join(_lines(policy, spoken)))
    return 1 if any(_is_incomplete(level) for level in policy.levels) else 0


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
    out = ["  " + _words("at_least", language, least=level.at_least, of=len(level.conditions))]
    out += [f"  - {_condition(c, language)}" for c in level.conditions]
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
