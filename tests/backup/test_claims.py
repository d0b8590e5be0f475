"""What an import says of files that nobody here has read: a claim, until the file is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.citations.readable import escape_markdown
from index.errors import OriginalMissing
from index.library import searcher
from index.records import CLAIMED, Check, Citation, DocumentInfo, Location
from index.schema.answer_schema import Answer
from index.schema.hit_schema import Document
from index.settings import Settings
from index.storage.catalog.catalog import Catalog
from tests.backup.conftest import COUNT, contents, first, words, write_files
from tests.backup.forgeries import Manifest, Parts, altered

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.library.library import Library

TRUE, FALSE = "winter", "summer"
"""A word of every document, and what a forger writes in its place: it is as long."""


@pytest.fixture
def forged(filled: Library, tmp_path: Path) -> Path:
    """An export of the filled library with other words under the same hashes."""
    path = tmp_path / "forged.zip"
    filled.export_library(path)

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            line["text"] = line["text"].replace(TRUE, FALSE)

    altered(path, change)
    return path


@pytest.fixture
def sources(tmp_path: Path, filled: Library) -> list[Path]:
    """The true files."""
    assert filled.folder.exists()
    return sorted(path for path in (tmp_path / "sources").iterdir() if path.name != "copy.md")


def texts(library: Library) -> list[str]:
    """All documents' words."""
    return [library.document(info.id).text for info in library.documents()]


def claimed(library: Library) -> int:
    """How many documents are claims."""
    return sum(info.claimed for info in library.documents())


def test_a_forged_text_gives_way_to_the_file(forged: Path, sources: list[Path], opened: Any, tmp_path: Path) -> None:
    """Adding the true file compares, replaces, and says why."""
    library = opened(tmp_path / "new")
    library.import_library(forged)
    assert claimed(library) == COUNT
    assert all(FALSE in text for text in texts(library))
    receipt = library.add(sources)
    assert (len(receipt.replaced), receipt.unchanged, receipt.added) == (COUNT, (), ())
    assert {"the file itself differ in text" in note.text for note in receipt.notes} == {True}
    assert len(receipt.notes) == COUNT
    assert all(TRUE in text and FALSE not in text for text in texts(library))
    assert claimed(library) == 0
    assert library.verify().mismatches == ()
    assert len(library.add(sources).unchanged) == COUNT
    assert library.problems() == []


def test_a_true_text_is_proven_once(filled: Library, sources: list[Path], opened: Any, tmp_path: Path) -> None:
    """The file says what was claimed: unchanged, and from then on known by its hash."""
    filled.export_library(tmp_path / "true.zip")
    library = opened(tmp_path / "new")
    library.import_library(tmp_path / "true.zip")
    encoder = library.encoder()
    receipt = library.add(sources)
    assert (len(receipt.unchanged), receipt.replaced, receipt.notes, receipt.passages) == (COUNT, (), (), 0)
    assert receipt.encoded == len(encoder.encoded) > 0, "vectors of a file that is read are made from it"
    again = library.add(sources)
    assert (len(again.unchanged), again.encoded) == (COUNT, 0)
    assert claimed(library) == 0
    assert library.problems() == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", "A Forged Title", "title"),
        ("author", "A Forger", "author"),
        ("date", "1066", "date"),
        ("landmarks", [["heading", 0, "Forged", 1]], "pages and headings"),
        ("media_type", "application/pdf", "format"),
    ],
)
def test_all_that_is_told_of_a_document_is_compared(
    filled: Library, sources: list[Path], opened: Any, tmp_path: Path, field: str, value: object, told: str
) -> None:
    """Not the words alone: a quotation's place and its author are claims, too."""
    path = tmp_path / "forged.zip"
    filled.export_library(path)

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        lines[0][field] = value

    altered(path, change)
    library = opened(tmp_path / "new")
    library.import_library(path)
    receipt = library.add(sources)
    assert (len(receipt.replaced), len(receipt.unchanged)) == (1, COUNT - 1)
    assert [told in note.text for note in receipt.notes] == [True]


