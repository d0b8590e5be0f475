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

TITLE = "On the Slow and Uneven Spread of Clocks among the Harbour Towns of the Northern Provinces, 1700 to 1850"
SENTENCE = "Bread was unbelievably expensive throughout northern provinces notwithstanding interventions."
FOLDER = "archive/of the harbour towns/papers of the northern provinces"
TEXTS = {
    f"{FOLDER}/clocks.md": f"# {TITLE}\n\nA clock stopped.\n",
    f"{FOLDER}/whales.md": f"# {'鯨' * 60}\n\nA whale swam by.\n",
    "notes.txt": SENTENCE,
}
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
    return lines_of(out.decode())


def lines_of(out: str) -> list[str]:
    """Return the lines of a terminal's output, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out).replace("\r\n", "\n").split("\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Print as on a terminal whose width is the variable COLUMNS."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


def test_list_fits_into_80_columns(texts: Run, library_folder: Path) -> None:
    """A title is cut at its end; its source, on the next line, at its beginning; ids and numbers are complete."""
    lines = lines_on_terminal(80, "--library", str(library_folder), "list")
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
        assert texts("show", identity).code == 0


def test_wide_terminal_shows_all_columns(texts: Run, terminal: pytest.MonkeyPatch) -> None:
    """From 140 columns on, the source has a column of its own."""
    terminal.setenv("COLUMNS", "400")
    lines = lines_of(texts("list").out)
    assert any("Title" in line and "Author" in line and "Source" in line for line in lines)
    assert any(TITLE in line and "clocks.md" in line for line in lines)


@pytest.mark.parametrize("columns", [40, 80, 100, 139, 140])
def test_list_lines_are_no_wider_than_the_terminal(texts: Run, terminal: pytest.MonkeyPatch, columns: int) -> None:
    """No line exceeds the terminal at any width; below 140 columns a title or source is cut."""
    terminal.setenv("COLUMNS", str(columns))
    lines = lines_of(texts("list").out)
    assert max(map(cell_len, lines)) <= columns
    assert columns == 140 or any("…" in line for line in lines)


@pytest.mark.nightly
@pytest.mark.parametrize("columns", [40, 100, 139, 140, 400])
def test_program_reads_the_width_of_its_terminal(library_folder: Path, columns: int) -> None:
    """The other widths, on a real terminal in a process of its own."""
    lines = lines_on_terminal(columns, "--library", str(library_folder), "list")
    assert max(map(cell_len, lines)) <= columns


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
    texts: Run, monkeypatch: pytest.MonkeyPatch, width: str, arguments: list[str], whole: str
) -> None:
    """A document is one line of a list and a passage one line of a result, even if COLUMNS is set."""
    monkeypatch.setenv("COLUMNS", width)
    outcome = texts(*arguments)
    assert outcome.code == 0
    assert any(whole in line for line in outcome.out.splitlines())
    assert "…" not in outcome.out
