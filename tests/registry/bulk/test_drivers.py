"""A period's drivers: means by unit, horizon and hour of the rows in a file, and a picture of them."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hospital.times import HOUR
from hospital.words import names
from hospital.words.language import LANGUAGES, Language
from registry.bulk.drivers import Drivers, drivers_of
from registry.bulk.drivers_picture import DriversPicture, drivers_html, drivers_picture, drivers_svg
from registry.bulk.plot import plot_drivers, plottable
from registry.errors import BulkError

NS = "{http://www.w3.org/2000/svg}"
AT = int(np.datetime64("2024-01-08T05:00", "us").astype(np.int64))
"""6 in the morning in Paris."""
ROWS = (
    ("A", 4.0, 0, 1.0, -2.0),
    ("A", 24.0, 0, -3.0, 0.0),
    ("B", 4.0, 9, 0.0, 8.0),
    ("B", 24.0, 9, 0.0, 0.0),  # the baseline answered: no group says anything
    ("B", 4.0, 10, np.nan, np.nan),  # no forecast
)


def write(path: Path, rows: Any = ROWS, *, language: str = "fr", **metadata: Any) -> Path:
    """A file as `vigie explain` writes it, with two groups."""
    unit, horizon, hours, census, calendar = (list(column) for column in zip(*rows, strict=True))
    labels = {"fr": ("Occupation", "Calendrier"), "en": ("Census", "Calendar")}[language]
    said = {"unit": "beds", "language": language, "zone": "Europe/Paris", **metadata}
    schema = pa.schema(
        [
            pa.field("unit", pa.string()),
            pa.field("horizon_hours", pa.float64()),
            pa.field("prediction_time", pa.timestamp("us", tz="UTC")),
            pa.field("p50", pa.float64()),
            pa.field("group_census", pa.float64(), metadata={"label": labels[0]}),
            pa.field("group_calendar", pa.float64(), metadata={"label": labels[1]}),
        ],
        metadata={"vigie": json.dumps(said)},
    )
    at = pa.array([AT + int(h) * HOUR for h in hours], pa.int64()).cast(schema.field(2).type)
    numbers = [pa.array(v, pa.float64(), from_pandas=True) for v in ([1.0] * len(unit), census, calendar)]
    columns = [pa.array(unit), pa.array(horizon), at, *numbers]
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), path)
    return path


@pytest.fixture
def drivers(tmp_path: Path) -> Drivers:
    """Of the five rows."""
    return drivers_of(write(tmp_path / "rows.parquet"))


def test_sizes_are_means_of_the_model_s_rows_whichever_way(drivers: Drivers) -> None:
    """Of a unit's +1 and -3 the size is 2; rows of a baseline and without a forecast count nowhere."""
    assert (drivers.groups, drivers.labels) == (("census", "calendar"), ("Occupation", "Calendrier"))
    assert drivers.rows == 3
    assert [(p.name, p.rows, p.sizes.tolist()) for p in drivers.units] == [
        ("A", 2, [2.0, 1.0]),
        ("B", 1, [0.0, 8.0]),
    ]
    assert [(p.name, p.sizes.tolist()) for p in drivers.horizons] == [("4", [0.5, 5.0]), ("24", [3.0, 0.0])]
    assert [(p.name, p.sizes.tolist()) for p in drivers.hours] == [("6", [2.0, 1.0]), ("15", [0.0, 8.0])]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "fr",
            "2 prévisions sur 5 n'y sont pas\u00a0: la prévision de référence y a répondu. "
            "Aucune n'est du modèle pour ces unités\u00a0: Réanimation. "
            "Aucune n'est du modèle pour ces échéances\u00a0: 3\u00a0j.",
        ),
        (
            "en",
            "2 of 5 forecasts are not in it: the baseline answered. "
            "None is the model's of these units: Intensive care. "
            "None is the model's at these horizons: 3\u00a0d.",
        ),
    ],
)
def test_what_the_baseline_answers_is_named_and_units_have_their_names(
    tmp_path: Path, language: Language, said: str
) -> None:
    """In the picture and in its words; where the model answered all, nothing is."""
    given = {"C": {"fr": "Réanimation", "en": "Intensive care"}[language], "A": "Salle bleue"}
    path = write(
        tmp_path / "rows.parquet", (*ROWS, ("C", 72.0, 9, 0.0, 0.0)), language=language, unit_names=given
    )
    found = drivers_of(path)
    assert (found.by_baseline, found.absent_units, found.absent_horizons) == (2, ("C",), ("72",))
    root = ET.fromstring(drivers_svg(found))  # noqa: S314 - of our own making
    assert said in root.findtext(f"{NS}desc", "")
    assert "Salle bleue" in drivers_html(found)
    drawn = " ".join(t.text or "" for t in root.iter(f"{NS}text"))
    assert said in drawn
    kept = tuple(row for row in ROWS if row[3] or row[4])
    alone = drivers_of(write(tmp_path / "model.parquet", kept, language=language))
    assert "None is" not in drivers_svg(alone)
    assert "Aucune" not in drivers_svg(alone)


def test_many_batches_give_what_one_gives(tmp_path: Path) -> None:
    """A row at a time."""
    path = write(tmp_path / "rows.parquet")
    whole = drivers_of(path)
    parts = drivers_of(path, batch_rows=1)
    for mine, theirs in zip((*whole.units, *whole.hours), (*parts.units, *parts.hours), strict=True):
        assert (mine.name, mine.rows, mine.sizes.tolist()) == (
            theirs.name,
            theirs.rows,
            theirs.sizes.tolist(),
        )
    assert (whole.first, whole.last) == (parts.first, parts.last) == (AT, AT + 9 * HOUR)


