"""Runs the command line in this process."""

from __future__ import annotations

import functools
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import typer.main

from index.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes import FakeEncoder


build_commands = functools.cache(typer.main.get_command)
"""Typer builds all commands again for each call, which a process does once and these tests do hundreds of times."""


class Outcome(NamedTuple):
    """The exit code and the output of a run of the program."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, parsed as JSON."""
        return json.loads(self.out)


class Run:
    """Runs `pincite` in this process, with the fake encoder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(typer.main, "get_command", build_commands)

    def __call__(self, *arguments: str | Path) -> Outcome:
        """Run the program with these arguments."""
        self._monkeypatch.setattr(sys, "argv", ["pincite", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            app.main()
        code = caught.value.code
        return Outcome(code if isinstance(code, int) else 0, *self._capsys.readouterr())


def running(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path, encoder: FakeEncoder
) -> Run:
    """Return the program, with a library in this folder and the fake encoder."""
    monkeypatch.setenv("PINCITE_LIBRARY", str(folder / "library"))
    monkeypatch.setenv("PINCITE_PASSAGE_TOKENS", "32")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("index.encoders.encoder.load_encoder", lambda settings: encoder)
    return Run(capsys, monkeypatch)
