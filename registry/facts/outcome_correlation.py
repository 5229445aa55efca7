"""How well each input goes with its row's outcome, beside the same input one horizon earlier.

What legitimately predicts the future predicts it a little earlier too: crowding, flow, an epidemic's count go on. What
was written down afterwards predicts its own outcome alone, and one horizon earlier of what is known by now anyway.
Both are correlations of what the baselines leave unexplained (Frisch & Waugh 1933, doi 10.2307/1907330), within each
unit and horizon, or triage level. The horizon of a wait is the visit before.

Trees read more of an input than its value: they split on whether it is known. What only those who see the patient
write down is known where the wait was short. So whether it is known, with how many decimals it was written, how round
it is, when and in which order it was received are held against the outcome like values; and against how far the outcome
lies from the expected, since what is known of middling waits alone goes with no mean.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from hospital.arrays import Array
from hospital.calendar import local_clock, weekday
from hospital.dataset.baselines import BedBaselines, WaitBaselines
from hospital.dataset.departure_plans import plan_exactness
from hospital.dataset.entry_traces import (
    REST,
    Aspect,
    Entries,
    entries_of,
    entries_together,
    order_of_entry,
    scale_of,
    time_of_entry,
    times_written,
    traces_of,
    width_of,
)
from hospital.dataset.excess_correlation import excess_correlation
from hospital.features.feature import Feature
from hospital.times import DAY, HOUR
from registry.evidence.probe_records import Alignment
from registry.facts.explained_outcome import Explained
from registry.model.dataset import PreparedBeds, PreparedWaits
from registry.model.forecast_errors import log_wait

__all__ = ["alignments"]

_TESTED_OF_WAITS, _TESTED_OF_BEDS = frozenset({"patient", "staff"}), frozenset({"covariate"})
_COUNTED = frozenset({"minutes_since_arrival", "waiting_per_doctor"})
"""Of these groups of features, those that are no entry of the tables' own."""
_COMPARED_WITHIN = frozenset({"triage", "department"})
"""Labels that waits are compared within, and that may lengthen them: asked is whether they are known at all."""
_SPREAD: Mapping[Aspect, Aspect] = {
    "value": "value_spread",
    "known": "spread",
    "digits": "spread",
    "rounding": "spread",
}
_STAFF = frozenset({"ed_doctors", "ed_nurses"})
_OWN_COUNTS = frozenset({"staffed_now", "admissions_24h", "discharges_24h", "waiting_for_bed"})
"""Of beds, what a table may count itself, or that somebody may correct once all is over."""
_LESS_URGENT = ("3", "3B", "4", "5")
_NEIGHBOURS = 8
_THREE_HOURS = 3 * HOUR
_SWEEPS = 3


def alignments(
    baselines: BedBaselines | WaitBaselines, prepared: PreparedBeds | PreparedWaits
) -> tuple[Alignment, ...]:
    """The alignment of every input that is the tables' own, given what the baselines say, where outcomes are known.

    The others are counted from times of reception: what is taken away and shuffled answers for them.
    """
    counted = (prepared.weight > 0) & np.isfinite(prepared.outcome)
    part = prepared.part(counted)
    if not part.prediction_time.size:
        return ()
    explained = Explained.of(part, baselines)
    labels_known, spread, lines = explained.without_levels(), explained.spread(), explained.lines()
    every_row = [np.arange(part.prediction_time.size)]
    out: list[Alignment | None] = []
    for series in _inputs(part):
        own_levels = series.feature in _COMPARED_WITHIN  # nobody without a level is in one
        rows = labels_known if own_levels else explained
        # Nobody without a department follows anybody in one: beside a row stands the one before it, wherever that was.
        given = (series.values, every_row if series.feature == "department" else lines)
        out += rows.alignments(series.feature, series.aspect, *given, categories=series.categories)
        if series.aspect in _SPREAD and not own_levels:
            aspect = _SPREAD[series.aspect]
            out.append(spread.alignment(series.feature, aspect, *given, categories=series.categories))
    if isinstance(part, PreparedWaits):
        out += _of_waits(part, explained, lines)
    else:
        out += _of_beds(part, explained, lines)
    return tuple(one for one in out if one is not None)


