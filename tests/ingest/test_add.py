"""`add`: unchanged files are skipped, changed files are replaced, and broken files do not stop the others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from index.errors import FingerprintMismatch
from index.ingest.add import FEWEST_PASSAGES
from index.ingest.preparation import BATCH_PASSAGES, DocumentCutter, PreparedItem
from index.library.library import Library
from index.records import ReadAs, Reading, Receipt
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Document, Progress, Settled
    from tests.conftest import Write

SECTIONS = [
    f"# Section {name}\n\n{name} stood by the harbour. The ship of {name} was slow.\n"
    for name in ("Anna", "Boris", "Clara", "David", "Elena")
]
"""Each section becomes one passage."""


def text_of(library: Library, name: str) -> str:
    """Return the whole text of a document."""
    return library.document(name).text


def log_of(passages: int) -> str:
    """Return a text of this many passages."""
    return "\n\n".join(
        f"Ship {n} left harbour {n} at {n} o'clock, in the rain of winter. " * 3 for n in range(passages)
    )


def test_file_becomes_a_document_with_passages(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """The sections are passages, each of which is encoded once, and the whole text is stored."""
    path = write("people.md", "\n".join(SECTIONS))
    receipt = library.add(path)
    read = (ReadAs(str(path), "Markdown · English", Reading(languages=("en",))),)
    assert receipt == Receipt(added=(str(path),), read=read, passages=5, encoded=5, seconds=receipt.seconds)
    assert [text.split(".")[0].split("\n")[-1] for text in encoder.encoded] == [
        f"{name} stood by the harbour" for name in ("Anna", "Boris", "Clara", "David", "Elena")
    ]
    assert "The ship of Clara was slow." in text_of(library, "people.md")


def test_adding_an_unchanged_file_encodes_nothing(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """The same bytes at the same path are unchanged: the generation stays, and no model is needed."""
    path = write("people.md", "\n".join(SECTIONS))
    library.add(path)
    before, generation = list(encoder.encoded), library.stats().generation
    receipt = library.add([path])
    assert (receipt.unchanged, receipt.added, receipt.encoded) == ((str(path),), (), 0)
    assert encoder.encoded == before
    assert library.stats().generation == generation
    with Library.open(library.folder, Settings(model="/no/such/model")) as again:
        assert again.add(path).unchanged == (str(path),)


def test_only_changed_passages_of_a_file_are_encoded(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """Four of five passages are recognised by their text, although their offsets moved; one is encoded."""
    path = write("people.md", "\n".join(SECTIONS))
    library.add(path)
    encoder.encoded.clear()
    changed = [SECTIONS[0].replace("slow", "very fast indeed"), *SECTIONS[1:]]
    write("people.md", "\n".join(changed))
    receipt = library.add(path)
    assert (receipt.replaced, receipt.passages, receipt.encoded) == ((str(path),), 5, 1)
    assert [text for text in encoder.encoded if "fast" not in text] == []
    assert "slow" not in library.search("Anna", limit=1)[0].passage.text
    assert library.verify().mismatches == ()


def test_equal_files_are_one_document(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """The second file is noted and nothing is encoded for it, within one `add` or across two."""
    first, second = write("a.md", SECTIONS[0]), write("b.md", SECTIONS[0])
    library.add([first, second])
    library.add(write("c.md", SECTIONS[0]))
    assert len(encoder.encoded) == 1
    assert [info.source for info in library.documents()] == [str(first)]
    assert len(library.search("Anna")) == 1


def test_file_equal_to_an_earlier_one_is_added_whatever_its_name(library: Library, write: Write) -> None:
    """Adding it again would find its bytes in the library; the first time must do the same."""
    files = [write(name, "The king signed the treaty.") for name in ("a.md", "b.txt", "c.pdf")]
    first = library.add(files)
    assert (len(first.added), len(first.unchanged), first.failed) == (1, 2, ())
    assert (library.add(files).unchanged, library.stats().documents) == (tuple(map(str, files)), 1)


def test_changing_one_of_two_equal_files_keeps_the_other(library: Library, write: Write) -> None:
    """If one of two equal files changes, the words of the other stay; when both have changed, the words are gone."""
    first, second = write("a.md", SECTIONS[0]), write("b.md", SECTIONS[0])
    library.add([first, second])
    write("a.md", SECTIONS[1])
    library.add(first)
    assert "Anna" in text_of(library, "b.md")
    assert "Boris" in text_of(library, "a.md")
    write("b.md", SECTIONS[2])
    library.add(second)
    assert {info.source for info in library.documents()} == {str(first), str(second)}
    assert library.search("Anna")[0].why.matched_terms == ()


def test_files_that_swap_contents_swap_documents(library: Library, write: Write) -> None:
    """After a swap each path has the words of the other, and nothing was lost."""
    paths = [write("a.md", SECTIONS[0]), write("b.md", SECTIONS[1])]
    library.add(paths)
    write("a.md", SECTIONS[1])
    write("b.md", SECTIONS[0])
    library.add(paths)
    assert "Boris" in text_of(library, "a.md")
    assert "Anna" in text_of(library, "b.md")
    assert library.problems() == []


def test_broken_files_are_reported_and_the_others_added(library: Library, write: Write, tmp_path: Path) -> None:
    """Each broken file is named with reason and hint; the others are added."""
    paths = [
        write("good.md", SECTIONS[0]),
        write("broken.pdf", b"%PDF-1.7 and no more"),
        write("empty.txt", ""),
        tmp_path / "missing.txt",
        write("also good.txt", "The whale sang."),
    ]
    receipt = library.add(paths)
    assert receipt.added == (str(paths[0]), str(paths[4]))
    assert [failure.source for failure in receipt.failed] == [str(path) for path in paths[1:4]]
    assert all(failure.reason.endswith(".") and failure.hint for failure in receipt.failed)
    assert len(library.search("whale", limit=1)[0].quote) > 0


def test_file_name_that_is_not_valid_text_is_a_failure(library: Library, write: Write, tmp_path: Path) -> None:
    """A file whose name no catalog could store is reported as failed, and the others are added."""
    good = write("good.md", SECTIONS[0])
    try:
        write("bad\udcff.txt", "The whale sang.")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    receipt = library.add(tmp_path / "sources")
    assert receipt.added == (str(good),)
    assert ["not valid text" in failure.reason for failure in receipt.failed] == [True]


def test_notes_on_a_file_are_in_the_receipt(library: Library, write: Write) -> None:
    """Repairs made while reading a file are noted, with the file's name."""
    path = write("mixed.txt", "The café by the harbour served bread. ".encode() * 20 + b"A ca\xfe came.")
    receipt = library.add(path)
    assert {note.source for note in receipt.notes} == {str(path)}
    assert library.documents()[0].notes == tuple(note.text for note in receipt.notes)


