"""The commands of `pincite`: their output and exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from index import __version__
from index.cli import app, printing
from index.records import ReadAs, Reading, Receipt, Unconfirmed, Verification
from tests.cases import cases
from tests.cli.conftest import SEA, command_names, help_of
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.command_line import Outcome, Run
    from tests.conftest import Write

COMMANDS = command_names()
CSI, RLO = "\x1b[31m", "\u202e"


def test_receipt_says_how_documents_were_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--verbose`, only of documents with recognised or empty pages, and of members; without control codes."""
    plain = ReadAs("/x/a.md", "Markdown · English", Reading(languages=("en",)))
    scan = ReadAs("/x/b.pdf", f"Scan · 3 pages recognised by tesseract{CSI}", Reading(3, "tesseract"))
    receipt = Receipt(added=("/x/a.md", "/x/b.pdf"), read=(plain, scan), passages=2)
    printing.print_receipt(receipt, quiet=False, verbose=False)
    assert capsys.readouterr().out.splitlines()[1:] == ["  read: b.pdf: Scan · 3 pages recognised by tesseract[31m"]
    printing.print_receipt(receipt, quiet=False, verbose=True)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  added: /x/a.md (Markdown · English)",
        "  added: /x/b.pdf (Scan · 3 pages recognised by tesseract[31m)",
    ]


# Help


@cases("command", COMMANDS)
def test_help_of_each_command_has_an_example_and_the_shared_options(command: str) -> None:
    """`--help` has a sentence about the command and an example that names it and its own options.

    Shared options have a section of their own below the command's.
    """
    text = help_of(command)
    assert re.search(rf"Example: pincite {command}\b", text)
    assert re.search(r"\n  [A-Z][^\n]+\n", text)
    options, _, example = text.partition("Example:")
    for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", example):
        assert option in options, option
    section = text[text.index("Options of every command:") :]
    for option in ("--library", "-q, --quiet", "-v, --verbose", "--json"):
        listed = re.compile(rf"^  {option}(?: <path>)?  ", re.MULTILINE)
        assert len(listed.findall(text)) == len(listed.findall(section)) == 1


def test_command_list_has_whole_sentences(run: Run) -> None:
    """`pincite --help` does not shorten a command's sentence; `--version` prints the name and the version."""
    listed = CliRunner().invoke(app.app, ["--help"]).output.partition("Commands:")[2]
    assert "Show the best sentence of each document for a question, or" in listed
    assert "..." not in listed
    assert run("--version").out == f"pincite {__version__}\n"


# Exit codes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search"], ""), (["search", "x", "-k", "0"], ""), (["nonsense"], ""), (["add", "--nonsense", "x"], ""),
        (["show", "sea.md", "--span", "five"], ""), (["show", "sea.md", "--span", "5"], ""),
        (["show", "sea.md", "--span", "-5:3"], ""), (["serve", "--port", "0"], ""), ([], ""),
        (["coverage", "whale", "--csv", "--json"], "choose one"),
        (["add"], "Name files or folders, or use --resume"), (["add", "--resume", "a.txt"], "do not name any"),
        (["add", "--workers", "0", "a.txt"], "--workers"),
        (["backup"], ""), (["restore"], ""), (["rebuild", "--passage-tokens", "3"], ""), (["import-library"], ""),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(reader: Run, arguments: list[str], message: str) -> None:
    """A call that cannot be parsed, or whose options conflict, changes nothing and has its reason on standard error."""
    outcome = reader(*arguments)
    assert outcome.code == 2
    assert outcome.err or not arguments
    assert message in outcome.err
    assert not arguments or outcome.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["show", "nothing"], "No document of this library is called 'nothing'.", id="unknown document"),
        pytest.param(["show", "sea.md", "--span", "0:9999"], "is not a span of it", id="span outside"),
        pytest.param(["remove", "nothing"], "pincite list", id="nothing to remove"),
        pytest.param(["search", "k" * 2001], "2000 are allowed", id="question too long"),
        pytest.param(["search", "x", "--in", "nothing"], "No document", id="filter by an unknown document"),
        pytest.param(["--library", "/nonexistent/x", "list"], "Make one by adding files", id="no library"),
    ],
)
def test_pincite_error_is_exit_code_1(reader: Run, arguments: list[str], message: str) -> None:
    """An error of Pincite is one line and a hint on standard error, without a traceback; the exit code is 1."""
    outcome = reader(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) == 2


