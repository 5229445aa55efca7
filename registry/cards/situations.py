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

__all__ = ["SITUATIONS", "Situations"]

Finding = Mapping[str, Any]
SITUATIONS = (
    "batches",
    "column_stopped",
    "demand_down",
    "demand_up",
    "doubled",
    "group_intervals",
    "group_others_over",
    "group_under",
    "intervals_low",
    "intervals_narrow",
    "intervals_shifted",
    "intervals_wide",
    "less_exact",
    "link_broken",
    "over_predicted",
    "patients_changed",
    "rota_stopped",
    "staff_changed",
    "under_predicted",
    "waits_longer",
    "waits_shorter",
)
"""Every situation that is known; each has a sentence in ``findings.situations``, and a row in docs/gates.md."""
_GROUP_OF = {f.name: f.group for f in (*WAIT_FEATURES, *ALL_BED_FEATURES)}
_DEMAND = frozenset({"census", "crowding", "flow", "seasonal_profile"})
_SHUT = ("block", "inconclusive")
_BATCHES = ("batch", "heap", "bunch")
_DOUBLES = ("duplicate", "twice", "doubled")
_STOPS = ("stops", "stopped", "column_ends")
"""Parts of the codes by which reading the data names such a flaw."""
_FOLLOWS = frozenset(
    {"coverage", "above_p90", "bias_shift", "error_rise", "gain_over_baseline", "explanation_shift"}
)
"""What goes wrong by itself once times or a column are wrong."""


@dataclass(frozen=True)
class Situations:
    """What the findings of one card say together.

    Attributes:
        causes: situations that explain other findings, too.
        over: groups whose forecasts are not too low by themselves: their mean signed error is at most 0.
        shifted: drift shows the hospital, its waits or the errors to have moved.
    """

    causes: frozenset[str] = frozenset()
    over: frozenset[str] = frozenset()
    shifted: bool = False

    @classmethod
    def of(cls, card: Mapping[str, Any]) -> "Situations":
        """Of a card, or of a report, which holds nothing of reading the data."""
        gates = {str(g["name"]): list(g["findings"]) for g in card.get("gates", [])}
        codes = [str(f.get("code", "")) for f in card.get("data", {}).get("findings", [])]
        drift = [f for f in gates.get("drift", []) if f["verdict"] in _SHUT]
        found = {name for name in map(_of_drift, drift) if name is not None}
        entries = any(f.get("note") == "leak_entry" for f in gates.get("contract", []))
        if entries or _named(codes, _BATCHES):
            found.add("batches")
        if _named(codes, _DOUBLES):
            found.add("doubled")
        if _named(codes, _STOPS):
            found.add("column_stopped")
        over = {
            str(f["group"])
            for f in gates.get("fairness", [])
            if f["metric"] == "bias" and f["value"] is not None and f["value"] <= 0
        }
        moved = {
            "demand_up",
            "demand_down",
            "waits_longer",
            "waits_shorter",
            "over_predicted",
            "under_predicted",
        }
        return cls(frozenset(found), frozenset(over), bool(found & moved))

    def situation(self, gate: str, finding: Finding) -> str | None:
        """The situation that a finding is a sign of; None where it stands for itself."""
        if finding["verdict"] not in _SHUT or finding.get("value") is None:
            return None
        own = _of_drift(finding) if gate == "drift" else None
        if own in ("rota_stopped", "column_stopped"):
            return own
        cause = self._cause(finding)
        if cause is not None:
            return cause
        if gate == "drift":
            return self._explained(own)
        if finding.get("note") == "demand_beyond":
            return next((c for c in ("demand_up", "demand_down") if c in self.causes), None)
        if gate == "fairness":
            return self._of_group(finding)
        return self._of_intervals(finding) if gate == "calibration" else None

    def _cause(self, finding: Finding) -> str | None:
        """What explains a finding that follows from wrong times or a lost column."""
        if finding["metric"] in (*_FOLLOWS, "outcome_shift") and "batches" in self.causes:
            return "batches"
        if finding["metric"] in _FOLLOWS:
            return next((c for c in ("rota_stopped", "column_stopped") if c in self.causes), None)
        return None

    def _explained(self, own: str | None) -> str | None:
        """A shift by what brought it: more visits may be the same ones twice, and longer waits come of more visits."""
        if own in ("waits_longer", "under_predicted") and "demand_up" in self.causes:
            own = "demand_up"
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
        return "group_others_over" if finding["group"] in self.over else "group_under"

    def _of_intervals(self, finding: Finding) -> str | None:
        if finding["verdict"] != "block":
            return None
        limits = finding.get("limits") or (0.0, 1.0)
        if finding["metric"] == "coverage" and finding["value"] > limits[1]:
            return "intervals_wide"
        if self.shifted:
            return "intervals_shifted"
        return "intervals_narrow" if finding["metric"] == "coverage" else "intervals_low"


def _named(codes: Iterable[str], parts: Iterable[str]) -> bool:
    return any(part in code for code in codes for part in parts)


def _of_drift(finding: Finding) -> str | None:
    """What a finding of the drift gate that keeps it shut is a sign of, by itself."""
    note, value = str(finding.get("note") or ""), finding.get("value")
    if value is None or note == "no_power":
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
