"""The options that every command accepts, before its name or after it, and shell completion."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from index.cli import app
from tests.cli.conftest import SEA, command_names, make_library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

COMMANDS = command_names()


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["stats"], ["show", "sea.md"], ["search", "whale"], ["coverage", "whale"], ["verify"], ["queue"]],
    ids=" ".join,
)
def test_json_option_works_before_and_after_the_command(reader: Run, arguments: Sequence[str]) -> None:
    """Both places give the same output, except for timings."""

    def without_timings(text: str) -> object:
        value = json.loads(text)
        return {**value, "timings_ms": None} if "timings_ms" in value else value

    assert without_timings(reader("--json", *arguments).out) == without_timings(reader(*arguments, "--json").out)


def test_each_command_accepts_shared_options_in_both_places(run: Run, tmp_path: Path) -> None:
    """No command rejects a shared option, and `--library` names the folder in both places."""
    folder = tmp_path / "nowhere"
    options = ["-q", "-v", "--json", "--library", str(folder)]
    for command in COMMANDS:
        for arguments in ([*options, *command.split()], [*command.split(), *options]):
            outcome = run(*arguments, "--help")
            assert (outcome.code, outcome.err) == (0, ""), arguments
    for arguments in ([*options, "list"], ["list", *options]):
        assert f"There is no library in {folder}." in run(*arguments).err


def test_options_work_after_the_command(run: Run, write: Write, sea_library: Path, tmp_path: Path) -> None:
    """They have the same effect as before it, and override one that is before it."""
    path = write("b.txt", "Rain fell.")
    assert f"added: {path}" in run("add", path, "-v").out
    path.write_text("Rain fell again.")
    assert len(run("add", path, "--quiet").out.splitlines()) == 1
    assert run("--library", tmp_path / "nowhere", "list", "--library", sea_library).code == 0
    assert run("--library", sea_library, "list", "--library", tmp_path / "nowhere").code == 1


# Completion


def completions(words: str, **environment: str) -> list[str]:
    """Return what bash offers after these words."""
    request = {"_PINCITE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out, suppress(SystemExit):
        patch.setattr(sys, "argv", ["pincite"])
        for name, value in (environment | request).items():
            patch.setenv(name, value)
        app.app(prog_name="pincite")
    return out.getvalue().split("\n")[:-1] if out.getvalue().endswith("\n") else out.getvalue().split("\n")


def test_completion_offers_commands_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the options that every command accepts. `--show-completion` prints the script for the shell."""
    assert "search" in completions("pincite se")
    assert {"--explain", "--json"} <= set(completions("pincite search --"))
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    script = CliRunner().invoke(app.app, ["--show-completion", "bash"], prog_name="pincite").output
    assert "_PINCITE_COMPLETE=complete_bash" in script


def test_completion_offers_documents_of_the_library(tmp_path: Path) -> None:
    """Documents are offered by title or file name, without loading a model; a missing library is not an error."""
    library = str(make_library(tmp_path, {"sea.md": SEA, "seal.txt": "A seal slept."}))
    assert completions("pincite show se", PINCITE_LIBRARY=library) == ["sea.md", "seal.txt"]
    assert completions("pincite search x --in se", PINCITE_LIBRARY=library) == ["sea.md", "seal.txt"]
    assert "Sea" in completions("pincite remove S", PINCITE_LIBRARY=library)
    assert "Sea" in completions(f"pincite --library {library} show S")
    assert "Sea" in completions(f"pincite show --library {library} S")
    assert "Sea" in completions(f"pincite --library {tmp_path} search x --library {library} --in S")
    assert not any(completions("pincite show S", PINCITE_LIBRARY=str(tmp_path / "nowhere")))
    assert not any(completions("pincite show S", PINCITE_PRECISION="nonsense"))
    assert not (tmp_path / "nowhere").exists()
