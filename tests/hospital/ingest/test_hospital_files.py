"""The forms of files that hospitals have, through the shipped mappings to the tables of the contract."""

from pathlib import Path

import pytest

from hospital.errors import ContractError, MappingError
from hospital.ingest.hospital_reader import read_hospital
from hospital.ingest.pseudonyms import pseudonym
from hospital.ingest.raw_files import parse
from hospital.mapping.mapping_file import load_mapping
from tests.support.hospital_files import (
    HEAD,
    KEY,
    faults_of,
    passage,
    read_french,
    read_shipped,
    write_rpu,
)


def test_rpu_exports_are_read_with_the_hospitals_own_time_of_first_contact(tmp_path: Path) -> None:
    """Two months of two sites: one visit a passage, its wait in minutes, its pseudonym joined from its parts."""
    write_rpu(tmp_path / "RPU_2024-03.xml", [passage(), passage(NAISSANCE="05/03/1984", PREMIER_CONTACT="")])
    unknown = passage(
        ENTREE="04/04/2024 09:00", PREMIER_CONTACT="", SORTIE="", SEXE="I", NAISSANCE="04/04/1954"
    )
    write_rpu(tmp_path / "RPU_2024-04.xml", [unknown], finess="350000002")
    found = read_shipped(tmp_path, "rpu")
    last = found.tables["visits"].sort_values("received_at").groupby("visit_id", as_index=False).last()
    by_id = last.set_index("visit_id")
    first = by_id.loc[pseudonym(KEY, "350000001|04/03/2024 08:10|15/03/1984|F|35000")]
    assert (first["seen_at"] - first["arrived_at"]).total_seconds() == 40 * 60
    assert str(first["arrived_at"]) == "2024-03-04 07:10:00+00:00"
    assert (first["age_years"], first["sex"], first["disposition"]) == (39, "F", "home")
    assert sorted(last["age_years"]) == [39, 39, 70]
    assert sorted(set(last["department"])) == ["350000001", "350000002"]
    other = by_id.loc[pseudonym(KEY, "350000002|04/04/2024 09:00|04/04/1954|I|35000")]
    assert other[["seen_at", "left_at", "sex"]].isna().all()
    assert found.audit_attributes == ("sex",)


def test_nothing_of_an_rpu_that_is_set_after_the_examination_becomes_a_feature(tmp_path: Path) -> None:
    """Neither the birth date nor the CCMU, the diagnosis, the transport or the orientation is in any table."""
    write_rpu(tmp_path / "a.xml", [passage(GRAVITE="SECRET", DP="SECRET", ORIENT="SECRET", MOTIF="SECRET")])
    visits = read_shipped(tmp_path, "rpu").tables["visits"]
    for column in ("triage", "arrival_mode", "reason", "destination_unit"):
        assert visits[column].isna().all(), column
    text = visits.to_csv()
    assert "SECRET" not in text
    assert "1984" not in text
    assert "35000" not in text.replace("350000001", "")


@pytest.mark.parametrize("column", ["GRAVITE", "ccmu", "TRI_CCMU", "ORIENT", "DP", "MODE_SORTIE"])
def test_a_mapping_that_would_forecast_from_hindsight_is_refused(tmp_path: Path, column: str) -> None:
    """The CCMU looks like a triage level and is known only after the wait."""
    text = '[tables.visits.columns]\nvisit_id = "ID"\narrived_at = "ENTREE"\nleft_at = "SORTIE"\n'
    path = tmp_path / "mapping.toml"
    path.write_text(HEAD + text)
    assert load_mapping(path).tables
    path.write_text(HEAD + text + f'triage = "{column}"\nreason = {{ join = ["X", "{column}"] }}\n')
    with pytest.raises(MappingError, match="after the examination") as caught:
        load_mapping(path)
    assert {f.path.rpartition(".")[2] for f in caught.value.faults} == {"triage", "reason"}


