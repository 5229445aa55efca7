"""Looks at the levels that come at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from centre.recommendations import look as look_module
from centre.recommendations.look import look, look_if_due
from tests.centre.recommendations.situations import Hospital


def test_nobody_waits_for_forecasts_that_another_makes(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one looks, the others are given the look before."""
    hospital = Hospital(quick_path, monkeypatch)
    parts = hospital.parts
    before = look_if_due(parts, parts.clock.now())
    hospital.later(60)
    asked, answered, made = Event(), Event(), look_module.bed_forecasts

    def slow(*given: Any) -> Any:
        asked.set()
        assert answered.wait(20)
        return made(*given)

    monkeypatch.setattr(look_module, "bed_forecasts", slow)
    with ThreadPoolExecutor(1) as pool:
        new = pool.submit(look_if_due, parts, parts.clock.now())
        try:
            assert asked.wait(20)
            assert look_if_due(parts, parts.clock.now()) is before
        finally:
            answered.set()
        assert new.result(20).at == parts.clock.now()
    assert look_if_due(parts, parts.clock.now()) is new.result()


def test_two_who_look_at_once_propose_nothing_twice(
    quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As two workers may."""
    hospital = Hospital(quick_path, monkeypatch)
    parts = hospital.parts
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(look, parts, parts.clock.now()) for _ in range(4)]:
            done.result(30)
    assert len(hospital.listed()) == 1
