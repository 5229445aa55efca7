"""The demo as a new user runs it: stopped in the middle, started again, and quick once it is done."""

import io
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from cli.demo.command_centre import PROTOCOLS
from cli.demo.invitation import print_what_to_open
from cli.demo.people import FEEDER, make_people
from cli.demo.service_process import service
from cli.demo.steps import LIVE_FOLDER, make_token
from cli.installation import boarding_threshold
from cli.main import main
from hospital.times import moment
from hospital.words import formats
from registry.candidates.candidates import candidate
from registry.digests import sha256_file
from registry.package.manifest import MODELS
from registry.record.database import open_database
from registry.record.journal_audit import verify
from registry.releases.releases import current_release
from registry.settings import Settings
from registry.trust.trust_store import load_trust
from tests.support.centre_pages import CentrePages, plain
from tests.support.running_service import free_port
from tests.support.sound_release import exactly_explained, first_release
from tests.support.waiting import wait_for

CHECKPOINTS = "journal-checkpoints.jsonl"
STOPPED = "vigie: arrêté\N{NO-BREAK SPACE}; ce qui était terminé est gardé, le reste n'est pas là.\n"


@dataclass(frozen=True)
class Stopped:
    """A demo that was stopped: where it ran, its exit code and what it printed."""

    folder: Path
    code: int
    output: str


@dataclass(frozen=True)
class Finished:
    """A demo that went the whole way: its home, and what it printed."""

    home: Path
    output: str


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    """The demo, stopped by Ctrl-C as soon as both models are being trained."""
    folder = tmp_path_factory.mktemp("demo")
    demo = _start(folder)
    try:
        wait_for(lambda: len(_trainers(demo)) == len(MODELS), "training of both models", 300)
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        output, _ = demo.communicate(timeout=60)
    return Stopped(folder, demo.returncode, output)


@pytest.fixture(scope="module")
def finished(stopped: Stopped) -> Finished:
    """The demo in the same folder, run again to its end."""
    demo = _start(stopped.folder)
    try:
        output, _ = demo.communicate(timeout=900)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(60)
    assert demo.returncode == 0, output
    return Finished(stopped.folder / "vigie-demo", output)


def _start(folder: Path, port: int = 0) -> "subprocess.Popen[str]":
    port = port or free_port()
    command = [sys.executable, "-m", "cli", "demo", "--no-serve", "--port", str(port)]
    environment = {**os.environ, "COLUMNS": "160", "OMP_WAIT_POLICY": "PASSIVE"}
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _trainers(demo: "subprocess.Popen[str]") -> list[int]:
    """The processes of the demo's group that were started to train, and have XGBoost loaded.

    Raises:
        AssertionError: the demo has ended.
    """
    assert demo.poll() is None, demo.communicate()[0]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            group = int((process / "stat").read_text().rpartition(")")[2].split()[2])
            trains = b"spawn_main" in (process / "cmdline").read_bytes()
            if group == demo.pid and trains and "libxgboost" in (process / "maps").read_text():
                found.append(int(process.name))
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


def test_ctrl_c_in_the_middle_of_training_is_one_line(stopped: Stopped) -> None:
    """No traceback, the exit code of Ctrl-C, and what was finished stays."""
    assert stopped.code == 130, stopped.output
    assert "Traceback" not in stopped.output
    assert stopped.output.endswith(STOPPED)
    assert (stopped.folder / "vigie-demo" / "simulated.json").exists()


def test_started_again_the_demo_goes_the_whole_way(finished: Finished) -> None:
    """It goes on from the hospital that is there, releases both models and prints both answers."""
    assert "560 jours, déjà là" in finished.output
    for words in (
        "min, huit fois sur dix entre",
        "lits, huit fois sur dix entre",
        "version 1",
        "demo-releaser",
    ):
        assert words in finished.output
    assert re.search(r":\s[+−]\d", finished.output), "a reason says what it does"
    assert re.search(r"part de là, \d\d/\d\d/\d{4} à 11\sh\s00 \(heure de l'hôpital\)", finished.output)
    written = re.search(
        r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d| UTC\b|(?<!/)\b(?:bed-demand|wait-time)\b", finished.output
    )
    assert written is None, "times as the language writes them, models as people call them"
    for name in ("demo-author", "demo-board-1", "demo-board-2", "demo-releaser"):
        assert name in finished.output
    settings = Settings(home=finished.home)
    for model in MODELS:
        release = current_release(settings, model)
        assert release is not None
        assert release.sequence == 1