def test_ages_are_whole_years_at_the_arrival_and_an_impossible_birth_is_a_fault(tmp_path: Path) -> None:
    """The day before a birthday, on it, on 29 February, and born after the arrival."""
    born = ["04/03/1984", "05/03/1984", "29/02/2004", "31/12/1899", "SECRET", "05/03/2024"]
    entries = [passage(NAISSANCE=b, CP=str(n)) for n, b in enumerate(born)]
    write_rpu(tmp_path / "good.xml", entries[:3])
    ages = read_shipped(tmp_path, "rpu").tables["visits"].groupby("visit_id")["age_years"].first()
    assert sorted(ages) == [20, 39, 40]
    write_rpu(tmp_path / "wrong.xml", entries[3:5])
    with pytest.raises(MappingError) as caught:
        read_shipped(tmp_path, "rpu")
    assert faults_of(caught.value) == {
        ("visits/wrong.xml[0].NAISSANCE", "year_of_never", 1),
        ("visits/wrong.xml[1].NAISSANCE", "not_a_time", 1),
    }
    write_rpu(tmp_path / "wrong.xml", entries[5:])
    with pytest.raises(ContractError) as refused:
        read_shipped(tmp_path, "rpu")
    assert faults_of(refused.value) == {("visits/wrong.xml[0].age_years", "out_of_range", 1)}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<OSCOUR><PASSAGES><PATIENT><CP>1</CP></PATIENT>", "not_xml"),
        (b"no xml", "not_xml"),
        (b"<OSCOUR><PASSAGES/></OSCOUR>", "no_rows"),
        (b'<?xml version="1.0" encoding="latin-99"?><OSCOUR/>', "not_xml"),
        (
            b'<!DOCTYPE a [<!ENTITY b "SECRET">]><OSCOUR><PATIENT><CP>&b;</CP></PATIENT></OSCOUR>',
            "unsafe_xml",
        ),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><OSCOUR/>', "unsafe_xml"),
    ],
)
def test_wrong_or_unsafe_xml_is_refused(content: bytes, code: str) -> None:
    """Truncated, another document, entities that expand or read other files."""
    with pytest.raises(ContractError) as caught:
        parse("export.xml", content)
    assert faults_of(caught.value) == {("export.xml", code, 1)}


