"""A writer to be killed: `python -m tests.faults.adder FOLDER COMMANDS`, one command after the other as JSON.

It says `begun` when it is ready, and after each command what it did.
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
    """The library, with an encoder that takes a moment, as real ones do."""
    return Library.open(folder, SETTINGS, encoder=FakeEncoder(seconds=0.01))


def perform(library: Library, command: Sequence[str]) -> None:
    """`add PATH…`, or `remove NAME…`."""
    verb, *names = command
    if verb == "add":
        library.add(names)
    else:
        library.remove(*names)


def main() -> None:
    """Perform the commands on the folder."""
    with open_library(Path(sys.argv[1])) as library:
        print("begun", flush=True)
        for command in json.loads(sys.argv[2]):
            perform(library, command)
            print("done", flush=True)


if __name__ == "__main__":
    main()
