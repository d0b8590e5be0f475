"""Tests kills, full disks, damage: `python -m benchmarks.faults --rounds 20 [--seed S] [--only NAME …] [--json FILE]`.

The program kills each operation at `--rounds` random moments, half of them at any time and half just after a progress
report; half of the kills include the child processes. After each kill it opens and checks the library: every document
is complete, in its old or its new version; everything that was reported as done is stored; `problems` and `verify` find
nothing; searches return exactly the content of the catalog; the quotes of hits and answers are at their positions in
the source. Then the operation runs to its end, and the program checks everything again. The exit code is 1 if any check
failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import report
from tests.faults.arena import Arena
from tests.faults.disks import NoDiskError
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import Tally, kill_rounds
from tests.faults.scenarios import SCENARIOS

SEED = 20261125


def main() -> int:
    parser = argparse.ArgumentParser(description="Tests kills, full disks and damage.")
    parser.add_argument(
        "--rounds", type=int, default=20, help="the number of rounds of each operation and of each other fault"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", nargs="+", choices=[*OPERATIONS, *SCENARIOS], metavar="NAME")
    parser.add_argument("--json", help="also write the table to this file")
    options = parser.parse_args()
    rows, faults = [], []
    for name in options.only or [*OPERATIONS, *SCENARIOS]:
        with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            try:
                tally = _run_rounds(name, Path(folder), options.rounds, options.seed)
            except NoDiskError:
                print(f"{name}: skipped, because this machine cannot mount a disk")
                continue
        rows.append(tally.row(name))
        faults += [f"{name}: {fault}" for fault in tally.faults]
        print("\n".join([str(rows[-1]), *(f"  {fault}" for fault in tally.faults)]), flush=True)
    kills = sum(int(row["struck"]) for row in rows if row["operation"] in OPERATIONS)
    report(f"Faults: {kills} kills, seed {options.seed}", rows, options.json)
    return int(bool(faults))


def _run_rounds(name: str, folder: Path, rounds: int, seed: int) -> Tally:
    if name in OPERATIONS:
        return kill_rounds(OPERATIONS[name], Arena(folder / "arena"), rounds, seed)
    return SCENARIOS[name](folder, rounds, seed)


if __name__ == "__main__":
    sys.exit(main())
