"""The command line with a library on a read-only disk: reading works, changes are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cases import cases
from tests.cli.conftest import SEA
from tests.disks import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write


@pytest.fixture
def mounted(run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the program on a library of one document whose folder is mounted read-only."""
    assert run("add", write("sea.md", SEA)).code == 0
    with read_only(tmp_path / "library", tmp_path / "read-only") as folder:
        monkeypatch.setenv("PINCITE_LIBRARY", str(folder))
        yield run


def test_reading_commands_work_on_a_read_only_library(mounted: Run, tmp_path: Path) -> None:
    """Asking, searching, listing, showing, verifying, exporting and backing up work."""
    assert mounted("ask", "Who signed the treaty?").out.startswith("The king signed the treaty. [1]")
    assert mounted("search", "whale", "--json").json["hits"][0]["pin"]["text"] == "A whale swam by."
    (document,) = mounted("list", "--json").json
    assert "The ship left the harbour." in mounted("show", document["id"]).out
    assert mounted("verify").code == 0
    assert mounted("queue").out.startswith("0 waiting")
    assert mounted("stats", "--json").json["notes"] == [
        "Its folder is read-only: you can search the library, but not change it."
    ]
    assert mounted("export-library", tmp_path / "out.zip").code == 0
    assert mounted("backup", tmp_path / "backup.zip").code == 0


@cases(
    "command",
    [["add"], ["remove", "sea.md"], ["sync"], ["compact"], ["rebuild"], ["import-library"]],
    ids=lambda command: command[0],
)
def test_changing_commands_are_refused_on_a_read_only_library(
    mounted: Run, write: Write, tmp_path: Path, command: list[str]
) -> None:
    """The exit code is 1, the error has a reason and a remedy, and the library is unchanged."""
    if command == ["import-library"]:
        assert mounted("export-library", tmp_path / "out.zip").code == 0
        command = [*command, str(tmp_path / "out.zip")]
    elif command == ["add"]:
        command = [*command, str(write("new/new.md", "A comet came."))]
    elif command == ["sync"]:
        command = [*command, str(write("new/new.md", "A comet came.").parent)]
    outcome = mounted(*command)
    assert outcome.code == 1
    assert "is read-only: you can search it, but not change it." in outcome.err
    assert "copy the folder" in outcome.err
    assert len(mounted("list", "--json").json) == 1
