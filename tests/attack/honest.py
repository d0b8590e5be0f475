"""Honest visitors of a demo, who ask one question each while others attack."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING

from tests.attack.guests import Guest, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

PROMPT = 2.0
"""Seconds within which an honest visitor is answered 95 times of 100."""
_EVERY = 0.5
_QUESTIONS = (
    "Why did Rosneft and Transneft give in and let CNPC pay less?",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?",
    "What is the technical term for a market that has only one customer?",
    "Which types of bomber flew together over the Sea of Japan in July 2019?",
)


@dataclass(slots=True)
class Answers:
    """Seconds of each answer, and the questions without one."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    attack: str = ""
    """What the others do meanwhile."""
    slowest: tuple[float, str] = (0.0, "")

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 were answered."""
        ordered = sorted(self.seconds)
        return ordered[int(0.95 * len(ordered))] if ordered else float("inf")

    def judge(self, trial: Trial) -> None:
        """Record whether all were answered, and in time if this is not a brief trial."""
        trial.holds("Every honest visitor is answered.", self.seconds and not self.failures, self.failures)
        if not trial.brief:
            trial.holds(f"95 of 100 honest visitors are answered within {PROMPT:g} s.", self.p95 <= PROMPT, self.p95)
        slowest, attack = self.slowest
        median = sorted(self.seconds)[len(self.seconds) // 2] if self.seconds else float("inf")
        trial.figure(
            f"{len(self.seconds)} honest questions, p50 {median:.2f} s, p95 {self.p95:.2f} s, "
            f"slowest {slowest:.2f} s during {attack}"
        )


@contextmanager
def honest_visitors(server: Server) -> Iterator[Answers]:
    """Let a new visitor from a new address ask a question twice a second until the block ends."""
    answers, over = Answers(), threading.Event()

    def ask_all() -> None:
        for question in cycle(_QUESTIONS):
            _ask(server, question, answers)
            if over.wait(_EVERY):
                break

    thread = threading.Thread(target=ask_all, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join(60)


def _ask(server: Server, question: str, answers: Answers) -> None:
    began = time.monotonic()
    try:
        with Guest(server, Ledger()) as guest:
            assert guest.ask(question)["status"] in ("answered", "abstained", "unsure")
    except Exception as error:  # any failure means that the visitor was not served
        answers.failures.append(f"{type(error).__name__} during {answers.attack}: {error}")
    seconds = time.monotonic() - began
    answers.seconds.append(seconds)
    answers.slowest = max(answers.slowest, (seconds, answers.attack))
