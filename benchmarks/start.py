"""Measures start-up times: `python -m benchmarks.start [--library DIR …] [--json FILE]`.

With a library, the program also measures the time from the start of a process to its first answer, by the Python API
and by the command line, with the files in the system's cache.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import report, seconds
from benchmarks.measuring import warm_cache
from index import Library

if TYPE_CHECKING:
    from collections.abc import Sequence

_PINCITE = "from index.cli.app import main; main()"
_ANSWER = "import sys; from index import Library; Library.open(sys.argv[1], create=False).ask(sys.argv[2])"
QUESTION = "Which harbour did the ship leave in winter?"
"""It has words to search for: a question without any is answered without the models."""
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import index": [sys.executable, "-c", "import index"],
    "pincite --help": [sys.executable, "-c", _PINCITE, "--help"],
    "pincite search --help": [sys.executable, "-c", _PINCITE, "search", "--help"],
}


def first_answer(folder: Path) -> list[str]:
    """Return the command that opens a library and asks one question."""
    return [sys.executable, "-c", _ANSWER, str(folder), QUESTION]


def run(command: Sequence[str]) -> None:
    """Run a command in a process, from its start to its end."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--library", type=Path, action="append", default=[], help="a library to ask; repeatable")
    parser.add_argument("--json")
    options = parser.parse_args()
    commands = {name: (command, "< 0.3") for name, command in COMMANDS.items()}
    for folder in options.library:
        with Library.open(folder, create=False) as library:
            passages = library.stats().passages
        commands[f"open {passages:,} passages, first answer"] = first_answer(folder), "< 8"
        ask = [sys.executable, "-c", _PINCITE, "ask", "--library", str(folder), QUESTION]
        commands[f"pincite ask, {passages:,} passages"] = ask, ""
        warm_cache(folder)
    rows = []
    for name, (command, target) in commands.items():
        run(command)
        taken = seconds(partial(run, command), options.rounds)
        rows.append({"command": name, "seconds (median)": taken, "target": target})
    report("Start", rows, options.json)


if __name__ == "__main__":
    main()
