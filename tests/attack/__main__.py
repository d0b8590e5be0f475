"""Runs all attacks: `python -m tests.attack`, or some of them: `--only files --program serve`.

`--demo` attacks a public demo, shortly; with `--rounds`, it tries every variant and judges the time of answers, too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tests.attack.roster import ATTACKS, DEMO_ATTACKS, against_demo
from tests.attack.servers import Server, is_alive, running_server, warm_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.attack.outcomes import Attack, Outcome

_PROGRAMS = {"serve": "pincite serve", "app": "app.py"}
_DEMO = "a public demo"


def main() -> int:
    """Return 0 if every attack was withstood, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="attacks whose name starts so; repeatable")
    parser.add_argument(
        "--program", choices=list(_PROGRAMS), action="append", help="the program to attack; both by default"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the attacks and stop")
    parser.add_argument("--demo", action="store_true", help="attack a public demo instead")
    parser.add_argument(
        "--rounds", type=int, default=0, help="rounds of the long attacks on a demo; the default is short"
    )
    parser.add_argument("--real", action="store_true", help="the demo has the real encoder, not the fake one")
    options = parser.parse_args()
    attacks = DEMO_ATTACKS if options.demo else ATTACKS
    chosen = [attack for attack in attacks if not options.only or attack.name.startswith(tuple(options.only))]
    if options.list or not chosen:
        print("\n".join(f"{attack.name:<20} {attack.summary}" for attack in attacks))
        return 0 if options.list else 2
    print("| program | attack | tries | withstood | seconds | measured |", flush=True)
    print("|---|---|--:|---|--:|---|", flush=True)
    if options.demo:
        results = [
            _print(_DEMO, attack.name, outcome, seconds)
            for attack, outcome, seconds in against_demo(chosen, options.rounds, real=options.real)
        ]
    else:
        results = [one.withstood for program in options.program or _PROGRAMS for one in _against(program, chosen)]
    print(f"\n{sum(results)} of {len(results)} attacks were withstood.")
    return 0 if all(results) else 1


def _against(program: str, attacks: Sequence[Attack]) -> Iterator[Outcome]:
    """Run attacks against one program. An attack that gets through ends its server; the next one has a new server."""
    with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder, ExitStack() as servers:
        server: Server | None = None
        for number, attack in enumerate(attack for attack in attacks if program in attack.programs):
            if server is None or not is_alive(server):
                servers.close()
                server = servers.enter_context(running_server(program, Path(folder) / f"server{number}"))
                warm_up(server)
            began = monotonic()
            outcome = attack.run_on(server)
            _print(_PROGRAMS[program], attack.name, outcome, monotonic() - began)
            if not outcome.withstood:
                servers.close()  # the damage of this attack must not count against the next one
                server = None
            yield outcome


def _print(program: str, attack: str, outcome: Outcome, seconds: float) -> bool:
    """Print a row of the table and return whether the attack was withstood."""
    withstood = "yes" if outcome.withstood else "NO"
    figures = "; ".join(outcome.figures).replace("|", "/")
    print(f"| {program} | {attack} | {outcome.tries} | {withstood} | {seconds:.0f} | {figures} |", flush=True)
    for line in dict.fromkeys((*outcome.breaches, *(f"control: {doubt}" for doubt in outcome.doubts))):
        print(f"    {line}", file=sys.stderr, flush=True)
    return outcome.withstood


if __name__ == "__main__":
    sys.exit(main())
