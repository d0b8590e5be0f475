"""The commands that keep a library: what they print, and with which exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.records import CLAIMED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

TEXT = "# Sea\n\nThe ship left the harbour. A whale swam by.\n\n# Land\n\nThe king signed the treaty.\n"


@pytest.fixture
def run(run: Run, write: Write) -> Run:
    """The program, with a document in its library."""
    assert run("add", write("sea.md", TEXT)).code == 0
    return run


def test_backup_and_restore(run: Run, tmp_path: Path) -> None:
    """There and back, into the folder that the option names, before the command or after it."""
    file, new, other = tmp_path / "b.zip", tmp_path / "new", tmp_path / "other"
    made = run("backup", file)
    assert made.code == 0
    assert made.out.startswith("1 documents, 2 passages, ")
    assert str(file) in made.out
    assert run("restore", file, "--library", new).code == 0
    assert run("--library", other, "restore", file).out.endswith(f"are in {other}.\n")
    for folder in (new, other):
        assert (
            run("--library", folder, "search", "whale", "--json").json["hits"][0]["pin"]["text"] == "A whale swam by."
        )


def test_nothing_is_overwritten_unasked(run: Run, tmp_path: Path) -> None:
    """Exit code 1, and the way to do it after all."""
    file = tmp_path / "b.zip"
    run("backup", file)
    for command in ("backup", "restore"):
        refused = run(command, file)
        assert refused.code == 1
        assert "--force" in refused.err
        assert run(command, file, "--force").code == 0


def test_a_file_that_is_no_backup_is_1(run: Run, write: Write, tmp_path: Path) -> None:
    """With a sentence that says so, and nothing left behind."""
    outcome = run("restore", write("sea.md", TEXT), "--library", tmp_path / "new")
    assert outcome.code == 1
    assert "sea.md is not a pincite backup" in outcome.err
    assert not (tmp_path / "new").exists()


def test_compact(run: Run) -> None:
    """Bytes before and after."""
    assert run("compact").out.endswith(" MB now.\n")
    told = run("compact", "--json").json
    assert 0 < told["bytes_after"] <= told["bytes_before"]


def test_rebuild_says_what_to_set(run: Run) -> None:
    """Passages of another size are a setting from then on."""
    outcome = run("rebuild", "--passage-tokens", "64")
    assert outcome.code == 0
    assert "PINCITE_PASSAGE_TOKENS is set to '32': remove it; the library remembers '64'.\n" in outcome.out
    assert run("stats", "--json").json["made_with"].endswith("/64-64")
    assert "remove it" not in run("rebuild").out


def test_export_and_import(run: Run, tmp_path: Path, encoder: FakeEncoder) -> None:
    """One file, with vectors or without; the receipt is that of `add`."""
    file, small = tmp_path / "e.zip", tmp_path / "s.zip"
    assert run("export-library", file).out.startswith("1 documents, 2 passages, ")
    assert run("export-library", small, "--no-vectors", "--json").json["vectors"] is False
    encoder.encoded.clear()
    assert run("--library", tmp_path / "new", "import-library", file).out.startswith("1 added; 2 passages")
    assert encoder.encoded == []
    again = run("--library", tmp_path / "new", "import-library", small, "--json").json
    assert len(again["unchanged"]) == 1


def test_what_was_imported_is_marked(run: Run, tmp_path: Path) -> None:
    """Until the file is added, whatever shows its words says what they are: on standard error where others read on."""
    file, new = tmp_path / "e.zip", ("--library", tmp_path / "new")
    run("export-library", file)
    run(*new, "import-library", file)
    question, text = "Who signed the treaty?", tmp_path / "draft.txt"
    text.write_text("The king signed the treaty.")
    said = "An import brought the text of sea.md, and nobody here has read the original file"
    commands = (("search", question), ("ask", question), ("coverage", question), ("check", text))
    for command in commands:
        assert f"note: {said}" in run(*new, *command).err
        told = run(*new, *command, "--json").json
        assert [said in note for note in told["notes"]] == [True]
    assert "note: It was imported" in run(*new, "show", "sea.md").err
    assert run(*new, "show", "sea.md", "--json").json["claimed"] is True
    listed = run(*new, "list")
    assert "(claimed) Sea" in listed.out
    assert listed.out.endswith(f"(claimed) {CLAIMED}\n")
    assert run(*new, "list", "--json").json[0]["claimed"] is True
    text.with_name("sea.md").write_text(TEXT)
    assert run(*new, "add", text.with_name("sea.md")).code == 0
    for command in commands:
        assert "note" not in run(*new, *command).err
    assert "(claimed)" not in run(*new, "list").out
    assert "note" not in run(*new, "show", "sea.md").err


@pytest.mark.parametrize(
    "arguments", [["backup"], ["restore"], ["rebuild", "--passage-tokens", "3"], ["import-library"]]
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    """With the reason on standard error."""
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.err


def test_where_there_is_no_library(run: Run, tmp_path: Path) -> None:
    """Nothing to copy is exit code 1; only `import-library` and `restore` make one."""
    commands: list[list[str | Path]] = [["compact"], ["rebuild"]]
    commands += [["backup", tmp_path / "b.zip"], ["export-library", tmp_path / "e.zip"]]
    for arguments in commands:
        outcome = run("--library", tmp_path / "none", *arguments)
        assert outcome.code == 1
        assert "pincite add" in outcome.err
        assert not (tmp_path / "none").exists()
