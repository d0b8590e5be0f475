"""`pincite publish`: the listing, the refusals, and that nothing leaves this machine unasked."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from index.plugins.publish import hosts
from tests.plugins.publish.tokens import OTHERS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

TOKEN = OTHERS["Hugging Face"]


@pytest.fixture
def filled(run: Run, write: Write) -> Run:
    """Run the program on a library of one document."""
    assert run("add", write("deep/sea.md", "# Sea\n\nThe ship left the harbour. A whale swam by.\n")).code == 0
    return run


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection fail, also to this machine."""

    def refuse(*_: object) -> None:
        raise AssertionError("A connection was opened.")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_publication_is_listed_written_and_not_uploaded(filled: Run, tmp_path: Path) -> None:
    """No socket is opened; the output says that nothing was uploaded."""
    done = filled("publish", tmp_path / "demo", "--to", "space", "--title", "Sea", "--yes")
    assert done.code == 0, done.err
    assert "This becomes public: 1 documents" in done.out
    assert "Sea [sea.md], 43 characters" in done.out or "Sea [sea.md]" in done.out
    assert "licence unknown" in done.out
    assert "Warning: The licence of 1 documents is unknown" in done.out
    assert "Nothing was uploaded" in done.out
    assert hosts.require_intact(tmp_path / "demo").title == "Sea"


def test_verbose_names_the_paths_that_are_replaced(filled: Run, tmp_path: Path) -> None:
    """The short form counts them."""
    short = filled("publish", tmp_path / "demo", "--to", "space", "--dry-run")
    assert "in place of 1 paths" in short.out
    assert str(tmp_path) not in short.out
    verbose = filled("publish", tmp_path / "demo", "--to", "space", "--dry-run", "--verbose")
    assert f"shows instead of {tmp_path / 'sources' / 'deep' / 'sea.md'}" in verbose.out


def test_dry_run_writes_nothing(filled: Run, tmp_path: Path) -> None:
    """As JSON, it has every field of each document."""
    done = filled("publish", tmp_path / "demo", "--to", "container", "--dry-run", "--json")
    assert done.code == 0
    (document,) = done.json["documents"]
    assert (document["name"], document["licence"], done.json["secrets"]) == ("sea.md", "unknown", [])
    assert not (tmp_path / "demo").exists()


def test_question_is_asked_before_anything_is_written(
    filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`n`, and an empty standard input, stop it."""
    asked: list[str] = []

    def answer(question: str, **_: Any) -> bool:
        asked.append(question)
        raise SystemExit(1)

    monkeypatch.setattr("index.plugins.publish.publish_commands.typer.confirm", answer)
    assert filled("publish", tmp_path / "demo", "--to", "space").code == 1
    assert asked == [f"Write {tmp_path / 'demo'}?"]
    assert not (tmp_path / "demo").exists()


def test_secrets_are_refused_until_the_document_is_named(filled: Run, write: Write, tmp_path: Path) -> None:
    """Document, place and kind are shown, the secret itself never; the hint says how to go on."""
    filled("add", write("keys.md", f"# Keys\n\nThe token is {TOKEN} today.\n"))
    listed = filled("publish", tmp_path / "demo", "--to", "space", "--dry-run")
    assert listed.code == 1
    assert "Secret: keys.md, § Keys, ¶ 1, character" in listed.out
    refused = filled("publish", tmp_path / "demo", "--to", "space", "--yes")
    assert refused.code == 1
    assert "--allow-secrets" in refused.err
    assert not (tmp_path / "demo").exists()
    assert all(TOKEN not in text for text in (listed.out, listed.err, refused.out, refused.err))
    allowed = filled("publish", tmp_path / "demo", "--to", "space", "--yes", "--allow-secrets", "keys.md")
    assert allowed.code == 0
    assert "Secret (allowed): keys.md" in allowed.out


def test_licence_is_stated_for_all_or_for_one(filled: Run, tmp_path: Path) -> None:
    """A document that is unknown is an error, as in every command."""
    command = ("publish", tmp_path / "demo", "--to", "space", "--dry-run", "--licence")
    assert "licence CC-BY-4.0" in filled(*command, "CC-BY-4.0").out
    assert "licence MIT" in filled(*command, "sea.md=MIT").out
    assert "No document" in filled(*command, "land.md=MIT").err
    assert "SPDX" in filled(*command, "CC BY").err


def test_foreign_folder_is_kept(filled: Run, tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine")
    done = filled("publish", tmp_path / "demo", "--to", "space", "--yes")
    assert done.code == 1
    assert "is not overwritten" in done.err
    assert (tmp_path / "demo" / "mine.txt").read_text() == "mine"


def test_push_uploads_what_was_written(filled: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder goes to the named Space, and its address is printed."""
    pushed: list[tuple[Path, str, str]] = []

    def push(folder: Path, repository: str, *, hardware: str) -> str:
        hosts.require_intact(folder)
        pushed.append((folder, repository, hardware))
        return "https://huggingface.co/spaces/jo/sea"

    monkeypatch.setattr(hosts, "push", push)
    command = ("publish", tmp_path / "demo", "--to", "space", "--yes", "--push", "jo/sea", "--hardware", "zero-a10g")
    done = filled(*command, "--json", "--quiet")
    assert done.json["address"] == "https://huggingface.co/spaces/jo/sea"
    assert pushed == [(tmp_path / "demo", "jo/sea", "zero-a10g")]


def test_container_is_not_pushed(filled: Run, tmp_path: Path) -> None:
    """That is said before anything is written."""
    done = filled("publish", tmp_path / "demo", "--to", "container", "--yes", "--push", "jo/sea")
    assert done.code == 1
    assert "registry" in done.err
    assert not (tmp_path / "demo").exists()


def test_commands_of_plug_ins_can_be_left_out() -> None:
    """Commands are found by their entry points; without plug-ins the rest of the command line stands."""
    program = "from index.cli.app import app; import typer; print(*typer.main.get_command(app).commands)"
    run = functools.partial(
        subprocess.run, [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    environments = (dict(os.environ, PINCITE_PLUGINS=plugins) for plugins in ("all", "none"))
    names = [set(run(env=environment).stdout.split()) for environment in environments]
    assert names[0] - names[1] == {"eval", "key", "publish"}
    assert {"add", "ask", "serve"} <= names[1]
