"""Whether a file has a column a ward, and which columns are whose."""

import re

from hospital.drafting.toml_lines import inline_time
from hospital.drafting.type_inference import Seen

__all__ = ["Wards", "wards_of"]

Wards = tuple[Seen, dict[str, dict[str, Seen]], Seen | None]
"""The column of the time, the columns of each ward by contract column, and that of the hour."""

_BEDS = re.compile(r"\b(lits?|beds?|capacite|capacity|staffed|ouverts?|armes?|places?)\b")
_PATIENTS = re.compile(r"\b(patients?|presents?|occupes?|occupied|census|hospitalises?)\b")
_SMALL = re.compile(r"\b(de|du|des|la|le|en|of|in|nb|nombre)\b")
_WHEN = re.compile(r"\b(date|jour|day|datum|time|horodatage|mois|month)\b")
_NO_WARD = re.compile(r"\b(total|totaux|somme|sum|taux|rate|id|code|annee|year|semaine|week|numero)\b")
_ONE_UNIT = re.compile(r"\b(uf|um|service|unit|unite|ward)\b")


def wards_of(seen: list[Seen]) -> Wards | None:
    """None where the file has no such form: it needs one time, and the counts of two wards at least."""
    times = [s for s in seen if s.kind in ("time", "month") and _WHEN.search(s.words)]
    if len(times) != 1 or any(s.kind == "text" and _ONE_UNIT.search(s.words) for s in seen):
        return None
    counts = [s for s in seen if s.kind == "number" and not _NO_WARD.search(s.words)]
    by_ward: dict[str, dict[str, Seen]] = {}
    names: dict[str, str] = {}
    for s in counts:
        ward = _key(s.words)
        if ward:
            column = "staffed" if _BEDS.search(s.words) else "occupied"
            by_ward.setdefault(ward, {}).setdefault(column, s)
            if column == "occupied":
                names[ward] = s.name
    units = {names[w]: dict(sorted(own.items())) for w, own in by_ward.items() if "occupied" in own}
    hour = inline_time(times[0], seen)
    # A day that comes again without an hour has a row for something else than the day.
    if len(units) < 2 or (hour is None and times[0].several):
        return None
    return times[0], units, hour


def _key(words: str) -> str:
    """What is left of a name without the words for beds and patients."""
    for pattern in (_BEDS, _PATIENTS, _SMALL):
        words = pattern.sub(" ", words)
    return " ".join(words.split())
