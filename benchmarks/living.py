"""Measures watching a folder: `python -m benchmarks.living [--files N] [--json FILE]`.

The files are notes of a few sentences. The fake encoder takes no time, so the program measures how long it takes to
find, read, store and index files.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import report
from index.ingest.queue import SETTLING_NS
from index.library.library import Library
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from index.records import Receipt

_A_FOLDER = 100
"""The number of files in each folder."""


def write(folder: Path, number: int, words: str = "") -> Path:
    """Write a note and return its path."""
    path = folder / f"{number // _A_FOLDER:03}" / f"{number % _A_FOLDER:02}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# Note {number}\n\nThe ship {number} left the harbour. A whale swam by. {words}\n")
    return path


def settle() -> None:
    """Wait until `sync` trusts the modification times of files that were just written."""
    time.sleep(SETTLING_NS / 1e9 + 0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []

    def timed(change: str, receipt: Receipt) -> None:
        counts = {name: len(getattr(receipt, name)) for name in ("added", "replaced", "renamed", "removed")}
        done = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "nothing"
        rows.append({"sync": change, "done": done, "encoded": receipt.encoded, "seconds": receipt.seconds})

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "notes")
        for number in range(options.files):
            write(folder, number)
        settle()
        with Library.open(Path(temporary, "library"), encoder=FakeEncoder(max_tokens=256)) as library:
            timed("all files are new", library.sync(folder))
            timed("nothing changed", library.sync(folder))
            timed("nothing changed, --checksum", library.sync(folder, checksum=True))
            write(folder, 0, "A comet came.")
            settle()
            timed("one file changed", library.sync(folder))
            (folder / "000").rename(folder / "renamed")
            timed(f"a folder of {_A_FOLDER} was renamed", library.sync(folder))
            for path in sorted(folder.iterdir()):
                path.rename(path.with_name(f"all {path.name}"))
            timed("all folders were renamed", library.sync(folder))
            shutil.rmtree(sorted(folder.iterdir())[0])
            timed(f"a folder of {_A_FOLDER} was deleted", library.sync(folder, force=True))
            assert library.problems() == []
    report(f"Following a folder of {options.files:,} small files", rows, options.json)


if __name__ == "__main__":
    main()
