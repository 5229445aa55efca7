"""Levels of the hospital's policy in words: reached or expected, what called them, and what is missing."""

from dataclasses import dataclass

from centre.levels.evaluation import DEMAND, SHARE, Evidence, LevelAhead, LevelsReading
from centre.levels.hospital_levels import HospitalLevels
from centre.levels.level_policy import Level, LevelPolicy
from serving.interface.pages import ahead_words, known_words, language, number_words, probability_words, words
from serving.interface.requests import Call

__all__ = ["LevelsSaid", "of_units", "said"]


@dataclass(frozen=True)
class LevelsSaid:
    """What a page says of levels.

    Attributes:
        policy: its title and version; "": its file has faults.
        faults: of the policy's file.
        current: title of the gravest level that is reached; "": none is known to be.
        ahead: each level that is expected and graver than the current one, the gravest first, with its probability and
            the nearest horizon.
        called_by: why the current one is reached.
        missing: of each level that is not computable, what is not known.
        concerned: whether the policy has a level of what is read: of a unit, one that rests on its own demand.
        names: of the levels that are reached or expected, as protocols name them.
    """

    policy: str
    faults: tuple[str, ...] = ()
    current: str = ""
    ahead: tuple[str, ...] = ()
    called_by: tuple[str, ...] = ()
    missing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    concerned: bool = True
    names: tuple[str, ...] = ()


def said(
    call: Call, levels: HospitalLevels, reading: LevelsReading | None, *, of_unit: bool = False
) -> LevelsSaid:
    """A reading in words.

    Args:
        of_unit: whether it is a unit's: levels that rest on an index of the hospital are then left out.
    """
    policy = levels.policy.policy
    if policy is None:
        faults = tuple(
            words(
                call, "levels.fault", path=f.path, message=words(call, f"levels.faults.{f.code}", **f.places)
            )
            for f in levels.policy.faults
        )
        return LevelsSaid("", faults)
    head = words(call, "levels.head", title=_title(call, policy.title), version=policy.version)
    if reading is None:
        return LevelsSaid(head)
    shown = [level for level in policy.levels if not of_unit or _is_of_a_unit(level)]
    titles = {level.name: _title(call, level.title) for level in shown}
    now = {n.level: n for n in reading.now}
    called = now[reading.current].called_by if reading.current in titles else ()
    graver = _graver(list(titles), reading.current)
    expected = [a for name in titles if (a := reading.first_horizon(name)) is not None]
    reached = tuple(n.level for n in reading.now if n.state == "reached")
    return LevelsSaid(
        policy=head,
        current=titles.get(reading.current or "", ""),
        ahead=tuple(_ahead(call, titles[a.level], a) for a in reversed(expected) if a.level in graver),
        called_by=tuple(_evidence(call, e) for e in called),
        missing=tuple(
            (title, tuple(missing_words(call, m) for m in now[name].missing))
            for name, title in titles.items()
            if now[name].state == "not_computable"
        ),
        concerned=bool(shown),
        names=tuple(dict.fromkeys((*reached, *(a.level for a in expected)))),
    )


def of_units(call: Call, levels: HospitalLevels) -> dict[str, str]:
    """Of each unit the one thing to say: the level that is reached, else the gravest that is expected, else not known.

    Empty where the policy has no level that a unit can reach.
    """
    policy = levels.policy.policy
    shown = [] if policy is None else [level for level in policy.levels if _is_of_a_unit(level)]
    return {unit: _short(call, shown, reading) for unit, reading in levels.units.items()} if shown else {}


def _short(call: Call, shown: list[Level], reading: LevelsReading) -> str:
    titles = {level.name: _title(call, level.title) for level in shown}
    if reading.current in titles:
        return titles[reading.current]
    expected = [a for name in titles if (a := reading.first_horizon(name)) is not None]
    if expected:
        return _ahead(call, titles[expected[-1].level], expected[-1])
    unknown = any(n.level in titles and n.state == "not_computable" for n in reading.now)
    return words(call, "pilotage.not_known") if unknown else words(call, "pilotage.no_level")


def _graver(names: list[str], current: str | None) -> list[str]:
    """The levels above one that is reached, of `names`, the gravest last; all where none is."""
    return names[names.index(current) + 1 :] if current in names else names


def _is_of_a_unit(level: Level) -> bool:
    return bool(level.conditions) and all(c.indicator in (DEMAND, SHARE) for c in level.conditions)


def _title(call: Call, title: object) -> str:
    return str(getattr(title, language(call)))


def _ahead(call: Call, title: str, ahead: LevelAhead) -> str:
    if ahead.horizon_hours is None or ahead.probability is None:
        return title
    return words(
        call,
        "pilotage.level_ahead",
        title=title,
        ahead=ahead_words(call, ahead.horizon_hours),
        probability=probability_words(call, ahead.probability),
    )


def _evidence(call: Call, evidence: Evidence) -> str:
    return words(
        call,
        f"pilotage.called_{evidence.side}",
        name=words(call, f"levels.indicators.{evidence.indicator}"),
        value=_number(call, evidence.value),
        threshold=_number(call, evidence.threshold),
    )


def _number(call: Call, value: float) -> str:
    return number_words(call, value, 0 if float(value).is_integer() else 1)


def missing_words(call: Call, missing: str) -> str:
    """What is not known, from its path (`LevelNow.missing`)."""
    indicator, _, rest = missing.partition(".")
    if not rest:
        return words(call, f"levels.missing.{indicator}")
    name = words(call, f"levels.indicators.{indicator}")
    return words(
        call,
        "levels.fault",
        path=name,
        message=known_words(call, f"levels.missing.{rest}", rest.replace("_", " ")),
    )


def title_of(call: Call, policy: LevelPolicy | None, name: str) -> str:
    """A level's title; its name where the policy has no such level."""
    levels = () if policy is None else policy.levels
    return next((_title(call, level.title) for level in levels if level.name == name), name)
