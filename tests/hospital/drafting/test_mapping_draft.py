"""Drafts of mappings: what is matched reads at once, what is not is said, and no person is shown."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hospital.contracts.tables import TABLES, Kind
from hospital.drafting.column_matching import infer_table, match_columns
from hospital.drafting.mapping_draft import draft_mapping
from hospital.drafting.type_inference import see
from hospital.errors import ContractError, HistoryError, MappingError
from hospital.ingest.hospital_reader import HospitalTables
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import passage, read_mapped, write_rpu, write_xlsx

START = datetime(2024, 3, 4, 8)


def _draft(path: Path) -> str:
    return draft_mapping(path)


def _through(path: Path, draft: str) -> HospitalTables:
    return read_mapped(path, draft)


def _visits_csv(path: Path, rows: int = 60) -> Path:
    rng = np.random.default_rng(3)
    names = "Numéro de passage;Nom;Date de naissance;Sexe;Date d'entrée;Heure tri IOA;1er contact médical"
    lines = [
        names + ";Date de sortie;Niveau tri;Mode d'arrivée;Mode de sortie;FC;Température;Diagnostic CCMU"
    ]
    for n in range(rows):
        at = START + timedelta(hours=7 * n)
        times = [at + timedelta(minutes=m) for m in (0, 5, 40, 200)]
        texts = [f"{t:%d/%m/%Y %H:%M}" for t in times]
        cells = [
            f"SECRET{n}",
            f"NAME{n}",
            f"{1 + n % 28:02}/07/19{40 + n % 50}",
            rng.choice(["M", "F"]),
            *texts,
        ]
        cells += [rng.choice(["2", "3A", "4"]), rng.choice(["PERSO", "VSAB"]), rng.choice(["6", "8"])]
        cells += [str(60 + n % 40), f"37,{n % 10}" if n else "NR", "3"]
        lines.append(";".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_french_file_of_visits_is_drafted_so_that_it_reads_at_once(tmp_path: Path) -> None:
    """Times with their form, codes, decimal commas, codes for unknown, the age from the birth date."""
    path = _visits_csv(tmp_path / "passages_urgences.csv")
    draft = _draft(path)
    found = _through(path, draft)
    visits = found.tables["visits"]
    last = visits[visits["left_at"].notna()]
    assert visits["visit_id"].nunique() == len(last) == 60
    assert ((last["seen_at"] - last["arrived_at"]).dt.total_seconds() == 40 * 60).all()
    assert ((last["triaged_at"] - last["arrived_at"]).dt.total_seconds() == 5 * 60).all()
    assert set(last["triage"]) == {"2", "3A", "4"}
    assert set(last["arrival_mode"]) == {"walk_in", "ambulance"}
    assert set(last["disposition"]) == {"admitted", "home"}
    assert last["age_years"].between(33, 84).all()
    assert last["temperature_celsius"].isna().sum() == 1
    assert found.audit_attributes == ("sex",)
    assert '#   "Nom" (text)' in draft.splitlines()


def test_no_draft_shows_a_person(tmp_path: Path) -> None:
    """No id, name or birth date; of codes none that is rare, long or one of very many."""
    text = _draft(_visits_csv(tmp_path / "passages.csv"))
    assert not any(word in text for word in ("SECRET", "NAME", "/07/19", "04/03/2024"))
    frame = pd.DataFrame({"visit_id": range(300), "arrived_at": "2024-03-04T08:00Z"})
    frame["sexe"] = ["M"] * 299 + ["SECRET"]
    frame["triage"] = ["2"] * 200 + ["SECRET and much more that is no code"] * 100
    frame["Mode de sortie"] = [f"SECRET{n // 6}" for n in range(300)]
    frame.to_csv(tmp_path / "visits.csv", index=False)
    text = _draft(tmp_path / "visits.csv")
    assert "SECRET" not in text
    assert "1 rare or long ones" in text


@pytest.mark.parametrize(("sign", "line"), [(".", True), (",", True), (" ", False), ("'", False)])
def test_numbers_over_a_thousand_are_matched_and_asked_about(tmp_path: Path, sign: str, line: bool) -> None:
    """A point or comma in front of three digits is a question for a person; never a decimal sign at once."""
    path = tmp_path / "census.csv"
    rows = [f"2024-03-{day:02d};A;{990 + day:,}".replace(",", sign) for day in range(1, 29)]
    path.write_text("\n".join(["date;service;occupied", *rows]) + "\n", encoding="utf-8")
    lines = _draft(path).splitlines()
    assert 'occupied = "occupied"' in lines
    assert any(text.startswith(f'# TODO thousands = "{sign}"') for text in lines) is line
    assert 'decimal = ","' not in lines


def test_every_guess_about_the_file_is_a_todo(tmp_path: Path) -> None:
    """Its decimal sign, what stands for nothing, its encoding, its names' line and its last lines."""
    path = tmp_path / "recensement.csv"
    rows = [f"{day:02d}/03/2024;Médecine;{day},5;{'NR' if day % 3 else 2}" for day in range(1, 29)]
    lines = ["CH de Vauclair;;;", "Jour;Service;Présents;En attente", *rows, "Total;;406;"]
    path.write_text("\n".join(lines) + "\n", encoding="cp1252")
    drafted = _draft(path).splitlines()
    guesses = ("decimal", "missing", "encoding", "header_row", "footer_rows")
    found = [n for n, line in enumerate(drafted) if line.startswith(guesses)]
    assert {drafted[n].split(" ")[0] for n in found} == set(guesses)
    for n in found:
        assert " # TODO" in drafted[n] or drafted[n - 1].startswith("# TODO"), drafted[n]


