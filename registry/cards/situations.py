"""What a check's findings come to together: the situation that each is a sign of, and so what it asks to be done.

A finding alone names a symptom. Times entered in batches throw calibration, errors and waits off at once, and no
calibration on recent data helps; a rota that is no longer sent looks like drift, and training again learns the hole.
So contract, data, drift, calibration and fairness are read together, once for a card.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hospital.features.beds import ALL_BED_FEATURES
from hospital.features.wait import WAIT_FEATURES
from registry.statistics.verdict import SHOWN_DISPARITIES

__all__ = ["CODES", "OF_A_ROTA", "SITUATIONS", "Situations", "is_read_with_tables"]

Finding = Mapping[str, Any]
SITUATIONS = (
    "batches",
    "clock_moved",
    "column_stopped",
    "demand_down",
    "demand_up",
    "doubled",
    "group_apart",
    "group_intervals",
    "group_others_over",
    "group_under",
    "intervals_low",
    "intervals_narrow",
    "intervals_perhaps_shifted",
    "intervals_shifted",
    "intervals_wide",
    "labels_exchanged",
    "less_exact",
    "link_broken",
    "longest_missing",
    "over_predicted",
    "patients_changed",
    "rota_stopped",
    "rows_missing",
    "severity_or_leak",
    "staff_changed",
    "under_predicted",
    "waits_longer",
    "waits_shorter",
)
"""Every situation that is known; each has a sentence in ``findings.situations``, and a row in docs/gates.md."""
_GROUP_OF = {f.name: f.group for f in (*WAIT_FEATURES, *ALL_BED_FEATURES)}
_DEMAND = frozenset({"census", "crowding", "flow", "seasonal_profile"})
_SHUT = ("block", "inconclusive")
CODES: Mapping[str, frozenset[str]] = {
    "batches": frozenset({"heaped_times", "batched_times", "grouped_times", "fixed_delay"}),
    "clock_moved": frozenset(
        {
            "clock_moved",
            "handover_moved",
            "length_moved",
            "mixed_zones",
            "rota_clock",
            "unit_clock_differs",
            "unit_clock_moved",
        }
    ),
    "column_stopped": frozenset(
        {
            "column_constant",
            "column_hours",
            "column_stops",
            "column_stops_for",
            "presence_shifts",
            "table_stops",
        }
    ),
    "doubled": frozenset(
        {
            "copied_day",
            "near_duplicates",
            "near_duplicates_but_one",
            "near_duplicates_other_end",
            "same_content",
            "unit_is_copy",
        }
    ),
    "labels_exchanged": frozenset({"labels_exchanged", "labels_in_turn", "label_taken", "roles_exchanged"}),
    "longest_missing": frozenset({"contact_missing", "lengths_cut", "long_ones_missing"}),
    "rota_stopped": frozenset({"rota_gap", "rota_nobody", "rota_repeated", "rota_shifts", "rota_stops"}),
    "rows_missing": frozenset({"gap", "rows_shift", "silent_hours", "silent_weekdays", "value_stops"}),
}
"""By what reading the data names such a flaw; rows that count once though they are there twice are none."""
_PERHAPS = frozenset({"no_power", "season_hides", "season_unknown", "uncertain_shift"})
"""Notes of drift that show nothing to have moved: each says by itself what to wait for."""
OF_A_ROTA = ("column_stops", "column_constant", "presence_shifts")
"""Of the table of staff these are a rota's."""
_TABLES = {"wait-time": frozenset({"visits", "staffing"})}
"""Of these alone the model knows anything; bed demand reads all tables."""
_READ_WITH_TABLES = ("contract", "calibration", "fairness", "drift")
_OF_ERRORS = frozenset(
    {"coverage", "above_p90", "bias_shift", "error_rise", "gain_over_baseline", "explanation_shift"}
)
"""What goes wrong by itself once times, labels, a clock or a column are wrong."""
_OF_GROUPS = frozenset({"share_above_p50", "log_error", "relative_bias", "outside_interval"})
_WRONG = ("batches", "clock_moved", "labels_exchanged", "longest_missing", "rota_stopped", "column_stopped")
"""Causes of which errors follow, in the order in which they are said."""
_WRONG_TIMES = frozenset({"batches", "clock_moved", "longest_missing"})
"""Of these the waits themselves are no longer those that were."""
_SYMPTOMS = frozenset(
    {
        "intervals_low",
        "intervals_narrow",
        "intervals_perhaps_shifted",
        "intervals_shifted",
        "intervals_wide",
        "less_exact",
        "over_predicted",
        "under_predicted",
    }
)
"""What is a matter of training or calibrating, and of neither while its cause is there."""
_OF_VALUES = ("leak", "leak_reason", "possible_leak")
"""Notes of a value that goes with the wait: who is seen sooner is sicker, and no level says so."""
_OF_WAITS = ("waits_longer", "waits_shorter")
_MOST_SAID = 3
"""Sentences of one finding."""