def test_adding_a_folder_adds_the_files_below_it(library: Library, write: Write, tmp_path: Path) -> None:
    """A folder stands for all files below it, and each counts once, however often it is named."""
    paths = [write("a.md", SECTIONS[0]), write("deep/er/b.md", SECTIONS[1])]
    receipt = library.add([tmp_path / "sources", paths[0], str(paths[1].parent)])
    assert receipt.added == tuple(map(str, paths))


def test_progress_never_goes_back(library: Library, write: Write) -> None:
    """Finished files never decrease, passages never exceed their total, and `done` is last, with all files."""
    moments: list[Progress] = []
    paths = [write(f"{n}.md", f"# {n}\n\n" + section) for n, section in enumerate(SECTIONS * 3)]
    library.add([*paths, write("broken.pdf", b"%PDF-1.7")], progress=moments.append)
    done = [moment.files_done for moment in moments]
    assert done == sorted(done)
    assert {moment.files for moment in moments} == {16}
    assert all(moment.passages <= moment.of_passages for moment in moments)
    last = [moment for moment in moments if moment.stage == "encoding"][-1]
    assert last.passages == last.of_passages > 0
    assert (moments[-1].stage, moments[-1].files_done) == ("done", 16)


def test_outcome_of_each_file_is_reported_once_and_at_once(library: Library, write: Write) -> None:
    """Each outcome is reported when it has taken effect, and together the outcomes equal the receipt."""
    paths = [write("a.md", SECTIONS[0]), write("b.md", SECTIONS[1]), write("broken.pdf", b"%PDF-1.7")]
    library.add(paths[0])
    paths[0].write_text(SECTIONS[2])
    settled_files: dict[str, Settled] = {}

    def report(moment: Progress) -> None:
        if moment.settled:
            assert moment.source not in settled_files
            settled_files[moment.source] = moment.settled
            is_stored = any(info.source == moment.source for info in library.documents())
            assert is_stored == (moment.settled.outcome in ("added", "replaced"))

    receipt = library.add([*paths, write("copy.md", SECTIONS[1])], progress=report)
    outcomes = {source: settled.outcome for source, settled in settled_files.items()}
    assert outcomes == {
        **dict.fromkeys(receipt.replaced, "replaced"),
        **dict.fromkeys(receipt.added, "added"),
        **dict.fromkeys(receipt.unchanged, "unchanged"),
        **dict.fromkeys([failure.source for failure in receipt.failed], "failed"),
    }
    assert len(outcomes) == 4
    assert tuple(settled.failure for settled in settled_files.values() if settled.failure) == receipt.failed
    assert sum(settled.passages for settled in settled_files.values()) == receipt.passages == 2


