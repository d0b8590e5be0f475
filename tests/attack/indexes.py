"""Libraries that lack an index: an answer without it must say so, and the server must not be ready."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.attack.outcomes import Attack
from tests.attack.servers import SEEDS, run_command, running_server

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
_MENTIONS_INDEX = re.compile(r"\b(words?|lexical|full.text|index)\b", re.IGNORECASE)
_READY_SECONDS = 90.0


def _delete(folder: Path) -> None:
    shutil.rmtree(folder)


def _empty_folder(folder: Path) -> None:
    _delete(folder)
    folder.mkdir()


def _replace_with_file(folder: Path) -> None:
    """Put a file in place of the folder, so that the folder cannot simply be made again."""
    _delete(folder)
    folder.write_bytes(b"not a folder")


def _reverse_files(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file():
            path.write_bytes(path.read_bytes()[::-1])


def _delete_half(folder: Path) -> None:
    for path in folder.iterdir():
        if path.suffix in {".idx", ".term", ".pos", ".store"}:
            path.unlink()


def _replace_with_link(folder: Path) -> None:
    _delete(folder)
    folder.symlink_to(folder.with_name("nowhere"))


_LOSSES: dict[str, Callable[[Path], None]] = {
    "deleted": _delete,
    "a file": _replace_with_file,
    "emptied": _empty_folder,
    "damaged": _reverse_files,
    "half of it": _delete_half,
    "a link to nowhere": _replace_with_link,
}


def _ask_by_command(_: Server, trial: Trial) -> None:
    """Run `pincite ask` on copies of a library whose word index is lost."""
    with TemporaryDirectory(prefix="pincite-index-") as folder:
        whole = _example_library(Path(folder))
        complete_answers = {question: _answer_of(whole, question) for question in trial.sample(_QUESTIONS, 1)}
        for question, answer in complete_answers.items():
            trial.works(f"With its word index the library answers {question!r}.", _uses_word_index(answer), answer)
            trial.works("Its answer has no note on indexes.", not _has_index_note(answer), answer.get("notes"))
        for label, damage in trial.sample(_LOSSES.items(), 1):
            home = _copy(whole, Path(folder) / label.replace(" ", "-"))
            damage(home / "library" / "lexical")
            for question, complete_answer in complete_answers.items():
                answer = _answer_of(home, question)
                is_honest = _uses_word_index(answer) or _has_index_note(answer) or bool(answer.get("refused"))
                trial.holds(f"Word index {label}: the answer says so, or the index is there again.", is_honest, answer)
                confidences = float(answer.get("confidence", 0)), float(complete_answer["confidence"])
                trial.holds(
                    f"Word index {label}: the answer is no more confident.",
                    confidences[0] <= confidences[1] + 0.001,
                    confidences,
                )
                if _uses_word_index(answer):
                    break
        _ask_without_dense_index(trial, whole, Path(folder) / "dense", complete_answers)


def _ask_without_dense_index(
    trial: Trial, whole: Path, home: Path, complete_answers: dict[str, dict[str, Any]]
) -> None:
    """Ask without the dense index: it is rebuilt from the vectors in the catalog, or the answer says so."""
    _copy(whole, home)
    for path in (home / "library").glob("dense*"):
        path.unlink()
    for question, complete_answer in complete_answers.items():
        answer = _answer_of(home, question)
        dense = any(hit["why"]["dense"] is not None for hit in answer.get("hits", []))
        trial.holds(
            "Without the dense index the answer says so, or it is there again.",
            dense or _has_index_note(answer),
            answer,
        )
        trial.holds(
            "The answer is no more confident.",
            answer.get("confidence", 0) <= complete_answer["confidence"] + 0.001,
            answer,
        )


def _ask_over_http(_: Server, trial: Trial) -> None:
    """Serve a library without its word index, and delete the index while a server runs."""
    with TemporaryDirectory(prefix="pincite-index-") as folder:
        whole = _example_library(Path(folder))
        for label in trial.sample(("deleted", "damaged"), 1):
            home = _copy(whole, Path(folder) / f"served-{label}")
            _LOSSES[label](home / "library" / "lexical")
            with running_server("serve", home) as server, server.visitor() as visitor:
                _watch_until_ready(trial, visitor, f"Word index {label}")
        home = _copy(whole, Path(folder) / "served-while")
        with running_server("serve", home) as server, server.visitor() as visitor:
            trial.works("The server becomes ready.", visitor.wait_until_ready(_READY_SECONDS))
            answer = visitor.ask(_QUESTIONS[0])
            trial.works(
                "The whole library is searched by words.",
                _uses_word_index(answer) and not _has_index_note(answer),
                answer,
            )
            shutil.rmtree(home / "library" / "lexical")
            visitor.wait_for_job(visitor.add({"later.txt": b"Keeper Quist signed the treaty of lights in 1873."}))
            _watch_until_ready(trial, visitor, "Word index deleted while the server runs")


def _watch_until_ready(trial: Trial, visitor: Visitor, label: str) -> None:
    """Check readiness and an answer in turn until the server is ready and uses its word index."""
    deadline = time.monotonic() + _READY_SECONDS
    statuses: list[int] = []
    while time.monotonic() < deadline:
        status = visitor.get("/readyz").status_code
        statuses.append(status)
        response = visitor.post("/v1/ask", json={"question": _QUESTIONS[0]})
        answer = response.json() if response.status_code == 200 else {"refused": response.text}
        whole = _uses_word_index(answer)
        is_honest = whole or _has_index_note(answer) or (response.status_code == 503)
        trial.holds(f"{label}: an answer without it says so.", is_honest, answer)
        trial.holds(
            f"{label}: /readyz is 503 until it is there.", status == 503 or whole, f"{status} {str(answer)[:200]}"
        )
        if status == 200 or not is_honest:
            break
        time.sleep(0.2)
    trial.works(f"{label}: the server becomes ready.", 200 in statuses, statuses[-5:])
    trial.figure(f"{label}: /readyz was 503 {statuses.count(503)} times")


def _example_library(folder: Path) -> Path:
    """Make a library of some example files and return its home."""
    home = folder / "whole"
    run_command(home, "--quiet", "add", *(SEEDS / name for name in _SEEDS))
    return home


def _copy(whole: Path, home: Path) -> Path:
    shutil.copytree(whole / "library", home / "library")
    return home


def _answer_of(home: Path, question: str) -> dict[str, Any]:
    """Return an answer from the command line, or the fact that the command refused."""
    result = run_command(home, "ask", "--json", question)
    try:
        answer: dict[str, Any] = json.loads(result.stdout)
    except ValueError:
        return {"refused": result.returncode != 0 and bool(result.stderr.strip()), "error": result.stderr}
    return answer


def _uses_word_index(answer: dict[str, Any]) -> bool:
    """Whether a hit of the answer has a rank in the word index."""
    return any(hit["why"]["lexical"] for hit in answer.get("hits", []))


def _has_index_note(answer: dict[str, Any]) -> bool:
    """Whether a note of the answer says that an index is missing."""
    return any(_MENTIONS_INDEX.search(note) for note in answer.get("notes", []))


ATTACKS = (
    Attack(
        "indexes-command", "Have questions answered without an index, unnoticed", _ask_by_command, programs=("serve",)
    ),
    Attack("indexes-server", "The same from a server", _ask_over_http, programs=("serve",)),
)
