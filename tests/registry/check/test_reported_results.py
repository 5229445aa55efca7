"""What training reported, held against what a check finds: edited figures, other parts, and persons who were erased."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from hospital.dataset.splits import Split
from hospital.ingest.hospital_reader import HospitalTables
from hospital.times import DAY, HOUR
from registry.candidates.candidates import Candidate, register
from registry.check.checked_rows import CheckedRows, Scores, Subject
from registry.check.reported_results import _felt, _near, _reported, compare_with_reported
from registry.evidence.records import ContractFacts, Scored
from registry.model.forecast_model import ForecastModel
from registry.model.hospital.hospital_total_scores import score_hospital_total
from registry.model.scoring import prepare, read_reported, score, write_reported
from registry.policy.board_policy import default_policy
from registry.settings import Settings
from tests.support.installation import Installation
from tests.support.quick_versions import quick_candidate, quick_tables
from training.packages.package_request import Request

NOBODY = cast(Any, None)
PARTS = {"train": (0, 50 * DAY), "calibration": (51 * DAY, 60 * DAY), "test": (61 * DAY, 80 * DAY)}


def moved(microseconds: int, part: str = "train", end: int = 0) -> Split:
    """The split with one end of a part moved."""
    span = list(PARTS[part])
    span[end] += microseconds
    return Split({**PARTS, part: (span[0], span[1])}, DAY)


def test_parts_may_begin_and_end_a_day_off_where_somebody_was_erased() -> None:
    """A day at most, either way, at either end of any part; a part that is not there is not near."""
    registered = Split(PARTS, DAY)
    for part in PARTS:
        for end in (0, 1):
            assert _near(moved(DAY, part, end), registered)
            assert _near(moved(-DAY, part, end), registered)
            assert not _near(moved(DAY + 1, part, end), registered)
            assert not _near(moved(-DAY - 1, part, end), registered)
    less = Split({part: PARTS[part] for part in ("train", "test")}, DAY)
    assert not _near(less, registered)


def rows_of(split: Split, erased: tuple[tuple[int, int], ...]) -> CheckedRows:
    """Rows of nothing but tables from which somebody was erased."""
    tables = cast(Any, type("Tables", (), {"erased": erased}))
    return CheckedRows(tables, NOBODY, NOBODY, NOBODY, split, split, split)


def test_rows_of_the_days_of_an_erased_person_may_be_others() -> None:
    """From the first instant, which counts, to the last, which does not; of each person."""
    at = np.array([9, 10, 15, 19, 20, 25, 30, 31], np.int64)
    scored = cast(Scored, type("Rows", (), {"size": at.size, "prediction_time": at}))
    felt = _felt(rows_of(Split(PARTS, DAY), ((10, 20), (30, 31))), scored)
    assert felt.tolist() == [False, True, True, True, False, False, True, False]
    assert not _felt(rows_of(Split(PARTS, DAY), ()), scored).any()


def test_of_reported_rows_those_of_an_erased_person_are_left_out(installation: Installation) -> None:
    """Their ids are blank; arrays of other rows, and those of the hospital total, are left as they are."""
    arrays = {
        "row_id": np.array(["a", "", "c"]),
        "p50": np.array([1.0, 2.0, 3.0]),
        "hospital_p50": np.array([7.0, 8.0, 9.0]),
        "other": np.array([5.0, 6.0]),
    }
    digest = write_reported(installation.settings.home / "evidence", arrays)
    subject = Subject(installation.settings, NOBODY, NOBODY, NOBODY, NOBODY)
    found = _reported(subject, digest)
    assert found["row_id"].tolist() == ["a", "c"]
    assert found["p50"].tolist() == [1.0, 3.0]
    assert found["hospital_p50"].tolist() == [7.0, 8.0, 9.0]
    assert found["other"].tolist() == [5.0, 6.0]


class Compared:
    """A registered version of bed demand, scored again."""

    def __init__(self, settings: Settings, found: Candidate, tables: Any) -> None:
        self.settings, self.found = settings, found
        self.model = ForecastModel(found.package)
        sealed = prepare(self.model, tables)
        split = Split.from_json(self.model.manifest.split)
        self.rows = CheckedRows(tables, sealed, sealed, sealed, split, split, split)
        test = score(self.model, sealed, split.members("test", sealed.prediction_time))
        self.scores = Scores(test, test, None)
        self.with_total = Scores(test, test, score_hospital_total(self.model.hospital_total, test))

    def facts(
        self, rows: CheckedRows | None = None, found: Candidate | None = None, scores: Scores | None = None
    ) -> ContractFacts:
        """Of these rows, or of others."""
        rows = rows or self.rows
        subject = Subject(self.settings, found or self.found, self.model, default_policy(), lambda *_: None)
        return compare_with_reported(subject, rows, rows.judged, scores or self.scores, is_recent=False)

    def reported(self, version: str, edited: dict[str, np.ndarray]) -> Candidate:
        """The same version, as if training had reported these arrays."""
        folder, body = self.settings.home / "evidence", self.found.registration["body"]
        arrays = read_reported(folder, body["evidence_digest"])
        body = {**body, "evidence_digest": write_reported(folder, {**arrays, **edited})}
        return register(self.settings.candidates, self.found.model, version, self.found.package, body, None)

    def with_ours(self, microseconds: int, erased: tuple[tuple[int, int], ...] = ()) -> CheckedRows:
        """Rows whose parts this code would cut otherwise."""
        spans = dict(self.rows.registered.spans)
        begin, end = spans["train"]
        ours = Split({**spans, "train": (begin + microseconds, end)}, self.rows.registered.gap)
        return replace(self.rows, ours=ours, tables=replace(self.rows.tables, erased=erased))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> HospitalTables:
    """A small hospital's."""
    return quick_tables(tmp_path_factory.mktemp("data"), 185)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, tables: HospitalTables) -> Compared:
    """As it was registered."""
    installation = Installation.make(tmp_path_factory.mktemp("reported") / "home")
    found = quick_candidate(installation, Request("bed-demand", (24.0,)), tables, "1")
    return Compared(installation.settings, found, tables)