@dataclass(frozen=True)
class Situations:
    """What the findings of one card say together.

    Attributes:
        causes: situations that explain other findings, too.
        over: groups whose forecasts are not too low by themselves: their mean signed error is at most 0.
        known: groups whose mean signed error is known at all.
        without_levels: the hospital has no triage levels within which visits could be compared.
        shifted: drift shows the hospital, its waits or the errors to have moved; None where it may have.
    """

    causes: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    without_levels: bool = False
    shifted: bool | None = False

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Situations":
        """Of a card, or of a report, which has of reading the data what its check looked for."""
        gates = {str(g["name"]): list(g["findings"]) for g in card.get("gates", [])}
        data = card.get("data", {})
        read = [*data.get("findings", []), *data.get("to_look_at", []), *card.get("tables", [])]
        drift = [f for f in gates.get("drift", []) if f["verdict"] in _SHUT]
        found = {name for name in map(_of_drift, drift) if name is not None}
        entries = any(f.get("note") == "leak_entry" for f in gates.get("contract", []))
        causes = found | _of_tables(read, str(card.get("model", ""))) | ({"batches"} if entries else set())
        errors = {
            str(f["group"]): f["value"]
            for f in gates.get("fairness", [])
            if f["metric"] in ("bias", "relative_bias") and f["value"] is not None
        }
        over = frozenset(group for group, value in errors.items() if value <= 0)
        perhaps = any(f.get("note") in ("season_unknown", "uncertain_shift") for f in drift)
        shifted = True if found else None if perhaps else False
        without_levels = card.get("model") == "wait-time" and "triage" in data.get("missing", [])
        return cls(frozenset(causes), over, frozenset(errors), without_levels, shifted)

    def situations(self, gate: str, finding: Finding) -> tuple[str, ...]:
        """What a finding is a sign of, the surest cause first; empty where it stands for itself."""
        if finding["verdict"] not in _SHUT or finding.get("value") is None:
            return ()
        if gate == "contract" and self.without_levels and finding.get("note") in _OF_VALUES:
            return ("severity_or_leak",)
        own = _of_drift(finding) if gate == "drift" else None
        if own in ("rota_stopped", "column_stopped"):
            return (own,)
        if gate == "fairness" and self._of_group(finding) is None:
            return ()
        wrong, moved = self._wrong(finding), self._moved(gate, own, finding)
        if wrong and (moved in _SYMPTOMS or moved == own):
            moved = None  # what is wrong explains it: there is nothing to learn from it, nor to calibrate
        if moved in _OF_WAITS and not _WRONG_TIMES.isdisjoint(wrong):
            moved = None
        return (*wrong[: _MOST_SAID - 1], moved) if moved else wrong[:_MOST_SAID]

    def _wrong(self, finding: Finding) -> tuple[str, ...]:
        """What explains a finding that follows from wrong times or labels, or from a lost column."""
        if finding["metric"] in _OF_GROUPS:
            return tuple(c for c in ("batches", "clock_moved", "labels_exchanged") if c in self.causes)
        if finding["metric"] in _OF_ERRORS:
            return tuple(cause for cause in _WRONG if cause in self.causes)
        if finding["metric"] == "outcome_shift" or finding.get("group") == "waits":
            return tuple(c for c in _WRONG if c in self.causes & _WRONG_TIMES and self._shortens(c, finding))
        if finding["metric"] == "volume_shift" and finding["value"] < 0 and "rows_missing" in self.causes:
            return ("rows_missing",)
        if finding["metric"] == "correlation_shift":
            return tuple(c for c in ("clock_moved", "labels_exchanged") if c in self.causes)
        return ()

    @staticmethod
    def _shortens(cause: str, finding: Finding) -> bool:
        """Whether a cause can move waits to where they went: longest ones that are lost make them shorter."""
        return cause != "longest_missing" or finding["value"] < 0

    def _moved(self, gate: str, own: str | None, finding: Finding) -> str | None:
        """What the hospital's own change, or the model's own fault, has to do with it."""
        if gate == "drift":
            return self._explained(own)
        if finding.get("note") == "demand_beyond":
            return next((c for c in ("demand_up", "demand_down") if c in self.causes), None)
        if gate == "fairness":
            return self._of_group(finding)
        return self._of_intervals(finding) if gate == "calibration" else None

    def _explained(self, own: str | None) -> str | None:
        """A shift by what brought it: more visits may be the same ones twice, and longer waits come of more visits."""
        if own == "less_exact":  # errors to one side are larger, too
            own = next((c for c in ("under_predicted", "over_predicted") if c in self.causes), own)
        if own in ("waits_longer", "under_predicted") and "demand_up" in self.causes:
            own = "demand_up"
        if own in ("waits_shorter", "over_predicted") and "demand_down" in self.causes:
            own = "demand_down"
        if own == "under_predicted" and "waits_longer" in self.causes:
            return "waits_longer"
        if own == "over_predicted" and "waits_shorter" in self.causes:
            return "waits_shorter"
        return "doubled" if own == "demand_up" and "doubled" in self.causes else own

    def _of_group(self, finding: Finding) -> str | None:
        if finding["verdict"] != "block" and finding.get("note") not in SHOWN_DISPARITIES:
            return None
        if finding["metric"] == "outside_interval":
            return "group_intervals"
        if finding["group"] not in self.known:
            return "group_apart"
        return "group_others_over" if finding["group"] in self.over else "group_under"

    def _of_intervals(self, finding: Finding) -> str | None:
        if finding["verdict"] != "block":
            return None
        if self.shifted is not False:
            return "intervals_shifted" if self.shifted else "intervals_perhaps_shifted"
        limits = finding.get("limits") or (0.0, 1.0)
        if finding["metric"] == "coverage" and finding["value"] > limits[1]:
            return "intervals_wide"
        return "intervals_narrow" if finding["metric"] == "coverage" else "intervals_low"


