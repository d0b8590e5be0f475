"""When documents were added, and which documents replaced others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library


def written(library: Library, path: Path, text: str) -> str:
    """Write a file, add it, and return the id of its document."""
    path.write_text(text)
    library.add([path])
    return next(identity for source, identity in library.sources().items() if source == str(path))


def test_document_knows_when_it_was_added(library: Library, tmp_path: Path) -> None:
    """The time is in UTC, and stays when the file is added again unchanged."""
    identity = written(library, tmp_path / "a.txt", "The king signed the treaty.")
    added = datetime.fromisoformat(library.added_at(identity))
    assert timedelta(0) <= datetime.now(UTC) - added < timedelta(minutes=1)
    written(library, tmp_path / "a.txt", "The king signed the treaty.")
    assert library.added_at(identity) == added.isoformat()


def test_replaced_document_names_its_newest_version(library: Library, tmp_path: Path) -> None:
    """Each earlier version leads to the present one, by its id or the beginning of it."""
    versions = [written(library, tmp_path / "a.txt", f"The king signed {n} treaties.") for n in range(3)]
    assert [library.successor_of(version) for version in versions[:2]] == [versions[2], versions[2]]
    assert library.successor_of(versions[0][:12]) == versions[2]
    assert library.successor_of(versions[2]) == ""


def test_nothing_is_kept_of_a_document_whose_source_is_gone(library: Library, tmp_path: Path) -> None:
    """Neither of one that was removed, nor of one whose newer version was removed."""
    first = written(library, tmp_path / "a.txt", "The king signed the treaty.")
    second = written(library, tmp_path / "a.txt", "The queen kept a garden.")
    other = written(library, tmp_path / "b.txt", "Winter closed the river.")
    library.remove(second)
    library.remove(other)
    assert [library.successor_of(identity) for identity in (first, second, other)] == ["", "", ""]


def test_document_that_still_exists_elsewhere_was_not_replaced(library: Library, tmp_path: Path) -> None:
    """Two files had the same bytes, and one of them changed."""
    text = "The king signed the treaty."
    (tmp_path / "b.txt").write_text(text)
    library.add([tmp_path / "b.txt"])
    first = written(library, tmp_path / "a.txt", text)
    written(library, tmp_path / "a.txt", "The queen kept a garden.")
    assert library.find(first)
    assert library.successor_of(first) == ""
