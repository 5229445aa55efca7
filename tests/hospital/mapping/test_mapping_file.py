"""Mapping files: what they can say, and that everything wrong with one is said at once."""

from pathlib import Path

import pandas as pd
import pytest

from hospital.errors import MappingError
from hospital.mapping.checked_mapping import Mapping
from hospital.mapping.column_mapping import apply_mapping
from hospital.mapping.mapping_file import load_mapping
from hospital.mapping.mapping_reference import reference
from tests.support.repository import ROOT

HEAD = '[mapping]\nname = "Test"\nzone = "Europe/Paris"\n'
CENSUS = '[tables.census.columns]\nunit = "W"\nat = "T"\noccupied = "N"\n'
VISITS = '[tables.visits.columns]\nvisit_id = "ID"\narrived_at = "T"\n'
SHIPPED = sorted((ROOT / "docs" / "mappings").glob("*.toml"))


def _load(folder: Path, text: str) -> Mapping:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def _faults(folder: Path, text: str) -> set[tuple[str, str]]:
    with pytest.raises(MappingError) as caught:
        _load(folder, text)
    assert all(f.message for f in caught.value.faults)
    return {(f.path, f.code) for f in caught.value.faults}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_mapping_is_right(path: Path) -> None:
    """What we ship loads, and says where its data come from and on which terms."""
    mapping = load_mapping(path)
    assert mapping.name
    assert mapping.source
    assert mapping.licence
    assert mapping.tables


def test_the_example_of_the_language_is_right(tmp_path: Path) -> None:
    """The documentation's mapping loads as it stands there."""
    text = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")
    mapping = _load(tmp_path, text.split("```toml\n")[1].split("```")[0])
    assert mapping.audit_attributes == ("sex",)
    assert (mapping.repeated, mapping.decimal, mapping.missing) == ("first", ",", ("", "NR", "-9"))
    assert mapping.clock("visits").forms == {"arrived_at": "%d/%m/%Y %H:%M"}


def test_every_piece_of_the_documentation_is_of_the_language(tmp_path: Path) -> None:
    """Each piece, with what it needs around it, loads."""
    text = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")
    chunks = [chunk.split("```")[0] for chunk in text.split("```toml\n")[2:]]
    assert len(chunks) == 9
    stays = 'entered_at = "E"\nsource = { constant = "emergency" }\n'
    for chunk in chunks:
        around = {
            "at =": '[tables.census.columns]\nunit = "U"\noccupied = "O"\n' + chunk,
            "age_years": VISITS + chunk,
            '[units."nord': chunk + stays,
            "[tables.census]": chunk + ("" if "columns]" in chunk else CENSUS),
            "[tables.census.columns": chunk,
            "source =": '[tables.stays.columns]\nstay_id = "S"\nunit = "U"\nentered_at = "E"\n' + chunk,
            '[units."Méd': chunk + CENSUS,
            '[names."CRIT': chunk + CENSUS,
        }
        [whole] = [w for start, w in around.items() if chunk.startswith(start)]
        assert _load(tmp_path, HEAD + whole).tables


def test_the_committed_reference_is_what_the_schema_generates() -> None:
    """After the language or a contract has changed: `python -m hospital.mapping.mapping_reference`."""
    page = ROOT / "docs" / "mapping-reference.md"
    assert page.read_text(encoding="utf-8") == reference()


