"""`pincite sync` and `pincite watch`: their output and how they end."""

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
from tests.cases import cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import Run
    from tests.conftest import Write

ENOUGH = 60.0
"""Seconds after which a test gives up."""


@pytest.fixture
def folder(write: Write) -> Path:
    """Write a folder of two files."""
    write("sea.md", "The ship left the harbour.")
    return write("land.md", "The king signed the treaty.").parent


def test_sync_prints_counts_and_removed_files(run: Run, folder: Path) -> None:
    """Changes are counted, and removed files are named."""
    assert "2 added; 2 passages in " in run("sync", folder).out
    (folder / "sea.md").rename(folder / "ocean.md")
    (folder / "land.md").unlink()
    outcome = run("sync", folder)
    assert outcome.code == 0
    assert outcome.out == f"1 renamed, 1 removed\n  removed: {folder / 'land.md'}\n"
    assert run("sync", folder).out == "1 unchanged\n"
    (folder / "ocean.md").rename(folder / "sea.md")
    assert f"renamed: {folder / 'ocean.md'} -> {folder / 'sea.md'}" in run("--verbose", "sync", folder).out


def test_sync_json_is_a_receipt(run: Run, folder: Path) -> None:
    """A renamed file has both its names in the receipt; the exit code is 3 if a file failed."""
    run("sync", folder)
    (folder / "sea.md").rename(folder / "ocean.md")
    (folder / "broken.pdf").write_bytes(b"%PDF")
    outcome = run("sync", "--json", folder)
    assert outcome.code == 3
    assert outcome.json["renamed"] == [{"source": str(folder / "ocean.md"), "before": str(folder / "sea.md")}]
    assert [failure["source"] for failure in outcome.json["failed"]] == [str(folder / "broken.pdf")]


def test_dry_run_names_all_changes_and_makes_none(run: Run, folder: Path) -> None:
    """Not even a library is created; every change is named, and a message says that nothing was changed."""
    outcome = run("sync", "--dry-run", folder)
    assert outcome.out.splitlines() == [
        "2 added; 2 passages",
        f"  added: {folder / 'land.md'} (Markdown)",
        f"  added: {folder / 'sea.md'} (Markdown)",
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
            f"  added: {folder / 'new.md'} (Markdown)",
            f"  removed: {folder / 'sea.md'}",
        ]


def test_dry_run_predicts_failures_and_exit_code(run: Run, folder: Path) -> None:
    """The dry run has the same exit code and the same failures, also for files that were never read before."""
    (folder / "broken.pdf").write_bytes(b"%PDF")
    predicted = run("sync", "--dry-run", "--json", folder)
    synced = run("sync", "--json", folder)
    assert (predicted.code, synced.code) == (3, 3)
    assert predicted.json["failed"] == synced.json["failed"]
    assert predicted.json["added"] == synced.json["added"]


def test_sync_refuses_a_missing_or_emptied_folder(run: Run, folder: Path) -> None:
    """Each of the two is an error with a remedy; `--force` accepts the empty folder."""
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


def test_checksum_option_reaches_the_library(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--checksum` makes `sync` read the files that look unchanged."""
    run("sync", folder)
    checksums: list[bool] = []
    true_sync = Library.sync

    def sync(self: Library, *arguments: object, **options: bool) -> Receipt:
        checksums.append(options["checksum"])
        return true_sync(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "sync", sync)
    run("sync", folder)
    run("sync", "--checksum", folder)
    assert checksums == [False, True]


def _signal_when(condition: Callable[[], bool], number: int) -> threading.Thread:
    """Send this process a signal when a condition holds, or after ENOUGH seconds, so that the test ends."""

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
    """Each change is a line; SIGINT and SIGTERM end the watch with totals, and the signal handler is restored."""
    printed: list[Receipt | Problem] = []
    true_call = ChangePrinter.__call__

    def call(self: ChangePrinter, event: Receipt | Problem) -> None:
        true_call(self, event)
        printed.append(event)

    monkeypatch.setattr(ChangePrinter, "__call__", call)
    before = signal.getsignal(signal.SIGTERM)
    thread = _signal_when(lambda: bool(printed), number)
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


def test_watch_refuses_a_missing_folder_and_zero_interval(run: Run, folder: Path) -> None:
    """A missing folder is an error, not something to wait for; an interval has to be positive."""
    assert run("watch", folder / "nowhere").code == 1
    assert run("watch", folder, "--every", "0").code == 2


def test_watch_prints_problems_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A problem is printed with its remedy and without control characters; `--quiet` leaves the totals only."""
    receipt = Receipt(
        replaced=("/x/a\x1b[31m.md",),
        renamed=(Renamed("/x/c.md", "/x/b.md"),),
        failed=(Failure("/x/d.pdf", "It is broken.", "Mend it."),),
    )
    for quiet in (False, True):
        printer = ChangePrinter(quiet=quiet)
        printer.begin([Path("/x")])
        printer(receipt)
        printer(Problem("The folder is gone.", "Wait."))
        printer.end()
        out, err = capsys.readouterr()
        assert "The folder is gone. Wait." in err
        assert "\x1b[31m.md" not in out
        assert out.endswith("1 replaced, 1 renamed, 1 failed.\n")
        if quiet:
            assert len(out.splitlines()) == 1
            continue
        assert "renamed  /x/b.md -> /x/c.md" in out
        assert "failed   /x/d.pdf: It is broken. Mend it." in out


@cases(
    ("seconds", "text"),
    [(5, "5 s"), (125, "2 min"), (3 * 3600 + 240, "3 h 4 min"), (2 * 86400 + 7300, "2 days 2 h")],
)
def test_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    """A duration is printed in its two largest units."""
    assert add_commands._span(seconds) == text
