"""Energy is estimated from what work really took."""

import time

import pytest

from registry.facts.energy import Meter, watt_hours


def test_energy_is_what_work_took_times_what_it_draws() -> None:
    """An hour of one busy core and no memory is 12 Wh; a busy second is counted, a sleeping one hardly."""
    assert watt_hours(3600, 3600, 0) == pytest.approx(12)
    assert watt_hours(0, 3600, 10) == pytest.approx(3.725)
    meter = Meter()
    time.sleep(0.3)
    asleep = meter.read()
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    busy = meter.read()
    assert asleep.cpu_seconds < 0.1
    assert asleep.seconds >= 0.3
    assert busy.cpu_seconds - asleep.cpu_seconds == pytest.approx(0.3, abs=0.1)
    assert busy.to_json()["method"] == "estimated"
    assert busy.to_json()["watt_hours"] == pytest.approx(busy.watt_hours, abs=1e-6)
    assert 0.01 < busy.memory_gib < 64
