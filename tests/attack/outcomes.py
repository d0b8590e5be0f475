"""What an attack is, what it may try, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.attack.servers import Server
    from tests.attack.vitals import Pulse

_PROMPT, _PROMPT_AMONG_TESTS = 1.0, 5.0
"""Seconds within which `/healthz` answers, whatever else the server is asked; the latter beside other tests."""
_LONGEST_DETAIL = 300
Variant = TypeVar("Variant")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often an attack was tried, and what got through."""

    tries: int
    breaches: tuple[str, ...]
    """What got through."""
    doubts: tuple[str, ...]
    """Honest requests that did not work: without them the attack proves nothing."""
    figures: tuple[str, ...]
    """What was measured, for the table."""

    @property
    def held(self) -> bool:
        """Whether the server withstood it, and honest visitors were served."""
        return self.tries > 0 and not self.breaches and not self.doubts


@dataclass(slots=True)
class Trial:
    """Collects what an attack tries, as it goes."""

    brief: bool = False
    """Whether to try only the first of many alike, as the default run of the tests does."""
    tries: int = 0
    breaches: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    def holds(self, what: str, held: object, seen: object = "") -> bool:
        """One try: whether the server withstood it. `seen` is shown where it did not."""
        self.tries += 1
        if not held:
            self.breaches.append(_line(what, seen))
        return bool(held)

    @property
    def limit(self) -> float:
        """Seconds within which `/healthz` has to answer."""
        return _PROMPT_AMONG_TESTS if self.brief else _PROMPT

    def prompt(self, what: str, pulse: Pulse) -> bool:
        """One try: whether the server answered `/healthz` in time all along."""
        return self.holds(f"{what}: /healthz answers within {self.limit:g} s.", pulse.worst <= self.limit, pulse)

    def works(self, what: str, worked: object, seen: object = "") -> bool:
        """A positive control: the honest form of the same request."""
        if not worked:
            self.doubts.append(_line(what, seen))
        return bool(worked)

    def some(self, variants: Iterable[Variant], few: int) -> list[Variant]:
        """Which of many variants to try: all, or the first few."""
        return list(variants)[: few if self.brief else None]

    def figure(self, what: str) -> None:
        """Something that was measured."""
        self.figures.append(what)

    @property
    def outcome(self) -> Outcome:
        """All of it, when the attack is over."""
        return Outcome(self.tries, tuple(self.breaches), tuple(self.doubts), tuple(self.figures))


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack, in several variants."""

    name: str
    summary: str
    """What an attacker would gain."""
    run: Callable[[Server, Trial], None]
    faces: tuple[str, ...] = ("serve", "app")
    """The programs that the command runs it against."""

    def on(self, server: Server, *, brief: bool = False) -> Outcome:
        """Attack this server. An attack that cannot go on counts as a doubt: it proves nothing then."""
        trial = Trial(brief)
        try:
            self.run(server, trial)
        except Exception as error:  # a broken server breaks requests in many ways
            trial.doubts.append(_line("The attack could not go on.", f"{type(error).__name__}: {error}"))
        return trial.outcome


def _line(what: str, seen: object) -> str:
    detail = " ".join(str(seen).split())
    return f"{what} Seen: {detail[:_LONGEST_DETAIL]}" if detail else what
