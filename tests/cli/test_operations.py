"""The commands that maintain a library: their output and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import CLAIMED
from tests.cli.conftest import SEA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write
    from tests.fakes import FakeEncoder


def test_backup_is_restored_into_the_named_folder(reader: Run, tmp_path: Path) -> None:
    """`--library` names the target folder, before the command or after it."""
    file, new, other = tmp_path / "b.zip", tmp_path / "new", tmp_path / "other"
    outcome = reader("backup", file)
    assert outcome.code == 0
    assert outcome.out.startswith("1 documents, 2 passages, ")
    assert str(file) in outcome.out
    assert reader("restore", file, "--library", new).code == 0
    assert reader("--library", other, "restore", file).out.endswith(f"are in {other}.\n")
    for folder in (new, other):
        assert (
            reader("--library", folder, "search", "whale", "--json").json["hits"][0]["pin"]["text"]
            == "A whale swam by."
        )


def test_backup_and_restore_overwrite_only_with_force(filled: Run, tmp_path: Path) -> None:
    """An existing target is an error whose hint is `--force`."""
    file = tmp_path / "b.zip"
    filled("backup", file)
    for command in ("backup", "restore"):
        refused = filled(command, file)
        assert refused.code == 1
        assert "--force" in refused.err
        assert filled(command, file, "--force").code == 0


def test_restore_refuses_a_file_that_is_not_a_backup(run: Run, write: Write, tmp_path: Path) -> None:
    """The error says so, the exit code is 1, and no folder is created."""
    outcome = run("restore", write("sea.md", SEA), "--library", tmp_path / "new")
    assert outcome.code == 1
    assert "sea.md is not a Pincite backup" in outcome.err
    assert not (tmp_path / "new").exists()


def test_compact_reports_bytes_before_and_after(filled: Run) -> None:
    """The library does not grow when it is compacted."""
    assert filled("compact").out.endswith(" MB now.\n")
    sizes = filled("compact", "--json").json
    assert 0 < sizes["bytes_after"] <= sizes["bytes_before"]


def test_rebuild_names_the_setting_to_remove(filled: Run) -> None:
    """After a rebuild with another passage length, the environment variable would contradict the library."""
    outcome = filled("rebuild", "--passage-tokens", "64")
    assert outcome.code == 0
    assert "PINCITE_PASSAGE_TOKENS is set to '32': remove it; the library remembers '64'.\n" in outcome.out
    assert filled("stats", "--json").json["made_with"].endswith("/64-64")
    assert "remove it" not in filled("rebuild").out


def test_exported_library_can_be_imported(reader: Run, tmp_path: Path, encoder: FakeEncoder) -> None:
    """An export with vectors is imported without encoding; the receipt is that of `add`."""
    file, small = tmp_path / "e.zip", tmp_path / "s.zip"
    assert reader("export-library", file).out.startswith("1 documents, 2 passages, ")
    assert reader("export-library", small, "--no-vectors", "--json").json["vectors"] is False
    encoder.encoded.clear()
    assert reader("--library", tmp_path / "new", "import-library", file).out.startswith("1 added; 2 passages")
    assert encoder.encoded == []
    receipt = reader("--library", tmp_path / "new", "import-library", small, "--json").json
    assert len(receipt["unchanged"]) == 1


def test_imported_documents_are_marked_until_added(reader: Run, tmp_path: Path) -> None:
    """Each command that shows imported text says so on standard error or in JSON, until the original file is added."""
    file, new = tmp_path / "e.zip", ("--library", tmp_path / "new")
    reader("export-library", file)
    reader(*new, "import-library", file)
    question, text = "Who signed the treaty?", tmp_path / "draft.txt"
    text.write_text("The king signed the treaty.")
    note = "An import brought the text of sea.md, and nobody here has read the original file"
    commands = (("search", question), ("ask", question), ("coverage", question), ("check", text))
    for command in commands:
        assert f"note: {note}" in reader(*new, *command).err
        result = reader(*new, *command, "--json").json
        assert [note in note for note in result["notes"]] == [True]
    assert "note: It was imported" in reader(*new, "show", "sea.md").err
    assert reader(*new, "show", "sea.md", "--json").json["claimed"] is True
    listed = reader(*new, "list")
    assert "(claimed) Sea" in listed.out
    assert listed.out.endswith(f"(claimed) {CLAIMED}\n")
    assert reader(*new, "list", "--json").json[0]["claimed"] is True
    text.with_name("sea.md").write_text(SEA)
    assert reader(*new, "add", text.with_name("sea.md")).code == 0
    for command in commands:
        assert "note" not in reader(*new, *command).err
    assert "(claimed)" not in reader(*new, "list").out
    assert "note" not in reader(*new, "show", "sea.md").err


def test_maintenance_needs_a_library(run: Run, tmp_path: Path) -> None:
    """Without a library there is nothing to copy: exit code 1. Only `import-library` and `restore` create one."""
    commands: list[list[str | Path]] = [["compact"], ["rebuild"]]
    commands += [["backup", tmp_path / "b.zip"], ["export-library", tmp_path / "e.zip"]]
    for arguments in commands:
        outcome = run("--library", tmp_path / "none", *arguments)
        assert outcome.code == 1
        assert "pincite add" in outcome.err
        assert not (tmp_path / "none").exists()
