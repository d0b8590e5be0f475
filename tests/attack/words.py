"""Files that are slow to read: one word of five megabytes, and its relatives."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER, serving, warm
from tests.attack.vitals import memory, pulse_of, question, slimmed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_SECONDS = 10
"""What reading may take, by the settings of this server, and five seconds a megabyte."""
_SLACK = 30.0
_MEGABYTE = 1_000_000
_BEING_READ = ("waiting", "reading")


def _files() -> dict[str, bytes]:
    """Each a trap for somebody who looks for the ends of words, sentences or elements."""
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


def _long_words(given: Server, trial: Trial) -> None:
    """Every file on its own to a server with known limits; others are answered meanwhile.

    A brief trial sends the smallest of them to the server that is there.
    """
    with TemporaryDirectory(prefix="pincite-words-") as folder, ExitStack() as stack:
        server = given if trial.brief else stack.enter_context(_limited(Path(folder) / "server"))
        before = memory(server)
        visitor, bystander = (stack.enter_context(server.visitor(address)) for address in ("127.0.0.1", BYSTANDER))
        for name, content in trial.some(sorted(_files().items(), key=lambda each: len(each[1])), 2):
            answers: list[str] = []
            asking = threading.Thread(target=lambda told=answers: told.append(question(server)))
            with pulse_of(server) as pulse:
                asking.start()
                seconds, job = _read(visitor, name, content)
                asking.join(60)
            limit = _SECONDS + 5 * len(content) / _MEGABYTE
            file = (job.get("files") or [{}])[0]
            stage = file.get("stage", "refused")
            trial.holds(
                f"{name} is read, or given up, within its limits.", stage not in _BEING_READ, f"{seconds:.0f} s"
            )
            trial.prompt(f"{name}", pulse)
            trial.holds(f"{name}: a bystander's question is answered.", answers == ["answered"], answers)
            if name == "word.txt":
                trial.holds("A word of five megabytes is read.", stage not in ("failed", "refused"), file)
            if stage == "failed":
                reasons = file["reason"] and file["hint"]
                trial.holds(f"{name}: the failure says why and what to do.", reasons, file)
            trial.figure(f"{name} {stage} after {seconds:.0f} of {limit:.0f} s")
            if not _ended(trial, visitor, name, job):
                break
        told = bystander.finished(bystander.add({"short.txt": b"Short words are read in no time."}), 90)
        trial.works("An ordinary file is added afterwards.", told.get("state") == "done", told)
        slimmed(server, trial, before)


@contextmanager
def _limited(home: Path) -> Iterator[Server]:
    with serving("serve", home, PINCITE_PARSE_SECONDS=str(_SECONDS)) as server:
        warm(server)
        yield server


def _read(visitor: Visitor, name: str, content: bytes) -> tuple[float, dict[str, Any]]:
    """Add a file and follow its job until it has been read; gives the seconds, and the job as it is then."""
    began = time.monotonic()
    job = visitor.add({name: content})
    end = began + _SECONDS + 5 * len(content) / _MEGABYTE + _SLACK
    told: dict[str, Any] = {}
    while job and time.monotonic() < end:
        told = visitor.get(f"/v1/jobs/{job}").json()
        if all(file["stage"] not in _BEING_READ for file in told["files"]):
            break
        time.sleep(0.2)
    return time.monotonic() - began, told


def _ended(trial: Trial, visitor: Visitor, name: str, job: dict[str, Any]) -> bool:
    """Cancel what is still encoded; whether the job comes to its end."""
    if not job or job["state"] not in ("waiting", "working"):
        return True
    visitor.post(f"/v1/jobs/{job['id']}/cancel")
    told = visitor.finished(job["id"], 60)
    return trial.holds(f"{name}: the job can be cancelled.", told.get("state") in ("cancelled", "done", "failed"), told)


ATTACKS = (Attack("words-long", "Hold the reader with words that do not end", _long_words, faces=("serve",)),)