def test_another_forecast_than_the_reported_one_is_counted(compared: Compared) -> None:
    """Every row whose forecast was reported better than it is; as it was registered none is off."""
    sound = compared.facts()
    assert (sound.forecasts_off, sound.baselines_off, sound.rows_off, sound.split_overlaps) == (0, 0, 0, 0)
    folder, body = compared.settings.home / "evidence", compared.found.registration["body"]
    arrays = read_reported(folder, body["evidence_digest"])
    edited = {**arrays, "p50": np.where(np.arange(arrays["p50"].size) < 7, arrays["outcome"], arrays["p50"])}
    off = compared.facts(found=compared.reported("2", edited)).forecasts_off
    wrong = ~np.isclose(edited["p50"], arrays["p50"], rtol=0, atol=1e-12)
    assert off == wrong.sum() > 0


def test_a_hospital_s_total_is_compared_but_on_days_of_an_erased_person(compared: Compared) -> None:
    """Reported ten beds higher on every day: what may have lost a patient since is no fault of the report."""
    whole = compared.with_total.whole
    assert whole is not None
    other = compared.reported("3", {"hospital_outcome": whole.outcome + 10.0})
    everywhere = compared.facts(found=other, scores=compared.with_total).outcomes_off
    assert everywhere == np.isfinite(whole.outcome).sum() > 0
    first, last = int(whole.prediction_time.min()), int(np.median(whole.prediction_time))
    erased = replace(compared.rows, tables=replace(compared.rows.tables, erased=((first, last),)))
    left = np.isfinite(whole.outcome) & (whole.prediction_time >= last)
    assert compared.facts(erased, other, compared.with_total).outcomes_off == left.sum()
    assert 0 < left.sum() < everywhere


@pytest.mark.parametrize(
    ("hours", "erased", "overlaps"),
    [(0, False, 0), (1, False, 1), (1, True, 0), (24, True, 0), (25, True, 1), (-25, True, 1)],
)
def test_parts_that_this_code_would_cut_otherwise_count_as_an_overlap(
    compared: Compared, hours: int, *, erased: bool, overlaps: int
) -> None:
    """To the instant; within a day where somebody was erased, who may have been the first or the last."""
    days = ((0, 1),) if erased else ()
    assert compared.facts(compared.with_ours(hours * HOUR, days)).split_overlaps == overlaps


def test_days_of_history_that_the_data_do_not_show_are_counted(compared: Compared) -> None:
    """A unit said to be known for longer than it is; not where its first patient may have been erased."""
    at = compared.rows.sealed.prediction_time
    later = compared.rows.sealed.part(at >= at.min() + 20 * DAY)
    units = len(compared.model.beds_or_raise.units)
    assert compared.facts(replace(compared.rows, sealed=later)).baselines_off == units
    erased = replace(compared.rows, sealed=later, tables=replace(compared.rows.tables, erased=((0, 1),)))
    assert compared.facts(erased).baselines_off == 0
