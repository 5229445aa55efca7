"""Which contract column a file's column may be, by the words of its name in French and English."""

import re
from collections.abc import Iterable, Mapping

from hospital.contracts.tables import TABLES, Kind
from hospital.drafting.type_inference import Seen

__all__ = ["BIRTH", "CODES", "ENTRY", "EXIT", "SEX", "WORDS", "infer_table", "match_columns", "rivals"]

ENTRY = r"\b(entree|entered|arrivee|arrive|arrival|arrived|admis|admission|debut|start|in at)\b"
EXIT = r"\b(sortie|sorti|depart|left|discharge|discharged|fin|end|out at)\b"
_UNIT = r"\b(uf|um|service|services|unit|unite|ward|pole|code uf)\b"
_VISIT = r"\b(passage|visit|visite|iep|nda|venue|encounter|ipp passage)\b"
_DAY = r"\b(date|jour|day|datum|at|heure|hour|time|horodatage|timestamp|mois|month)\b"
_BEDS = r"\b(lits|lit|beds|capacite|capacity|staffed|ouverts|armes|places)\b"

WORDS: Mapping[str, Mapping[str, str]] = {
    "visits": {
        "seen_at": r"\b(contact|pec|prise en charge|medecin|medical|seen|physician|doctor)\b",
        "bed_requested_at": r"\b(demande|requested|request)\b",
        "triaged_at": r"\b(tri|triage|triaged|ioa|iao)\b",
        "triage": r"\b(tri|triage|french|ioa|iao|niveau)\b",
        "disposition": r"\b(mode (de )?sortie|devenir|disposition|issue)\b",
        "destination_unit": r"\b(destination|unite d accueil)\b",
        "arrival_mode": r"\b(mode (d )?arrivee|arrival mode|transport|moyen)\b",
        "arrived_at": ENTRY,
        "left_at": EXIT,
        "age_years": r"\b(age|age years)\b",
        "heart_rate": r"\b(fc|pouls|heart rate|pulse)\b",
        "systolic_mmhg": r"\b(pas|systolic|systolique|systolic mmhg)\b",
        "diastolic_mmhg": r"\b(pad|diastolic|diastolique|diastolic mmhg)\b",
        "respiratory_rate": r"\b(fr|respiratory rate|frequence respiratoire)\b",
        "temperature_celsius": r"\b(temp|temperature|temperature celsius)\b",
        "spo2_percent": r"\b(spo2|sao2|saturation|spo2 percent)\b",
        "pain_0_10": r"\b(eva|douleur|pain|pain 0 10)\b",
        "critical": r"\b(critical|critique|dechocage|sauv)\b",
        "visit_id": _VISIT,
        "department": r"\b(department|departement|filiere|secteur|finess|urgences)\b",
    },
    "stays": {
        "expected_known_at": r"\b(expected known at)\b",
        "expected_left_at": r"\b(sortie (prevue|previsionnelle|estimee)|expected left at|expected (discharge|exit))\b",
        "source": r"\b(mode (d )?entree|provenance|source|type (d )?admission|admission type)\b",
        "entered_at": ENTRY,
        "left_at": EXIT,
        "stay_id": r"\b(sejour|stay|mouvement|rum|movement)\b",
        "visit_id": _VISIT,
        "unit": _UNIT,
    },
    "operations": {
        "booked_at": r"\b(booked|inscription|inscrit|reservation|reserve|demande)\b",
        "started_at": r"\b(started|debut (reel|intervention)|incision|entree (en )?salle)\b",
        "ended_at": r"\b(ended|fin (reelle|intervention)|sortie (de )?salle)\b",
        "urgent": r"\b(urgent|urgence|urgente)\b",
        "room": r"\b(room|salle)\b",
        "cancelled_at": r"\b(cancelled|annulation|annulee|annule|deprogrammation)\b",
        "planned_at": r"\b(planned|prevue|prevu|programmee|programme|scheduled)\b",
        "minutes": r"\b(minutes|duree|duration)\b",
        "operation_id": r"\b(operation|intervention)\b",
        "unit": _UNIT,
    },
    "staffing": {
        "known_at": r"\b(known|publie|valide|saisie)\b",
        "at": _DAY,
        "role": r"\b(role|metier|fonction|grade|profession)\b",
        "count": r"\b(count|effectif|effectifs|nombre|etp|number)\b",
        "unit": _UNIT,
    },
    "census": {
        "unit": _UNIT,
        "occupied": r"\b(occupied|occupes|occupe|occupation|presents|present|patients|census|recensement|belegt)\b",
        "staffed": _BEDS,
        "waiting": r"\b(waiting|attente)\b",
        "admissions": r"\b(admissions|entrees|entries)\b",
        "discharges": r"\b(discharges|sorties|exits)\b",
        "at": _DAY,
    },
    "units": {
        "closure_reason": r"\b(closure reason|(motif|cause|raison) (de )?fermeture)\b",
        "open_from": r"\b(open from|ouverture|ouvert depuis)\b",
        "open_to": r"\b(open to|fermeture|ferme le)\b",
        "predecessor": r"\b(predecessor|ancien|anciennement)\b",
        "site": r"\b(site|finess)\b",
        "group": r"\b(group|groupe|pole)\b",
        "label_fr": r"\b(label|libelle|intitule) (fr|francais)\b",
        "label_en": r"\b(label|libelle|intitule) (en|anglais|english)\b",
        "label": r"\b(label|libelle|intitule|nom du service)\b",
        "unit": _UNIT,
    },
}
"""Patterns of names, the most specific first: a column is taken by the first that fits."""
SEX = r"\b(sexe|sex|gender)\b"
BIRTH = r"\b(naissance|birth|ddn|dob|born)\b"

