"""What is made once for all tests of the command line: a library that they only read, and the help."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
import typer.testing

from index.cli import app
from tests.command_line import build_commands
from tests.libraries import filled_library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

SEA = "# Sea\n\nThe ship left the harbour. A whale swam by.\n\n# Land\n\nThe king signed the treaty.\n"


def make_library(folder: Path, files: dict[str, str]) -> Path:
    """Make a library of these files, given by name, and return its folder."""
    with filled_library(folder, files) as library:
        return library.folder


@functools.cache
def command_names() -> list[str]:
    """Return the names of all commands; those of a group come after its name, as in `key create`."""
    names = []
    for name, command in typer.main.get_command(app.app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        names += [f"{name} {one}" for one in inner] if inner else [name]
    return sorted(names)


def help_of(command: str) -> str:
    """Return what `pincite COMMAND --help` prints."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.testing, "_get_command", build_commands)
        result = typer.testing.CliRunner().invoke(app.app, [*command.split(), "--help"])
    assert result.exit_code == 0
    return result.output


@pytest.fixture(scope="session")
def sea_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one document, which no test may change."""
    return make_library(tmp_path_factory.mktemp("sea"), {"sea.md": SEA})


@pytest.fixture(scope="module")
def library_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the module's TEXTS, which no test may change."""
    return make_library(tmp_path_factory.mktemp("texts"), request.module.TEXTS)


@pytest.fixture
def reader(run: Run, sea_library: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program on the library of one document, with commands that only read."""
    monkeypatch.setenv("PINCITE_LIBRARY", str(sea_library))
    return run


@pytest.fixture
def texts(run: Run, library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program on the library of the module's TEXTS, with commands that only read."""
    monkeypatch.setenv("PINCITE_LIBRARY", str(library_folder))
    return run


@pytest.fixture
def filled(run: Run, write: Write) -> Run:
    """Run the program on a library of one document, which the test may change."""
    assert run("add", write("sea.md", SEA)).code == 0
    return run
