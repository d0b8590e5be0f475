"""Files that arrive: their names, their limits, and where they stay."""

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
from tests.server.conftest import arrive, kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Write


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[Uploads]:
    """A folder of uploads, of files up to a megabyte."""
    made = Uploads(tmp_path / "library" / "uploads", Settings(max_file_megabytes=1))
    yield made
    made.close()


def identity(content: str) -> str:
    """The id of a document with this content."""
    return hashlib.sha256(content.encode()).hexdigest()


def keep(uploads: Uploads, files: dict[str, str | bytes]) -> None:
    """Files that have arrived and are in the library, by name."""
    for arrival in arrive(uploads, files):
        uploads.keep(arrival)


def arriving(uploads: Uploads) -> list[str]:
    """The names of files that are on their way."""
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
        pytest.param("${7+7}{{x}}`.md", "${7+7}{{x}}`.md", id="templates, which are only text"),
        pytest.param("trailing. . ", "trailing", id="dots and blanks at the end"),
        pytest.param("con:aux|x?.txt", "conauxx.txt", id="what Windows refuses"),
    ],
)
def test_a_file_name_is_made_safe(name: str, safe: str) -> None:
    """Its last part, without what leads elsewhere, what some file system refuses, or what shows another name."""
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "ending"),
    [("ü" * 300 + ".html", "ü.html"), ("学" * 200 + ".md", "学.md"), ("a" * 5000, "a"), ("a." + "b" * 500, "b")],
    ids=["two bytes each", "three bytes each", "no ending", "an ending that is none"],
)
def test_a_long_name_is_cut_before_its_ending(name: str, ending: str) -> None:
    """To what every file system takes; by its ending readers, and some formats, recognise it."""
    safe = safe_name(name)
    assert 190 < len(safe.encode()) <= 200
    assert safe.endswith(ending)


@given(st.text())
def test_a_safe_name_is_a_name(name: str) -> None:
    """Of whatever it was made: one part of a path, not hidden, not too long, and safe already."""
    safe = safe_name(name)
    assert PurePath(safe).parts == (safe,)
    assert not safe.startswith(".")
    assert 0 < len(safe.encode()) <= 200
    assert safe_name(safe) == safe


@given(st.lists(st.sampled_from(["a.txt", "a (2).txt", "a (3).txt", "b", "b (2)"]), max_size=12))
def test_names_that_come_at_once_are_distinct(names: list[str]) -> None:
    """Whatever they look like; the first of each keeps its own, and none is lost."""
    folder = Path("/uploads")
    made = with_distinct_names([Arrival(name, Path(name), str(folder / name), 1, "", folder / name) for name in names])
    assert len({arrival.home for arrival in made}) == len({arrival.source for arrival in made}) == len(names)
    assert all(arrival.source == str(arrival.home) == str(folder / arrival.name) for arrival in made)


def test_an_accent_is_one_however_it_was_written() -> None:
    """Else the same file from two systems would be two."""
    assert safe_name("U\u0308ber.txt") == "\u00dcber.txt"


def test_a_file_is_taken_in_as_it_comes(uploads: Uploads) -> None:
    """Its size and identity are known with the last piece; it is not at its place before the library holds it."""
    arrival = uploads.receive("../a.txt", iter([b"The ", b"ship", b"."]))
    assert (arrival.name, arrival.size, arrival.identity) == ("a.txt", 9, identity("The ship."))
    assert arrival.source == str(uploads.folder / "a.txt")
    assert arrival.path.read_text() == "The ship."
    assert kept(uploads) == {}
    uploads.keep(arrival)
    assert kept(uploads) == {"a.txt": "The ship."}
    assert arriving(uploads) == []


def test_a_file_that_is_too_large_is_not_read_to_its_end(uploads: Uploads) -> None:
    """The error names the setting; nothing of the file stays."""
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(400_000)

    with pytest.raises(TooLarge, match=r"a\.txt has more than the 1 megabytes .* PINCITE_MAX_FILE_MEGABYTES"):
        uploads.receive("a.txt", endless())
    assert len(taken) == 3
    assert arriving(uploads) == []


def test_a_file_that_breaks_off_leaves_nothing(uploads: Uploads) -> None:
    """The error is the sender's."""

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise EOFError

    with pytest.raises(EOFError):
        uploads.receive("a.txt", broken())
    assert arriving(uploads) == []


def test_a_disk_that_takes_nothing_is_an_error_of_ours(tmp_path: Path) -> None:
    """Here, where the folder should be, there is a file."""
    (tmp_path / "arriving").write_text("in the way")
    uploads = Uploads(tmp_path / "uploads", Settings())
    with pytest.raises(LibraryNotWritable, match="cannot be written: File exists"):
        uploads.receive("a.txt", [b"x"])
    uploads.close()


def test_two_files_of_one_name_are_two_files(uploads: Uploads) -> None:
    """Where they arrive at once."""
    arrivals = [*arrive(uploads, {"a.txt": "one"}), *arrive(uploads, {"a.txt": "two", "b.txt": "three"})]
    for arrival in with_distinct_names(arrivals):
        uploads.keep(arrival)
    assert kept(uploads) == {"a.txt": "one", "a (2).txt": "two", "b.txt": "three"}


def test_names_that_look_numbered_stay_apart(uploads: Uploads) -> None:
    """Whatever number is free is taken."""
    arrivals = with_distinct_names(
        [*arrive(uploads, {"a (2).txt": "1", "a.txt": "2"}), *arrive(uploads, {"a.txt": "3"})]
    )
    for arrival in arrivals:
        uploads.keep(arrival)
    assert kept(uploads) == {"a (2).txt": "1", "a.txt": "2", "a (3).txt": "3"}


