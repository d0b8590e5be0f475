"""The command line: what it prints, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from index import __version__
from index.cli import app, printing
from index.records import Unconfirmed, Verification
from tests.cases import cases
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

COMMANDS = sorted(typer.main.get_command(app.app).commands)  # type: ignore[attr-defined]
TEXT = "# Sea\n\nThe ship left the harbour. A whale swam by.\n\n# Land\n\nThe king signed the treaty.\n"
CSI, RLO = "\x1b[31m", "\u202e"


@pytest.fixture
def filled(run: Run, write: Write) -> Run:
    """The program, with a document in its library."""
    assert run("add", write("sea.md", TEXT)).code == 0
    return run


# Help


@cases("command", COMMANDS)
def test_every_command_helps(command: str) -> None:
    """`--help` says in a sentence what the command does, and gives an example that names it."""
    result = CliRunner().invoke(app.app, [command, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example: pincite {command}\b", result.output)
    assert re.search(r"\n  [A-Z][^\n]+\n", result.output)


def test_the_list_of_commands_cuts_no_sentence() -> None:
    """`pincite --help` has a whole sentence for each command."""
    listed = CliRunner().invoke(app.app, ["--help"]).output.partition("Commands:")[2]
    assert "Show the best sentence of each document for a question, or" in listed
    assert "..." not in listed


def test_the_examples_of_the_help_parse() -> None:
    """Each example uses options that its command has."""
    for command in COMMANDS:
        text = CliRunner().invoke(app.app, [command, "--help"]).output
        example = text[text.index("Example:") :]
        for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", example):
            assert option in text[: text.index("Example:")], f"{command}: {option}"


def test_version(run: Run) -> None:
    """`--version` prints name and number."""
    assert run("--version").out == f"pincite {__version__}\n"


# Exit codes


@pytest.mark.parametrize(
    "arguments",
    [
        ["search"],
        ["search", "x", "-k", "0"],
        ["nonsense"],
        ["add"],
        ["add", "--nonsense", "x"],
        ["show", "sea.md", "--span", "five"],
        ["show", "sea.md", "--span", "5"],
        ["show", "sea.md", "--span", "-5:3"],
        ["serve", "--port", "0"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(filled: Run, arguments: list[str]) -> None:
    """A call that cannot be understood is exit code 2, with the reason on standard error and no output."""
    outcome = filled(*arguments)
    assert outcome.code == 2
    assert outcome.err or not arguments


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["show", "nothing"], "No document of this library is called 'nothing'.", id="unknown document"),
        pytest.param(["show", "sea.md", "--span", "0:9999"], "is not a span of it", id="span outside"),
        pytest.param(["remove", "nothing"], "pincite list", id="nothing to remove"),
        pytest.param(["search", "k" * 2001], "2000 are allowed", id="question too long"),
        pytest.param(["search", "x", "--in", "nothing"], "No document", id="filter by an unknown document"),
        pytest.param(["--library", "/nonexistent/x", "list"], "Make one by adding files", id="no library"),
    ],
)
def test_an_error_is_1(filled: Run, arguments: list[str], said: str) -> None:
    """What Pincite raises is one line and its hint on standard error, without a traceback, and exit code 1."""
    outcome = filled(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("Error: ")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) == 2


def test_a_setting_that_cannot_be_used_is_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is what the environment says wrongly."""
    monkeypatch.setenv("PINCITE_PRECISION", "float8")
    assert run("list").code == 1


def test_some_failed_is_3(run: Run, write: Write) -> None:
    """Where some files could not be read, the others are added and the exit code is 3."""
    outcome = run("add", write("sea.md", TEXT), write("broken.pdf", b"%PDF-1.7"))
    assert outcome.code == 3
    assert "1 added, 1 failed; 2 passages in " in outcome.out
    assert re.search(r"failed: .*broken\.pdf\n +\S.*\.", outcome.out)


def test_interruption_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is exit code 130, and says that nothing is lost."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("index.library.library.Library.open", interrupt)
    outcome = run("list")
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == "Stopped. Everything stored so far is kept; run the same command to continue.\n"


# What is printed


def test_adding(filled: Run, write: Write, tmp_path: Path) -> None:
    """A receipt counts what was done; `--verbose` names it, `--quiet` only counts."""
    outcome = filled("-v", "add", write("b.txt", "Rain fell."), tmp_path / "sources" / "sea.md")
    assert "1 added, 1 unchanged; 1 passages" in outcome.out
    assert f"added: {tmp_path}/sources/b.txt" in outcome.out
    assert filled("add", tmp_path / "sources").out == "2 unchanged\n"
    write("b.txt", "Rain fell again.")
    assert filled("-q", "add", tmp_path / "sources").out.startswith("1 replaced, 1 unchanged;")
    assert filled("add", tmp_path / "nothing-here").code == 3


def test_many_notes_are_cut_short(run: Run, write: Write) -> None:
    """Ten notes are named, the rest is counted; `--verbose` names them all."""
    for n in range(12):
        write(f"{n}.txt", f"The café {n} served bread. ".encode() * 20 + b"A ca\xfe came.")
    outcome = run("add", write("12.txt", "Rain.").parent)
    assert outcome.out.count("note:") == 10
    assert "… and 2 more" in outcome.out


