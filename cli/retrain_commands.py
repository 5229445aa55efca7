"""`vigie retrain --if-due`: a candidate where one is due, and why; never a release."""

import argparse
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hospital.errors import VigieError

if TYPE_CHECKING:
    from registry.settings import Settings

__all__ = ["retrain"]


def retrain(given: argparse.Namespace, settings: "Settings", models: Sequence[str], *, now: datetime) -> int:
    """Runs the verb; returns the exit code: 0 at least one candidate was trained, 1 none was due."""
    from cli.progress import bar
    from hospital.ingest.hospital_reader import read_hospital
    from hospital.ingest.pseudonyms import load_or_create_key
    from hospital.mapping.mapping_file import load_mapping
    from registry.monitoring.retraining_due import due
    from registry.record.database import opened_database
    from registry.trust.keys import load_key
    from training.train import Request, train

    key = load_key(given.key) if given.key else None
    mapping = load_mapping(given.mapping) if given.mapping else None
    tables = read_hospital(given.data, mapping, load_or_create_key(settings.home / "pseudonym.key"))
    told: list[dict[str, Any]] = []
    for model in models:
        with opened_database(settings.database) as engine, engine.connect() as connection:
            found = due(settings, connection, model, tables, now=now)
        version = None
        if found.due:
            request = Request(
                model,
                found.horizons_hours if model == "bed-demand" else (),
                None,
                1,
                given.threads,
                ablation=False,
            )
            comment = f"retrained because {'; '.join(found.reasons)}"
            try:
                with bar(hidden=given.json) as progress:
                    done = train(
                        request, tables, settings, key=key, now=now, progress=progress, comment=comment
                    )
            except VigieError as error:
                raise VigieError(f"{model} is due and could not be trained. {error}") from None
            version = done.candidate.version
        told.append(found.for_machines() | {"version": version})
        if not given.json:
            _say(told[-1])
    if given.json:
        print(json.dumps(told))
    return 0 if any(one["version"] is not None for one in told) else 1


def _say(one: dict[str, Any]) -> None:
    if one["version"] is None:
        print(f"{one['model']}: not due: {'; '.join(one['obstacles'])}.")
        for reason in one["reasons"]:
            print(f"  though {reason}")
        return
    print(f"{one['model']} version {one['version']} is a candidate, because {'; '.join(one['reasons'])}.")
    print(f"  It is not released. Next: vigie check {one['model']} {one['version']}")