def test_the_next_version_takes_the_place_of_the_former(uploads: Uploads) -> None:
    """In the moment in which the library holds it, and not before."""
    keep(uploads, {"a.txt": "old"})
    (new,) = arrive(uploads, {"a.txt": "new"})
    assert kept(uploads) == {"a.txt": "old"}
    uploads.keep(new)
    assert kept(uploads) == {"a.txt": "new"}


def test_what_is_dropped_leaves_the_former_version(uploads: Uploads) -> None:
    """As if it had never arrived; dropped again, or after it was kept, it does no harm."""
    keep(uploads, {"a.txt": "good"})
    (bad,) = arrive(uploads, {"a.txt": "bad"})
    uploads.drop([bad])
    uploads.drop([bad])
    assert kept(uploads) == {"a.txt": "good"}
    assert arriving(uploads) == []


def test_the_same_bytes_are_kept_once(uploads: Uploads) -> None:
    """Under the same name nothing is written; under another one the bytes have two names."""
    for name in ("a.txt", "a.txt", "b.txt"):
        (arrival,) = arrive(uploads, {name: "same"})
        uploads.keep(arrival, uploads.folder / "a.txt")
    assert kept(uploads) == {"a.txt": "same", "b.txt": "same"}
    assert (uploads.folder / "a.txt").samefile(uploads.folder / "b.txt")
    keep(uploads, {"b.txt": "different"})
    assert kept(uploads) == {"a.txt": "same", "b.txt": "different"}


def test_what_is_named_as_the_same_and_is_not_is_not_linked(uploads: Uploads, write: Write) -> None:
    """A file elsewhere, or one that has changed, is never taken for what arrived."""
    keep(uploads, {"changed.txt": "something else"})
    for number, other in enumerate((write("elsewhere.txt", "same"), uploads.folder / "changed.txt")):
        (arrival,) = arrive(uploads, {f"{number}.txt": "same"})
        uploads.keep(arrival, other)
    assert kept(uploads) == {"changed.txt": "something else", "0.txt": "same", "1.txt": "same"}
    assert (uploads.folder / "0.txt").stat().st_nlink == 1


def test_a_removed_document_takes_all_its_files_along(uploads: Uploads) -> None:
    """Under whatever names its bytes arrived; others stay."""
    keep(uploads, {"0.txt": "a", "1.txt": "a", "2.txt": "b"})
    uploads.forget(identity("a"))
    assert kept(uploads) == {"2.txt": "b"}


def test_a_file_that_was_changed_in_place_is_read_again(uploads: Uploads) -> None:
    """What is remembered of it is not trusted."""
    keep(uploads, {"a.txt": "old"})
    (uploads.folder / "a.txt").write_text("longer than before")
    uploads.forget(identity("old"))
    assert kept(uploads) == {"a.txt": "longer than before"}
    uploads.forget(identity("longer than before"))
    assert kept(uploads) == {}


def test_nothing_uploaded_is_nothing_to_forget(uploads: Uploads) -> None:
    """The folder is made when it is needed."""
    uploads.forget("0" * 64)
    uploads.recover(dict)
    assert not uploads.folder.exists()


def test_addresses_that_end_alike_are_two_files(uploads: Uploads) -> None:
    """What came from elsewhere is known by its address, and lies beside what was uploaded under that name."""
    addresses = ("https://a.org/notes.md", "https://b.org/notes.md")
    arrivals = [uploads.receive("notes.md", [url.encode()], source=url) for url in addresses]
    for arrival in with_distinct_names([*arrivals, *arrive(uploads, {"notes.md": "mine"})]):
        uploads.keep(arrival)
    assert [arrival.source for arrival in arrivals] == list(addresses)
    assert sorted(kept(uploads).values()) == [*addresses, "mine"]
    assert all(name.startswith("notes") and name.endswith(".md") for name in kept(uploads))


def test_closing_deletes_what_was_on_its_way(uploads: Uploads) -> None:
    """And what was kept stays; afterwards it can be used again."""
    first, _ = arrive(uploads, {"a.txt": "kept", "b.txt": "on its way"})
    uploads.keep(first)
    uploads.close()
    assert sorted(path.name for path in uploads.folder.parent.iterdir()) == ["uploads"]
    keep(uploads, {"c.txt": "later"})
    assert kept(uploads) == {"a.txt": "kept", "c.txt": "later"}


def test_a_killed_process_is_cleared_up_behind(uploads: Uploads) -> None:
    """What the library already held when it was killed goes to its place, the rest is deleted."""
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
    assert kept(uploads)["a.txt"] == "held"
    assert sorted(kept(uploads).values()) == ["from the web", "held", "held elsewhere"]
    (again,) = [uploads.receive("c.md", [b"from the web"], source="https://a.org/c.md")]
    assert again.home is not None
    assert again.home.exists()


def test_a_living_process_is_left_alone(uploads: Uploads, tmp_path: Path) -> None:
    """What is on its way in another one stays so, whoever begins or ends meanwhile."""
    (arrival,) = arrive(uploads, {"a.txt": "on its way"})
    other = Uploads(tmp_path / "library" / "uploads", Settings())
    other.recover(dict)
    keep(other, {"b.txt": "other"})
    other.close()
    assert arrival.path.read_text() == "on its way"
    uploads.keep(arrival)
    assert kept(uploads) == {"a.txt": "on its way", "b.txt": "other"}
