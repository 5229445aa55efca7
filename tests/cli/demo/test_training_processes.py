"""What the demo trains anew: also where its levels name another number of boarders than was learned."""

import json
from pathlib import Path

from cli.demo.command_centre import write_levels
from cli.demo.training_processes import already_trained
from cli.installation import boarding_threshold
from registry.candidates.candidates import candidate
from tests.support.small_demo import SmallDemo


def test_a_version_that_was_trained_for_another_threshold_is_not_kept(
    small_demo: SmallDemo, tmp_path: Path
) -> None:
    """Before its levels name one, a version without it is kept; then it foresees nothing of what they ask."""
    settings = small_demo.copied(tmp_path / "home").settings
    package = candidate(settings.candidates, "bed-demand", "1").package
    manifest = json.loads((package / "manifest.json").read_bytes())
    asked = settings, "bed-demand", manifest["data_digest"], manifest["feature_digest"]
    assert boarding_threshold(settings) is None
    kept = already_trained(*asked)
    assert kept is not None
    assert kept.version == "1"
    write_levels(settings)
    assert boarding_threshold(settings) == 5
    assert already_trained(*asked) is None
