"""The health of a server under load: response times of `/healthz`, memory and processor time."""

from __future__ import annotations

import http.client
import os
import statistics
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.servers import BYSTANDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

SPARE_MEMORY = 100 * 1024
"""Kilobytes by which a server may be larger after a load than it was before."""
IDLE = 0.25
"""A server that uses less than these seconds of processor time in a second is idle."""
_IDLE_WINDOW = 0.5
"""Seconds over which processor time is measured."""
_TIMEOUT = 10.0
_ATTEMPTS = 3
"""How often a load is run before a server that was sometimes late counts as blocked."""
_QUESTION = "Who signed the treaty of 16 July 2001?"


@dataclass(slots=True)
class Pulse:
    """Seconds that each request to `/healthz` took. A failed request counts as the timeout."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def worst(self) -> float:
        return max(self.seconds, default=_TIMEOUT)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else _TIMEOUT

    def __str__(self) -> str:
        median = self.median
        summary = f"/healthz {len(self.seconds)} times, median {median:.2f} s, worst {self.worst:.2f} s"
        return " ".join([summary, *self.failures[:2]])


@contextmanager
def pulse_of(server: Server) -> Iterator[Pulse]:
    """Request `/healthz` continuously, from another address than the attackers' one."""
    pulse, stop = Pulse(), threading.Event()

    def poll() -> None:
        while not stop.is_set():
            started = time.monotonic()
            try:
                _check_health(server.port)
                pulse.seconds.append(time.monotonic() - started)
            except (OSError, http.client.HTTPException) as error:
                pulse.failures.append(f"{type(error).__name__}: {error}")
                pulse.seconds.append(_TIMEOUT)
            stop.wait(0.1)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        stop.set()
        thread.join(_TIMEOUT + 5)


def pulse_during(server: Server, trial: Trial, load: Callable[[], None]) -> Pulse:
    """Measure the pulse during a load. A load that made the server late is repeated: the machine may have been busy."""
    for _ in range(_ATTEMPTS):
        with pulse_of(server) as pulse:
            load()
        if pulse.worst <= trial.limit or pulse.worst >= _TIMEOUT or pulse.median > trial.limit:
            break  # prompt, or too late for a busy machine to explain
    return pulse


def expect_steady(server: Server, trial: Trial, label: str, load: Callable[[], None]) -> bool:
    """Run a load, during which `/healthz` must be prompt and a bystander's question must be answered."""
    answers: list[str] = []

    def run_load() -> None:
        bystander = threading.Thread(target=lambda: answers.append(ask_as_bystander(server)), daemon=True)
        bystander.start()
        load()
        bystander.join(60)

    pulse = pulse_during(server, trial, run_load)
    trial.figure(f"{label}: worst {pulse.worst:.2f} s")
    prompt = trial.prompt(f"{label}", pulse)
    served = trial.holds(f"{label}: a bystander's question is answered.", set(answers) == {"answered"}, answers)
    return prompt and served


def expect_memory_released(server: Server, trial: Trial, before: int, seconds: float = 30) -> None:
    """Record whether the server's memory returns close to its earlier size within some seconds."""
    if not before:
        return
    end = time.monotonic() + seconds
    while (now := memory(server)) > before + SPARE_MEMORY and time.monotonic() < end:
        time.sleep(0.5)
    figures = f"{before // 1024} MB before, {now // 1024} MB after"
    trial.holds("Memory returns to within 100 MB of what it was.", now <= before + SPARE_MEMORY, figures)
    trial.figure(figures)


def memory(server: Server) -> int:
    """Return the resident kilobytes of the server; 0 on a system without `/proc`."""
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        return 0
    return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS:")))


def wait_until_idle(server: Server, seconds: float) -> float:
    """Wait until the server is idle and return the seconds it took; infinity if it stays busy."""
    started = time.monotonic()
    while time.monotonic() < started + seconds:
        before = processor_time(server)
        time.sleep(_IDLE_WINDOW)
        if processor_time(server) - before < IDLE * _IDLE_WINDOW:
            return time.monotonic() - started
    return float("inf")


def processor_time(server: Server) -> float:
    """Return the processor seconds of the server and of the processes in its session."""
    return sum(int(fields[11]) + int(fields[12]) for fields in _session_of(server).values()) / os.sysconf("SC_CLK_TCK")


def processes_of(server: Server, program: bytes) -> list[Path]:
    """Return the processes in the server's session, as folders of `/proc`, whose command line contains these bytes."""
    found = []
    for process in _session_of(server):
        with suppress(OSError):  # it has just ended
            found += [process] if program in (process / "cmdline").read_bytes() else []
    return found


def resident_megabytes(server: Server) -> int:
    """Return the resident memory of the server and of the processes in its session; shared pages count each time."""
    return sum(int(fields[21]) for fields in _session_of(server).values()) * os.sysconf("SC_PAGE_SIZE") // 1_000_000


def open_files(server: Server) -> list[str]:
    """Return the paths of the files that the server has open."""
    paths = []
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            paths.append(str(link.readlink()))
    return paths


def _session_of(server: Server) -> dict[Path, list[str]]:
    """Return the fields of `/proc/…/stat` from the third one on, of each process in the server's session."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process has just ended
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[3]) == server.pid:
                found[stat.parent] = fields
    return found


def ask_as_bystander(server: Server, address: str = BYSTANDER) -> str:
    """Return the status of a bystander's answer, or the error that came instead."""
    try:
        with server.visitor(address) as visitor:
            return str(visitor.ask(_QUESTION)["status"])
    except Exception as error:  # any failure means that the bystander was not served
        return f"{type(error).__name__}: {error}"


def _check_health(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT, source_address=(BYSTANDER, 0))
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise OSError(f"/healthz said {response.status}.")
    finally:
        connection.close()
