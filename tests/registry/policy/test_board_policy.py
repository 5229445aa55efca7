"""The board's policy: what may be used, and that everything wrong with one is said at once."""

import re

import pytest

from registry.digests import sha256_bytes
from registry.errors import PolicyError
from registry.policy.board_policy import BASELINE_FLOOR, FLOOR, default_policy, load_policy


def edited(pattern: str, replacement: str) -> bytes:
    """The shipped policy with one thing changed."""
    text, count = re.subn(
        pattern, replacement, default_policy().content.decode(), count=1, flags=re.MULTILINE
    )
    assert count == 1, pattern
    return text.encode()


def test_the_shipped_policy_requires_its_floor_and_two_approvals() -> None:
    """What ships can be used as it is."""
    policy = default_policy()
    assert set(policy.required) == set(FLOOR)
    assert policy.required_of("model") == policy.required
    assert set(policy.required_of("baseline")) == set(BASELINE_FLOOR)
    assert policy.approvals == 2


def test_the_digest_is_of_the_bytes() -> None:
    """Two policies that mean the same and are written differently are two policies."""
    content = default_policy().content
    assert default_policy().digest == sha256_bytes(content)
    assert load_policy(content + b"\n").digest != default_policy().digest


def test_every_number_has_its_reason_beside_it() -> None:
    """A margin without a reason is a margin nobody can question."""
    lines = default_policy().content.decode().splitlines()
    numbers = [line for line in lines if re.match(r"\w+ = [\d\[]", line)]
    assert len(numbers) > 90
    without = [line.partition(" = ")[0] for line in numbers if "#" not in line]
    assert [name for name in without if name not in ("version", "required")] == []