def is_read_with_tables(report: Mapping[str, Any]) -> bool:
    """Whether something keeps shut that the tables themselves may explain: only then are they looked at once more."""
    findings = [f for g in report["gates"] if g["name"] in _READ_WITH_TABLES for f in g["findings"]]
    return any(f["required"] and f["verdict"] in _SHUT and f["value"] is not None for f in findings)


def _of_tables(findings: Iterable[Mapping[str, Any]], model: str) -> set[str]:
    """The situations that flaws of the tables are, as far as the model reads these tables."""
    found = set()
    for finding in findings:
        code, table = str(finding.get("code", "")), str(finding.get("table", ""))
        if model in _TABLES and table not in _TABLES[model]:
            continue
        if table == "staffing" and code in OF_A_ROTA:
            found.add("rota_stopped")
        else:
            found |= {name for name, codes in CODES.items() if code in codes}
    return found


def _of_drift(finding: Finding) -> str | None:
    """What a finding of the drift gate that keeps it shut is a sign of, by itself."""
    note, value = str(finding.get("note") or ""), finding.get("value")
    if value is None or note in _PERHAPS:
        return None
    up, about = value > 0, _GROUP_OF.get(str(finding["group"]), "")
    by_metric = {
        "volume_shift": "demand_up" if up else "demand_down",
        "outcome_shift": "waits_longer" if up else "waits_shorter",
        "bias_shift": "under_predicted" if up else "over_predicted",
        "error_rise": "less_exact",
        "correlation_shift": "link_broken",
    }
    metric = str(finding["metric"])
    if metric == "trend":
        return by_metric["volume_shift" if finding["group"] == "arrivals" else "outcome_shift"]
    if metric == "missing_shift":
        return None if not up else "rota_stopped" if about == "staff" else "column_stopped"
    if metric == "shift":
        if about in _DEMAND:
            return by_metric["volume_shift"]
        return {"staff": "staff_changed", "patient": "patients_changed"}.get(about)
    return by_metric.get(metric)
