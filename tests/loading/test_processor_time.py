"""Limits on the processor time of a process: what counts, and when they end it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from index.loading import processor_time
from index.loading.processor_time import Allowance, Deadline

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells the processor time of a process")
BURN = "import time\nwhile time.process_time() < 0.3: pass"


class Spent:
    """Replaces the system's measurement."""

    seconds = 0.0

    def __call__(self, pid: int) -> float:
        return self.seconds


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Spent:
    """Processor time that a test advances."""
    monkeypatch.setattr(processor_time, "_spent", told := Spent())
    return told


@LINUX
def test_children_count() -> None:
    """The time of a program that a process has started is its own, while it runs and when it has ended."""
    allowance = Allowance(os.getpid(), 0.25)
    assert allowance.left > 0
    with subprocess.Popen([sys.executable, "-c", f"{BURN}\nprint(flush=True)\ninput()"], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert allowance.left == 0
        child.communicate(b"\n")
    assert allowance.left == 0


def test_process_that_gets_little_time_is_not_idle(spent: Spent, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine it may take long; one that makes no progress ends after ten times its limit."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    allowance = Allowance(os.getpid(), 10.0)
    for _ in range(6):
        now, spent.seconds = now + 90.0, spent.seconds + 1.5
        assert allowance.left > 0
    now += 99.0
    assert allowance.left == pytest.approx(1.0)
    now += 2.0
    assert allowance.left == 0


def test_time_is_granted_again(spent: Spent) -> None:
    """`renew` grants the same time from now on; a cancelled deadline never ends a process."""
    ended: list[str] = []
    renewed, cancelled = (Deadline(os.getpid(), 60.0, lambda name=name: ended.append(name)) for name in "rc")  # type: ignore[misc]
    spent.seconds = 50.0
    renewed.renew()
    cancelled.cancel()
    spent.seconds = 100.0
    renewed._check()
    assert ended == []
    spent.seconds = 111.0
    renewed._check()
    cancelled._check()
    assert ended == ["r"]
