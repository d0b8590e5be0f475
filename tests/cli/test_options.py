"""The options that every command accepts, before its name or after it; and what a shell completes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from index.cli import app
from tests.cases import cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

COMMANDS = sorted(typer.main.get_command(app.app).commands)  # type: ignore[attr-defined]
SHARED = ("--library", "-q, --quiet", "-v, --verbose", "--json")


@pytest.fixture
def filled(run: Run, write: Write) -> Run:
    """The program, with a document in its library."""
    assert run("add", write("sea.md", "# Sea\n\nA whale swam by.\n")).code == 0
    return run


@cases("command", COMMANDS)
def test_the_help_of_every_command_lists_them(command: str) -> None:
    """Once, in a section of their own, below the command's own options."""
    text = CliRunner().invoke(app.app, [command, "--help"]).output
    section = text[text.index("Options of every command:") :]
    for option in SHARED:
        listed = re.compile(rf"^  {option}(?: <path>)?  ", re.MULTILINE)
        assert len(listed.findall(text)) == len(listed.findall(section)) == 1


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["stats"], ["show", "sea.md"], ["search", "whale"], ["coverage", "whale"], ["verify"], ["queue"]],
    ids=" ".join,
)
def test_json_before_or_after(filled: Run, arguments: Sequence[str]) -> None:
    """Says the same in both places."""

    def steady(text: str) -> object:
        value = json.loads(text)
        return {**value, "timings_ms": None} if "timings_ms" in value else value

    assert steady(filled("--json", *arguments).out) == steady(filled(*arguments, "--json").out)


def test_every_command_takes_all_of_them_in_both_places(run: Run, tmp_path: Path) -> None:
    """None is unknown to a command, and the folder is the one that was named."""
    folder = tmp_path / "nowhere"
    options = ["-q", "-v", "--json", "--library", str(folder)]
    for command in COMMANDS:
        for arguments in ([*options, command], [command, *options]):
            told = run(*arguments, "--help")
            assert (told.code, told.err) == (0, ""), arguments
    for arguments in ([*options, "list"], ["list", *options]):
        assert f"There is no library in {folder}." in run(*arguments).err


def test_quiet_and_verbose_after_the_command(filled: Run, write: Write) -> None:
    """Do what they do before it."""
    path = write("b.txt", "Rain fell.")
    assert f"added: {path}" in filled("add", path, "-v").out
    path.write_text("Rain fell again.")
    assert len(filled("add", path, "--quiet").out.splitlines()) == 1


def test_of_two_folders_the_later_one_counts(filled: Run, tmp_path: Path) -> None:
    """What stands after the command is nearer to it."""
    library = tmp_path / "library"
    assert filled("--library", tmp_path / "nowhere", "list", "--library", library).code == 0
    assert filled("--library", library, "list", "--library", tmp_path / "nowhere").code == 1


# Completion


def completed(words: str, **environment: str) -> list[str]:
    """What bash is offered after these words."""
    asked = {"_PINCITE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out, suppress(SystemExit):
        patch.setattr(sys, "argv", ["pincite"])
        for name, value in (environment | asked).items():
            patch.setenv(name, value)
        app.app(prog_name="pincite")
    return out.getvalue().split("\n")[:-1] if out.getvalue().endswith("\n") else out.getvalue().split("\n")


def test_a_shell_completes_commands_and_options() -> None:
    """Those of Pincite, and those that every command accepts."""
    assert "search" in completed("pincite se")
    assert {"--explain", "--json"} <= set(completed("pincite search --"))


def test_a_shell_completes_documents(filled: Run, write: Write, tmp_path: Path) -> None:
    """Of the library that is named, by title or by file name; without loading a model, and never with an error."""
    filled("add", write("seal.txt", "A seal slept."))
    library = str(tmp_path / "library")
    assert completed("pincite show se", PINCITE_LIBRARY=library) == ["sea.md", "seal.txt"]
    assert completed("pincite search x --in se", PINCITE_LIBRARY=library) == ["sea.md", "seal.txt"]
    assert "Sea" in completed("pincite remove S", PINCITE_LIBRARY=library)
    assert "Sea" in completed(f"pincite --library {library} show S")
    assert "Sea" in completed(f"pincite show --library {library} S")
    assert "Sea" in completed(f"pincite --library {tmp_path} search x --library {library} --in S")
    assert not any(completed("pincite show S", PINCITE_LIBRARY=str(tmp_path / "nowhere")))
    assert not any(completed("pincite show S", PINCITE_PRECISION="nonsense"))
    assert not (tmp_path / "nowhere").exists()


def test_the_script_for_a_shell_is_shown() -> None:
    """`--show-completion` prints what a shell has to read."""
    script = "import sys; sys.argv = ['pincite', '--show-completion', 'bash']; from index.cli.app import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "_PINCITE_COMPLETE=complete_bash" in done.stdout
