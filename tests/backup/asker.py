"""A reader that asks without a pause: `python -m tests.backup.asker FOLDER ENCODER`, until its input ends."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from index.library.library import Library
from tests.fakes import FakeEncoder


def main() -> None:
    """Search for one document after the other: each must be found with its own words, and no search may fail."""
    input_ended = threading.Event()

    def wait_for_end_of_input() -> None:
        sys.stdin.read()
        input_ended.set()

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    answers_per_state: list[tuple[str, int]] = []
    wrong_answers: list[str] = []
    number = 0
    with Library.open(Path(sys.argv[1]), encoder=FakeEncoder(name=sys.argv[2]), create=False) as library:
        while not input_ended.is_set():
            number = (number + 1) % 8
            word = f"Ship{number}"
            hits = library.search(word, limit=1).hits
            if not hits or word not in hits[0].quote or hits[0].quote not in library.document(hits[0].document.id).text:
                wrong_answers.append(f"{word}: {hits}")
            made_with = library.stats().made_with
            if not answers_per_state or answers_per_state[-1][0] != made_with:
                answers_per_state.append((made_with, 0))
                sys.stdout.write(made_with + "\n")
                sys.stdout.flush()
            answers_per_state[-1] = made_with, answers_per_state[-1][1] + 1
    sys.stdout.write(json.dumps([answers_per_state, wrong_answers]) + "\n")


if __name__ == "__main__":
    main()
