"""`pincite sync` and `pincite watch`: what they print, and how they end."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.cli import add_commands
from index.cli.add_commands import ChangePrinter
from index.library.library import Library
from index.records import Failure, Problem, Receipt, Renamed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Run
    from tests.conftest import Write

ENOUGH = 60.0
"""Seconds after which a test gives up."""


@pytest.fixture
def folder(write: Write) -> Path:
    """A folder of two files."""
    write("sea.md", "The ship left the harbour.")
    return write("land.md", "The king signed the treaty.").parent


def test_sync_says_what_it_did(run: Run, folder: Path) -> None:
    """In numbers; what was removed by name."""
    assert "2 added; 2 passages in " in run("sync", folder).out
    (folder / "sea.md").rename(folder / "ocean.md")
    (folder / "land.md").unlink()
    outcome = run("sync", folder)
    assert outcome.code == 0
    assert outcome.out == f"1 renamed, 1 removed\n  removed: {folder / 'land.md'}\n"
    assert run("sync", folder).out == "1 unchanged\n"
    (folder / "ocean.md").rename(folder / "sea.md")
    assert f"renamed: {folder / 'ocean.md'} -> {folder / 'sea.md'}" in run("--verbose", "sync", folder).out


def test_sync_as_json(run: Run, folder: Path) -> None:
    """A receipt, in which a renamed file has both its names; exit code 3 where a file failed."""
    run("sync", folder)
    (folder / "sea.md").rename(folder / "ocean.md")
    (folder / "broken.pdf").write_bytes(b"%PDF")
    outcome = run("sync", "--json", folder)
    assert outcome.code == 3
    assert outcome.json["renamed"] == [{"source": str(folder / "ocean.md"), "before": str(folder / "sea.md")}]
    assert [failure["source"] for failure in outcome.json["failed"]] == [str(folder / "broken.pdf")]


def test_a_dry_run_names_everything_and_does_nothing(run: Run, folder: Path) -> None:
    """Not even a library is made; what would be removed is named, and that nothing was changed."""
    outcome = run("sync", "--dry-run", folder)
    assert outcome.out.splitlines() == [
        "2 added; 2 passages",
        f"  added: {folder / 'land.md'}",
        f"  added: {folder / 'sea.md'}",
    ]
    assert outcome.err == "Dry run: nothing was changed. Without --dry-run, the command makes these changes.\n"
    assert not (folder.parent / "library").exists()
    assert run("sync", folder).out.startswith("2 added; 2 passages in ")
    (folder / "sea.md").unlink()
    (folder / "new.md").write_text("A whale.")
    for _ in range(2):
        outcome = run("sync", "--dry-run", folder)
        assert outcome.out.splitlines() == [
            "1 added, 1 unchanged, 1 removed; 1 passages",
            f"  added: {folder / 'new.md'}",
            f"  removed: {folder / 'sea.md'}",
        ]


def test_a_dry_run_ends_as_the_sync_does(run: Run, folder: Path) -> None:
    """With the same exit code and the same failures, of files that nobody has read before."""
    (folder / "broken.pdf").write_bytes(b"%PDF")
    foretold = run("sync", "--dry-run", "--json", folder)
    done = run("sync", "--json", folder)
    assert (foretold.code, done.code) == (3, 3)
    assert foretold.json["failed"] == done.json["failed"]
    assert foretold.json["added"] == done.json["added"]


def test_sync_refuses_what_looks_like_a_mistake(run: Run, folder: Path) -> None:
    """An error with the remedy: a folder that is missing, and one in which nothing is left."""
    run("sync", folder)
    outcome = run("sync", folder / "nowhere")
    assert (outcome.code, outcome.out) == (1, "")
    assert "cannot be read: No such file or directory." in outcome.err
    for path in folder.iterdir():
        path.unlink()
    outcome = run("sync", folder)
    assert outcome.code == 1
    assert "The library holds 2 files from" in outcome.err
    assert "--force" in outcome.err
    assert run("sync", "--force", folder).out.startswith("2 removed\n")


def test_checksum_reads_every_file(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though all look as they did."""
    run("sync", folder)
    asked: list[bool] = []
    true_sync = Library.sync

    def sync(self: Library, *arguments: object, **options: bool) -> Receipt:
        asked.append(options["checksum"])
        return true_sync(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "sync", sync)
    run("sync", folder)
    run("sync", "--checksum", folder)
    assert asked == [False, True]


def _when(condition: Callable[[], bool], number: int) -> threading.Thread:
    """Sends this process a signal once something is so; and after a while in any case, so that the test ends."""

    def wait() -> None:
        until = time.monotonic() + ENOUGH
        while not condition() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watch_ends_with_a_summary(
    run: Run, folder: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each change; Ctrl-C, or being asked to end, is how it ends well."""
    told: list[Receipt | Problem] = []
    true_call = ChangePrinter.__call__

    def call(self: ChangePrinter, each: Receipt | Problem) -> None:
        true_call(self, each)
        told.append(each)

    monkeypatch.setattr(ChangePrinter, "__call__", call)
    before = signal.getsignal(signal.SIGTERM)
    thread = _when(lambda: bool(told), number)
    outcome = run("watch", folder, "--settle", "0.05", "--every", "0.2")
    thread.join()
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line.split()[1:] for line in lines[:-1]] == [
        ["added", str(folder / "land.md")],
        ["added", str(folder / "sea.md")],
    ]
    assert lines[-1].startswith("Stopped after ")
    assert lines[-1].endswith(" s: 2 added.")
    assert "Press Ctrl-C to stop" in outcome.err
    assert signal.getsignal(signal.SIGTERM) is before


def test_watch_needs_a_folder(run: Run, folder: Path) -> None:
    """One that is not there is an error, not something to wait for; times have to be times."""
    assert run("watch", folder / "nowhere").code == 1
    assert run("watch", folder, "--every", "0").code == 2


def test_what_is_in_the_way_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with its remedy; nothing steers the terminal; with --quiet only the summary is left."""
    receipt = Receipt(
        replaced=("/x/a\x1b[31m.md",),
        renamed=(Renamed("/x/c.md", "/x/b.md"),),
        failed=(Failure("/x/d.pdf", "It is broken.", "Mend it."),),
    )
    for quiet in (False, True):
        told = ChangePrinter(quiet=quiet)
        told.begin([Path("/x")])
        told(receipt)
        told(Problem("The folder is gone.", "Wait."))
        told.end()
        out, err = capsys.readouterr()
        assert "The folder is gone. Wait." in err
        assert "\x1b[31m.md" not in out
        assert out.endswith("1 replaced, 1 renamed, 1 failed.\n")
        if quiet:
            assert len(out.splitlines()) == 1
            continue
        assert "renamed  /x/b.md -> /x/c.md" in out
        assert "failed   /x/d.pdf: It is broken. Mend it." in out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (125, "2 min"), (3 * 3600 + 240, "3 h 4 min"), (2 * 86400 + 7300, "2 days 2 h")],
)
def test_how_long_it_was(seconds: float, said: str) -> None:
    """In the two largest units."""
    assert add_commands._span(seconds) == said