def test_everything_wrong_with_a_mapping_is_said_at_once(tmp_path: Path) -> None:
    """Whoever writes one corrects it once."""
    text = """
    extra = 1
    [mapping]
    zone = "Mars/Olympus"
    repeated_hour = "third"
    decimal = ";"
    colour = "blue"
    [tables.bedz.columns]
    a = "b"
    [tables.stays]
    file = 3
    sheet = 3
    page = "x"
    audit = ["sex"]
    [tables.stays.columns]
    stay_id = { column = "S", sum = ["A", "B"] }
    unit = { sum = ["A", "B"] }
    entered_at = { column = "E", format = "%Q" }
    left_at = { column = "L", scale = 2.0 }
    source = { column = "O", codes = { "1" = "by bus" } }
    bed = "B"
    [tables.visits.columns]
    arrived_at = { colum = "T" }
    age_years = { column = "A", format = "%Y" }
    triaged_at = { column = "R", format = "%d/%m %H:%M" }
    heart_rate = { constant = "fast" }
    reason = { constant = 3 }
    triage = { constant = "1", missing = ["9"] }
    spo2_percent = { difference = ["A"] }
    [tables.visits.audit]
    seen_at = "SEEN"
    "two words" = "W"
    """
    assert _faults(tmp_path, text) == {
        ("extra", "unknown_key"),
        ("mapping.name", "missing"),
        ("mapping.zone", "unknown_zone"),
        ("mapping.repeated_hour", "literal_error"),
        ("mapping.decimal", "literal_error"),
        ("mapping.colour", "unknown_key"),
        ("tables.bedz", "unknown_table"),
        ("tables.stays.file", "not_text"),
        ("tables.stays.sheet", "string_type"),
        ("tables.stays.page", "unknown_key"),
        ("tables.stays.audit", "not_here"),
        ("tables.stays.columns.stay_id", "not_one_source"),
        ("tables.stays.columns.stay_id", "not_a_number"),
        ("tables.stays.columns.unit", "not_a_number"),
        ("tables.stays.columns.entered_at", "bad_format"),
        ("tables.stays.columns.left_at", "not_a_number"),
        ("tables.stays.columns.source", "not_a_meaning"),
        ("tables.stays.columns.bed", "unknown_column"),
        ("tables.visits.columns.visit_id", "missing"),
        ("tables.visits.columns.arrived_at.colum", "unknown_key"),
        ("tables.visits.columns.age_years", "not_a_time"),
        ("tables.visits.columns.age_years", "no_day"),
        ("tables.visits.columns.triaged_at", "bad_format"),
        ("tables.visits.columns.heart_rate", "not_a_meaning"),
        ("tables.visits.columns.reason", "not_text"),
        ("tables.visits.columns.triage", "constant_alone"),
        ("tables.visits.columns.spo2_percent.difference", "too_short"),
        ("tables.visits.audit.seen_at", "name_taken"),
        ("tables.visits.audit.two words", "not_a_name"),
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ("tables", "missing")),
        ("= 3", ("mapping.toml", "not_toml")),
        (HEAD, ("tables", "missing")),
        (HEAD + '[tables]\ncensus = "x"\n', ("tables.census", "not_a_table")),
        (HEAD + '[tables.census]\ncolumns = ["unit"]\n', ("tables.census.columns", "not_a_table")),
        (
            HEAD + CENSUS + '[tables.census.covariates]\nhospital = "H"\n',
            ("tables.census.covariates.hospital", "name_of_feature"),
        ),
        (HEAD.replace("Europe/Paris", "Europe") + CENSUS, ("mapping.zone", "unknown_zone")),
        (HEAD.replace("Europe/Paris", "../etc/passwd") + CENSUS, ("mapping.zone", "unknown_zone")),
    ],
)
def test_what_is_no_mapping_is_refused_in_words(tmp_path: Path, text: str, fault: tuple[str, str]) -> None:
    """An empty file, another file, the shape of another language."""
    assert fault in _faults(tmp_path, text)


def test_a_file_that_is_not_there_or_not_utf8_is_refused_in_words(tmp_path: Path) -> None:
    """No traceback of the system's."""
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes('[mapping]\nname = "é"'.encode("latin-1"))
    with pytest.raises(MappingError, match="UTF-8"):
        load_mapping(tmp_path / "latin.toml")


def test_sums_differences_constants_and_units_of_measure(tmp_path: Path) -> None:
    """A part that is missing makes the result missing: unknown is never 0."""
    text = HEAD + (
        '[tables.census.columns]\nunit = { constant = "A" }\nat = "T"\noccupied = { sum = ["a", "b"] }\n'
        'staffed = { difference = ["a", "b", "c"] }\nwaiting = { column = "a", scale = 2, offset = -1 }\n'
        "[tables.census]\ncovariates = ['c']\n"
    )
    text = text.replace("[tables.census]\ncovariates = ['c']\n", '[tables.census.covariates]\nc = "c"\n')
    raw = pd.DataFrame({"T": ["x", "y"], "a": ["10", "4"], "b": ["2", None], "c": [1, 0]})
    out = apply_mapping(_load(tmp_path, text), "census", raw)
    assert out["occupied"].tolist()[0] == 12
    assert out["staffed"].tolist()[0] == 7
    assert out[["occupied", "staffed"]].isna().to_numpy().tolist() == [[False, False], [True, True]]
    assert out["waiting"].tolist() == [19, 7]
    assert out["unit"].tolist() == ["A", "A"]
    assert out["c"].tolist() == [1, 0]


