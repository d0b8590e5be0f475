"""How many modules a question crosses: `python -m benchmarks.path`.

A question is asked of three short documents, once as `POST /v1/ask` and once as the page asks it, after two questions
that warm everything up. The profiler of Python counts the modules of `index` in which a function was called, and the
module changes: calls from a function of one module straight to a function of another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections import Counter
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

QUESTION = "Who signed the treaty?"
DOCUMENTS = {
    "treaty.md": "# The Harbour Treaty\n\nThe king signed the treaty in the harbour. Winter had closed the river "
    "before the letter arrived.\n\n## Afterwards\n\nThe queen kept a garden. Nobody remembered the whale.\n",
    "oil.txt": "The price of oil fell in summer. A horse cost more than a bridge that year.\n",
    "volcano.txt": "The volcano covered the school in paper and rain, and the doctor wrote of it for many years.\n",
}


class Trace:
    """The calls to functions of `index` while it is recording, in all threads that were started after it was made."""

    def __init__(self) -> None:
        self.recording = False
        self.modules: set[str] = set()
        self.changes: Counter[tuple[str, str]] = Counter()
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    def record(self, ask: Callable[[], Any]) -> None:
        """Ask twice to warm up, then once while recording."""
        ask()
        ask()
        self.modules.clear()
        self.changes.clear()
        self.recording = True
        ask()
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


def main() -> None:
    """Print the figures of both ways, and the most frequent changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=0, metavar="N", help="also print the N most frequent changes")
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    trace = Trace()  # before any thread of a server is started
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library", Settings()) as library:
        folder = Path(place) / "documents"
        folder.mkdir()
        for name, text in DOCUMENTS.items():
            (folder / name).write_text(text, encoding="utf-8")
        library.add([folder])
        report("Path of a question", list(_rows(library, trace, options.changes)), options.json)


def _rows(library: Library, trace: Trace, most: int) -> list[dict[str, Any]]:
    settings = Settings()
    jobs = Jobs(library, settings, Uploads(library.folder / "uploads", settings))
    events = AskEvents(library, settings, ("An example?",))
    rows = []
    with TestClient(create_app(library, settings, jobs), base_url="http://localhost") as client:
        ways: dict[str, Callable[[], Any]] = {
            "POST /v1/ask": lambda: client.post("/v1/ask", json={"question": QUESTION}).raise_for_status(),
            "the page's question": lambda: list(events.ask(QUESTION, [], [], "quote")),
        }
        for way, ask in ways.items():
            trace.record(ask)
            rows.append({"way": way, "modules": len(trace.modules), "module changes": trace.changes.total()})
            for (caller, module), count in trace.changes.most_common(most):
                print(f"{count:5} {caller} -> {module}")
    jobs.close()
    return rows


if __name__ == "__main__":
    main()
