"""A reader that asks without a pause: `python -m tests.backup.asker FOLDER ENCODER`, until its input ends.

It says what the library was made with after the first question, and whenever that has changed; and at the end a line of
JSON: for each such state, in order, what it was made with and how many answers it gave; and what of them was wrong.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from index.library.library import Library
from tests.fakes import FakeEncoder


def main() -> None:
    """Ask for one document after the other: each has to be found, with its own words, and nothing may be raised."""
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    states: list[tuple[str, int]] = []
    wrong: list[str] = []
    number = 0
    with Library.open(Path(sys.argv[1]), encoder=FakeEncoder(name=sys.argv[2]), create=False) as library:
        while not ended.is_set():
            number = (number + 1) % 8
            word = f"Ship{number}"
            hits = library.search(word, limit=1).hits
            if not hits or word not in hits[0].quote or hits[0].quote not in library.document(hits[0].document.id).text:
                wrong.append(f"{word}: {hits}")
            made_with = library.stats().made_with
            if not states or states[-1][0] != made_with:
                states.append((made_with, 0))
                sys.stdout.write(made_with + "\n")
                sys.stdout.flush()
            states[-1] = made_with, states[-1][1] + 1
    sys.stdout.write(json.dumps([states, wrong]) + "\n")


if __name__ == "__main__":
    main()