def test_a_file_with_its_ending_in_capitals_is_what_it_says(tmp_path: Path) -> None:
    """As programs for Windows write them; `@file` leaves it out too."""
    (tmp_path / "NORD.CSV").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n")
    assert read_french(tmp_path, STAYS.format('"*.CSV"')).tables["stays"]["unit"].tolist() == ["NORD-A"]
    assert len(parse("RPU.XML", write_rpu(tmp_path / "RPU.XML", [passage()]).read_bytes())) == 1
    with pytest.raises(ContractError, match=r"\.xlsx"):
        parse("lits.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


STAYS = """
[tables.stays]
file = {}
[tables.stays.columns]
stay_id = {{ join = ["@file", "SEJOUR"] }}
unit = {{ join = ["@file", "UF"], between = "-" }}
entered_at = {{ join = ["JOUR", "HEURE"], format = "%d/%m/%Y %H:%M" }}
source = {{ constant = "emergency" }}
"""
SITES = '[units."nord-A"]\nsite = "350000001"\n[units."sud-A"]\nsite = "350000002"\nlabel = "Sud A"\n'


def test_several_sites_with_a_file_each_are_one_hospital(tmp_path: Path) -> None:
    """The same ward code and stay number at two sites are two wards and two stays."""
    (tmp_path / "nord.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n2;B;04/03/2024;9:30\n")
    (tmp_path / "sud.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;10:00\n")
    for files in ('["nord.csv", "sud.csv"]', '"*.csv"'):
        found = read_french(tmp_path, SITES + STAYS.format(files))
        stays = found.tables["stays"]
        assert stays["unit"].tolist() == ["nord-A", "nord-B", "sud-A"]
        assert stays["stay_id"].tolist() == [pseudonym(KEY, t) for t in ("nord 1", "nord 2", "sud 1")]
        assert [t.hour for t in stays["entered_at"]] == [7, 8, 9]
        units = found.tables["units"].set_index("unit")
        assert units.loc["sud-A", ["label", "site"]].tolist() == ["Sud A", "350000002"]
        assert units["site"].notna().tolist() == [True, True, False]


def test_each_of_several_files_has_its_own_faults(tmp_path: Path) -> None:
    """All at once, by the file's name."""
    (tmp_path / "nord.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;04/03/2024;08:00\n2;;SECRET;08:00\n")
    (tmp_path / "sud.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;SECRET;10:00\n")
    text = STAYS.format('["nord.csv", "sud.csv"]')
    with pytest.raises(ContractError) as caught:
        read_french(tmp_path, text)
    assert faults_of(caught.value) == {
        ("stays/nord.csv[1].entered_at", "not_a_time", 1),
        ("stays/nord.csv[1].unit", "missing", 1),
        ("stays/sud.csv[0].entered_at", "not_a_time", 1),
    }
    (tmp_path / "sud.csv").write_text("SEJOUR;UF\n1;A\n")
    (tmp_path / "est.csv").write_bytes(b"")
    with pytest.raises(MappingError) as refused:
        read_french(
            tmp_path,
            text.replace('["nord.csv",', '["est.csv", "west_*.csv", "nord.csv",').replace("west_*", "e*t"),
        )
    assert faults_of(refused.value) == {
        ("est.csv", "empty_file", 1),
        ("stays/sud.csv.HEURE", "column_not_in_file", 1),
        ("stays/sud.csv.JOUR", "column_not_in_file", 1),
    }
    with pytest.raises(ContractError, match=r"no file of the folder has a name like west_\*\.csv"):
        read_french(tmp_path, text.replace('"sud.csv"', '"west_*.csv"'))


def test_rows_that_two_exports_share_count_once_and_may_not_differ(tmp_path: Path) -> None:
    """Exports of two months overlap at their border."""
    head, row = "stay_id,unit,entered_at,left_at,source\n", "S1,A,2024-01-31T08:00Z,{},emergency\n"
    columns = "".join(f'{n} = "{n}"\n' for n in head.strip().split(","))
    text = f'[tables.stays]\nfile = "2024-*.csv"\n[tables.stays.columns]\n{columns}'
    (tmp_path / "2024-01.csv").write_text(head + row.format(""))
    (tmp_path / "2024-02.csv").write_text(head + row.replace("S1", "S2").format("") + row.format(""))
    assert read_french(tmp_path, text).tables["stays"]["stay_id"].nunique() == 2
    (tmp_path / "2024-02.csv").write_text(head + row.format("2024-02-01T08:00Z"))
    with pytest.raises(ContractError) as caught:
        read_french(tmp_path, text)
    assert faults_of(caught.value) == {("stays/2024-02.csv[0].stay_id", "conflicting_revision", 1)}


def test_the_zone_and_repeated_hour_hold_for_joined_times(tmp_path: Path) -> None:
    """02:30 on 27 October 2024 came twice in Paris."""
    (tmp_path / "a.csv").write_text("SEJOUR;UF;JOUR;HEURE\n1;A;27/10/2024;02:30\n")
    at = read_french(tmp_path, STAYS.format('"a.csv"')).tables["stays"]["entered_at"][0]
    assert str(at) == "2024-10-27 00:30:00+00:00"
    text = (HEAD + STAYS.format('"a.csv"')).replace('"first"', '"refuse"')
    (tmp_path / "mapping.toml").write_text(text)
    with pytest.raises(ContractError, match="Europe/Paris showed this time twice on 2024-10-27"):
        read_hospital(tmp_path, load_mapping(tmp_path / "mapping.toml"), KEY)
