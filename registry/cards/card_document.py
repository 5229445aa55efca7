"""The model card as data: what a board needs to know of a version. `check` seals it, `card_html` shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry.package.manifest import Manifest
from registry.statistics.hours_of_week import HOURS_OF_WEEK

__all__ = ["build_card"]

_FAIRNESS_REPORTED = ("mean_outcome", "bias", "absolute_error", "coverage")


def build_card(
    manifest: Manifest, report: Mapping[str, Any], findings: Sequence[tuple[str, str, str]]
) -> dict[str, Any]:
    """The card of a version, from its manifest, its report and what reading the data found."""
    return {
        "format": 1,
        "model": report["model"],
        "version": report["version"],
        "kind": report["kind"],
        "digest": report["digest"],
        "policy_digest": report["policy_digest"],
        "policy_name": report["policy_name"],
        "verdict": report["verdict"],
        "compared_with": report["compared_with"],
        "target": manifest.target,
        "scope": report["scope"],
        "required": report["required"],
        "gates": report["gates"],
        "performance": report["performance"],
        "hospital": report["hospital"],
        "tension": report["tension"],
        "tension_totals": report.get("tension_totals", []),
        "admission": report.get("admission"),
        "boarding": report.get("boarding", []),
        "groups": _groups(report),
        "data": {
            "digest": manifest.data_digest,
            "days": manifest.data_days,
            "rows": manifest.data_rows,
            "zone": manifest.zone,
            "cadence_hours": manifest.cadence_hours,
            "missing": list(manifest.missing_columns),
            "audit_attributes": list(manifest.audit_attributes),
            "split": manifest.split,
            "findings": [{"table": t, "code": c, "message": m} for t, c, m in findings],
            "to_look_at": report.get("tables", []),
        },
        "features": [f.model_dump(mode="json") for f in manifest.features],
        "units": [u.model_dump(mode="json") for u in manifest.units],
        **({"names": manifest.names} if manifest.names else {}),
        "training": {
            "seed": manifest.seed,
            "code_commit": manifest.code_commit,
            "libraries": manifest.libraries,
            "feature_digest": manifest.feature_digest,
        },
    }


def _groups(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fairness by group: what was measured, the judged disparities with their intervals, and how many rows."""
    nothing: dict[str, Any] = {"findings": []}
    gate = next((g for g in report["gates"] if g["name"] == "fairness"), nothing)
    by_group: dict[str, dict[str, Any]] = {}
    for finding in gate["findings"]:
        if str(finding["group"]).rpartition("*")[2] in HOURS_OF_WEEK and not finding["required"]:
            continue  # in the report; on the card each group has one row, and those shown to be harmed
        row = by_group.setdefault(
            finding["group"],
            {"group": finding["group"], "n": finding["n"], "reported": {}, "disparities": []},
        )
        if finding["metric"] in _FAIRNESS_REPORTED:
            row["reported"][finding["metric"]] = finding["value"]
            row["n"] = finding["n"]
        else:
            row["disparities"].append(finding)
    return list(by_group.values())
