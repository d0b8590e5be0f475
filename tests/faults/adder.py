"""A writer for tests to kill: `python -m tests.faults.adder FOLDER COMMANDS`, where COMMANDS is a JSON list.

It prints `begun` when it is ready and `done` after each command.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from index.library.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = Settings(passage_tokens=32)


def open_library(folder: Path) -> Library:
    """Open the library with an encoder that takes a moment, as real ones do."""
    return Library.open(folder, SETTINGS, encoder=FakeEncoder(seconds=0.01))


def run_command(library: Library, command: Sequence[str]) -> None:
    """Run `add PATH…` or `remove NAME…`."""
    verb, *arguments = command
    if verb == "add":
        library.add(arguments)
    else:
        library.remove(*arguments)


def main() -> None:
    """Run the commands on the library in the folder."""
    with open_library(Path(sys.argv[1])) as library:
        print("begun", flush=True)
        for command in json.loads(sys.argv[2]):
            run_command(library, command)
            print("done", flush=True)


if __name__ == "__main__":
    main()