_TRIAGED = 3

CODES: Mapping[str, Mapping[str, str]] = {
    "triage": {},
    "arrival_mode": {
        "perso": "walk_in", "pied": "walk_in", "a pied": "walk_in", "walk in": "walk_in", "taxi": "walk_in",
        "ambu": "ambulance", "ambulance": "ambulance", "vsl": "ambulance", "vsab": "ambulance",
        "vsav": "ambulance", "pompiers": "ambulance", "smur": "smur", "heli": "smur", "transfert": "transfer",
        "transfer": "transfer", "fo": "other", "autre": "other", "other": "other",
    },
    "disposition": {
        "6": "admitted", "7": "transfer", "8": "home", "9": "died", "domicile": "home", "home": "home",
        "hospitalisation": "admitted", "mutation": "admitted", "admitted": "admitted", "hospitalise": "admitted",
        "transfert": "transfer", "transfer": "transfer", "deces": "died", "died": "died",
        "psa": "left_unseen", "parti sans attendre": "left_unseen", "left unseen": "left_unseen",
        "autre": "other", "other": "other",
    },
    "source": {
        "urgences": "emergency", "urgence": "emergency", "emergency": "emergency", "programme": "elective",
        "elective": "elective", "domicile": "elective", "transfert": "transfer", "mutation": "transfer",
        "transfer": "transfer",
    },
}  # fmt: skip
"""What usual codes (as `words_of`) mean in the contract, where it has choices; a person confirms each."""

_NAMES = {
    "visits": r"\b(passages?|visits?|urgences?|rpu|sau)\b",
    "stays": r"\b(sejours?|stays?|mouvements?|hospitalisations?)\b",
    "operations": r"\b(bloc|operations?|interventions?|operatoire)\b",
    "staffing": r"\b(effectifs?|staffing|planning)\b",
    "census": r"\b(census|recensement|occupation|lits|beds|intensivbetten)\b",
    "units": r"\b(units?|unites?|services?|structures?)\b",
}


def match_columns(table: str, seen: Iterable[Seen]) -> dict[str, Seen]:
    """Contract columns of a table and the file's column that each may be; each taken once."""
    columns = list(seen)
    out: dict[str, Seen] = {}
    for name, pattern in WORDS[table].items():
        column = TABLES[table].by_name[name]
        fit = [
            s
            for s in columns
            if s not in out.values()
            and (s.words == name.replace("_", " ") or re.search(pattern, s.words))
            and _may_be(s, column.kind)
        ]
        # The contract's own name first.
        fit.sort(key=lambda s: s.name != name)
        if fit:
            out[name] = fit[0]
    return out


def rivals(table: str, name: str, matched: Mapping[str, Seen], seen: Iterable[Seen]) -> list[Seen]:
    """The file's columns that fit a contract column as well as the one that was taken, and are no other column's."""
    pattern, kind = WORDS[table][name], TABLES[table].by_name[name].kind
    free = [s for s in seen if s not in matched.values()]
    return [s for s in free if re.search(pattern, s.words) and _may_be(s, kind)]


def infer_table(stem_words: str, seen: list[Seen]) -> str | None:
    """The contract table that a file may hold; None where nothing of it is matched.

    Args:
        stem_words: of the file's name.
    """
    scores = {}
    for table in WORDS:
        found = match_columns(table, seen)
        required = [c.name for c in TABLES[table].columns if c.required and c.name != "label"]
        score = len(found) + 2 * sum(name in found for name in required) / max(len(required), 1)
        if table == "visits" and "arrived_at" in found and {"triage", "triaged_at"} & set(found):
            score += _TRIAGED  # nobody is triaged but in an emergency department
        scores[table] = score + 2 * bool(found) * bool(re.search(_NAMES[table], stem_words))
    best = max(scores, key=lambda t: scores[t])
    return best if scores[best] > 0 else None


def _may_be(seen: Seen, kind: Kind) -> bool:
    if kind is Kind.TIME:
        return seen.kind in ("time", "month", "empty")
    if kind in (Kind.NUMBER, Kind.INTEGER):
        return seen.kind in ("number", "empty")
    return seen.kind in ("text", "number", "empty")