@pytest.mark.parametrize("model", MODELS)
def test_a_sound_hospital_is_released(finished: Finished, model: str) -> None:
    """Each model passes every required gate and is released with its scope."""
    first_release(Settings(home=finished.home), model)


@pytest.mark.parametrize("model", MODELS)
def test_the_author_signs_how_exact_the_explanations_are(finished: Finished, model: str) -> None:
    """Every leaf was held against XGBoost, shap was asked too; the check found the same again."""
    settings = Settings(home=finished.home)
    exactly_explained(settings, first_release(settings, model))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_card_of_beds_is_one_page_in_both_languages(
    finished: Finished, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs nothing else to be read: no script, no link to anywhere."""
    monkeypatch.setenv("VIGIE_HOME", str(finished.home))
    out = tmp_path / "card.html"
    assert main(["card", "bed-demand", "1", "--language", language, "--out", str(out)]) == 0
    page = out.read_text()
    assert f'<html lang="{language}"' in page
    assert not re.search(r"<script|https?://|<link", page)
    assert ("Ce qui vous est demandé" if language == "fr" else "What you are asked") in page


@pytest.mark.parametrize("words", ["cli serve", "serving.database_setup", "assembly.service"])
def test_ctrl_c_while_the_service_starts(finished: Finished, words: str) -> None:
    """First thing, at its database, with its worker just begun: all ends, the port is free, the home is as it was."""
    home = finished.home
    before, port = _contents(home), free_port()
    checkpoints = (home / CHECKPOINTS).read_bytes()
    demo = _start(home.parent, port)

    def serves() -> bool:
        assert demo.poll() is None, demo.communicate()[0]
        return any(words in command for command in _serving(port).values())

    wait_for(serves, f"process of {words}", 120)
    os.killpg(demo.pid, signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    left = _serving(port)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}
    assert demo.returncode == 130, said
    assert said.endswith(STOPPED)
    assert "Traceback" not in said
    assert "Servir" not in said  # the step is printed when it is done: it did not answer yet
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
    assert _contents(home) == before
    assert (home / CHECKPOINTS).read_bytes().startswith(checkpoints), (
        "the service may add one, and takes none away"
    )
    with closing(sqlite3.connect(home / "vigie.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with open_database(Settings(home=home).database).connect() as connection:
        assert list(verify(connection)) == []


def _serving(port: int) -> dict[int, str]:
    """The command lines by process id of what the demo started to serve at this port, wherever it went."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"VIGIE_PORT={port}".encode() in (process / "environ").read_bytes().split(b"\0"):
                words = (process / "cmdline").read_bytes().split(b"\0")
                found[int(process.name)] = b" ".join(words).decode()
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return found


def _contents(home: Path) -> dict[str, str]:
    """The digest of each file of the home, but for the log, the checkpoints and the database, which live."""
    living = {"service.log", "vigie.db-wal", "vigie.db-shm", CHECKPOINTS}
    files = [p for p in home.rglob("*") if p.is_file() and p.name not in living]
    return {str(p.relative_to(home)): sha256_file(p) if p.name != "vigie.db" else "" for p in files}


@pytest.fixture(scope="module")
def centre(finished: Finished) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The demo's service at the hour at which it begins: its address, and the tokens of its people."""
    settings = Settings(home=finished.home, port=free_port())
    with service(settings, moment(0)):  # it goes on from the last that it received
        people = make_people(settings)
        yield f"http://127.0.0.1:{settings.port}", {**people, "": make_token(settings)}


def test_every_link_that_the_demo_prints_opens_a_page(
    finished: Finished, centre: tuple[str, Mapping[str, str]]
) -> None:
    """Each by itself in a new browser, in any order, and again in the browser that it let in."""
    settings = Settings(home=finished.home, port=int(centre[0].rpartition(":")[2]))
    printed = io.StringIO()
    console = Console(file=printed, soft_wrap=True)
    print_what_to_open(console, settings, make_token(settings), make_people(settings))
    links = re.findall(r"https?://\S+/(?:enter/|sign-in)\S*", printed.getvalue())
    assert len(links) == 9
    for link in reversed(links):
        with httpx.Client(follow_redirects=True, timeout=60) as browser:
            for _ in range(2):
                page = browser.get(link, headers={"accept": "text/html"})
                assert page.status_code == 200, (link, page.text)
                assert page.headers["content-type"].startswith("text/html")
                assert "/sign-in" in link or page.url.path != "/sign-in"


def test_pilotage_says_what_the_api_says(centre: tuple[str, Mapping[str, str]]) -> None:
    """Each unit's patients, staffed beds and risks at each horizon; levels are known now and ahead."""
    with CentrePages(centre[0], centre[1][""]) as pages:
        tension, flows = pages.api("/v1/tension"), pages.api("/v1/flows")
        rows, english = pages.rows(), pages.rows("en")
        for unit in flows["beds"]["units"]:
            name, now, *_ = rows[unit["unit"]]
            assert now == f"{unit['occupied']:.0f} / {unit['staffed']:.0f}"
            assert unit["label"] not in name
            assert unit["label"] in english[unit["unit"]][0]
        for one in (*tension["units"], *tension["hospital"]):
            hours, cells = one["horizon_hours"], rows[one["unit"] or ""]
            shown = next((c for c in cells if c.startswith(f"{plain(formats.ahead(hours, 'fr'))} ")), None)
            if shown is None:  # a page has room for four
                continue
            assert f"/{one['staffed']:.0f}" in shown
            assert ("non montré" in shown) != one["calibrated"], (one, shown)
            if one["calibrated"]:  # made some seconds later, by a clock that runs
                written = int(re.findall(r"(\d+) %", shown)[0])
                assert abs(written - 100 * one["probability"]) < 4, (one, shown)
        proven = {e["horizon_hours"] for e in tension["units"] if e["calibrated"]}
        assert proven, "the check shows skill at some horizon"
        assert proven < {e["horizon_hours"] for e in tension["units"]}, "and not at each"
        reached = [a for u in tension["levels"]["units"] for a in u["ahead"] if a["state"] == "reached"]
        assert {a["horizon_hours"] for a in reached} <= proven
        levels = tension["levels"]["hospital"]
        assert {n["state"] for n in levels["now"]} <= {"reached", "not_reached"}
        assert any(a["state"] != "not_computable" for a in levels["ahead"])
        called = [
            u["unit"] for u in tension["levels"]["units"] if any(a["state"] == "reached" for a in u["ahead"])
        ]
        assert called, "tension builds"
        assert pages.first("/pilotage").startswith("À regarder d’abord :")


def test_boarding_is_foreseen_where_the_check_showed_its_gain(
    finished: Finished, centre: tuple[str, Mapping[str, str]]
) -> None:
    """At the threshold of the demo's levels, which were there before its training; elsewhere the page says so."""
    settings = Settings(home=finished.home)
    release = current_release(settings, "bed-demand")
    assert release is not None
    rows = candidate(settings.candidates, "bed-demand", "1").json("report.json")["boarding"]
    with CentrePages(centre[0], centre[1][""]) as pages:
        boarding, page = pages.api("/v1/tension")["boarding"], pages.page("/pilotage")
        assert boarding["threshold"] == boarding_threshold(settings) == 5
        assert boarding["missing"] == []
        judged = {row["horizon_hours"]: row["in_scope"] for row in rows}
        assert {h["horizon_hours"]: h["calibrated"] for h in boarding["horizons"]} == judged
        assert all(0.05 <= row["happened"] <= 0.3 for row in rows), "seldom enough to be news, and no rarity"
        assert any(judged.values()), "some horizon has a proven gain"
        tile = plain(page.split('class="triage boards"')[1].split("</div>")[0])
        assert "Risque que plus de 5 patients attendent un lit" in tile
        shown = re.findall(r"(\d+) h : (\d+ %|non montré)", tile)
        assert shown
        for hours, words in shown:
            assert words.endswith("%") == judged[float(hours)], (hours, words)
        assert "Pourquoi ce risque d’attente de lit" in plain(page)


def test_there_is_something_to_decide_and_only_its_people_may(centre: tuple[str, Mapping[str, str]]) -> None:
    """Décider shows what the API recommends; a lapsed training and another unit are refused, two people decide."""
    base, people = centre
    with CentrePages(base, people[""]) as pages:
        found = pages.api("/v1/recommendations")["recommendations"]
        page = pages.page("/decide")
        assert found
        assert page.count("data-recommendation=") == len(found)
        assert page.count('<svg class="picture"') == sum(r["expected"] is not None for r in found)
        assert pages.first("/decide").startswith("À décider d’abord :")
        one = next(r for r in found if r["role"] == "Cadre de santé" and r["unit"] != "MAT-A")
    path = f"/v1/recommendations/{one['recommendation_id']}/decisions"
    body = {"decision": "accept", "reason_code": "as_recommended", "reason": "Essai"}
    refused = {
        "Nouvelle arrivée (démo)": "not_entitled",
        "Cadre à former (démo)": "training_lapsed",
        "Cadre de maternité (démo)": "other_unit",
        "Médecin des urgences (démo)": "other_role",
        "Comité de pilotage (démo)": "role_missing",
    }
    for name, code in refused.items():
        with CentrePages(base, people[name]) as pages:
            assert pages.sent(path, body, 403)["code"] == code, name
    with CentrePages(base, people["Cadre de garde (démo)"]) as pages:
        answer = pages.sent(path, body, 201)
        assert answer["state"] == ("awaiting_signature" if one["two_people"] else "accepted")


def test_practice_and_history_of_the_demo(centre: tuple[str, Mapping[str, str]]) -> None:
    """The protocols in force, skills and a shortage; decisions of the days before, each marked as simulated."""
    with CentrePages(centre[0], centre[1][""]) as pages:
        practice = plain(pages.page("/practice"))
        protocols = pages.api("/v1/protocols")["protocols"]
        assert {p["protocol"] for p in protocols} == set(PROTOCOLS)
        assert all(p["title"] in practice for p in protocols)
        assert pages.api("/v1/skills")["faults"] == []
        assert "polyvalence" in practice
        decisions = pages.api("/v1/decisions?limit=100")
        simulated = [d for d in decisions["on_recommendations"] if d["reason"].startswith("Simulé")]
        assert {d["decision"] for d in simulated} == {"accepted", "overridden", "rejected"}
        assert len({d["decided_at"][:10] for d in simulated}) > 1, "of several days"
        history = plain(pages.page("/history"))
        assert all(plain(d["reason"]) in history for d in simulated)
        assert all("(démo)" in d["decided_by"] for d in simulated)
        overruled = pages.api("/v1/recommendations/figures")["overruled"]
        assert sum(cell["decided"] for cell in overruled["reasons"]) > 0, (
            "the demo's clock is not the release's"
        )
        assert all(cell["unit_name"]["fr"] in history for cell in overruled["reasons"])
        assert "Acute geriatrics" not in plain(pages.page("/history")) + plain(pages.page("/decide"))


def test_the_day_unfolds_by_vigie_feed(finished: Finished, centre: tuple[str, Mapping[str, str]]) -> None:
    """The command that the demo prints goes on from the demo's hour: what is known now is of later."""
    base, people = centre
    with CentrePages(base, people[""]) as pages:
        before = pages.api("/v1/flows")["emergency"]["heard_at"]
        command = [sys.executable, "-m", "cli", "feed", str(finished.home / LIVE_FOLDER), "--to", base]
        environment = {**os.environ, "VIGIE_HOME": str(finished.home), "VIGIE_TOKEN": people[FEEDER.name]}
        done = subprocess.run(
            [*command, "--speed", "3600", "--hours", "2"],
            env=environment, cwd=finished.home.parent, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        after = pages.api("/v1/flows")
        assert after["emergency"]["heard_at"] > before
        assert after["emergency"]["total"]["present"] > 0


def test_run_again_it_keeps_everything(finished: Finished) -> None:
    """Nothing is simulated, trained, checked or released twice."""
    again = _start(finished.home.parent)
    said, _ = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert said.count("déjà là") >= 5
    assert load_trust(finished.home / "trust").lowest_release == {"bed-demand": 1, "wait-time": 1}


def test_a_worker_that_forecasts_loads_none_of_the_workshop(centre: tuple[str, Mapping[str, str]]) -> None:
    """What its processes have mapped, once a released model is loaded: the engine, and no library that trains.

    But for the monitor, which reads the tables of training.
    """
    port = int(centre[0].rpartition(":")[2])
    of_service = {pid: words for pid, words in _serving(port).items() if "monitor" not in words}
    assert any("assembly.service" in words for words in of_service.values())
    mapped = "\n".join(Path(f"/proc/{pid}/maps").read_text() for pid in of_service)
    assert "kernel-" in mapped
    for library in (
        "xgboost",
        "shap",
        "pandas",
        "numba",
        "llvmlite",
        "sklearn",
        "mlflow",
        "pyarrow",
        "scipy",
    ):
        assert f"/{library}/" not in mapped, library