def test_what_is_not_matched_is_a_todo_and_the_draft_is_refused_until_it_is_done(tmp_path: Path) -> None:
    """With the contract's own word for what is lacking."""
    path = tmp_path / "sejours.csv"
    path.write_text(
        "UF;Entrée;Zzz\n" + "".join(f"A;2024-03-0{n + 1} 08:00;q\n" for n in range(5)), encoding="utf-8"
    )
    draft = _draft(path)
    lines = draft.splitlines()
    assert '# stay_id = "COLUMN"' in lines
    assert '# source = "COLUMN"' in lines
    with pytest.raises(MappingError) as caught:
        _through(path, draft)
    assert {f.path for f in caught.value.faults} == {
        "tables.stays.columns.stay_id",
        "tables.stays.columns.source",
    }
    finished = draft.replace('# stay_id = "COLUMN"', 'stay_id = { join = ["UF", "Entrée"] }')
    finished = finished.replace('# source = "COLUMN"', 'source = { constant = "emergency" }')
    assert len(_through(path, finished).tables["stays"]) == 5


def test_a_spreadsheet_with_a_column_a_ward_is_drafted_under_its_title(tmp_path: Path) -> None:
    """Patients and beds of a ward find each other; a total is no ward."""
    rows: list[list[object]] = [
        ["Lits de l'hôpital"],
        ["Jour", "Médecine", "Lits médecine", "Chirurgie", "TOTAL"],
    ]
    rows += [[START.replace(hour=0) + timedelta(days=n), 10 + n, 16, 9, 19 + n] for n in range(9)]
    path = write_xlsx(tmp_path / "lits.xlsx", rows)
    draft = _draft(path)
    census = _through(path, draft).tables["census"]
    assert census["unit"].value_counts().to_dict() == {"Médecine": 9, "Chirurgie": 9}
    assert set(census.loc[census["unit"] == "Médecine", "staffed"]) == {16}
    assert '#   "TOTAL" (number)' in draft.splitlines()
    guesses = draft.partition("[tables.census.columns]")[2].splitlines()
    assert all("TODO confirm (likely" in line for line in guesses if " = " in line)
    assert '"first" or "second" of the two hours when the clock goes back, or "in_order"' in draft


def test_an_rpu_export_is_drafted_without_anything_from_after_the_examination(tmp_path: Path) -> None:
    """The local time of first contact is found; a file without one says what to add."""
    passages = [passage(NAISSANCE=f"{n + 1:02}/03/1984") for n in range(20)]
    path = write_rpu(tmp_path / "rpu.xml", passages)
    draft = _draft(path)
    found = _through(path, draft)
    assert found.tables["visits"]["seen_at"].notna().any()
    for column in ("triage", "reason", "arrival_mode", "destination_unit"):
        assert found.tables["visits"][column].isna().all(), column
    comments = [line for line in draft.splitlines() if line.startswith("#   ")]
    for column in ("GRAVITE", "DP", "ORIENT", "TRANSPORT", "MODE_ENTREE", "MOTIF"):
        assert any(f'"{column}"' in line for line in comments), column
    (age,) = [line for line in draft.splitlines() if line.startswith("age_years")]
    assert 'years_since = "NAISSANCE"' in age
    assert "TODO confirm (likely" in age
    for one in passages:
        del one["PREMIER_CONTACT"]
    assert "# seen_at = " in _draft(write_rpu(path, passages))
    pd.DataFrame(passages).to_csv(tmp_path / "rpu.csv", index=False)
    assert "TRANSPORT" not in "".join(x for x in _draft(tmp_path / "rpu.csv").splitlines() if x[0:1] != "#")


@pytest.mark.parametrize("form", ["%m/%Y", "%d/%m/%Y"])
def test_monthly_totals_are_drafted_with_the_reason_why_they_are_refused(tmp_path: Path, form: str) -> None:
    """Whether they write a day or not."""
    lines = [f"{ward};{datetime(2023, m, 1):{form}};{300 + m}" for m in range(1, 13) for ward in "AB"]
    path = tmp_path / "totaux.csv"
    path.write_text("Service;Mois;Patients\n" + "\n".join(lines) + "\n", encoding="utf-8")
    draft = _draft(path)
    assert "no day can be" in draft
    with pytest.raises((MappingError, HistoryError), match="no day can be recovered"):
        _through(path, draft)


