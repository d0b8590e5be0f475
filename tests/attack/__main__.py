"""Runs all attacks and prints what held: `python -m tests.attack`, or some: `--only files --face serve`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tests.attack.roster import ATTACKS
from tests.attack.servers import Server, alive, serving, warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.attack.outcomes import Attack, Outcome

_FACES = {"serve": "pincite serve", "app": "app.py"}


def main() -> int:
    """0 if all attacks held, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="attacks whose name begins so; repeatable")
    parser.add_argument("--face", choices=list(_FACES), action="append", help="the program to attack; both by default")
    parser.add_argument("--list", action="store_true", help="print the names of the attacks and stop")
    options = parser.parse_args()
    chosen = [attack for attack in ATTACKS if not options.only or attack.name.startswith(tuple(options.only))]
    if options.list or not chosen:
        print("\n".join(f"{attack.name:<20} {attack.summary}" for attack in ATTACKS))
        return 0 if options.list else 2
    print("| program | attack | tries | held | seconds | what was seen |", flush=True)
    print("|---|---|--:|---|--:|---|", flush=True)
    held = [outcome.held for face in options.face or _FACES for outcome in _against(face, chosen)]
    print(f"\n{sum(held)} of {len(held)} attacks held.")
    return 0 if all(held) else 1


def _against(face: str, attacks: Sequence[Attack]) -> Iterator[Outcome]:
    """Run attacks against one program, which is started anew when an attack got through."""
    with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder, ExitStack() as servers:
        server: Server | None = None
        for number, attack in enumerate(each for each in attacks if face in each.faces):
            if server is None or not alive(server):
                servers.close()
                server = servers.enter_context(serving(face, Path(folder) / f"server{number}"))
                warm(server)
            began = monotonic()
            outcome = attack.on(server)
            _print(face, attack, outcome, monotonic() - began)
            if not outcome.held:
                servers.close()  # what got through must not be held against the next attack
                server = None
            yield outcome


def _print(face: str, attack: Attack, outcome: Outcome, seconds: float) -> None:
    held = "yes" if outcome.held else "NO"
    seen = "; ".join(outcome.figures).replace("|", "/")
    print(f"| {_FACES[face]} | {attack.name} | {outcome.tries} | {held} | {seconds:.0f} | {seen} |", flush=True)
    for line in dict.fromkeys((*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts))):
        print(f"    {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
