"""An attack, the record of its tries, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.attack.servers import Server
    from tests.attack.vitals import Pulse

_PROMPT, _PROMPT_AMONG_TESTS = 1.0, 5.0
"""Seconds within which `/healthz` must answer under any load; the second limit holds beside other tests."""
_LONGEST_DETAIL = 300
Variant = TypeVar("Variant")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often an attack was tried, and what got through."""

    tries: int
    breaches: tuple[str, ...]
    """Descriptions of the tries that got through."""
    doubts: tuple[str, ...]
    """Honest requests that failed. If they fail, the attack proves nothing."""
    figures: tuple[str, ...]
    """Measurements for the table."""

    @property
    def withstood(self) -> bool:
        """Whether the server withstood every try and served honest visitors."""
        return self.tries > 0 and not self.breaches and not self.doubts


@dataclass(slots=True)
class Trial:
    """Collects the tries of an attack while it runs."""

    brief: bool = False
    """Whether to try only the first of many similar variants, as the default run of the tests does."""
    tries: int = 0
    breaches: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    def holds(self, claim: str, withstood: object, observed: object = "") -> bool:
        """Record one try and return whether the server withstood it. A failure shows what was `observed`."""
        self.tries += 1
        if not withstood:
            self.breaches.append(_line(claim, observed))
        return bool(withstood)

    @property
    def limit(self) -> float:
        """Seconds within which `/healthz` must answer."""
        return _PROMPT_AMONG_TESTS if self.brief else _PROMPT

    def prompt(self, claim: str, pulse: Pulse) -> bool:
        """Record one try and return whether the server answered `/healthz` in time throughout."""
        return self.holds(f"{claim}: /healthz answers within {self.limit:g} s.", pulse.worst <= self.limit, pulse)

    def works(self, claim: str, succeeded: object, observed: object = "") -> bool:
        """Record a positive control, which is the honest form of the same request, and return whether it succeeded."""
        if not succeeded:
            self.doubts.append(_line(claim, observed))
        return bool(succeeded)

    def sample(self, variants: Iterable[Variant], most: int) -> list[Variant]:
        """Return all variants, or only the first ones in a brief trial."""
        return list(variants)[: most if self.brief else None]

    def figure(self, claim: str) -> None:
        """Record a measurement."""
        self.figures.append(claim)

    @property
    def outcome(self) -> Outcome:
        """The result once the attack is over."""
        return Outcome(self.tries, tuple(self.breaches), tuple(self.doubts), tuple(self.figures))


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack with several variants."""

    name: str
    summary: str
    """What the attacker would gain."""
    run: Callable[[Server, Trial], None]
    programs: tuple[str, ...] = ("serve", "app")
    """The programs that the command runs this attack against."""

    def run_on(self, server: Server, *, brief: bool = False) -> Outcome:
        """Attack a server. An attack that breaks off counts as a doubt, because it proves nothing."""
        trial = Trial(brief)
        try:
            self.run(server, trial)
        except Exception as error:  # a broken server breaks requests in many ways
            trial.doubts.append(_line("The attack could not go on.", f"{type(error).__name__}: {error}"))
        return trial.outcome


def _line(claim: str, observed: object) -> str:
    detail = " ".join(str(observed).split())
    return f"{claim} Observed: {detail[:_LONGEST_DETAIL]}" if detail else claim
