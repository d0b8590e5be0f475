"""Counts the modules that a question crosses: `python -m benchmarks.path`.

The program asks a question about three short documents, once as `POST /v1/ask` and once as the page asks it. Two other
questions before it fill the caches. Python's profiler counts the modules of `index` in which a function is called, and
the module changes: direct calls from a function of one module to a function of another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from benchmarks.machine import report
from index import Library, Settings
from index.page.ask_events import AskEvents
from index.server.http import create_app
from index.server.job_queue import Jobs
from index.server.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SERVICE, PAGE = "POST /v1/ask", "the page's question"
WARMING = ("What did the queen keep?", "Why did the price of oil fall?")
QUESTION = "Who signed the treaty?"
DOCUMENTS = {
    "treaty.md": "# The Harbour Treaty\n\nThe king signed the treaty in the harbour. Winter had closed the river "
    "before the letter arrived.\n\n## Afterwards\n\nThe queen kept a garden. Nobody remembered the whale.\n",
    "oil.txt": "The price of oil fell in summer. A horse cost more than a bridge that year.\n",
    "volcano.txt": "The volcano covered the school in paper and rain, and the doctor wrote of it for many years.\n",
}


class Trace:
    """Records the calls to functions of `index`, in this thread and in all that start after the trace was made."""

    def __init__(self) -> None:
        self.recording = False
        self.modules: set[str] = set()
        self.changes: Counter[tuple[str, str]] = Counter()
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def record(self, ask: Callable[[str], Any]) -> None:
        """Ask other questions to fill the caches, then record the question, whose own answer must not be cached."""
        for question in WARMING:
            ask(question)
        self.modules.clear()
        self.changes.clear()
        self.recording = True
        ask(QUESTION)
        self.recording = False

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if not self.recording or event != "call":
            return
        module = frame.f_globals.get("__name__", "")
        if not module.startswith("index."):
            return
        self.modules.add(module)
        caller = frame.f_back.f_globals.get("__name__", "") if frame.f_back else ""
        if caller.startswith("index.") and caller != module:
            self.changes[caller, module] += 1


def measure(way: str, most: int) -> dict[str, Any]:
    """Return the figures of one way to ask, and print its `most` most frequent changes."""
    trace = Trace()  # before a server starts any thread
    settings = Settings()
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library", settings) as library:
        folder = Path(place) / "documents"
        folder.mkdir()
        for name, text in DOCUMENTS.items():
            (folder / name).write_text(text, encoding="utf-8")
        library.add([folder])
        jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
        events = AskEvents(library, settings, ("An example?",))
        with TestClient(create_app(library, settings, jobs), base_url="http://localhost") as client:
            ways: dict[str, Callable[[str], Any]] = {
                SERVICE: lambda question: client.post("/v1/ask", json={"question": question}).raise_for_status(),
                PAGE: lambda question: list(events.ask(question, [], [], "quote")),
            }
            trace.record(ways[way])
        jobs.close()
    for (caller, module), count in trace.changes.most_common(most):
        print(f"{count:5} {caller} -> {module}")
    return {"way": way, "modules": len(trace.modules), "module changes": trace.changes.total()}


def main() -> None:
    """Print the figures of both ways; each runs in its own process, so that neither uses the caches of the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=0, metavar="N", help="also print the N most frequent changes")
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        rows = list(processes.map(measure, (SERVICE, PAGE), repeat(options.changes)))
    report("Path of a question", rows, options.json)


if __name__ == "__main__":
    main()