def test_listing(filled: Run, write: Write) -> None:
    """One row a document, with the beginning of its id; an empty library says how to fill it."""
    outcome = filled("list")
    identity = filled("list", "--json").json[0]["id"]
    assert re.search(rf"{identity[:12]}\s+Sea\s+2\s+/", outcome.out)
    filled("remove", "sea.md")
    assert filled("list").out == "The library is empty. Add files to it: pincite add PATH\n"


def test_showing(filled: Run) -> None:
    """The text, or a span of it with its place on standard error."""
    text = filled("show", "sea.md", "--json").json["text"]
    assert filled("show", "sea.md").out == text + "\n"
    start = text.index("The king")
    outcome = filled("show", "sea.md", "--span", f"{start}:{start + 8}")
    assert (outcome.out, outcome.err) == ("The king\n", "§ Land, ¶ 1\n")


def test_removing(filled: Run, tmp_path: Path) -> None:
    """The removed are named, and found no more."""
    outcome = filled("remove", "sea.md")
    assert outcome.out == f"1 removed\n  removed: {tmp_path}/sources/sea.md\n"
    assert filled("search", "whale").out == "Nothing found.\n"
    assert (tmp_path / "sources" / "sea.md").exists()


def test_numbers(filled: Run) -> None:
    """Names and values, also those that are tables themselves."""
    outcome = filled("stats")
    assert re.search(r"documents +1 *\n", outcome.out)
    assert re.search(r"media types +text/markdown: 1 *\n", outcome.out)


def test_recall_of_a_small_library(filled: Run) -> None:
    """Asked for, it is told in words below the numbers: of a small library that its search is exact."""
    told = filled("stats", "--recall").out
    assert told.endswith("\nSearches are exact: each compares the question with all 2 passages.\n")
    assert "\nrecall" not in told
    said = filled("stats", "--recall", "--json").json["recall"]
    assert (said["exact"], said["recall"], said["questions"], said["passages"]) == (True, 1.0, 0, 2)
    assert "recall" not in filled("stats", "--json").json


def test_verifying(filled: Run, tmp_path: Path) -> None:
    """What was proved is counted, what changed or went is named, a mismatch is exit code 1."""
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


def test_verifying_the_order_of_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Pages on which a second reading has the words in another order are named, each once."""
    doubts = [Unconfirmed("/papers/a.pdf", passage, page, 0.5) for passage, page in ((1, "iv"), (2, "iv"), (3, "9"))]
    printing.print_verification(Verification(1, 3, 9, 1, (), (), (), tuple(doubts)))
    assert "check the order of words: /papers/a.pdf, page iv, 9" in capsys.readouterr().out


def damage(folder: Path) -> None:
    """Change a passage behind the library's back."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'x' WHERE id = 1")


# Doctor


@pytest.fixture
def sound_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that loads at once."""

    class Sound(FakeEncoder):
        precision, device, light = "float32", "cpu", True
        document_model = ()

        def __init__(self, model: str = "", *, device: str = "auto", precision: str = "auto") -> None:
            super().__init__()

    monkeypatch.setattr("index.encoders.encoder.SentenceTransformerEncoder", Sound)


@pytest.mark.model
def test_doctor(filled: Run, sound_encoder: None) -> None:
    """All is well: versions, encoder, library, and exit code 0."""
    outcome = filled("doctor")
    assert outcome.code == 0
    assert re.search(r"Encoder +fake@1", outcome.out)
    assert re.search(r"Holds +1 documents, 2 passages", outcome.out)
    assert filled("doctor", "--json").json["problems"] == []


@pytest.mark.model
def test_doctor_names_every_problem(filled: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One problem does not hide another: each is named with its remedy, and the exit code is 1."""
    damage(tmp_path / "library")
    monkeypatch.setenv("PINCITE_MODEL", str(tmp_path / "no-model"))
    monkeypatch.setattr("index.library.diagnosis.PACKAGES", ("pincite", "no-such-part"))
    monkeypatch.setattr("index.library.diagnosis._LEAST_FREE_MEGABYTES", 10**12)
    outcome = filled("doctor", "--json")
    assert outcome.code == 1
    said = "\n".join(problem["what"] for problem in outcome.json["problems"])
    for part in ("no-such-part is not installed", "could not be loaded", "does not match its checksum", "MB are free"):
        assert part in said
    assert all(problem["remedy"] for problem in outcome.json["problems"])


@pytest.mark.model
def test_doctor_without_a_library(run: Run, sound_encoder: None, tmp_path: Path) -> None:
    """No library yet is no problem, and none is made; one that is damaged is a problem."""
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
    ("remove", "sea.md"): {"added", "replaced", "unchanged", "removed", "failed", "notes", "passages", "seconds"},
}