def test_discs_are_as_large_as_what_they_stand_for(drivers: Drivers) -> None:
    """Areas are in proportion, the largest is the largest; what is 0 has none; colour tells nothing."""
    shapes = drivers_picture(drivers).shapes
    areas = [float(s.attributes["r"]) ** 2 for s in shapes if s.tag == "circle"]
    sizes = [2.0, 1.0, 8.0, 0.5, 5.0, 3.0, 2.0, 1.0, 8.0]  # units (the most moved first), horizons, hours
    assert len(areas) == len(sizes)
    assert [a / max(areas) for a in sorted(areas)] == pytest.approx([s / 8 for s in sorted(sizes)], abs=0.02)
    assert {s.attributes["fill"] for s in shapes if s.tag == "circle"} == {"#17222e"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_picture_is_an_svg_with_a_text_alternative(tmp_path: Path, language: str) -> None:
    """In the file's language; the largest group of each row is named with its number; a table has all of them."""
    found = drivers_of(write(tmp_path / "rows.parquet", language=language))
    root = ET.fromstring(drivers_svg(found))  # noqa: S314 - of our own making
    said = root.attrib["aria-label"].replace("\u00a0", " ")
    assert root.findtext(f"{NS}desc") == root.attrib["aria-label"]
    assert ("B : Calendrier 8 lits" if language == "fr" else "B: Calendar 8 beds") in said
    assert ("6 h à 9 h : Occupation 2 lits" if language == "fr" else "6:00 to 9:00: Census 2 beds") in said
    html = drivers_html(found)
    assert html.count("<table>") == 3
    assert "<script" not in html
    assert DriversPicture(found)._repr_html_() == html


def test_many_units_are_the_most_moved_and_the_others_together(tmp_path: Path) -> None:
    """No picture of a hundred lines; the others' mean is over their rows."""
    rows = [(f"U{i:02}", 4.0, 0, float(i), 0.0) for i in range(1, 41)]
    picture = drivers_picture(drivers_of(write(tmp_path / "rows.parquet", rows)))
    texts = [s.text for s in picture.shapes if s.tag == "text"]
    assert "U40" in texts
    assert "U21" not in texts
    assert any(t.startswith("21 autres") for t in texts)
    assert picture.width == 360


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_column_s_name_leaves_the_picture(drivers: Drivers, language: Language) -> None:
    """All groups that a hospital's beds can have, "Personnel" last: their names, turned by 60 degrees, end within 360.

    DejaVu Sans draws these letters 8 of 13 wide on the mean, at most.
    """
    groups = ("calendar", "census", "crowding", "flow", "seasonal_profile", "planned", "staff")
    labels = tuple(names.feature_group(group, language) for group in groups)
    wide = tuple(replace(p, sizes=np.ones(len(groups))) for p in drivers.units)
    full = replace(drivers, groups=groups, labels=labels, units=wide, horizons=(), hours=())
    turned = [s for s in drivers_picture(full).shapes if "rotate" in s.attributes.get("transform", "")]
    assert len(turned) == len(groups)
    for shape in turned:
        assert float(shape.attributes["x"]) + 8 * len(shape.text) / 2 <= 360


def test_a_file_without_a_row_of_the_model_is_drawn_as_such(tmp_path: Path) -> None:
    """No division by nothing, and words for it."""
    found = drivers_of(write(tmp_path / "rows.parquet", ROWS[3:]))
    assert (found.rows, found.units, found.hours) == (0, (), ())
    assert "Aucune prévision du modèle" in drivers_svg(found)


def test_names_of_a_hospital_are_escaped(drivers: Drivers) -> None:
    """In the picture and in the table."""
    bad = replace(drivers, units=(replace(drivers.units[0], name="<script>"),))
    assert "<script" not in drivers_svg(bad) + drivers_html(bad)


@pytest.mark.parametrize("name", ["x.png", "x", "folder.svg", "nowhere/x.svg"])
def test_a_place_for_no_picture_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    """Another ending, a folder's name, a folder that is not there."""
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(BulkError) as refused:
        plottable(tmp_path / name)
    assert re.search("name that ends in .svg|no folder", refused.value.words("en"))
    assert re.search("un nom de fichier en .svg|pas de dossier", refused.value.words("fr"))


def test_what_is_no_such_file_is_refused_in_words(tmp_path: Path) -> None:
    """No table, no file, and one of before groups; nothing is left."""
    (tmp_path / "text.parquet").write_text("no table")
    pq.write_table(pa.table({"p50": [1.0]}), tmp_path / "old.parquet")
    for name in ("text", "gone", "old"):
        with pytest.raises(BulkError):
            plot_drivers(tmp_path / f"{name}.parquet", tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()


def test_a_picture_is_written_by_its_ending(tmp_path: Path) -> None:
    """.svg alone, .html for a page."""
    rows = write(tmp_path / "rows.parquet")
    plot_drivers(rows, tmp_path / "x.svg")
    plot_drivers(rows, tmp_path / "x.html")
    assert (tmp_path / "x.svg").read_text().startswith("<svg xmlns")
    assert "<table>" in (tmp_path / "x.html").read_text()
