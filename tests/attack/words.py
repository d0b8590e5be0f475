"""Files that are slow to read: one word of five megabytes, and similar ones."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER, running_server, warm_up
from tests.attack.vitals import ask_as_bystander, expect_memory_released, memory, pulse_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_READ_SECONDS = 10
"""Seconds that reading a file may take by this server's settings, besides five seconds for each megabyte."""
_EXTRA_SECONDS = 30.0
_MEGABYTE = 1_000_000
_READING_STAGES = ("waiting", "reading")


def _slow_files() -> dict[str, bytes]:
    """Files that slow down a reader which looks for the ends of words, sentences or elements."""
    return {
        "word.txt": b"a" * (5 * _MEGABYTE),
        "digits.txt": b"7" * _MEGABYTE,
        "marks.txt": ("a" + "\u0301" * 400_000).encode(),
        "stops.txt": b"." * _MEGABYTE,
        "han.txt": ("\u5b57" * 300_000).encode(),
        "hyphens.txt": b"well-" * 200_000,
        "quotes.md": b">" * 100_000 + b" deep",
        "brackets.md": b"[" * 200_000,
        "stars.md": b"*a_" * 200_000,
        "elements.html": b"<p>" + b"<b>" * 100_000 + b"deep",
        "word.html": b"<html><body><p>" + b"a" * (2 * _MEGABYTE) + b"</p></body></html>",
    }


def _long_words(shared_server: Server, trial: Trial) -> None:
    """Send the files one by one to a server with known limits, which must answer others meanwhile.

    A brief trial sends the smallest files to the shared server.
    """
    with TemporaryDirectory(prefix="pincite-words-") as folder, ExitStack() as stack:
        server = shared_server if trial.brief else stack.enter_context(_server_with_read_limit(Path(folder) / "server"))
        before = memory(server)
        visitor, bystander = (stack.enter_context(server.visitor(address)) for address in ("127.0.0.1", BYSTANDER))
        for name, content in trial.sample(sorted(_slow_files().items(), key=lambda file: len(file[1])), 2):
            answers: list[str] = []
            asking = threading.Thread(target=lambda record=answers: record.append(ask_as_bystander(server)))
            with pulse_of(server) as pulse:
                asking.start()
                seconds, job = _upload_and_read(visitor, name, content)
                asking.join(60)
            limit = _READ_SECONDS + 5 * len(content) / _MEGABYTE
            file = (job.get("files") or [{}])[0]
            stage = file.get("stage", "refused")
            trial.holds(
                f"{name} is read, or given up, within its limits.", stage not in _READING_STAGES, f"{seconds:.0f} s"
            )
            trial.prompt(f"{name}", pulse)
            trial.holds(f"{name}: a bystander's question is answered.", answers == ["answered"], answers)
            if name == "word.txt":
                trial.holds("A word of five megabytes is read.", stage not in ("failed", "refused"), file)
            if stage == "failed":
                reasons = file["reason"] and file["hint"]
                trial.holds(f"{name}: the failure says why and what to do.", reasons, file)
            trial.figure(f"{name} {stage} after {seconds:.0f} of {limit:.0f} s")
            if not _cancelled(trial, visitor, name, job):
                break
        record = bystander.wait_for_job(bystander.add({"short.txt": b"Short words are read in no time."}), 90)
        trial.works("An ordinary file is added afterwards.", record.get("state") == "done", record)
        expect_memory_released(server, trial, before)


@contextmanager
def _server_with_read_limit(home: Path) -> Iterator[Server]:
    with running_server("serve", home, PINCITE_PARSE_SECONDS=str(_READ_SECONDS)) as server:
        warm_up(server)
        yield server


def _upload_and_read(visitor: Visitor, name: str, content: bytes) -> tuple[float, dict[str, Any]]:
    """Add a file and wait until it has been read; return the seconds and the job."""
    started = time.monotonic()
    job = visitor.add({name: content})
    end = started + _READ_SECONDS + 5 * len(content) / _MEGABYTE + _EXTRA_SECONDS
    record: dict[str, Any] = {}
    while job and time.monotonic() < end:
        record = visitor.get(f"/v1/jobs/{job}").json()
        if all(file["stage"] not in _READING_STAGES for file in record["files"]):
            break
        time.sleep(0.2)
    return time.monotonic() - started, record


def _cancelled(trial: Trial, visitor: Visitor, name: str, job: dict[str, Any]) -> bool:
    """Cancel a job that still runs and return whether it ends."""
    if not job or job["state"] not in ("waiting", "working"):
        return True
    visitor.post(f"/v1/jobs/{job['id']}/cancel")
    record = visitor.wait_for_job(job["id"], 60)
    return trial.holds(
        f"{name}: the job can be cancelled.", record.get("state") in ("cancelled", "done", "failed"), record
    )


ATTACKS = (Attack("words-long", "Hold the reader with words that do not end", _long_words, programs=("serve",)),)
