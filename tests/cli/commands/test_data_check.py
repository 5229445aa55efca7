"""`vigie data check`: an exit code for each outcome, words for each finding, and nothing of a patient."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.main import main
from hospital.profile.facts import Finding, Weight
from hospital.profile.words import Words, codes
from hospital.simulator import simulate, write
from tests.support.repository import ROOT

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Most of a year of a small simulated hospital."""
    return simulate(300, seed=21, start=date(2024, 1, 8), scale=0.2)


@pytest.fixture(scope="module")
def data(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files."""
    folder = tmp_path_factory.mktemp("sound") / "hospital"
    write(tables, folder)
    return folder


@pytest.fixture(scope="module")
def damaged(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of visits are missing, one ward closed for good, and a rare language is spoken."""
    start = pd.Timestamp("2024-05-01", tz="UTC")
    visits = tables["visits"].copy()
    visits.loc[:4, "language"] = "SECRETLANGUAGE"
    hole = visits["arrived_at"].between(start, start + pd.Timedelta(days=21))
    stays = tables["stays"]
    closed = (stays["unit"] == "MED-A") & (stays["entered_at"] > start)
    folder = tmp_path_factory.mktemp("damaged") / "hospital"
    write({"visits": visits[~hole], "stays": stays[~closed], "units": tables["units"]}, folder)
    return folder


class Page(HTMLParser):
    """What a page holds: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_sound_tables_leave_0_and_damaged_ones_1(
    data: Path, damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The findings are said with what to do; `--json` gives the same for machines."""
    assert main(["data", "check", str(data), "--language", "en"]) == 0
    assert "No finding asks" in capsys.readouterr().out
    assert main(["data", "check", str(damaged), "--language", "en"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    arrived = pd.read_parquet(damaged / "visits.parquet")["arrived_at"].dt.tz_convert("Europe/Paris")
    middle = pd.Timestamp("2024-05-10", tz="UTC")
    before, after = arrived[arrived < middle].max(), arrived[arrived > middle].min()
    assert f"no row from {before:%Y-%m-%d} to {after:%Y-%m-%d}" in said
    assert "Ask for that time to be exported." in said
    assert main(["data", "check", str(damaged), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert body["verdict"] == "look"
    assert {f["code"] for f in body["findings"] if f["weight"] == "look"} == {"gap", "unit_closes"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_page_needs_nothing_else_and_shows_no_patient(
    damaged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    """No script, no request, no style attribute; every picture has words; no id and no small group."""
    out = tmp_path / "page.html"
    main(["data", "check", str(damaged), "--out", str(out), "--language", language])
    page = Page(out.read_text("utf-8"))
    names = {name for _, attributes in page.tags for name in attributes}
    assert "script" not in {tag for tag, _ in page.tags}
    assert not names & {"src", "srcset", "style"}
    assert not {n for n in names if n.startswith("on")}
    assert all((a["href"] or "").startswith("#") for tag, a in page.tags if tag == "a")
    pictures = [a for tag, a in page.tags if tag == "svg" and a.get("aria-hidden") != "true"]
    assert len(pictures) >= 4
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    assert ("html", {"lang": language}) in page.tags
    assert not re.search(r"\b[VSO]\d{7}\b|SECRET", page.text + capsys.readouterr().out)
    anchors = {a["id"] for _, a in page.tags if a.get("id")}
    assert {str(a["href"])[1:] for tag, a in page.tags if tag == "a"} <= anchors


@pytest.mark.browser
@pytest.mark.parametrize("size", [(390, 844), (1920, 1080)], ids=["phone", "desk"])
def test_the_page_in_a_browser(damaged: Path, tmp_path: Path, browser: Any, size: tuple[int, int]) -> None:
    """No error, nothing asked for but the file, nothing too wide; the gap is drawn in red."""
    out = tmp_path / "page.html"
    main(["data", "check", str(damaged), "--out", str(out)])
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(out.as_uri())
    assert (asked, errors) == ([out.as_uri()], [])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator("#tables figure").count() == 2
    assert page.locator("#tables rect[fill-opacity]").count() == 1
    assert page.get_by_role("heading", name="Ce que ces données permettent").is_visible()


def test_all_faults_of_all_tables_are_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four tables with faults, one of them there twice: each fault has its line, and no value is shown."""
    files = {
        "visits.csv": "visit_id,arrived_at,left_at,triage\n"
        "SECRET1,2024-01-02T10:00Z,2024-01-01T10:00Z,3A\nSECRET2,2023-02-29T10:00Z,,SECRET9\n",
        "stays.csv": "stay_id,unit,entered_at,left_at,source\nSECRET3,U,2024-01-02T10:00,,SECRET4\n",
        "census.csv": b"",
        "units.csv": "unit,label\nU,U\n",
        "units.parquet": b"PAR1",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["data", "check", str(tmp_path)]) == 2
    french = capsys.readouterr().err
    assert "les tables ne peuvent pas être lues\u00a0; 7 sortes de défauts" in french
    assert (
        "visits[0].left_at\u00a0: l'heure est avant arrived_at (passé minuit, avec la date de la veille\u00a0?"
        in french
    )
    assert main(["data", "check", str(tmp_path), "--language", "en"]) == 2
    said = capsys.readouterr()
    assert "SECRET" not in said.err + said.out + french
    for words in (
        "units: the table is there twice",
        "visits[0].left_at: the time lies before arrived_at (past midnight, with the date of the day before?",
        "visits[1].arrived_at: a time is expected",
        "visits[1].triage: the text is none of the contract's choices",
        "stays[0].entered_at: the time has no zone",
        "stays[0].source: the text is none",
        "census.csv: the file is empty",
    ):
        assert words in said.err
    assert main(["data", "check", str(tmp_path), "--json"]) == 2
    body = json.loads(capsys.readouterr().out)
    assert body["verdict"] == "error"
    assert len(body["faults"]) == 7
    assert set(body["faults"][0]) == {"path", "code", "message", "rows"}


def test_too_little_to_forecast_from_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with units alone, or with nothing."""
    (tmp_path / "units.csv").write_text("unit,label\nU,U\n")
    for language, nothing, nowhere in (
        ("en", "Nothing to forecast from", "no such file or folder"),
        ("fr", "Rien à partir de quoi prévoir", "ni fichier ni dossier de ce nom"),
    ):
        assert main(["data", "check", str(tmp_path), "--language", language]) == 2
        assert nothing in capsys.readouterr().err
        assert main(["data", "check", str(tmp_path / "nowhere"), "--language", language]) == 2
        assert nowhere in capsys.readouterr().err


def test_no_home_is_made_and_no_file_but_the_page(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking leaves nothing behind."""
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path / "home"))
    before = sorted(data.iterdir())
    main(["data", "check", str(data), "--out", str(tmp_path / "page.html")])
    assert sorted(data.iterdir()) == before
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_finding_has_words_advice_and_a_line_in_the_docs(language: str) -> None:
    """Codes of the catalogue and of docs/data-check.md are the same."""
    words = Words("fr" if language == "fr" else "en")
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "data-check.md").read_text(), re.M))
    assert documented == codes()
    for code in codes():
        finding = Finding(
            "visits", code, Weight.LOOK, "arrived_at", "U", 3, 0.02, "2024-05-01", "2024-05-02", 1, 2
        )
        said = words.says(finding)
        assert said
        assert "{" not in said
        assert words.does(finding)


def test_every_code_that_is_found_has_words() -> None:
    """No finding of the profile's own reaches a person as a bare code."""
    source = "".join(p.read_text() for p in (ROOT / "hospital" / "profile").glob("*.py"))
    found = set(re.findall(r'Finding\(\s*[\w.]*"?\w*"?,\s*"(\w+)"', source))
    found |= set(re.findall(r'_Length\("\w+", "(\w+)"', source))
    found |= set(re.findall(r'table, column.name, unit, "(\w+)"', source))
    orders = re.findall(r'_Order\("\w+", "(\w+)", "(\w+)"', source)
    found |= {f"{later}_before_{earlier}" for earlier, later in orders}
    read = (ROOT / "hospital" / "ingest" / "hospital_reader.py").read_text()
    found |= set(re.findall(r'Finding\(\s*"?\w+"?, "(\w+)"', read))
    assert len(found) > 25
    assert found <= codes()


def test_a_mapping_is_drafted_into_a_file_and_never_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not matched is left to a person and counted; a file that is there stays unless it may be replaced."""
    data = tmp_path / "passages.csv"
    days = [f"{d:02d}/03/2024 0{d % 9}:15" for d in range(1, 29)]
    rows = "\n".join(f"P{i};{day};{day};3A;M;x{i}" for i, day in enumerate(days))
    data.write_text("NUM_PASSAGE;ENTREE;PREMIER_CONTACT;TRI;SEXE;ZZ\n" + rows + "\n", encoding="utf-8")
    assert main(["data", "map", str(data)]) == 0
    shown = capsys.readouterr().out
    assert "[tables.visits.columns]" in shown
    assert "P3" not in shown
    target = tmp_path / "ours.toml"
    assert main(["data", "map", str(data), "--out", str(target)]) == 0
    assert str(target) in capsys.readouterr().out
    before = target.read_bytes()
    assert before.decode() == shown
    target.write_bytes(b"mine")
    assert main(["data", "map", str(data), "--out", str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_bytes() == b"mine"
    assert main(["data", "map", str(data), "--out", str(target), "--force"]) == 0
    assert target.read_bytes() == before