def test_sync_reads_what_is_claimed(forged: Path, sources: list[Path], opened: Any, tmp_path: Path) -> None:
    """Though the library has each file's hash from its very place; also where a file has another name by now."""
    library = opened(tmp_path / "new")
    library.import_library(forged)
    sources[0].rename(sources[0].with_name("renamed.md"))
    receipt = library.sync(tmp_path / "sources")
    assert len(receipt.replaced) == COUNT
    assert [Path(source).name for source in receipt.unchanged] == ["copy.md"], "whose bytes were just read"
    assert [Path(source).name for source in receipt.removed] == ["00.md"]
    assert receipt.renamed == ()
    assert all(FALSE not in text for text in texts(library))
    assert claimed(library) == 0
    assert len(library.sync(tmp_path / "sources").unchanged) == COUNT + 1
    assert library.problems() == []


def test_a_document_that_was_made_elsewhere_is_compared_too(forged: Path, opened: Any, tmp_path: Path) -> None:
    """`add_documents` takes an id for known only where the document was added, and not where an import names it."""
    library, other = opened(tmp_path / "new"), opened(tmp_path / "other")
    library.import_library(forged)
    other.add(tmp_path / "sources" / "00.md")
    (document,) = [other.document(info.id) for info in other.documents()]
    assert library.add_documents([document]).replaced == (document.source,)
    assert library.document(document.id).text == document.text