@pytest.mark.parametrize(
    ("pattern", "replacement", "said"),
    [
        (r'"drift", "efficiency"\]', '"efficiency"]', "does not require drift"),
        (r', "efficiency"\]', "]", "does not require efficiency"),
        (r'"explanation", ', "", "does not require explanation"),
        (r'"calibration"\] #', "] #", "does not require calibration"),
        (r'"efficiency"\]', '"efficiency", "luck"]', "no gate luck"),
        (r"^stability = [\d.]+", "stability = 3.0", "explanation.stability"),
        (r"^shift_block = [\d.]+", "shift_block = 9.0", "explanation.shift_block"),
        (r"^proxy_area = [\d.]+", "proxy_area = 0.99", "explanation.proxy_area"),
        (r"^proxy_share = [\d.]+", "proxy_share = 0.9", "explanation.proxy_share"),
        (
            r"^stated_attributes = .*$",
            'stated_attributes = ["sex", "age_band"]',
            "explanation.stated_attributes",
        ),
        (r"^cost_ratio = [\d.]+", "cost_ratio = 50.0", "efficiency.cost_ratio"),
        (r"^answer_milliseconds = [\d.]+", "answer_milliseconds = inf", "efficiency.answer_milliseconds"),
        (r"^approvals = [\d.]+", "approvals = 1", "approvals"),
        (r"^approvals = [\d.]+", "approvals = true", "approvals"),
        (r"^alpha = [\d.]+", "alpha = 0.5", "alpha"),
        (r"^alpha = [\d.]+", "alpha = nan", "alpha"),
        (r"^excess_correlation = [\d.]+", "excess_correlation = 0.9", "contract.excess_correlation"),
        (r"^probe_times = \d+", "probe_times = 0", "contract.probe_times"),
        (r"^beyond_share = [\d.]+", "beyond_share = 1.0", "contract.beyond_share"),
        (r"^settled_before = .*$", 'settled_before = ["a", "b", "c", "d", "e"]', "contract.settled_before"),
        (r"^confidence = [\d.]+", "confidence = 0.2", "scope.confidence"),
        (r"^noninferiority_margin = [\d.]+", "noninferiority_margin = 1.0", "noninferiority_margin"),
        (r"^tolerance_short = [\d.]+", "tolerance_short = 0.8", "tolerance_short"),
        (r"^tolerance_long = [\d.]+", "tolerance_long = inf", "tolerance_long"),
        (r"^margin_share_above = [\d.]+", "margin_share_above = 0.5", "margin_share_above"),
        (r"^margin_log_error = [\d.]+", "margin_log_error = 3.0", "margin_log_error"),
        (r"^margin_bed_bias = [\d.]+", "margin_bed_bias = 1.0", "margin_bed_bias"),
        (r"^minimum_rows = [\d.]+", "minimum_rows = 100000000", "minimum_rows"),
        (r"^unknown_share = [\d.]+", "unknown_share = 1.0", "unknown_share"),
        (r"^attributes = .*$", "attributes = []", "fairness.attributes"),
        (r"^effect = [\d.]+", "effect = 1000.0", "drift.effect"),
        (r"^spread_floor = [\d.]+", "spread_floor = 50.0", "spread_floor"),
        (r"^windows_days = \[.*?\]", "windows_days = []", "windows_days"),
        (r"^adjustment_share = [\d.]+", "adjustment_share = 1.0", "adjustment_share"),
        (r"^history_days = \d+", 'history_days = "430"', "history_days"),
        (r"^version = [\d.]+", "version = 2", "version"),
        (r"^least_gain", "leest_gain", "accuracy.leest_gain"),
        (r"^\[drift\]", "[draft]", "draft"),
        (r"^minimum_rows = 1750", "minimum_rows = 1000", "asks for 1750 rows"),
        (r"^rows = 1650", "rows = 400", "share_above_p50 needs"),
        (r"^metric = .*$", 'metric = "luck"', "there is no score luck"),
        (r"^metric = .*$", 'metric = "luck"', "no row for share_above_p50"),
        (r"^margin_log_error = [\d.]+", "margin_log_error = 0.03", "log_error needs"),
        (r"^intersections = .*$", 'intersections = ["sex*shoe"]', "sex*shoe"),
        (r"^required_groups = .*$", 'required_groups = {shoe = ["44"]}', "no attribute shoe"),
        (r"^minimum_rows_to_block = \d+", "minimum_rows_to_block = 5000", "minimum_rows_to_block"),
        (r"^noninferiority_margin_horizon = [\d.]+", "noninferiority_margin_horizon = 0.5", "horizon"),
        (r"^tolerance_above = [\d.]+", "tolerance_above = 0.3", "tolerance_above"),
        (r"^tolerance_above_night = [\d.]+", "tolerance_above_night = 0.3", "tolerance_above_night"),
        (r"^margin_outside = [\d.]+", "margin_outside = 0.5", "margin_outside"),
        (r"^volume_effect = [\d.]+", "volume_effect = 0.5", "volume_effect"),
        (r"^correlation_effect = [\d.]+", "correlation_effect = 0.9", "correlation_effect"),
        (r"^bias_effect = [\d.]+", "bias_effect = 0.9", "bias_effect"),
        (r"^error_effect = [\d.]+", "error_effect = 2.0", "error_effect"),
        (r"^unknown_season_factor = [\d.]+", "unknown_season_factor = 9.0", "unknown_season_factor"),
    ],
)
def test_a_policy_that_loosens_what_ships_is_refused(pattern: str, replacement: str, said: str) -> None:
    """Unknown keys, margins that switch a gate off, a floor or approvals undercut: none can be used."""
    with pytest.raises(PolicyError, match=re.escape(said)):
        load_policy(edited(pattern, replacement))


def test_everything_wrong_is_said_at_once() -> None:
    """A board member edits once, not once for each fault."""
    text = edited(r"^effect = [\d.]+", "effect = 99.0").decode().replace("approvals = 2", "approvals = 1")
    text = text.replace('"drift", "efficiency"]', '"efficiency"]') + "\n[new]\nkey = 1\n"
    with pytest.raises(PolicyError) as refused:
        load_policy(text.encode())
    for said in ("approvals", "does not require drift", "drift.effect", "new"):
        assert said in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"approvals = ", b"", b"gates = 3\n", b"[gates]\nrequired = 1\n"]
)
def test_what_is_no_policy_is_refused_with_words(content: bytes) -> None:
    """Bytes that are no policy are an error to read, not a traceback."""
    with pytest.raises(PolicyError):
        load_policy(content)


def test_a_stricter_policy_can_be_used() -> None:
    """A board may ask for more."""
    assert load_policy(edited(r"^approvals = [\d.]+", "approvals = 3")).approvals == 3
    assert load_policy(edited(r"^margin_share_above = [\d.]+", "margin_share_above = 0.0599")).digest
