"""How long a newcomer waits before anything happens: `python -m benchmarks.start [--json FILE]`."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.machine import report, seconds

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import index": [sys.executable, "-c", "import index"],
    "pincite --help": [sys.executable, "-c", "from index.cli import main; main()", "--help"],
    "pincite search --help": [sys.executable, "-c", "from index.cli import main; main()", "search", "--help"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for name, command in COMMANDS.items():

        def run(command: list[str] = command) -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        run()
        rows.append({"command": name, "seconds (median)": seconds(run, options.rounds), "target": "< 0.3"})
    report("Start", rows, options.json)


if __name__ == "__main__":
    main()