def _inputs(part: PreparedBeds | PreparedWaits) -> list[Entries]:
    """What of the part's inputs is held against outcomes."""
    beds = isinstance(part, PreparedBeds)
    groups = _TESTED_OF_BEDS if beds else _TESTED_OF_WAITS
    out = [
        entries
        for j, f in enumerate(part.features)
        if f.group in groups and f.name not in _COUNTED
        for entries in _entries(f, part.X[:, j])
    ]
    if isinstance(part, PreparedWaits):
        out = [e for e in out if e.feature not in _COMPARED_WITHIN or e.aspect == "known"]
        out += time_of_entry(part.samples.received_at, part.prediction_time)
    own = {f.name: part.X[:, j].astype(np.float64) for j, f in enumerate(part.features) if f.group in groups}
    return out + list(
        entries_together({n: v for n, v in own.items() if n not in _COUNTED | _COMPARED_WITHIN})
    )


def _entries(feature: Feature, column: Array) -> Sequence[Entries]:
    """One input: as a category in no order, too, where it is a number."""
    rest = [i for i, level in enumerate(feature.levels) if level in REST]
    entries = entries_of(feature.name, column, categories=bool(feature.levels), rest=rest)
    number = [*scale_of(feature.name, column), *width_of(feature.name, column)]
    return entries if feature.levels else [*entries, *number]


def _of_waits(part: PreparedWaits, explained: Explained, lines: list[Array]) -> list[Alignment | None]:
    """When triage was against the wait that was left; staff against waits; labels against other people's waits."""
    columns = {f.name: part.X[:, j].astype(np.float64) for j, f in enumerate(part.features)}
    out: list[Alignment | None] = [
        _of_times_written(part, explained, lines),
        _of_order(part, explained, lines),
    ]
    if "minutes_since_arrival" in columns:
        # Whoever is triaged as the doctor calls waits no more: a model would learn that of a time that was typed then.
        until = np.maximum(columns["minutes_since_arrival"], 0.0)
        left = explained.of_outcome(log_wait(part.outcome - until))
        out.append(left.alignment("minutes_since_arrival", "delay", np.log1p(until), lines))
    for name in sorted(_STAFF & set(columns)):
        # One shift has one number of staff: beside it stands the same of a day before.
        one = explained.alignment(name, "after", columns[name], lines, horizon=DAY)
        # That more staff make waits shorter is what they are there for.
        out.append(one if one is not None and one.own > 0 else None)
    return [*out, *_beside_others(part)]


def _of_times_written(part: PreparedWaits, explained: Explained, lines: list[Array]) -> Alignment | None:
    """How exactly arrival and triage were written: of both the one that goes further.

    A time that is typed once the patient was seen is a whole minute, or a round one.
    """
    query = part.samples.query
    found = [
        explained.alignment("minutes_since_arrival", "rounding", times_written(at), lines)
        for at in (query.arrived_at, query.prediction_time)
    ]
    return max((one for one in found if one is not None), key=lambda one: abs(one.own), default=None)


def _of_order(part: PreparedWaits, explained: Explained, lines: list[Array]) -> Alignment | None:
    """The place of each visit among those received, beside the order of triage or of arrival.

    Of both the one that goes less far: rows are sent in either by right. None where they were received in one of them.
    """
    received = part.samples.received_at
    found = []
    for at in (part.prediction_time, part.samples.query.arrived_at):
        by_time = np.argsort(at, kind="stable")
        entries = order_of_entry(received[by_time])
        if not entries:
            return None
        places = np.empty(received.size)
        places[by_time] = entries[0].values
        found.append(explained.alignment("visits", "order", places, lines))
    return min((one for one in found if one is not None), key=lambda one: abs(one.own), default=None)


