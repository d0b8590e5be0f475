"""All attacks: on a server with its reader's own library, and on a public demo beside honest visitors."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tests.attack import (
    bodies,
    checks,
    closures,
    exhaustions,
    files,
    forgeries,
    indexes,
    neighbours,
    origins,
    pages,
    quotas,
    redirects,
    roles,
    statuses,
)
from tests.attack.demos import ROOMY, TIGHT, running_demo
from tests.attack.guests import honest_visitors
from tests.attack.outcomes import Attack, Outcome, Trial
from tests.attack.vitals import wait_until_idle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.attack.servers import Server

ATTACKS = (
    *files.ATTACKS,
    *statuses.ATTACKS,
    *origins.ATTACKS,
    *forgeries.ATTACKS,
    *indexes.ATTACKS,
    *redirects.ATTACKS,
    *bodies.ATTACKS,
    *checks.ATTACKS,
    *pages.ATTACKS,
    *roles.ATTACKS,
)
ROOMY_ATTACKS = (*neighbours.ATTACKS, *quotas.ATTACKS, *closures.ATTACKS, *exhaustions.ATTACKS)
TIGHT_ATTACKS = quotas.TIGHT_ATTACKS
DEMO_ATTACKS = (*ROOMY_ATTACKS, *TIGHT_ATTACKS)
LONG_ATTACKS = tuple(attack for attack in DEMO_ATTACKS if attack.name == "evictions-crowd")
"""Attacks that start a demo of their own; they are left out of the short run."""
_DEMOS: tuple[tuple[str, Mapping[str, str], Sequence[Attack]], ...] = (
    ("roomy", ROOMY, ROOMY_ATTACKS),
    ("tight", TIGHT, TIGHT_ATTACKS),
)
Result = tuple[Attack, Outcome, float]


def against_demo(attacks: Sequence[Attack], rounds: int, *, real: bool = False) -> Iterator[Result]:
    """Run attacks on demos and yield each outcome with its seconds; without rounds, briefly and once."""
    for number in range(rounds or 1):
        for name, settings, all_attacks in _DEMOS:
            chosen = [one for one in all_attacks if one in attacks and (rounds or one not in LONG_ATTACKS)]
            if chosen:
                with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder:
                    yield from _on_one(name, Path(folder) / f"{name}{number}", settings, chosen, not rounds, real)


def _on_one(
    name: str, home: Path, settings: Mapping[str, str], attacks: Sequence[Attack], brief: bool, real: bool
) -> Iterator[Result]:
    """Run attacks on one demo, beside honest visitors, and stop it."""
    honest, stopped, began = Trial(brief), Trial(brief), monotonic()
    try:
        with running_demo(home, settings, real=real) as server:
            warm_demo_up(server)
            with honest_visitors(server) as answers:
                for attack in attacks:
                    answers.attack, at = attack.name, monotonic()
                    yield attack, attack.run_on(server, brief=brief), monotonic() - at
        answers.judge(honest)
        stopped.holds("Nothing remains after the end, and the published library is as it was.", True)
    except AssertionError as error:
        stopped.holds("Nothing remains after the end, and the published library is as it was.", False, error)
    yield _summary(f"{name}-honest", "Keep honest visitors waiting"), honest.outcome, monotonic() - began
    yield _summary(f"{name}-stopped", "Leave files behind"), stopped.outcome, 0.0


def _summary(name: str, summary: str) -> Attack:
    return Attack(name, summary, lambda server, trial: None)


def warm_demo_up(server: Server) -> None:
    """Let a demo load what it loads on first use, so that honest visitors are not timed beside that."""
    with server.visitor("127.0.0.4") as visitor:
        visitor.wait_until_ready(60)
        for _ in range(2):
            visitor.ask("Which pipeline carries oil?")
    wait_until_idle(server, 20)
