"""`pincite queue` and `pincite add --resume`: an interrupted `add` is shown and continued."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from index.ingest import add
from index.library.library import Library

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Progress
    from tests.command_line import Run
    from tests.conftest import Write
    from tests.fakes import FakeEncoder


@pytest.fixture
def interrupted_add(
    run: Run, write: Write, tmp_path: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> list[Path]:
    """Return four files: an `add` was interrupted after the second, and the first had failed."""
    monkeypatch.setattr(add, "BATCH_PASSAGES", 1)  # each file is stored alone, so `add` can stop after any of them
    paths = [write("broken.pdf", b"%PDF-1.7"), *(write(f"{n}.txt", f"The ship {n} left.") for n in range(3))]

    def interrupt_after_first(progress: Progress) -> None:
        if progress.settled and progress.settled.outcome == "added":
            raise KeyboardInterrupt

    with Library.open(tmp_path / "library", encoder=encoder) as library, pytest.raises(KeyboardInterrupt):
        library.add(paths, progress=interrupt_after_first)
    return paths


def test_queue_lists_waiting_and_failed_files(run: Run, interrupted_add: list[Path]) -> None:
    """Files are counted and named, failures with their reasons; JSON has the same."""
    outcome = run("queue")
    assert outcome.code == 0
    assert outcome.out.startswith("2 waiting, 1 failed\n")
    assert f"waiting: {interrupted_add[2]}" in outcome.out
    assert f"failed: {interrupted_add[0]}" in outcome.out
    queue = json.loads(run("queue", "--json").out)
    assert queue["waiting"] == [str(path) for path in interrupted_add[2:]]
    assert [failure["source"] for failure in queue["failed"]] == [str(interrupted_add[0])]


def test_resume_continues_an_interrupted_add(run: Run, interrupted_add: list[Path]) -> None:
    """`--resume` adds the waiting files; the failed one is left, and `--retry` tries it again."""
    outcome = run("add", "--resume")
    assert outcome.code == 0
    assert outcome.out.startswith("2 added; 2 passages in ")
    assert run("queue").out.startswith("0 waiting, 1 failed\n")
    assert run("add", "--retry").code == 3
    interrupted_add[0].write_text("A whale swam by.")
    outcome = run("add", "--retry")
    assert (outcome.code, "1 failed" in outcome.out) == (3, True)


def test_next_add_mentions_the_waiting_files(run: Run, interrupted_add: list[Path], write: Write) -> None:
    """Another `add` prints a reminder of the waiting files unless `--quiet` is given."""
    outcome = run("add", write("other.txt", "The comet came."))
    assert outcome.err == "An earlier add left 2 files waiting. To continue: pincite add --resume\n"
    assert run("--quiet", "add", write("more.txt", "The comet went.")).err == ""
    run("add", "--resume")
    assert run("add", write("last.txt", "The clock stopped.")).err == ""


def test_clear_empties_the_queue(run: Run, interrupted_add: list[Path]) -> None:
    """After `--clear` no file waits, and the library is unchanged. `--workers` adds files with so many processes."""
    assert run("queue", "--clear").out == "0 waiting, 0 failed\n"
    assert run("add", "--resume").out == "nothing to do\n"
    assert len(json.loads(run("list", "--json").out)) == 1
    outcome = run("add", "--workers", "2", *interrupted_add[2:])
    assert (outcome.code, outcome.out.split(";")[0]) == (0, "2 added")