def test_files_without_names_or_with_nothing_known_are_refused_without_showing_them(tmp_path: Path) -> None:
    """The first line of a file without names is a patient."""
    path = tmp_path / "x.csv"
    for text, code in (
        ("SECRET,04/03/2024,F\nSECRET,05/03/2024,M\n", "no_header"),
        ("SECRET,zzz\na,b\n", "no_known_column"),
    ):
        path.write_text(text)
        with pytest.raises(ContractError) as caught:
            _draft(path)
        assert [f.code for f in caught.value.faults] == [code]
        assert "SECRET" not in str(caught.value)


def test_a_form_that_nothing_tells_apart_is_asked_for(tmp_path: Path) -> None:
    """01/02/2024 is in January to some and in February to others."""
    path = tmp_path / "passages.csv"
    path.write_text("passage,entree\n" + "".join(f"{n},0{n}/02/2024 08:00\n" for n in range(1, 9)))
    assert "%m/%d/%Y %H:%M: say which is meant" in _draft(path)


@pytest.mark.parametrize("table", list(TABLES))
def test_every_column_of_the_contract_is_known_by_its_own_name(table: str) -> None:
    """What Vigie calls it is one of its names, and tells the table."""
    cells = {Kind.TIME: "2024-03-04T08:00Z", Kind.NUMBER: "3", Kind.INTEGER: "4"}
    columns = TABLES[table].columns
    seen = [see(c.name, pd.Series([cells.get(c.kind, "text")])) for c in columns]
    found = {name: s.name for name, s in match_columns(table, seen).items()}
    lacking = {c.name for c in columns} - set(found) - {"reason"}
    assert not lacking
    assert all(name == column for name, column in found.items())
    assert infer_table(table, seen) == table


def test_a_table_with_a_row_a_unit_and_day_is_not_taken_for_one_with_a_column_a_ward(tmp_path: Path) -> None:
    """A day that comes again has a row for something else; which column names it is asked for."""
    lines = [f"2024-03-{d:02},{land},{20 + d},{5}" for d in range(1, 29) for land in ("Bremen", "Berlin")]
    path = tmp_path / "register.csv"
    path.write_text("datum,land,betten_belegt,betten_frei\n" + "\n".join(lines) + "\n")
    draft = _draft(path)
    assert "[tables.census.units]" not in draft
    assert '# unit = "COLUMN"' in draft.splitlines()
    census = _through(path, draft.replace('# unit = "COLUMN"', 'unit = "land"')).tables["census"]
    assert census["unit"].value_counts().to_dict() == {"Bremen": 28, "Berlin": 28}


@pytest.mark.parametrize("form", ["%d%m%Y", "%Y%m%d"])
def test_days_of_eight_digits_are_days(tmp_path: Path, form: str) -> None:
    """As a French stay record writes them; read through the draft, once a person says what the codes mean."""
    days = [START + timedelta(days=9 * n) for n in range(40)]
    rows = [f"{n};MED;{d:{form}};8;{d + timedelta(days=3):{form}}" for n, d in enumerate(days)]
    path = tmp_path / "rum.csv"
    path.write_text("NUM_RUM;UM;DATE_ENTREE;MODE_ENTREE;DATE_SORTIE\n" + "\n".join(rows) + "\n")
    draft = _draft(path)
    assert f'entered_at = {{ column = "DATE_ENTREE", format = "{form}" }}' in draft
    found = _through(path, draft.replace("codes = {  }", 'codes = { "8" = "elective" }'))
    assert [t.tz_convert("Europe/Paris").date() for t in found.tables["stays"]["entered_at"][:40]] == [
        d.date() for d in days
    ]


def test_every_guess_says_how_sure_it_is(tmp_path: Path) -> None:
    """Likely by name and values, doubtful where two fit or the column is empty; none at the contract's own names."""
    rows = "".join(f"{n};A;0{1 + n % 9}/03/2024;0{1 + n % 9}/04/2024;;urgences\n" for n in range(30))
    path = tmp_path / "sejours.csv"
    path.write_text("stay_id;Service;Date entree;Date admission;Date sortie;Provenance\n" + rows)
    lines = {line.split(" = ")[0]: line for line in _draft(path).splitlines() if " = " in line}
    assert "TODO" not in lines["stay_id"]
    assert "TODO confirm (likely" in lines["unit"]
    assert 'TODO confirm (doubtful: "Date admission" would fit as well)' in lines["entered_at"]
    assert "TODO confirm (doubtful: by its name alone" in lines["left_at"]
    load_mapping_text = _draft(path)
    (tmp_path / "draft.toml").write_text(load_mapping_text)
    load_mapping(tmp_path / "draft.toml")


def test_arrival_and_triage_make_a_table_of_visits_with_a_time_of_triage(tmp_path: Path) -> None:
    """Though ward, source and number would make it one of stays; without a time of triage the arrival's is proposed."""
    rows = "".join(f"{n};ACCUEIL;urgences;{START + timedelta(hours=n):%d/%m/%Y %H:%M};3\n" for n in range(30))
    path = tmp_path / "export.csv"
    path.write_text("Numero sejour;Service;Provenance;Date entree;Triage\n" + rows)
    draft = _draft(path)
    assert "[tables.visits]" in draft
    assert 'triaged_at = { column = "Date entree", format = "%d/%m/%Y %H:%M" }' in draft
    assert "no time of triage was matched" in draft
