"""Libraries that lack an index: what is answered without it must say so, and the server is not ready."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.attack.outcomes import Attack
from tests.attack.servers import SEEDS, command, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Visitor

_QUESTIONS = (
    "Who signed the treaty of 16 July 2001?",
    "What percentage of Russia's foreign trade was with China in 2013, before the turn to the East?",
)
_SEEDS = ("01-trade-shares.md", "05-technology-and-5g.md", "11-glossary.docx")
_SAYS = re.compile(r"\b(words?|lexical|full.text|index)\b", re.IGNORECASE)
_READY_SECONDS = 90.0


def _gone(folder: Path) -> None:
    shutil.rmtree(folder)


def _empty(folder: Path) -> None:
    _gone(folder)
    folder.mkdir()


def _a_file(folder: Path) -> None:
    """Where the folder was; it cannot simply be made again."""
    _gone(folder)
    folder.write_bytes(b"not a folder")


def _damaged(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            path.write_bytes(path.read_bytes()[::-1])


def _halved(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix in {".idx", ".term", ".pos", ".store"}:
            path.unlink()


def _a_link(folder: Path) -> None:
    _gone(folder)
    folder.symlink_to(folder.with_name("nowhere"))


_LOSSES: dict[str, Callable[[Path], None]] = {
    "deleted": _gone,
    "a file": _a_file,
    "emptied": _empty,
    "damaged": _damaged,
    "half of it": _halved,
    "a link to nowhere": _a_link,
}


def _by_command(_: Server, trial: Trial) -> None:
    """`pincite ask` on copies of a library whose word index is gone."""
    with TemporaryDirectory(prefix="pincite-index-") as folder:
        whole = _library(Path(folder))
        before = {asked: _asked(whole, asked) for asked in trial.some(_QUESTIONS, 1)}
        for asked, answer in before.items():
            trial.works(f"With its word index the library answers {asked!r}.", _by_words(answer), answer)
            trial.works("Its answer has no note on indexes.", not _noted(answer), answer.get("notes"))
        for what, lose in trial.some(_LOSSES.items(), 1):
            home = _copy(whole, Path(folder) / what.replace(" ", "-"))
            lose(home / "library" / "lexical")
            for asked, well in before.items():
                answer = _asked(home, asked)
                honest = _by_words(answer) or _noted(answer) or bool(answer.get("refused"))
                trial.holds(f"Word index {what}: the answer says so, or the index is there again.", honest, answer)
                sure = float(answer.get("confidence", 0)), float(well["confidence"])
                trial.holds(f"Word index {what}: it makes no answer surer.", sure[0] <= sure[1] + 0.001, sure)
                if _by_words(answer):
                    break
        _dense_by_command(trial, whole, Path(folder) / "dense", before)


def _dense_by_command(trial: Trial, whole: Path, home: Path, before: dict[str, dict[str, Any]]) -> None:
    """The other index: the vectors are in the catalog, so it is made again, or the answer says so."""
    _copy(whole, home)
    for path in (home / "library").glob("dense*"):
        path.unlink()
    for asked, well in before.items():
        answer = _asked(home, asked)
        dense = any(hit["why"]["dense"] is not None for hit in answer.get("hits", []))
        trial.holds(
            "Without the dense index the answer says so, or it is there again.", dense or _noted(answer), answer
        )
        trial.holds("It makes no answer surer.", answer.get("confidence", 0) <= well["confidence"] + 0.001, answer)


def _over_http(_: Server, trial: Trial) -> None:
    """A server on a library without its word index, from the first moment on."""
    with TemporaryDirectory(prefix="pincite-index-") as folder:
        whole = _library(Path(folder))
        for what in trial.some(("deleted", "damaged"), 1):
            home = _copy(whole, Path(folder) / f"served-{what}")
            _LOSSES[what](home / "library" / "lexical")
            with serving("serve", home) as server, server.visitor() as visitor:
                _watched(trial, visitor, f"Word index {what}")
        home = _copy(whole, Path(folder) / "served-while")
        with serving("serve", home) as server, server.visitor() as visitor:
            trial.works("The server becomes ready.", visitor.wait_until_ready(_READY_SECONDS))
            answer = visitor.ask(_QUESTIONS[0])
            trial.works("The whole library is searched by words.", _by_words(answer) and not _noted(answer), answer)
            shutil.rmtree(home / "library" / "lexical")
            visitor.finished(visitor.add({"later.txt": b"Keeper Quist signed the treaty of lights in 1873."}))
            _watched(trial, visitor, "Word index deleted while the server runs")


def _watched(trial: Trial, visitor: Visitor, what: str) -> None:
    """Look at readiness and at an answer by turns until the server is ready and searches by words."""
    end = time.monotonic() + _READY_SECONDS
    told: list[int] = []
    while time.monotonic() < end:
        ready = visitor.get("/readyz").status_code
        told.append(ready)
        response = visitor.post("/v1/ask", json={"question": _QUESTIONS[0]})
        answer = response.json() if response.status_code == 200 else {"refused": response.text}
        whole = _by_words(answer)
        honest = whole or _noted(answer) or (response.status_code == 503)
        trial.holds(f"{what}: an answer without it says so.", honest, answer)
        trial.holds(f"{what}: /readyz is 503 until it is there.", ready == 503 or whole, f"{ready} {str(answer)[:200]}")
        if ready == 200 or not honest:
            break
        time.sleep(0.2)
    trial.works(f"{what}: the server becomes ready.", 200 in told, told[-5:])
    trial.figure(f"{what}: /readyz said 503 {told.count(503)} times")


def _library(folder: Path) -> Path:
    """A home whose library has some of the seeds."""
    home = folder / "whole"
    command(home, "--quiet", "add", *(SEEDS / name for name in _SEEDS))
    return home


def _copy(whole: Path, home: Path) -> Path:
    shutil.copytree(whole / "library", home / "library")
    return home


def _asked(home: Path, question: str) -> dict[str, Any]:
    """An answer from the command line, or that the command said no."""
    done = command(home, "ask", "--json", question)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"refused": done.returncode != 0 and bool(done.stderr.strip()), "said": done.stderr}
    return answer


def _by_words(answer: dict[str, Any]) -> bool:
    """Whether the word index took part."""
    return any(hit["why"]["lexical"] for hit in answer.get("hits", []))


def _noted(answer: dict[str, Any]) -> bool:
    """Whether the answer says that an index is missing."""
    return any(_SAYS.search(note) for note in answer.get("notes", []))


ATTACKS = (
    Attack("indexes-command", "Have questions answered without an index, unnoticed", _by_command, faces=("serve",)),
    Attack("indexes-server", "The same from a server", _over_http, faces=("serve",)),
)