def _of_beds(part: PreparedBeds, explained: Explained, lines: list[Array]) -> list[Alignment | None]:
    """Counts that a table brings itself: a day's discharges may be those of the day that follows.

    Whether they are known, too, and with decimals; and whether expected departures came as exactly as only hindsight
    knows.
    """
    out: list[Alignment | None] = []
    for j, f in enumerate(part.features):
        if f.name in _OWN_COUNTS:
            column = part.X[:, j].astype(np.float64)
            out.append(explained.alignment(f.name, "after", column, lines))
            traces = traces_of(f.name, column)
            out += [explained.alignment(e.feature, e.aspect, e.values, lines) for e in traces]
    return [*out, _expected(part)]


def _expected(part: PreparedBeds) -> Alignment | None:
    """How exactly patients left when it was expected; None: the model does not read it."""
    if "expected_departures" not in {f.name for f in part.features}:
        return None
    at = part.prediction_time
    found = plan_exactness(part.events, int(at.min()), int(at.max()))
    if found is None:
        return None
    return Alignment("expected_departures", found.exact, found.near, found.rows, found.blocks, "exactness")


def _beside_others(part: PreparedWaits) -> list[Alignment | None]:
    """Labels of the visit against the waits of those who came just before and after.

    A level or a department may make a wait longer, and is known at the door. How long the others around will have
    waited nobody knows there, but for the day and the hour of the week; who recodes a visit after a long wait does.
    That urgent patients make others wait is as it should be: only the less urgent levels are looked at.
    """
    columns = part.samples.query.columns
    levels = np.array([str(t) for t in columns["triage"]], object)
    names = np.array([str(t) for t in columns["department"]], object)
    labels = [("triage", levels == level) for level in _LESS_URGENT]
    departments = sorted(set(names.tolist()))
    labels += [("department", names == name) for name in departments if len(departments) > 1]
    modes = np.array([str(t) for t in columns["arrival_mode"]], object)
    labels += [("arrival_mode", modes == mode) for mode in sorted(set(modes.tolist()))]
    at = part.prediction_time
    clock = local_clock(at, part.events.zone)
    cells = (clock // DAY, weekday(clock // DAY) * 8 + clock % DAY // _THREE_HOURS)
    others = _centred(_of_others(log_wait(part.outcome)), cells)
    found = [_beside(feature, label, others, cells, at) for feature, label in labels]
    ascending = sorted((one for one in found if one is not None), key=lambda one: one.own)
    return list(
        {one.feature: one for one in ascending}.values()
    )  # of each feature the label that goes furthest


def _beside(feature: str, label: Array, others: Array, cells: Sequence[Array], at: Array) -> Alignment | None:
    x = _centred(label.astype(np.float64), cells)
    found = excess_correlation(others, x, None, at)
    if found is None:
        return None
    return Alignment(feature, max(found.own, 0.0), 0.0, found.rows, found.blocks, "others")


def _of_others(waits: Array) -> Array:
    """The mean of the rows just before and after each row, without its own: float64 [n]."""
    n, sums = waits.size, np.concatenate([[0.0], np.cumsum(waits)])
    place = np.arange(n)
    low, high = np.maximum(place - _NEIGHBOURS, 0), np.minimum(place + _NEIGHBOURS + 1, n)
    return np.asarray((sums[high] - sums[low] - waits) / np.maximum(high - low - 1, 1))


def _centred(values: Array, cells: Sequence[Array]) -> Array:
    """Values less the means of their day and of their hours of the week, taken in turn: float64 [n]."""
    places = [np.unique(cell, return_inverse=True)[1] for cell in cells]
    for _ in range(_SWEEPS):
        for place in places:
            values = values - (np.bincount(place, values) / np.bincount(place))[place]
    return np.asarray(values)
