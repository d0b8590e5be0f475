"""Adding that was stopped: what waits is shown, and goes on."""

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
def stopped(
    run: Run, write: Write, tmp_path: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> list[Path]:
    """Three files, of which an `add` was stopped after the first; a fourth had failed."""
    monkeypatch.setattr(add, "BATCH_PASSAGES", 1)  # each is stored alone, so that there is a middle
    paths = [write("broken.pdf", b"%PDF-1.7"), *(write(f"{n}.txt", f"The ship {n} left.") for n in range(3))]

    def hear(moment: Progress) -> None:
        if moment.settled and moment.settled.outcome == "added":
            raise KeyboardInterrupt

    with Library.open(tmp_path / "library", encoder=encoder) as library, pytest.raises(KeyboardInterrupt):
        library.add(paths, progress=hear)
    return paths


def test_the_queue_is_shown(run: Run, stopped: list[Path]) -> None:
    """Counted and named, failures with their reasons; as JSON the same."""
    outcome = run("queue")
    assert outcome.code == 0
    assert outcome.out.startswith("2 waiting, 1 failed\n")
    assert f"waiting: {stopped[2]}" in outcome.out
    assert f"failed: {stopped[0]}" in outcome.out
    found = json.loads(run("queue", "--json").out)
    assert found["waiting"] == [str(path) for path in stopped[2:]]
    assert [failure["source"] for failure in found["failed"]] == [str(stopped[0])]


def test_it_goes_on(run: Run, stopped: list[Path]) -> None:
    """With `--resume` from where it was; then only the failure is left, which `--retry` tries again."""
    outcome = run("add", "--resume")
    assert outcome.code == 0
    assert outcome.out.startswith("2 added; 2 passages in ")
    assert run("queue").out.startswith("0 waiting, 1 failed\n")
    assert run("add", "--retry").code == 3
    stopped[0].write_text("A whale swam by.")
    outcome = run("add", "--retry")
    assert (outcome.code, "1 failed" in outcome.out) == (3, True)


def test_another_add_reminds_of_it(run: Run, stopped: list[Path], write: Write) -> None:
    """Whoever adds something else hears that files wait; `--quiet` keeps silent."""
    outcome = run("add", write("other.txt", "The comet came."))
    assert outcome.err == "An earlier add left 2 files waiting. To continue: pincite add --resume\n"
    assert run("--quiet", "add", write("more.txt", "The comet went.")).err == ""
    run("add", "--resume")
    assert run("add", write("last.txt", "The clock stopped.")).err == ""


def test_it_can_be_forgotten(run: Run, stopped: list[Path]) -> None:
    """Then nothing waits, and the library holds what it held."""
    assert run("queue", "--clear").out == "0 waiting, 0 failed\n"
    assert run("add", "--resume").out == "nothing to do\n"
    assert len(json.loads(run("list", "--json").out)) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "Name files or folders, or use --resume", id="nothing to add"),
        pytest.param(["--resume", "a.txt"], "do not name any", id="both"),
        pytest.param(["--workers", "0", "a.txt"], "--workers", id="no worker"),
    ],
)
def test_what_makes_no_sense(run: Run, arguments: list[str], message: str) -> None:
    """Is said, with exit code 2, before anything is done."""
    outcome = run("add", *arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_several_workers(run: Run, write: Write) -> None:
    """May be asked for."""
    outcome = run("add", "--workers", "2", write("a.txt", "The ship left."), write("b.txt", "A whale sang."))
    assert (outcome.code, outcome.out.split(";")[0]) == (0, "2 added")
