"""What a server does over time, whichever face asks for it: uploads, jobs, batches of questions, addresses, folders.

    uploads = Uploads(library.folder / "uploads", settings)
    jobs = Jobs(library, settings, uploads)
    job = jobs.add([uploads.receive("notes.md", chunks)])
    version = 0
    while job.state in ("waiting", "working"):
        version = job.wait(version, timeout_seconds=1.0)
    jobs.close()

Nothing here knows of retrieval; of requests, `slots` and `abandonment` know whose they are and when a client leaves.
"""

from index.serving.fetching import fetch
from index.serving.folders import folder_arrivals
from index.serving.job import Job
from index.serving.jobs import Jobs
from index.serving.states import Arrival, FileState
from index.serving.uploads import Uploads, safe_name

__all__ = ["Arrival", "FileState", "Job", "Jobs", "Uploads", "fetch", "folder_arrivals", "safe_name"]
