"""A reader that keeps the library open: `python -m tests.faults.reader FOLDER` answers each line with sources."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from index.library.library import Library
from tests.fakes import FakeEncoder


def main() -> None:
    """Print a JSON list of the hits' sources for each question."""
    with Library.open(Path(sys.argv[1]), encoder=FakeEncoder(), create=False) as library:
        for question in sys.stdin:
            print(json.dumps([hit.document.source for hit in library.search(question, limit=3)]), flush=True)


if __name__ == "__main__":
    main()