def test_partly_failed_add_is_exit_code_3(run: Run, write: Write) -> None:
    """If some files cannot be read, the others are added and the exit code is 3; JSON is a receipt of both."""
    outcome = run("add", write("sea.md", SEA), write("broken.pdf", b"%PDF-1.7"))
    assert outcome.code == 3
    assert "1 added, 1 failed; 2 passages in " in outcome.out
    assert re.search(r"failed: .*broken\.pdf\n +\S.*\.", outcome.out)
    outcome = run("add", "--json", write("land.md", SEA + "The end."), write("broken.pdf", b"%PDF"))
    assert outcome.code == 3
    assert len(outcome.json["added"]) == len(outcome.json["failed"]) == 1


def test_interrupt_is_exit_code_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with a message that nothing stored is lost. An invalid setting is an error, not a traceback: 1."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("index.library.library.Library.open", interrupt)
    outcome = run("list")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == "Stopped. Everything stored so far is kept; run the same command to continue.\n"
    monkeypatch.setenv("PINCITE_PRECISION", "float8")
    assert run("list").code == 1


# Output


def test_add_prints_a_receipt(filled: Run, write: Write, tmp_path: Path) -> None:
    """A receipt counts the files; `--verbose` also names them, `--quiet` leaves the count only."""
    outcome = filled("-v", "add", write("b.txt", "Rain fell."), tmp_path / "sources" / "sea.md")
    assert "1 added, 1 unchanged; 1 passages" in outcome.out
    assert f"added: {tmp_path}/sources/b.txt" in outcome.out
    assert filled("add", tmp_path / "sources").out == "2 unchanged\n"
    write("b.txt", "Rain fell again.")
    assert filled("-q", "add", tmp_path / "sources").out.startswith("1 replaced, 1 unchanged;")
    assert filled("add", tmp_path / "nothing-here").code == 3


def test_add_prints_ten_notes_at_most(run: Run, write: Write) -> None:
    """Ten notes are printed and the rest is counted; `--verbose` prints all."""
    for n in range(12):
        write(f"{n}.txt", f"The café {n} served bread. ".encode() * 20 + b"A ca\xfe came.")
    outcome = run("add", write("12.txt", "Rain.").parent)
    assert outcome.out.count("note:") == 10
    assert "… and 2 more" in outcome.out


def test_list_has_one_row_per_document_and_remove_names_it(filled: Run, write: Write, tmp_path: Path) -> None:
    """A row begins with the first digits of the id. A removed document is no longer found; its source file stays.

    An empty library's list says how to add files; JSON is a receipt.
    """
    identity = filled("list", "--json").json[0]["id"]
    assert re.search(rf"{identity[:12]}\s+Sea\s+2\s+/", filled("list").out)
    assert filled("remove", "sea.md").out == f"1 removed\n  removed: {tmp_path}/sources/sea.md\n"
    assert filled("list").out == "The library is empty. Add files to it: pincite add PATH\n"
    assert filled("search", "whale").out == "Nothing found.\n"
    assert (tmp_path / "sources" / "sea.md").exists()
    filled("add", write("b.txt", "Rain fell."))
    fields = {"added", "replaced", "unchanged", "removed", "failed", "notes", "passages", "seconds"}
    assert fields <= filled("remove", "b.txt", "--json").json.keys()


def test_show_prints_text_or_span(reader: Run) -> None:
    """A span has its location on standard error; the offsets of a hit cut its quote out of the shown text."""
    text = reader("show", "sea.md", "--json").json["text"]
    assert reader("show", "sea.md").out == text + "\n"
    start = text.index("The king")
    outcome = reader("show", "sea.md", "--span", f"{start}:{start + 8}")
    assert (outcome.out, outcome.err) == ("The king\n", "§ Land, ¶ 1\n")
    for hit in reader("search", "whale", "--json").json["hits"]:
        assert text[hit["pin"]["start"] : hit["pin"]["end"]] == hit["pin"]["text"]
    shown = reader("show", "sea.md", "--span", "5:13", "--json").json
    assert shown["span"] == {"start": 5, "end": 13, "text": text[5:13]}