@pytest.mark.parametrize("arguments", SHAPES, ids=" ".join)
def test_json_has_the_documented_fields(filled: Run, arguments: tuple[str, ...]) -> None:
    """`--json` prints one JSON value on standard output, with the fields that are documented."""
    outcome = filled(*arguments, "--json")
    assert outcome.code == 0
    assert SHAPES[arguments] <= outcome.json.keys()


def test_json_spans_are_the_texts(filled: Run) -> None:
    """Offsets of a search cut the quoted words out of the text that `show` prints."""
    text = filled("show", "sea.md", "--json").json["text"]
    for hit in filled("search", "whale", "--json").json["hits"]:
        assert text[hit["pin"]["start"] : hit["pin"]["end"]] == hit["pin"]["text"]
    shown = filled("show", "sea.md", "--span", "5:13", "--json").json
    assert shown["span"] == {"start": 5, "end": 13, "text": text[5:13]}


def test_json_of_an_add(run: Run, write: Write) -> None:
    """A receipt as JSON, with failures, and exit code 3."""
    outcome = run("add", "--json", write("sea.md", TEXT), write("broken.pdf", b"%PDF"))
    assert outcome.code == 3
    assert len(outcome.json["added"]) == len(outcome.json["failed"]) == 1


# Hostile words


@pytest.fixture
def hostile(run: Run, write: Write) -> Run:
    """A document whose words, title and name try to steer the terminal."""
    name = f"evil [bold]{CSI}{RLO}.md"
    text = f"# The [red]whale[/red] [/]\n\nA [link=x]whale[/link] swam [by] :boom: {CSI}{RLO}now.\n"
    assert run("add", write(name, text)).code == 0
    return run


COMMAND_LINES: list[Sequence[str]] = [
    ("-v", "search", "whale"),
    ("search", "whale", "--explain"),
    ("search", "whale", "--json"),
    ("coverage", "whale"),
    ("coverage", "whale", "--csv"),
    ("coverage", "whale", "--json"),
    ("list",),
    ("list", "--json"),
    ("show", "The [red]whale[/red] [/]"),
    ("verify",),
    ("-v", "remove", "The [red]whale[/red] [/]"),
]


@pytest.mark.parametrize("arguments", COMMAND_LINES, ids=" ".join)
def test_words_do_not_steer_the_terminal(hostile: Run, arguments: Sequence[str]) -> None:
    """No escape, no override of direction reaches the terminal, whatever the document or its file is called."""
    outcome = hostile(*arguments)
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert RLO not in outcome.out + outcome.err


def test_markup_is_printed_as_it_is(hostile: Run) -> None:
    """Brackets and colons in a document are its words, not ours."""
    outcome = hostile("search", "whale")
    assert "[1] The [red]whale[/red] [/]" in outcome.out
    assert "A [link=x]whale[/link] swam [by] :boom: [31mnow." in outcome.out


def test_names_of_failures_do_not_steer_the_terminal(run: Run, write: Write) -> None:
    """Nor do the names of files that failed, nor of documents that are not there."""
    outcome = run("add", write(f"evil{CSI}{RLO}[red].pdf", b"%PDF"))
    assert outcome.code == 3
    assert "\x1b" not in outcome.out
    assert "[red].pdf" in outcome.out
    assert "\x1b" not in run("show", f"no{CSI}{RLO}").err


def test_a_name_that_is_not_text_can_be_printed(run: Run, write: Write) -> None:
    """A file name of bytes that are not text is named as failed, in words and in JSON."""
    try:
        path = write("bad\udcff.txt", "Rain.")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    assert "bad\ufffd.txt" in run("add", path).out
    assert run("add", path, "--json").json["failed"][0]["source"].endswith("bad\udcff.txt")


# As a program of its own


def pincite(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    command = [sys.executable, "-c", "from index.cli.app import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_piped_output_is_plain(filled: Run, tmp_path: Path) -> None:
    """Through a pipe there are no colours, and nothing on standard error."""
    done = pincite("--library", str(tmp_path / "library"), "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Sea" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_old_terminal_gets_json_in_ascii(run: Run, write: Write, tmp_path: Path) -> None:
    """Where standard output cannot say it in Unicode, JSON says it in escapes."""
    run("add", write("cafe.txt", "Café."))
    done = pincite(
        "--library", str(tmp_path / "library"), "show", "cafe.txt", "--json", PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    )
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["text"] == "Café."


def test_a_reader_that_leaves_early_is_no_error(run: Run, write: Write, tmp_path: Path) -> None:
    """`pincite show big.txt | head -1` ends without a traceback."""
    run("add", write("big.txt", "The ship left the harbour. " * 20_000))
    program = f"{sys.executable} -c 'from index.cli.app import main; main()'"
    command = f"{program} --library {tmp_path}/library show big.txt | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stdout == "The ship l"
    assert "Traceback" not in done.stderr


def test_errors_of_a_program(tmp_path: Path) -> None:
    """Exit codes and streams are the same when it runs as a program."""
    done = pincite("--library", str(tmp_path / "nothing"), "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: There is no library in {tmp_path}/nothing.")
    assert pincite("nonsense").returncode == 2
