"""BentoML services as processes of their own, and wrk against them."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.demo import _family
from cli.demo.service_process import end
from hospital.times import instant, parse_time

__all__ = ["Load", "Service", "clock_of", "request_of", "running", "wrk"]

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS, _LOOK_SECONDS = 60.0, 0.02
_WORKER = b"_bentoml_impl.worker.service"
_DONE = """
done = function(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests": %d, "us": %d, "mean_us": %f, "p50_us": %f, "p99_us": %f, "not_2xx": %d, "failed": %d}\\n',
    summary.requests, summary.duration, latency.mean, latency:percentile(50), latency:percentile(99),
    summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Service:
    """A service that is ready.

    Attributes:
        ready_seconds: from the start of its first process. log: what it printed.
    """

    process: "subprocess.Popen[bytes]"
    port: int
    ready_seconds: float
    log: Path

    def worker(self) -> int:
        """The process that answers.

        Raises:
            RuntimeError: there is none, or several.
        """
        found = [p for p in _family(self.process.pid) if _WORKER in Path(f"/proc/{p}/cmdline").read_bytes()]
        if len(found) != 1:
            raise RuntimeError(f"One worker was expected, {len(found)} found: see {self.log}.")
        return found[0]

    def memory_bytes(self) -> tuple[int, int]:
        """(resident, proportional) memory of the worker: RSS and PSS."""
        told = Path(f"/proc/{self.worker()}/smaps_rollup").read_text()
        rss, pss = (re.search(rf"^{name}: +(\d+) kB", told, re.MULTILINE) for name in ("Rss", "Pss"))
        assert rss is not None
        assert pss is not None
        return int(rss[1]) * 1024, int(pss[1]) * 1024


@contextmanager
def running(target: str | None, environment: Mapping[str, str], log: Path) -> Iterator[Service]:
    """The service of this import path, or `vigie serve` without one; ended afterwards.

    Raises:
        RuntimeError: it stopped, or was not ready in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    where = ["--host", "127.0.0.1", "--port", str(port), "--timeout-graceful-shutdown", "20"]
    command = [sys.executable, "-m", "bentoml", "serve", target, *where] if target else _vigie_serve()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("VIGIE_", "PROMETHEUS_"))}
    kept |= {"BENTOML_DO_NOT_TRACK": "true", "OMP_WAIT_POLICY": "PASSIVE", "VIGIE_PORT": str(port)}
    # One client of the measurement asks as often as it can: what is measured is the answer, not the limit.
    kept |= {"VIGIE_REQUESTS_PER_TOKEN": "1e9", "VIGIE_REQUESTS_PER_ADDRESS": "1e9"}
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**kept, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, port, log)
        yield Service(process, port, time.monotonic() - begun, log)
    finally:
        end(process)


def _vigie_serve() -> list[str]:
    return [sys.executable, "-m", "cli", "serve"]


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"A service stopped while it started: see {log}.")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(_LOOK_SECONDS)
    raise RuntimeError(f"A service was not ready within {_READY_SECONDS:g} s: see {log}.")


@dataclass(frozen=True)
class Load:
    """What wrk found in one run.

    Attributes:
        mean_ms, p50_ms, p99_ms: latency of a request. per_second: requests answered.
    """

    mean_ms: float
    p50_ms: float
    p99_ms: float
    per_second: float


def request_of(service: Service, path: str, body: Any, token: str) -> urllib.request.Request:
    """A POST of JSON."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return urllib.request.Request(f"http://127.0.0.1:{service.port}{path}", _json(body), headers)


def clock_of(service: Service, token: str) -> int:
    """The instant by Vigie's own clock in a service, which begins when it is started."""
    headers = {"authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{service.port}/v1/models", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own http address
        return instant(parse_time(json.loads(answer.read())["now"]))


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def wrk(request: urllib.request.Request, clients: int, seconds: int, script: Path) -> Load:
    """Sends this request again and again over as many connections.

    Raises:
        RuntimeError: a request failed, or was answered with anything else than 2xx.
    """
    assert isinstance(request.data, bytes)
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{request.data.decode()}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in request.headers.items()]
    script.write_text("\n".join(lines) + _DONE)
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
    done = subprocess.run(
        [*command, "-s", str(script), request.full_url], capture_output=True, text=True, check=False
    )
    told = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
    if told is None:
        raise RuntimeError(f"wrk told nothing of {request.full_url}: {done.stdout}{done.stderr}")
    found = json.loads(told[1])
    if found["not_2xx"] or found["failed"] or not found["requests"]:
        raise RuntimeError(f"wrk at {request.full_url}, {clients} clients: {found}")
    mean, p50, p99 = (found[f"{name}_us"] / 1e3 for name in ("mean", "p50", "p99"))
    return Load(mean, p50, p99, found["requests"] / (found["us"] / 1e6))