def test_stats_prints_names_and_values(reader: Run) -> None:
    """A value that is a table itself is printed on one line.

    `--recall` says that a small library is searched exhaustively; without it nothing is said of it.
    """
    outcome = reader("stats")
    assert re.search(r"documents +1 *\n", outcome.out)
    assert re.search(r"media types +text/markdown: 1 *\n", outcome.out)
    out = reader("stats", "--recall").out
    assert out.endswith("\nSearches are exact: each compares the question with all 2 passages.\n")
    assert "\nrecall" not in out
    recall = reader("stats", "--recall", "--json").json["recall"]
    assert (recall["exact"], recall["recall"], recall["questions"], recall["passages"]) == (True, 1.0, 0, 2)
    assert "recall" not in reader("stats", "--json").json


def test_verify_reports_changes_and_mismatches(filled: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Changed and missing sources are named; a passage that does not match its checksum is exit code 1.

    A page whose words come in another order in a second reading is named once.
    """
    outcome = filled("verify")
    assert outcome.out == "1 documents, 2 passages, 5 sentences; 1 sources read again: 0 mismatches.\n"
    (tmp_path / "sources" / "sea.md").write_text("changed")
    assert "changed since: " in filled("verify").out
    (tmp_path / "sources" / "sea.md").unlink()
    assert "missing: " in filled("verify").out
    damage(tmp_path / "library")
    outcome = filled("verify")
    assert outcome.code == 1
    assert "does not match its checksum" in outcome.out
    assert "Remove the document" in outcome.out
    assert filled("verify", "--json").json["mismatches"][0]["what"].startswith("Document ")
    doubts = [Unconfirmed("/papers/a.pdf", passage, page, 0.5) for passage, page in ((1, "iv"), (2, "iv"), (3, "9"))]
    printing.print_verification(Verification(1, 3, 9, 1, (), (), (), tuple(doubts)))
    assert "check the words and their order: /papers/a.pdf, page iv, 9" in capsys.readouterr().out


def damage(folder: Path) -> None:
    """Change a passage directly in the database."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'x' WHERE id = 1")


# Doctor


@pytest.fixture
def working_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the default encoder by one that loads at once."""

    class Sound(FakeEncoder):
        precision = question_precision = "float32"
        device, light = "cpu", True
        document_model = ()

        def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
            super().__init__()

    monkeypatch.setattr("index.encoders.encoder.SentenceTransformerEncoder", Sound)


@pytest.mark.model
def test_doctor_reports_a_healthy_library(reader: Run, working_encoder: None) -> None:
    """Without a problem, `doctor` prints versions, encoder and library, and the exit code is 0."""
    outcome = reader("doctor")
    assert outcome.code == 0
    assert re.search(r"Encoder +fake@1", outcome.out)
    assert re.search(r"Holds +1 documents, 2 passages", outcome.out)
    assert reader("doctor", "--json").json["problems"] == []


@pytest.mark.model
def test_doctor_names_every_problem(filled: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One problem does not hide another: each is listed with its remedy, and the exit code is 1."""
    damage(tmp_path / "library")
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path / "no-model"))
    monkeypatch.setattr("index.library.diagnosis.PACKAGES", ("pincite", "no-such-part"))
    monkeypatch.setattr("index.library.diagnosis._MIN_FREE_MEGABYTES", 10**12)
    outcome = filled("doctor", "--json")
    assert outcome.code == 1
    problems = "\n".join(problem["what"] for problem in outcome.json["problems"])
    named = ("no-such-part is not installed", "the folder does not exist", "does not match its checksum", "MB are free")
    assert all(problem in problems for problem in named)
    assert all(problem["remedy"] for problem in outcome.json["problems"])


@pytest.mark.model
def test_doctor_accepts_a_missing_library(run: Run, working_encoder: None, tmp_path: Path) -> None:
    """A missing library is not a problem and is not created; a damaged one is a problem."""
    assert run("doctor").code == 0
    assert not (tmp_path / "library").exists()
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "catalog.db").write_bytes(b"no database" * 999)
    assert run("doctor").code == 1


# JSON

SHAPES = {
    ("search", "whale"): {"question", "hits", "notes", "timings_ms"},
    ("coverage", "whale"): {"question", "documents"},
    ("show", "sea.md"): {"id", "source", "title", "author", "date", "media_type", "text", "landmarks", "notes"},
    ("show", "sea.md", "--span", "0:3"): {"span", "location", "text"},
    ("stats",): {"folder", "documents", "passages", "sentences", "characters", "bytes", "made_with", "generation"},
    ("verify",): {"documents", "sources_checked", "sources_changed", "sources_missing", "mismatches", "unconfirmed"},
}