def test_progress_names_files_that_are_encoded_together(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """Small files are one call of the encoder; a passage in two of them is encoded once and counts for the first."""
    paths = [write("a.txt", SECTIONS[0]), write("b.txt", SECTIONS[1]), write("c.txt", SECTIONS[0] + "\n")]
    moments: list[Progress] = []
    library.add(paths, progress=moments.append)
    assert encoder.calls == [2]
    encoding = [moment for moment in moments if moment.stage == "encoding"]
    assert {moment.together for moment in encoding} == {((str(paths[0]), 1), (str(paths[1]), 1), (str(paths[2]), 0))}
    assert [(moment.passages, moment.of_passages) for moment in encoding] == [(0, 2), (1, 2), (2, 2)]
    assert {moment.source for moment in encoding} == {str(paths[0])}


def test_progress_callback_can_stop_add(library: Library, write: Write) -> None:
    """Files that were stored by then stay, nothing is stored in part, and the next `add` continues."""

    class EnoughError(Exception):
        pass

    paths = [write("a.txt", SECTIONS[0]), write("b.txt", log_of(200)), write("c.txt", SECTIONS[1])]
    library.add(paths[0])

    def report(moment: Progress) -> None:
        if moment.passages > 150:
            raise EnoughError

    with pytest.raises(EnoughError):
        library.add(paths, progress=report)
    assert [info.source for info in library.documents()] == [str(paths[0])]
    assert (library.problems(), library.verify().mismatches) == ([], ())
    assert library.add(paths).added == (str(paths[1]), str(paths[2]))


def test_file_can_be_added_under_another_source(library: Library, write: Write) -> None:
    """The source may be a URL: the next version replaces the file wherever it is stored, and failures name the URL."""
    url = "https://example.org/ships"
    first, second, broken = (
        write("1.md", "# Ships\n\n" + SECTIONS[0]),
        write("2.md", SECTIONS[1]),
        write("3.pdf", b"%PDF"),
    )
    assert library.add(first, sources={first: url}).added == (url,)
    assert library.documents()[0].media_type == "text/markdown"
    assert library.add(first, sources={first: url}).unchanged == (url,)
    assert library.add([second], sources={second: url}).replaced == (url,)
    assert [info.source for info in library.documents()] == [url]
    assert [failure.source for failure in library.add(broken, sources={broken: "https://x.org/"}).failed] == [
        "https://x.org/"
    ]
    assert library.documents()[0].source == url


def test_large_document_is_encoded_in_batches(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """No call of the encoder exceeds a batch, and the document is still stored whole."""
    receipt = library.add(write("big.txt", log_of(300)))
    assert receipt.encoded > BATCH_PASSAGES
    assert max(encoder.calls) == BATCH_PASSAGES
    assert sum(encoder.calls) == receipt.encoded
    assert library.verify().mismatches == ()


def test_encoder_does_not_wait_for_a_slow_file(
    library: Library, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passages that are ready are encoded and stored if they are enough, even if they do not fill a batch."""
    work = DocumentCutter.work
    calls = encoder.calls

    def slow(worker: DocumentCutter, item: Document, *, known: bool = True) -> PreparedItem:
        while item.source == "mem:slow" and not calls:
            time.sleep(0.01)
        return work(worker, item, known=known)

    monkeypatch.setattr(DocumentCutter, "work", slow)
    quick = [a_document(f"The ship {n} left.", source=f"mem:{n}") for n in range(FEWEST_PASSAGES)]
    library.add_documents([*quick, a_document("A whale swam by.", source="mem:slow")])
    assert calls == [FEWEST_PASSAGES, 1]
    assert BATCH_PASSAGES > FEWEST_PASSAGES


def test_small_files_are_stored_before_a_large_one_is_encoded(library: Library, write: Write) -> None:
    """The small files are in the library before the first passage of the large file is encoded."""
    paths = [write("a.txt", SECTIONS[0]), write("b.txt", log_of(200)), write("c.txt", SECTIONS[1])]
    events: list[str] = []
    library.add(paths, progress=lambda moment: events.append(f"{moment.stage} {moment.source.rpartition('/')[2]}"))
    assert list(dict.fromkeys(events)) == [
        "reading a.txt", "reading b.txt", "encoding a.txt", "settled a.txt", "encoding b.txt", "settled b.txt",
        "reading c.txt", "encoding c.txt", "settled c.txt", "done ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encoder_name", "passage_tokens"),
    [pytest.param("other@2", 32, id="another encoder"), pytest.param("fake@1", 64, id="other passages")],
)
def test_another_encoder_or_passage_length_is_refused(
    library: Library, write: Write, encoder_name: str, passage_tokens: int
) -> None:
    """A library never mixes two kinds of vectors; the error names both, and nothing changes."""
    library.add(write("a.md", SECTIONS[0]))
    other = FakeEncoder(name=encoder_name)
    with (
        Library.open(library.folder, Settings(passage_tokens=passage_tokens), encoder=other) as other_library,
        pytest.raises(FingerprintMismatch) as caught,
    ):
        other_library.add(write("b.md", SECTIONS[1]))
    assert "fake@1" in caught.value.stored
    assert encoder_name in caught.value.wanted
    assert "pincite rebuild" in caught.value.hint
    assert other.encoded == []
    assert len(library.documents()) == 1


def test_documents_without_files_are_added(library: Library) -> None:
    """The same id is unchanged; another id with the same source replaces the document."""
    ship, whale = a_document("The ship left.", source="mem:1"), a_document("A whale swam by.", source="mem:2")
    assert library.add_documents([ship, whale]).added == ("mem:1", "mem:2")
    assert library.document("mem:1") == ship
    assert library.search("whale")[0].quote == "A whale swam by."
    again = library.add_documents([ship, a_document("A whale sang.", source="mem:2")])
    assert (again.unchanged, again.replaced) == (("mem:1",), ("mem:2",))


@pytest.mark.parametrize("text", ["", " The ship left.", "The ship left.\n"])
def test_document_with_outer_white_space_is_refused(library: Library, text: str) -> None:
    """A text with white space at an end, or without words, is a failure with a hint; the others are added."""
    receipt = library.add_documents([a_document(text, source="mem:1"), a_document("Rain fell.", source="mem:2")])
    assert receipt.added == ("mem:2",)
    assert [(failure.source, bool(failure.hint)) for failure in receipt.failed] == [("mem:1", True)]
