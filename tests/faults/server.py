"""A server to be killed: `python -m tests.faults.server FOLDER FILES`, which adds files as uploads, in one job.

It says `begun` when they are handed over, and then how many have been settled, whenever that changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from tests.faults.adder import SETTINGS, open_library


def say(word: object) -> None:
    """To the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Add the files to the library in the folder."""
    with open_library(Path(sys.argv[1])) as library:
        uploads = Uploads(library.folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        paths = [Path(path) for path in json.loads(sys.argv[2])]
        job = jobs.add([uploads.receive(path.name, [path.read_bytes()]) for path in paths])
        say("begun")
        version = 0
        while job.state in ("waiting", "working"):
            version = job.wait(version, 1.0)
            say(job.done)
        jobs.close()


if __name__ == "__main__":
    main()