@cases("arguments", SHAPES)
def test_json_has_the_documented_fields(reader: Run, arguments: tuple[str, ...]) -> None:
    """`--json` prints one JSON value on standard output, with the documented fields."""
    outcome = reader(*arguments, "--json")
    assert outcome.code == 0
    assert SHAPES[arguments] <= outcome.json.keys()


# Hostile documents


HOSTILE_NAME = f"evil [bold]{CSI}{RLO}.md"
HOSTILE_TEXT = f"# The [red]whale[/red] [/]\n\nA [link=x]whale[/link] swam [by] :boom: {CSI}{RLO}now.\n"
TEXTS = {HOSTILE_NAME: HOSTILE_TEXT}
"""A document whose text, title and file name contain control characters and markup."""


COMMAND_LINES: list[Sequence[str]] = [
    ("-v", "search", "whale"), ("search", "whale", "--explain"), ("search", "whale", "--json"), ("coverage", "whale"),
    ("coverage", "whale", "--csv"), ("coverage", "whale", "--json"), ("list",), ("list", "--json"),
    ("show", "The [red]whale[/red] [/]"), ("verify",),
]  # fmt: skip


@cases("arguments", COMMAND_LINES)
def test_document_text_cannot_control_the_terminal(texts: Run, arguments: Sequence[str]) -> None:
    """No escape sequence and no bidirectional override of a text, title or file name reaches the terminal."""
    assert_harmless(texts(*arguments))


def test_names_in_receipts_and_errors_cannot_control_the_terminal(run: Run, write: Write) -> None:
    """Control characters are removed from the names of removed, failed and missing files."""
    assert_harmless(run("add", write(HOSTILE_NAME, HOSTILE_TEXT)))
    assert_harmless(run("-v", "remove", "The [red]whale[/red] [/]"))
    outcome = run("add", write(f"evil{CSI}{RLO}[red].pdf", b"%PDF"))
    assert outcome.code == 3
    assert "\x1b" not in outcome.out
    assert "[red].pdf" in outcome.out
    assert "\x1b" not in run("show", f"no{CSI}{RLO}").err


def assert_harmless(outcome: Outcome) -> None:
    """Check that a successful call printed no control characters."""
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert RLO not in outcome.out + outcome.err


def test_markup_in_documents_is_printed_unchanged(texts: Run) -> None:
    """Brackets and colons of a document are text, not formatting."""
    outcome = texts("search", "whale")
    assert "[1] The [red]whale[/red] [/]" in outcome.out
    assert "A [link=x]whale[/link] swam [by] :boom: [31mnow." in outcome.out


def test_file_name_with_invalid_bytes_is_printable(run: Run, write: Write) -> None:
    """A failed file whose name is not valid Unicode is named in the text and in the JSON output."""
    try:
        path = write("bad\udcff.txt", "Rain.")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    assert "bad\ufffd.txt" in run("add", path).out
    assert run("add", path, "--json").json["failed"][0]["source"].endswith("bad\udcff.txt")


# The installed program


def pincite(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program in a process of its own."""
    command = [sys.executable, "-c", "from index.cli.app import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_program_prints_no_colours_to_a_pipe_and_uses_the_documented_exit_codes(
    sea_library: Path, tmp_path: Path
) -> None:
    """Exit codes and streams of the installed program are those of the other tests."""
    done = pincite("--library", str(sea_library), "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Sea" in done.stdout
    assert "\x1b" not in done.stdout
    done = pincite("--library", str(tmp_path / "nothing"), "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: There is no library in {tmp_path}/nothing.")


def test_json_is_escaped_for_an_ascii_terminal(run: Run, write: Write, tmp_path: Path) -> None:
    """If standard output cannot encode Unicode, JSON uses escapes."""
    run("add", write("cafe.txt", "Café."))
    done = pincite(
        "--library", str(tmp_path / "library"), "show", "cafe.txt", "--json", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["text"] == "Café."


def test_closed_pipe_causes_no_traceback(run: Run, write: Write, tmp_path: Path) -> None:
    """`pincite show big.txt | head -c 10` ends without a traceback; the text exceeds the buffer of a pipe, 64 KiB."""
    run("add", write("big.txt", "The ship left the harbour. " * 4_000))
    program = f"{sys.executable} -c 'from index.cli.app import main; main()'"
    command = f"{program} --library {tmp_path}/library show big.txt | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "The ship l"
    assert "Traceback" not in done.stderr
