"""The background work of a server: uploads, jobs, batches of questions, downloads from the web, server folders.

    uploads = Uploads(library.folder / "uploads", settings)
    jobs = Jobs(library, settings, uploads)
    job = jobs.add([uploads.receive("notes.md", chunks)])
    version = 0
    while job.state in ("waiting", "working"):
        version = job.wait(version, timeout_seconds=1.0)
    jobs.close()

Nothing here depends on retrieval or on a web framework. `slots` shares work between clients; `abandonment` cancels the
work of clients that disconnect.
"""

from index.serving.fetching import fetch
from index.serving.folders import folder_arrivals
from index.serving.job import Job
from index.serving.jobs import Jobs
from index.serving.states import Arrival, FileState
from index.serving.uploads import Uploads, safe_name

__all__ = ["Arrival", "FileState", "Job", "Jobs", "Uploads", "fetch", "folder_arrivals", "safe_name"]
