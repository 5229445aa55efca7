"""What gets the mutated bytes, and what it may say: an error that people are meant to read, and nothing else."""

import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

from explain import TreeEngine
from explain.errors import ExplanationError
from hospital.errors import VigieError
from hospital.ingest.hospital_reader import read_hospital
from hospital.mapping.mapping_file import load_mapping
from hospital.times import instant
from serving.http.strict_json import parse
from serving.messages.body_envelopes import Context
from serving.messages.forecast_questions import bed_question, wait_question
from serving.messages.record_requests import decision_request, observed_rows

__all__ = ["ALLOWED", "TARGETS", "Target"]

ALLOWED = (VigieError, ExplanationError)
"""Errors that say what is wrong and what to do; everything else is a fault of Vigie's."""
_KEY = b"k" * 32
_NOW = instant(datetime(2024, 4, 2, tzinfo=UTC))

_VISITS = """visit_id,arrived_at,triaged_at,seen_at,left_at,triage,sex
v1,2024-03-01T10:00+01:00,2024-03-01T10:05+01:00,2024-03-01T10:40+01:00,2024-03-01T12:00+01:00,3A,F
v2,2024-03-01T11:00+01:00,,,2024-03-01T12:00+01:00,2,M
"é v3",2024-03-31T03:30+02:00,2024-03-31T03:31+02:00,,,5,
"""
_FRENCH = """N° passage;Date d'entrée;1er contact;Niveau
1;01/03/2024 10:00;01/03/2024 10:40;2
2;01/03/2024 11:00;01/03/2024 11:30;3
"""
_MAPPING = """[mapping]
name = "x"
zone = "Europe/Paris"
repeated_hour = "first"
[tables.visits]
file = "passages.csv"
[tables.visits.columns]
visit_id = "N° passage"
arrived_at = { column = "Date d'entrée", format = "%d/%m/%Y %H:%M" }
seen_at = { column = "1er contact", format = "%d/%m/%Y %H:%M" }
triage = { column = "Niveau", codes = { 2 = "2", 3 = "3" } }
"""
_BODIES = (
    {"visits": [{"visit_id": "a", "arrived_at": "2024-04-01T10:00Z", "triage": "3"}], "explain": {"top": 3}},
    {"units": ["MED-A"], "horizons_hours": [24, 72], "hospital": True},
    {"census": [{"unit": "MED-A", "at": "2024-04-01T00:00Z", "occupied": 12}]},
    {"prediction_id": "abc", "decision": "override", "reason": "two more beds open", "value": 3},
)


_CELLS = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
"""The parts of a spreadsheet's archive that say what its cells hold."""


@dataclass(frozen=True)
class Target:
    """One way in.

    Attributes:
        name: of it.
        seeds: sound inputs.
        run: what reads one; raises one of `ALLOWED` where it is wrong.
    """

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], None]


def _file(name: str) -> Callable[[bytes], None]:
    def run(content: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as folder:
            (Path(folder) / name).write_bytes(content)
            read_hospital(Path(folder), None, _KEY)

    return run


def _mapped(content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as folder:
        mapping, tables = Path(folder) / "mapping.toml", Path(folder) / "tables"
        tables.mkdir()
        mapping.write_bytes(content)
        (tables / "passages.csv").write_text(_FRENCH, encoding="utf-8")
        read_hospital(tables, load_mapping(mapping), _KEY)


def _mapped_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as folder:
        mapping, tables = Path(folder) / "mapping.toml", Path(folder) / "tables"
        tables.mkdir()
        mapping.write_text(_MAPPING, encoding="utf-8")
        (tables / "passages.csv").write_bytes(content)
        read_hospital(tables, load_mapping(mapping), _KEY)


def _body(content: bytes) -> None:
    body = parse(content)
    context = Context(now=_NOW, language="fr", key=_KEY)
    refused: list[VigieError] = []
    for read in (
        lambda: wait_question(body, context),
        lambda: bed_question(body, context),
        lambda: observed_rows(body, context),
        lambda: decision_request(body),
    ):
        try:
            read()
        except VigieError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def _model(content: bytes) -> None:
    TreeEngine.load(content)


def _models() -> tuple[bytes, ...]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3)).astype(np.float32)
    booster = xgb.train({"max_depth": 2, "nthread": 1}, xgb.DMatrix(X, X[:, 0]), 2)
    return bytes(booster.save_raw("ubj")), bytes(booster.save_raw("json"))


@cache
def _spreadsheet() -> bytes:
    out = BytesIO()
    pd.read_csv(BytesIO(_VISITS.encode())).to_excel(out, index=False)
    return out.getvalue()


def _sheet_parts() -> tuple[bytes, ...]:
    """What an archive holds of cells: the sheet, and the texts and styles that it points to, each with its name."""
    with zipfile.ZipFile(BytesIO(_spreadsheet())) as book:
        return tuple(f"{name}\n".encode() + book.read(name) for name in _CELLS if name in book.namelist())


def _rewritten(content: bytes) -> None:
    """A whole archive, of which one part is what the bytes say; a part whose name was changed is the sheet."""
    name, _, part = content.partition(b"\n")
    changed = name.decode("latin-1") if name.decode("latin-1") in _CELLS else _CELLS[0]
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(_spreadsheet())) as book, zipfile.ZipFile(out, "w") as whole:
        for known in book.namelist():
            whole.writestr(known, part if known == changed else book.read(known))
    _file("visits.xlsx")(out.getvalue())


TARGETS = (
    Target("csv", (_VISITS.encode(), _VISITS.replace(",", ";").encode()), _file("visits.csv")),
    Target("xlsx", (_spreadsheet(),), _file("visits.xlsx")),
    Target("xlsx cells", _sheet_parts(), _rewritten),
    Target("mapped file", (_FRENCH.encode(), _FRENCH.encode("utf-16")), _mapped_file),
    Target("mapping", (_MAPPING.encode(),), _mapped),
    Target("request body", tuple(json.dumps(body).encode() for body in _BODIES), _body),
    Target("model file", _models(), _model),
)
"""Every way in, each with what it is fed from."""
