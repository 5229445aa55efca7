"""The service as the demo starts and ends it: what ends the demo meanwhile waits until its child is known."""

import signal
import subprocess
import sys

import pytest

from cli.demo.service_process import end, endings_put_off


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_ends_the_demo_waits_until_its_child_is_known(ending: signal.Signals) -> None:
    """Put off while the service is being started, it comes right after, once."""
    before, said = signal.getsignal(ending), list[str]()

    def start() -> None:
        with endings_put_off():
            signal.raise_signal(ending)  # Python would have raised before the next line
            said.append("started")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert said == ["started"]
    assert signal.getsignal(ending) == before


def test_a_service_that_forgets_the_first_sigterm_is_asked_again() -> None:
    """As BentoML's supervisor does while it starts its worker; it still ends by itself, and is not killed."""
    program = (
        "import signal, sys; asked = []\n"
        "def ask(*_):\n    asked.append(1)\n    len(asked) > 1 and sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, ask); print('ready', flush=True)\n"
        "while True: signal.pause()"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"ready\n"
        end(process)
    assert process.returncode == 7
