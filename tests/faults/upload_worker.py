"""A server's job queue for tests to kill: `python -m tests.faults.upload_worker FOLDER FILES`.

It adds the files as uploads in one job. It prints `begun` once the job is queued, and then the number of finished files
whenever that changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from tests.faults.adder import SETTINGS, open_library


def print_line(line: object) -> None:
    """Send a line to the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Add the files to the library in the folder, as a server does."""
    with open_library(Path(sys.argv[1])) as library:
        uploads = Uploads(library.folder / "uploads", SETTINGS)
        jobs = Jobs(library, SETTINGS, uploads)
        paths = [Path(path) for path in json.loads(sys.argv[2])]
        job = jobs.add([uploads.receive(path.name, [path.read_bytes()]) for path in paths])
        print_line("begun")
        version = 0
        while job.state in ("waiting", "working"):
            version = job.wait(version, 1.0)
            print_line(job.done)
        jobs.close()


if __name__ == "__main__":
    main()