def poisoned(filled: Library, path: Path) -> Path:
    """An export whose texts are true, and whose vectors are all the last one's."""
    filled.export_library(path)

    def change(manifest: Manifest, parts: Parts, _: list[dict[str, Any]]) -> None:
        size = 2 * int(manifest["dimension"])
        data = parts["vectors/00001.f16"]
        parts["vectors/00001.f16"] = data[-size:] * (len(data) // size)

    altered(path, change)
    return path


def test_vectors_of_a_claim_serve_no_other_document(filled: Library, opened: Any, tmp_path: Path) -> None:
    """A true file with the same passages is encoded: found by the hash of their text, false vectors would poison it."""
    library = opened(tmp_path / "new")
    library.import_library(poisoned(filled, tmp_path / "poisoned.zip"))
    path = tmp_path / "mine.md"
    path.write_text(words(3) + "\n## More\n\nThe gulls cried.\n")
    receipt = library.add(path)
    assert receipt.encoded == receipt.passages == 3
    number = library._lookup.number(library.find("mine.md").id)
    rows = [row for row, _ in library._store.catalog.rows_of(number)]
    for row in rows:
        stored = np.frombuffer(row.vector, "<f2").astype(np.float32)
        made = library.encoder().encode_question(row.passage.text)
        assert stored @ made == pytest.approx(1, abs=0.01)


def test_a_rebuild_makes_the_vectors_of_claims_anew(filled: Library, opened: Any, tmp_path: Path) -> None:
    """And they stay claims, for their words are no truer."""
    library = opened(tmp_path / "new")
    library.import_library(poisoned(filled, tmp_path / "poisoned.zip"))
    assert library.rebuild().encoded == library.stats().passages
    assert first(library, "Ship5") == "05.md"
    assert claimed(library) == COUNT
    assert library.problems() == []


def test_a_place_that_a_file_names_is_not_looked_into(filled: Library, opened: Any, tmp_path: Path) -> None:
    """Not even where it has those very bytes: who knows a hash does not learn by it what lies on this machine."""
    path = tmp_path / "carried.zip"
    filled.export_library(path)
    library = opened(tmp_path / "new")
    library.import_library(path)
    info = library.find("00.md")
    assert Path(info.source).exists()
    assert not library.has_original(info.id)
    with pytest.raises(OriginalMissing, match="imported without its file"):
        library.original(info.id)
    found = library.verify()
    assert (found.sources_checked, len(found.sources_claimed), found.mismatches) == (0, COUNT + 1, ())
    library.add(info.source)
    assert library.original(info.id).data == Path(info.source).read_bytes()
    assert library.verify().sources_checked == 1


def test_a_claim_takes_no_place_of_what_was_read(filled: Library, forged: Path, opened: Any, tmp_path: Path) -> None:
    """A document that was read here is not replaced from a file, nor given a place where nobody has seen it."""
    library = opened(tmp_path / "new")
    mine = tmp_path / "sources" / "02.md"
    elsewhere = tmp_path / "elsewhere.md"
    mine.write_text(words(90))
    elsewhere.write_text(words(4))
    library.add([mine, elsewhere])
    receipt = library.import_library(forged)
    assert [failure.source for failure in receipt.failed] == [str(mine)]
    assert "--trust" in receipt.failed[0].hint
    assert [Path(source).name for source in receipt.unchanged] == ["04.md"]
    assert ["other words" in note.text for note in receipt.notes] == [True]
    assert len(receipt.added) == COUNT - 2
    assert library.document(str(mine)).text.startswith("Log 90")
    kept = library.find("elsewhere.md")
    assert library._store.catalog.sources_of(library._lookup.number(kept.id)) == [str(elsewhere)]
    assert FALSE not in library.document(kept.id).text
    assert filled.problems() == library.problems() == []


def test_two_files_that_contradict_each_other(filled: Library, forged: Path, opened: Any, tmp_path: Path) -> None:
    """The first stays, and the receipt of the second says so; neither is believed."""
    filled.export_library(tmp_path / "true.zip")
    library = opened(tmp_path / "new")
    library.import_library(forged)
    receipt = library.import_library(tmp_path / "true.zip")
    assert len(receipt.unchanged) == len(receipt.notes) == COUNT
    assert claimed(library) == COUNT


def test_what_is_claimed_is_told(forged: Path, opened: Any, tmp_path: Path) -> None:
    """In the list of documents, as JSON, and after a backup, a rebuild and an export."""
    library = opened(tmp_path / "new")
    library.import_library(forged)
    info = library.documents()[0]
    assert CLAIMED in info.health
    assert Document.model_validate(info).claimed
    library.backup(tmp_path / "backup.zip")
    type(library).restore(tmp_path / "backup.zip", tmp_path / "again")
    again = opened(tmp_path / "again")
    assert claimed(again) == COUNT
    library.add(info.source)
    assert claimed(library) == COUNT - 1
    assert [each.claimed for each in library._store.catalog.numbered().values()].count(False) == 1


def test_an_evidence_pack_is_not_proven_by_a_claim(filled: Library, opened: Any, tmp_path: Path) -> None:
    """A pack beside an import from the same hand would prove itself."""
    pack = tmp_path / "pack.zip"
    pack.write_bytes(filled.pack(filled.ask("Ship3 left the harbour"))[0])
    assert filled.verify_pack(pack) == []
    filled.export_library(tmp_path / "true.zip")
    library = opened(tmp_path / "new")
    library.import_library(tmp_path / "true.zip")
    assert {finding.fault for finding in library.verify_pack(pack)} == {"document claimed"}
    library.add(tmp_path / "sources")
    assert library.verify_pack(pack) == []


def test_an_export_of_ones_own_is_trusted_on_demand(
    filled: Library, sources: list[Path], opened: Callable[..., Library], tmp_path: Path
) -> None:
    """Nothing is read or encoded again then."""
    filled.export_library(tmp_path / "own.zip")
    library = opened(tmp_path / "new")
    library.import_library(tmp_path / "own.zip", trust=True)
    receipt = library.add(sources)
    assert (len(receipt.unchanged), receipt.encoded, claimed(library)) == (COUNT, 0, 0)
    assert contents(library) == contents(filled)


@pytest.mark.parametrize("vectors", [True, False])
def test_an_export_hands_a_claim_on_as_a_claim(
    forged: Path, sources: list[Path], opened: Any, tmp_path: Path, vectors: bool
) -> None:
    """Whoever trusts an export trusts what was read there, and not what had only been imported there."""
    between = opened(tmp_path / "between")
    between.import_library(forged)
    between.add(sources[0])
    between.export_library(tmp_path / "own.zip", vectors=vectors)
    library = opened(tmp_path / "new")
    library.import_library(tmp_path / "own.zip", trust=True)
    assert claimed(library) == COUNT - 1
    assert not library.find(str(sources[0])).claimed
    assert len(library.import_library(tmp_path / "own.zip", trust=True).unchanged) == COUNT
    assert claimed(library) == COUNT - 1
    receipt = library.add(sources)
    assert (len(receipt.replaced), len(receipt.unchanged)) == (COUNT - 1, 1)
    assert all(FALSE not in text for text in texts(library))
    assert library.problems() == []


def test_an_exported_claim_takes_no_place_of_what_was_read(forged: Path, opened: Any, tmp_path: Path) -> None:
    """Trust in the file that hands it on makes no difference, and the hint does not name it."""
    between, library = opened(tmp_path / "between"), opened(tmp_path / "new")
    between.import_library(forged)
    between.export_library(tmp_path / "own.zip")
    mine = tmp_path / "sources" / "02.md"
    mine.write_text(words(90))
    library.add(mine)
    receipt = library.import_library(tmp_path / "own.zip", trust=True)
    assert [failure.source for failure in receipt.failed] == [str(mine)]
    assert "--trust" not in receipt.failed[0].hint
    assert library.document(str(mine)).text.startswith("Log 90")


def test_a_file_from_before_exports_told_of_claims(filled: Library, opened: Any, tmp_path: Path) -> None:
    """It is read as before; and of documents that were read, an export says nothing new."""
    path = tmp_path / "own.zip"
    filled.export_library(path)
    seen: list[dict[str, Any]] = []
    altered(path, lambda _, __, lines: seen.extend(lines))
    assert len(seen) == COUNT
    assert all("claimed" not in line for line in seen)
    library = opened(tmp_path / "new")
    assert len(library.import_library(path, trust=True).added) == COUNT
    assert claimed(library) == 0


@pytest.mark.parametrize("vectors", [True, False])
def test_trust_takes_the_place_of_a_claim(
    filled: Library, forged: Path, sources: list[Path], opened: Any, tmp_path: Path, vectors: bool
) -> None:
    """One's own export undoes a forgery that came before it, and says so."""
    filled.export_library(tmp_path / "own.zip", vectors=vectors)
    library = opened(tmp_path / "new")
    library.import_library(forged)
    receipt = library.import_library(tmp_path / "own.zip", trust=True)
    assert (len(receipt.replaced), receipt.unchanged, receipt.added) == (COUNT, (), ())
    assert ["imported before with another text" in note.text for note in receipt.notes] == [True] * COUNT
    assert claimed(library) == 0
    assert contents(library) == contents(filled)
    assert len(library.add(sources).unchanged) == COUNT
    assert library.problems() == []


def test_trust_proves_a_claim_that_is_true(filled: Library, opened: Any, tmp_path: Path) -> None:
    """The same file first without it, then with it: nothing changes but what is known of it."""
    filled.export_library(tmp_path / "own.zip")
    library = opened(tmp_path / "new")
    library.import_library(tmp_path / "own.zip")
    receipt = library.import_library(tmp_path / "own.zip", trust=True)
    assert (len(receipt.unchanged), receipt.replaced, receipt.notes, receipt.passages) == (COUNT, (), (), 0)
    assert claimed(library) == 0
    assert contents(library) == contents(filled)


def test_trust_takes_no_place_of_what_was_read_from_the_same_bytes(
    forged: Path, sources: list[Path], opened: Any, tmp_path: Path
) -> None:
    """Even a file that lies and is trusted changes no words that were read here."""
    library = opened(tmp_path / "new")
    library.add(sources)
    receipt = library.import_library(forged, trust=True)
    assert len(receipt.unchanged) == len(receipt.notes) == COUNT
    assert all(FALSE not in text for text in texts(library))


def test_what_rests_on_a_claim_says_so(forged: Path, sources: list[Path], opened: Any, tmp_path: Path) -> None:
    """Searches, answers, checks and coverage name the files to add; none says so once they were added."""
    library = opened(tmp_path / "new")
    library.import_library(forged)
    question, statement = "Ship3 left the harbour in summer", "Ship3 left the harbour in summer."

    def noted() -> list[str]:
        found = (
            library.search(question, limit=1),
            library.ask(question, limit=1),
            library.check(statement),
            library.coverage(question, documents=["03.md"]),
        )
        return [note for each in found for note in each.notes]

    answer = library.ask(question, limit=1)
    assert answer.status == "answered"
    assert [citation.document.claimed for citation in answer.citations] == [True]
    assert answer.notes == (
        "An import brought the text of 03.md, and nobody here has read the original file: add the original file, and "
        "the text is compared with it. The confidence is about the imported text.",
    )
    notes = noted()
    assert len(notes) == 4
    assert all("the text of 03.md" in note for note in notes)
    assert sum("confidence" in note for note in notes) == sum("verdicts" in note for note in notes) == 1
    assert escape_markdown(answer.notes[0]) in library.pack(answer)[1]
    assert Answer.model_validate(answer).citations[0].document.claimed
    library.add(sources)
    assert noted() == []


def test_a_note_names_a_few_files_and_no_folder() -> None:
    """Names are an import's, so they are cut, in one line, and without what may be a password."""
    path = "/home/somebody/"
    names = [f"{path}a\n[1] b.md", "https://me:secret@example.org/x.html", path + "y" * 5000, f"{path}d.md", f"{path}e"]
    infos = [
        DocumentInfo(str(n), source, "A Title", "", "", "text/plain", 1, 0, 1, claimed=True)
        for n, source in enumerate(names)
    ]
    citations = tuple(Citation(n, info, Location(), 0, 1, "x") for n, info in enumerate(infos, 1))
    (note,) = searcher.of_check(Check((), citations)).notes
    assert note.startswith("An import brought the text of a [1] b.md, https://example.org/x.html, yyyy")
    assert "… and 2 more, and nobody here has read the original files" in note
    assert "somebody" not in note
    assert "secret" not in note
    assert len(note) < 400
    read = tuple(replace(citation, document=replace(citation.document, claimed=False)) for citation in citations)
    assert searcher.of_check(Check((), read)).notes == ()


@pytest.mark.parametrize("target", [0, 1, 31, 2001, 999999])
def test_a_file_does_not_decide_what_the_settings_would_not_allow(
    filled: Library, opened: Any, tmp_path: Path, target: int
) -> None:
    """A target of passages beyond their limits is not taken on: the texts are cut as the settings say."""
    path = tmp_path / "own.zip"
    filled.export_library(path)
    made_with = filled.stats().made_with

    def change(manifest: Manifest, _: Parts, __: list[dict[str, Any]]) -> None:
        manifest["made_with"] = made_with.replace("/32-", f"/{target}-")

    altered(path, change)
    library = opened(tmp_path / "new", Settings())
    assert len(library.import_library(path).added) == COUNT
    assert library.settings.passage_tokens == Settings().passage_tokens
    assert library.stats().made_with == made_with.replace("/32-", "/170-")


@pytest.mark.parametrize("target", [32, 100, 2000])
def test_a_file_decides_within_them(filled: Library, opened: Any, tmp_path: Path, target: int) -> None:
    """So that its vectors can be taken."""
    filled.rebuild(passage_tokens=target)
    filled.export_library(tmp_path / "own.zip")
    library = opened(tmp_path / "new", Settings())
    assert library.import_library(tmp_path / "own.zip").encoded == 0
    assert library.settings.passage_tokens == target


def test_a_library_from_before_claims_opens_and_learns_of_them(
    filled: Library, opened: Callable[..., Library], tmp_path: Path
) -> None:
    """It lacks their table: all it holds was read here, as far as anybody knows, until it imports something."""
    old = opened(tmp_path / "old")
    paths = write_files(tmp_path / "others", 2)
    old.add(paths)
    with old._store.catalog.database.writing() as connection:
        connection.execute("DROP TABLE claims")
    old.close()
    library = opened(tmp_path / "old")
    assert claimed(library) == 0
    assert len(library.add(paths).unchanged) == 2
    assert library.verify().sources_claimed == ()
    assert library.problems() == []
    assert isinstance(library._store.catalog, Catalog)
    filled.remove("00.md", "01.md")
    filled.export_library(tmp_path / "more.zip")
    library.import_library(tmp_path / "more.zip")
    assert claimed(library) == COUNT - 2
