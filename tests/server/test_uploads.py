"""Uploaded files: their names, their limits and where they are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import LibraryNotWritable, TooLarge
from index.records.document import Arrival
from index.server.uploads import Uploads, safe_name, with_distinct_names
from index.settings import Settings
from tests.cases import cases
from tests.server.conftest import kept_files, receive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Write


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    """A folder of uploads with a limit of one megabyte per file."""
    opened = Uploads(tmp_path / "library" / "uploads", Settings(max_file_megabytes=1))
    yield opened
    opened.close()


def identity(content: str) -> str:
    """Return the id of a document with this content."""
    return hashlib.sha256(content.encode()).hexdigest()


def keep(uploads: Uploads, files: dict[str, str | bytes]) -> None:
    """Receive files, given by name, and keep them."""
    for arrival in receive(uploads, files):
        uploads.keep(arrival)


def arriving(uploads: Uploads) -> list[str]:
    """Return the names of files that are still arriving."""
    return sorted(path.name for path in uploads.folder.with_name("arriving").glob("*/*/*"))


@cases(
    ("name", "safe"),
    [
        pytest.param("notes.txt", "notes.txt", id="harmless"),
        pytest.param("../../etc/passwd", "passwd", id="upwards"),
        pytest.param("..\\..\\boot.ini", "boot.ini", id="upwards on Windows"),
        pytest.param("/absolute/path.md", "path.md", id="absolute"),
        pytest.param("C:\\Users\\me\\a.pdf", "a.pdf", id="a drive"),
        pytest.param("..", "document", id="only upwards"),
        pytest.param("", "document", id="empty"),
        pytest.param("\x00", "document", id="only NUL"),
        pytest.param(".hidden.md", "hidden.md", id="hidden"),
        pytest.param("a\x00b\n.md", "ab.md", id="control characters"),
        pytest.param("photo\u202efdp.exe", "photofdp.exe", id="written backwards"),
        pytest.param("half\ud800.txt", "half.txt", id="half a character"),
        pytest.param("Überblick 2020 – 学.pdf", "Überblick 2020 – 学.pdf", id="letters of all kinds"),
        pytest.param("<img src=x onerror=alert(1)>.txt", "img src=x onerror=alert(1).txt", id="markup"),
        pytest.param("${7+7}{{x}}`.md", "${7+7}{{x}}`.md", id="template syntax"),
        pytest.param("trailing. . ", "trailing", id="dots and blanks at the end"),
        pytest.param("con:aux|x?.txt", "conauxx.txt", id="what Windows refuses"),
        pytest.param("U\u0308ber.txt", "\u00dcber.txt", id="accents as other systems write them"),
    ],
)
def test_unsafe_file_names_are_cleaned(name: str, safe: str) -> None:
    """Only the last part is kept, without folders, characters that a file system refuses, and misleading ones."""
    assert safe_name(name) == safe


@cases(
    ("name", "ending"),
    [("ü" * 300 + ".html", "ü.html"), ("学" * 200 + ".md", "学.md"), ("a" * 5000, "a"), ("a." + "b" * 500, "b")],
    ids=["two bytes each", "three bytes each", "no extension", "an extension that is too long"],
)
def test_long_file_name_is_cut_before_its_extension(name: str, ending: str) -> None:
    """The name fits every file system, and readers recognise the format by the extension."""
    safe = safe_name(name)
    assert 190 < len(safe.encode()) <= 200
    assert safe.endswith(ending)


@given(st.text())
def test_cleaned_file_name_is_one_short_visible_path_part(name: str) -> None:
    """Cleaning accepts any text, and a cleaned name does not change again."""
    safe = safe_name(name)
    assert PurePath(safe).parts == (safe,)
    assert not safe.startswith(".")
    assert 0 < len(safe.encode()) <= 200
    assert safe_name(safe) == safe


@given(st.lists(st.sampled_from(["a.txt", "a (2).txt", "a (3).txt", "b", "b (2)"]), max_size=12))
def test_files_of_one_upload_get_distinct_names(names: list[str]) -> None:
    """The first file of each name keeps it, and no file is lost."""
    folder = Path("/uploads")
    arrivals = with_distinct_names(
        [Arrival(name, Path(name), str(folder / name), 1, "", folder / name) for name in names]
    )
    assert len({arrival.home for arrival in arrivals}) == len({arrival.source for arrival in arrivals}) == len(names)
    assert all(arrival.source == str(arrival.home) == str(folder / arrival.name) for arrival in arrivals)


def test_file_is_received_piece_by_piece(uploads: Uploads) -> None:
    """It is in its place only once the library has it; one that is dropped, even twice, leaves the earlier version."""
    arrival = uploads.receive("../a.txt", iter([b"The ", b"ship", b"."]))
    assert (arrival.name, arrival.size, arrival.identity) == ("a.txt", 9, identity("The ship."))
    assert arrival.source == str(uploads.folder / "a.txt")
    assert arrival.path.read_text() == "The ship."
    assert kept_files(uploads) == {}
    uploads.keep(arrival)
    assert kept_files(uploads) == {"a.txt": "The ship."}
    assert arriving(uploads) == []
    (bad,) = receive(uploads, {"a.txt": "bad"})
    uploads.drop([bad])
    uploads.drop([bad])
    assert kept_files(uploads) == {"a.txt": "The ship."}
    assert arriving(uploads) == []


def test_too_large_or_interrupted_upload_leaves_no_file(uploads: Uploads) -> None:
    """The error names the setting; that of the sender is passed on."""
    pieces = []

    def endless() -> Iterator[bytes]:
        while True:
            pieces.append(1)
            yield bytes(400_000)

    with pytest.raises(TooLarge, match=r"a\.txt has more than the 1 megabytes .* PINCITE_MAX_FILE_MEGABYTES"):
        uploads.receive("a.txt", endless())
    assert len(pieces) == 3
    assert arriving(uploads) == []

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise EOFError

    with pytest.raises(EOFError):
        uploads.receive("a.txt", broken())
    assert arriving(uploads) == []


def test_unwritable_folder_is_a_pincite_error(tmp_path: Path) -> None:
    """Here a file is in the place of the folder."""
    (tmp_path / "arriving").write_text("in the way")
    uploads = Uploads(tmp_path / "uploads", Settings())
    with pytest.raises(LibraryNotWritable, match="cannot be written: File exists"):
        uploads.receive("a.txt", [b"x"])
    uploads.close()


def test_same_bytes_are_stored_once(uploads: Uploads) -> None:
    """Under the same name nothing is written; another name is a hard link to the same bytes."""
    for name in ("a.txt", "a.txt", "b.txt"):
        (arrival,) = receive(uploads, {name: "same"})
        uploads.keep(arrival, uploads.folder / "a.txt")
    assert kept_files(uploads) == {"a.txt": "same", "b.txt": "same"}
    assert (uploads.folder / "a.txt").samefile(uploads.folder / "b.txt")
    keep(uploads, {"b.txt": "different"})
    assert kept_files(uploads) == {"a.txt": "same", "b.txt": "different"}


def test_file_with_other_bytes_is_not_linked(uploads: Uploads, write: Write) -> None:
    """A file elsewhere, or one that has changed, is never used in place of the upload."""
    keep(uploads, {"changed.txt": "something else"})
    for number, other in enumerate((write("elsewhere.txt", "same"), uploads.folder / "changed.txt")):
        (arrival,) = receive(uploads, {f"{number}.txt": "same"})
        uploads.keep(arrival, other)
    assert kept_files(uploads) == {"changed.txt": "something else", "0.txt": "same", "1.txt": "same"}
    assert (uploads.folder / "0.txt").stat().st_nlink == 1


def test_forgetting_a_document_deletes_all_its_files(uploads: Uploads) -> None:
    """Its bytes go under every name; other files stay. The remembered identity of a changed file is not trusted."""
    keep(uploads, {"0.txt": "a", "1.txt": "a", "2.txt": "b"})
    uploads.forget(identity("a"))
    assert kept_files(uploads) == {"2.txt": "b"}
    uploads.forget(identity("b"))
    keep(uploads, {"a.txt": "old"})
    (uploads.folder / "a.txt").write_text("longer than before")
    uploads.forget(identity("old"))
    assert kept_files(uploads) == {"a.txt": "longer than before"}
    uploads.forget(identity("longer than before"))
    assert kept_files(uploads) == {}


def test_forgetting_without_uploads_creates_no_folder(uploads: Uploads) -> None:
    """The folder is created with the first upload."""
    uploads.forget("0" * 64)
    uploads.recover(dict)
    assert not uploads.folder.exists()


def test_urls_with_the_same_last_part_are_two_files(uploads: Uploads) -> None:
    """A fetched file is identified by its URL and kept beside an upload of the same name."""
    addresses = ("https://a.org/notes.md", "https://b.org/notes.md")
    arrivals = [uploads.receive("notes.md", [url.encode()], source=url) for url in addresses]
    for arrival in with_distinct_names([*arrivals, *receive(uploads, {"notes.md": "mine"})]):
        uploads.keep(arrival)
    assert [arrival.source for arrival in arrivals] == list(addresses)
    assert sorted(kept_files(uploads).values()) == [*addresses, "mine"]
    assert all(name.startswith("notes") and name.endswith(".md") for name in kept_files(uploads))


def test_close_deletes_arriving_files_only(uploads: Uploads) -> None:
    """Kept files stay, and the folder can be used again."""
    first, _ = receive(uploads, {"a.txt": "kept", "b.txt": "on its way"})
    uploads.keep(first)
    uploads.close()
    assert sorted(path.name for path in uploads.folder.parent.iterdir()) == ["uploads"]
    keep(uploads, {"c.txt": "later"})
    assert kept_files(uploads) == {"a.txt": "kept", "c.txt": "later"}


def test_recover_keeps_known_files_of_a_killed_process(uploads: Uploads) -> None:
    """A file that the library already has goes to its place; the others are deleted."""
    left = uploads.folder.with_name("arriving") / "abcdef"
    contents = {"1/a.txt": "held", "2/b.txt": "not held", "3/c.md": "from the web", "4/d.txt": "held elsewhere"}
    for name, content in contents.items():
        (left / name).parent.mkdir(parents=True)
        (left / name).write_text(content)
    sources = {
        identity("held"): str(uploads.folder / "a.txt"),
        identity("from the web"): "https://a.org/c.md",
        identity("held elsewhere"): "/papers/d.txt",
    }
    uploads.recover(lambda: sources)
    assert not left.exists()
    assert kept_files(uploads)["a.txt"] == "held"
    assert sorted(kept_files(uploads).values()) == ["from the web", "held", "held elsewhere"]
    (arrival,) = [uploads.receive("c.md", [b"from the web"], source="https://a.org/c.md")]
    assert arrival.home is not None
    assert arrival.home.exists()


def test_recover_ignores_files_of_a_running_process(uploads: Uploads, tmp_path: Path) -> None:
    """Files that arrive in another process stay, whoever starts or ends meanwhile."""
    (arrival,) = receive(uploads, {"a.txt": "on its way"})
    other = Uploads(tmp_path / "library" / "uploads", Settings())
    other.recover(dict)
    keep(other, {"b.txt": "other"})
    other.close()
    assert arrival.path.read_text() == "on its way"
    uploads.keep(arrival)
    assert kept_files(uploads) == {"a.txt": "on its way", "b.txt": "other"}
