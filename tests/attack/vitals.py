"""How a server is doing while it is under load: its pulse, its memory, its processor time."""

from __future__ import annotations

import http.client
import os
import statistics
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.servers import BYSTANDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

SPARE_MEMORY = 100 * 1024
"""Kilobytes by which a server may be larger after a load than before it."""
IDLE = 0.25
"""Seconds of processor time in a second, below which a server has nothing to do."""
_LONGEST = 10.0
_CHANCES = 3
"""How often a load is run before a server that was late now and then is called blocked."""
_QUESTION = "Who signed the treaty of 16 July 2001?"


@dataclass(slots=True)
class Pulse:
    """Seconds that each request to `/healthz` took; one that failed counts as the longest."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def worst(self) -> float:
        return max(self.seconds, default=_LONGEST)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else _LONGEST

    def __str__(self) -> str:
        median = self.median
        told = f"/healthz {len(self.seconds)} times, median {median:.2f} s, worst {self.worst:.2f} s"
        return " ".join([told, *self.failures[:2]])


@contextmanager
def pulse_of(server: Server) -> Iterator[Pulse]:
    """Ask for `/healthz` all the time, from another address than the attackers'."""
    pulse, over = Pulse(), threading.Event()

    def beat() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                _healthy(server.port)
                pulse.seconds.append(time.monotonic() - began)
            except (OSError, http.client.HTTPException) as error:
                pulse.failures.append(f"{type(error).__name__}: {error}")
                pulse.seconds.append(_LONGEST)
            over.wait(0.1)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        over.set()
        thread.join(_LONGEST + 5)


def pulse_during(server: Server, trial: Trial, load: Callable[[], None]) -> Pulse:
    """The pulse during a load. One that made the server late is run again: the machine may have been busy."""
    for _ in range(_CHANCES):
        with pulse_of(server) as pulse:
            load()
        if pulse.worst <= trial.limit or pulse.worst >= _LONGEST or pulse.median > trial.limit:
            break  # prompt, or late beyond what a busy machine explains
    return pulse


def steady(server: Server, trial: Trial, what: str, load: Callable[[], None]) -> bool:
    """Run a load; `/healthz` must be prompt, and a bystander's question answered, meanwhile."""
    answers: list[str] = []

    def loaded() -> None:
        bystander = threading.Thread(target=lambda: answers.append(question(server)), daemon=True)
        bystander.start()
        load()
        bystander.join(60)

    pulse = pulse_during(server, trial, loaded)
    trial.figure(f"{what}: worst {pulse.worst:.2f} s")
    prompt = trial.prompt(f"{what}", pulse)
    served = trial.holds(f"{what}: a bystander's question is answered.", set(answers) == {"answered"}, answers)
    return prompt and served


def slimmed(server: Server, trial: Trial, before: int, seconds: float = 30) -> None:
    """Wait until the server's memory is near what it was."""
    if not before:
        return
    end = time.monotonic() + seconds
    while (now := memory(server)) > before + SPARE_MEMORY and time.monotonic() < end:
        time.sleep(0.5)
    seen = f"{before // 1024} MB before, {now // 1024} MB after"
    trial.holds("Memory returns to within 100 MB of what it was.", now <= before + SPARE_MEMORY, seen)
    trial.figure(seen)


def memory(server: Server) -> int:
    """Resident kilobytes; 0 where the system does not tell."""
    status = Path(f"/proc/{server.pid}/status")
    if not status.exists():
        return 0
    return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS:")))


def settled(server: Server, seconds: float) -> float:
    """Seconds until the server's processor time stands still; infinite where it does not within that time."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        before = processor_time(server)
        time.sleep(1)
        if processor_time(server) - before < IDLE:
            return time.monotonic() - began
    return float("inf")


def processor_time(server: Server) -> float:
    """Seconds that the server and the processes of its session have computed."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == server.pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def question(server: Server, address: str = BYSTANDER) -> str:
    """The status of a bystander's answer, or what happened instead."""
    try:
        with server.visitor(address) as visitor:
            return str(visitor.ask(_QUESTION)["status"])
    except Exception as error:  # whatever it is, the bystander was not served
        return f"{type(error).__name__}: {error}"


def _healthy(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LONGEST, source_address=(BYSTANDER, 0))
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise OSError(f"/healthz said {response.status}.")
    finally:
        connection.close()