def test_codes_and_missing_are_compared_as_people_write_them(tmp_path: Path) -> None:
    """A file's 9.0 is the mapping's 9; spaces around do not count; missing wins over codes."""
    text = HEAD.replace("zone", 'missing = [-9, "NR"]\nzone') + VISITS
    text += 'age_years = { column = "A", missing = ["999"] }\n'
    text += 'triage = { column = "TRI", codes = { "9" = "1", "2" = "3A" } }\n'
    text += '[tables.visits.audit]\nsex = { column = "S", codes = { "1" = "M", "2" = "F" } }\n'
    raw = pd.DataFrame(
        {
            "ID": ["a", "b", "c", "NR"],
            "T": ["x"] * 4,
            "A": [40.0, -9.0, 999.0, None],
            "TRI": [9.0, 2.0, -9.0, None],
            "S": [" 1", "2 ", "NR", None],
        }
    )
    out = apply_mapping(_load(tmp_path, text), "visits", raw)
    assert out["age_years"].dropna().tolist() == [40.0]
    assert [None if pd.isna(v) else v for v in out["triage"]] == ["1", "3A", None, None]
    assert [None if pd.isna(v) else v for v in out["sex"]] == ["M", "F", None, None]
    assert out["visit_id"].isna().tolist() == [False, False, False, True]


def test_a_decimal_comma_is_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    """And then a point is not one: 1.000 would be a thousand to some and one to others."""
    text = HEAD + 'decimal = ","\n' + CENSUS
    raw = pd.DataFrame({"W": ["A"] * 3, "T": ["x"] * 3, "N": ["12,5", "7", "1.000"]})
    with pytest.raises(MappingError) as caught:
        apply_mapping(_load(tmp_path, text), "census", raw)
    assert [(f.path, f.code) for f in caught.value.faults] == [("census[2].N", "thousands_or_decimals")]
    assert apply_mapping(_load(tmp_path, text), "census", raw[:2])["occupied"].tolist() == [12.5, 7.0]


@pytest.mark.parametrize(
    ("head", "numbers", "expected"),
    [
        ('thousands = "."\n', ["998", "1.211", "12.004.017", None], [998, 1211, 12_004_017, None]),
        ('thousands = "."\n', ["998,5", "1.211,25"], [998.5, 1211.25]),
        ('thousands = ","\n', ["998.5", "1,211", "-1,211.5"], [998.5, 1211, -1211.5]),
        ('thousands = "none"\n', ["998", "1.211"], [998, 1.211]),
        ('decimal = ","\nthousands = "none"\n', ["998", "1,211"], [998, 1.211]),
        # What shows that the sign is a decimal one needs no word.
        ("", ["1.211", "17.5"], [1.211, 17.5]),
        ("", ["1.211", "1402"], [1.211, 1402]),
        ("", ["0.211", "0.402"], [0.211, 0.402]),
        ("", ["1 211", "1'004.5", "7"], [1211, 1004.5, 7]),
    ],
)
def test_thousands_are_read_as_the_mapping_or_the_column_says(
    tmp_path: Path, head: str, numbers: list[str | None], expected: list[float | None]
) -> None:
    """Groups of three digits, with their sign named or shown to be none."""
    raw = pd.DataFrame({"W": ["A"] * len(numbers), "T": ["x"] * len(numbers), "N": numbers})
    for cells in (raw["N"], raw["N"].astype("str")):
        occupied = apply_mapping(_load(tmp_path, HEAD + head + CENSUS), "census", raw.assign(N=cells))[
            "occupied"
        ]
        assert [None if pd.isna(n) else n for n in occupied] == expected


@pytest.mark.parametrize(
    ("head", "numbers", "faults"),
    [
        ("", ["998", "1.211", "1.004"], [("census[1].N", "thousands_or_decimals")]),
        ('decimal = ","\n', ["998", "1,211"], [("census[1].N", "thousands_or_decimals")]),
        # The other sign, and more than one group: what to say is the sign between thousands.
        ("", ["998", "1,211"], [("census[1].N", "thousands_or_decimals")]),
        ('decimal = ","\n', ["998", "1.211"], [("census[1].N", "thousands_or_decimals")]),
        ("", ["998", "1.211.400"], [("census[1].N", "thousands_or_decimals")]),
        ('thousands = "."\n', ["1.211", "17.5"], [("census[1].N", "decimal_comma")]),
        ('thousands = "."\n', ["1.211", "1.21.400"], [("census[1].N", "not_a_number")]),
    ],
)
def test_a_number_that_could_be_over_a_thousand_is_refused(
    tmp_path: Path, head: str, numbers: list[str], faults: list[tuple[str, str]]
) -> None:
    """1.211 patients would otherwise be a little more than one."""
    raw = pd.DataFrame({"W": ["A"] * len(numbers), "T": ["x"] * len(numbers), "N": numbers})
    with pytest.raises(MappingError) as caught:
        apply_mapping(_load(tmp_path, HEAD + head + CENSUS), "census", raw)
    assert [(f.path, f.code) for f in caught.value.faults] == faults


