"""What `vigie monitor` says of an error beside a service: lines of the service's log, one form, no value."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from cli.commands.monitor_commands import _log_run
from tests.support.repository import ROOT

_BESIDE = """
import os, sys
import cli.commands.monitor_commands as monitor_commands
from cli.main import main
monitor_commands._FIRST_SECONDS = 0.0
sys.exit(main(["monitor", "--parent", str(os.getppid())]))
"""


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_error_of_a_run_is_a_line_of_the_service_log(tmp_path: Path, language: str) -> None:
    """A trust folder that cannot be read: said for each model, in JSON, on standard output; nothing beside it."""
    trust = tmp_path / "home" / "trust"
    trust.mkdir(parents=True)
    (trust / "trust.json").write_text("{")
    process = subprocess.Popen(
        [sys.executable, "-c", _BESIDE],
        cwd=ROOT,
        env={**os.environ, "VIGIE_HOME": str(tmp_path / "home"), "VIGIE_LANGUAGE": language},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    end = threading.Timer(60, process.kill)  # a line that never comes is a failure, and no end of waiting
    end.start()
    try:
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    finally:
        end.cancel()
        process.send_signal(signal.SIGTERM)
        _, beside = process.communicate(timeout=20)
    assert {line["log"] for line in lines} == {"vigie.monitor"}
    assert {line["level"] for line in lines} == {"error"}
    messages = sorted(line["message"] for line in lines)
    assert [
        model in message for model, message in zip(("bed-demand", "wait-time"), messages, strict=True)
    ] == [True] * 2
    assert beside == ""


@pytest.mark.parametrize(
    ("code", "words", "wanted"),
    [
        (
            2,
            "vigie: wait-time: it does not verify:\n  - one\n  - two\n",
            ["it does not verify", "- one", "- two"],
        ),
        (1, "", []),
        (-9, "", ["killed by signal 9"]),
        (3, "Traceback (most recent call last):\n  rows = Lefebvre\nValueError: Lefebvre\n", ["exit code 3"]),
        (0, "/lib/x.py:3: UserWarning: Lefebvre\n  warn('Lefebvre')\n", []),
    ],
)
def test_sentences_of_ours_are_logged_and_others_are_not(
    code: int, words: str, wanted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback, a library's warning or a killed run leave no word of theirs: they may hold values."""
    logging.getLogger("vigie").handlers.clear()
    with tempfile.TemporaryFile() as file:
        file.write(words.encode())
        _log_run(code, file)
    lines = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    logging.getLogger("vigie").handlers.clear()
    assert len(lines) == len(wanted)
    assert all(part in line for part, line in zip(wanted, lines, strict=True))
    assert "Lefebvre" not in "".join(lines)
