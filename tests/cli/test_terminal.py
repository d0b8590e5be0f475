"""The width of printed output: it fits a terminal, and through a pipe it is neither wrapped nor cut."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

TITLE = "On the Slow and Uneven Spread of Clocks among the Harbour Towns of the Northern Provinces, 1700 to 1850"
SENTENCE = "Bread was unbelievably expensive throughout northern provinces notwithstanding interventions."
PROGRAM = [sys.executable, "-c", "from index.cli.app import main; main()"]


def lines_on_terminal(columns: int, *arguments: str) -> list[str]:
    """Return the lines that the program prints on a terminal of that width, without colours."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [*PROGRAM, *arguments], stdin=slave, stdout=slave, stderr=slave, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(slave)
        out = b""
        try:
            while piece := os.read(master, 65536):
                out += piece
        except OSError:  # Linux reports in this way that the other end was closed
            pass
        os.close(master)
    assert process.returncode == 0
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", out).decode().replace("\r\n", "\n")
    return plain.split("\n")


@pytest.fixture
def library_folder(run: Run, write: Write, tmp_path: Path) -> str:
    """Make a library of documents with long titles and long paths, and return its folder."""
    far = "archive/of the harbour towns/papers of the northern provinces"
    run(
        "add",
        write(f"{far}/clocks.md", f"# {TITLE}\n\nA clock stopped.\n"),
        write(f"{far}/whales.md", f"# {'鯨' * 60}\n\nA whale swam by.\n"),
        write("notes.txt", SENTENCE),
    )
    return str(tmp_path / "library")


def test_list_fits_into_80_columns(library_folder: str) -> None:
    """A title is cut at its end; its source, on the next line, at its beginning; ids and numbers are complete."""
    lines = lines_on_terminal(80, "--library", library_folder, "list")
    assert max(map(cell_len, lines)) <= 80
    (clocks,) = [n for n, line in enumerate(lines) if "On the Slow and Uneven" in line]
    assert re.match(r"[0-9a-f]{12}  On the Slow and Uneven Spread of .*… +1 *$", lines[clocks])
    assert re.match(r" {14}….*northern provinces/clocks\.md *$", lines[clocks + 1])
    assert any(re.match(r"[0-9a-f]{12}  鯨+… +\d *$", line) for line in lines)
    (notes,) = [line for line in lines if re.match(r"[0-9a-f]{12}  notes\.txt ", line)]
    assert re.search(r" \d+ *$", notes)
    ids = [line.split()[0] for line in lines if re.match(r"[0-9a-f]{12} ", line)]
    assert len(ids) == 3
    for identity in ids:
        assert lines_on_terminal(80, "--library", library_folder, "show", identity)[0]


def test_wide_terminal_shows_all_columns(library_folder: str) -> None:
    """From 140 columns on, the source has a column of its own."""
    lines = lines_on_terminal(400, "--library", library_folder, "list")
    assert any("Title" in line and "Author" in line and "Source" in line for line in lines)
    assert any(TITLE in line and "clocks.md" in line for line in lines)


@pytest.mark.parametrize("columns", [40, 80, 100, 139, 140])
def test_list_lines_are_no_wider_than_the_terminal(library_folder: str, columns: int) -> None:
    """No line exceeds the terminal at any width."""
    assert max(map(cell_len, lines_on_terminal(columns, "--library", library_folder, "list"))) <= columns


@pytest.mark.parametrize("width", ["", "30"])
@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        (["list"], TITLE),
        (["list"], "northern provinces/clocks.md"),
        (["search", "bread"], SENTENCE),
        (["coverage", "bread"], TITLE),
        (["ask", "Which clock stopped?"], TITLE),
        (["stats"], "passages"),
        (["verify"], "3 sources read again: 0 mismatches."),
    ],
    ids=str,
)
def test_piped_output_is_neither_wrapped_nor_cut(
    run: Run, library_folder: str, monkeypatch: pytest.MonkeyPatch, width: str, arguments: list[str], whole: str
) -> None:
    """A document is one line of a list and a passage one line of a result, even if COLUMNS is set."""
    monkeypatch.setenv("COLUMNS", width)
    outcome = run(*arguments)
    assert outcome.code == 0
    assert any(whole in line for line in outcome.out.splitlines())
    assert "…" not in outcome.out