def test_the_two_signs_of_a_number_differ(tmp_path: Path) -> None:
    """One sign for both says nothing."""
    assert _faults(tmp_path, HEAD + 'decimal = "."\nthousands = "."\n' + CENSUS) == {("mapping", "one_sign")}
    assert _faults(tmp_path, HEAD + 'thousands = " "\n' + CENSUS) == {("mapping.thousands", "literal_error")}


def test_a_mapping_that_does_not_fit_its_file_says_columns_rows_and_first_position(tmp_path: Path) -> None:
    """Everything at once, and never what stood there."""
    text = HEAD + VISITS + 'triage = { column = "TRI", codes = { "1" = "1" } }\n'
    text += 'age_years = "AGE"\nheart_rate = "PULSE"\nreason = "GONE"\n'
    raw = pd.DataFrame(
        {
            "ID": ["a", "b", "c"],
            "T": ["x"] * 3,
            "TRI": ["1", "SECRET", "SECRET"],
            "AGE": ["1", "2", "SECRET"],
        }
    )
    with pytest.raises(MappingError) as caught:
        apply_mapping(_load(tmp_path, text), "visits", raw)
    assert {(f.path, f.code, f.rows) for f in caught.value.faults} == {
        ("visits.GONE", "column_not_in_file", 3),
        ("visits.PULSE", "column_not_in_file", 3),
        ("visits[1].TRI", "code_not_listed", 2),
        ("visits[2].AGE", "not_a_number", 1),
    }
    assert "SECRET" not in str(caught.value)


WIDE = '[tables.census.columns]\nat = "T"\n[tables.census.units]\nA = { occupied = "A" }\n'


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (WIDE + 'B = { staffed = "B" }\n', {("tables.census.units.B.occupied", "missing")}),
        (WIDE + 'B = { occupied = "B", at = "T" }\n', {("tables.census.units.B.at", "named_twice")}),
        (WIDE + 'B = { occupied = "B", unit = "T" }\n', {("tables.census.units.B.unit", "named_twice")}),
        (WIDE.replace('at = "T"', 'at = "T"\nunit = "U"'), {("tables.census.columns.unit", "named_twice")}),
        (WIDE.replace('"A" }', "3 }"), {("tables.census.units.A.occupied", "model_type")}),
        (
            WIDE + 'B = "B"\n',
            {("tables.census.units.B", "not_a_table"), ("tables.census.units.B.occupied", "missing")},
        ),
        (VISITS + '[tables.visits.units]\nA = { triage = "A" }\n', {("tables.visits.units", "not_here")}),
        (VISITS + 'age_years = { join = ["A", "B"] }\n', {("tables.visits.columns.age_years", "not_a_text")}),
        (VISITS + 'left_at = { years_since = "A" }\n', {("tables.visits.columns.left_at", "not_a_number")}),
        (
            VISITS + 'age_years = { years_since = "A", scale = 2.0 }\n',
            {("tables.visits.columns.age_years", "years_alone")},
        ),
        (CENSUS + 'staffed = { years_since = "A" }\n', {("tables.census.columns.staffed", "not_here")}),
        (
            VISITS + 'reason = { column = "A", between = "-" }\n',
            {("tables.visits.columns.reason", "no_join")},
        ),
        (
            VISITS + 'left_at = { column = "A", format = "%m/%Y" }\n',
            {("tables.visits.columns.left_at", "no_day")},
        ),
        (
            "[tables.census]\nfile = []\nheader_row = 0\n" + CENSUS,
            {("tables.census.file", "not_text"), ("tables.census.header_row", "not_a_line")},
        ),
        ("[tables.census]\nunits = 3\n" + CENSUS, {("tables.census.units", "not_a_table")}),
        ('[units."  "]\nformerly = ["A"]\n' + CENSUS, {("units.", "blank")}),
    ],
)
def test_what_a_unit_a_join_or_an_age_cannot_be_is_refused(
    tmp_path: Path, text: str, faults: set[tuple[str, str]]
) -> None:
    """Each in its place."""
    assert _faults(tmp_path, HEAD + text) == faults
