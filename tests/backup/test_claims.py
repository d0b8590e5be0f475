"""Imported texts are claims until the original file is read here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.citations.readable import escape_markdown
from index.errors import OriginalMissing
from index.ingest.add import FOUND_IN_FILE
from index.library import searcher
from index.records import CLAIMED, Check, Citation, DocumentInfo, Location
from index.settings import Settings
from index.wire import Answer, Document
from tests.backup.conftest import COUNT, best_source, contents_of, text_about
from tests.backup.forgeries import Manifest, Parts, altered
from tests.nightly import length

if TYPE_CHECKING:
    from index.library.library import Library

TRUE, FALSE = "winter", "summer"
"""A word of every document, and the forged word in its place, which has the same length."""


@pytest.fixture
def forged(filled: Library, tmp_path: Path) -> Path:
    """An export of the filled library with changed texts under the original hashes."""
    path = tmp_path / "forged.zip"
    filled.export_library(path)

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            line["document"]["text"] = line["document"]["text"].replace(TRUE, FALSE)

    altered(path, change)
    return path


@pytest.fixture
def sources(tmp_path: Path, filled: Library) -> list[Path]:
    """The original files."""
    assert filled.folder.exists()
    return sorted(path for path in (tmp_path / "sources").iterdir() if path.name != "copy.md")


def texts(library: Library) -> list[str]:
    """The texts of all documents."""
    return [library.document(info.id).text for info in library.documents()]


def claim_count(library: Library) -> int:
    """The number of documents that are claims."""
    return sum(info.claimed for info in library.documents())


def test_original_file_replaces_a_forged_text(forged: Path, sources: list[Path], new: Library) -> None:
    """Adding the original file compares the texts, replaces the forged one, and notes why."""
    new.import_library(forged)
    assert claim_count(new) == COUNT
    assert all(FALSE in text for text in texts(new))
    receipt = new.add(sources)
    assert (len(receipt.replaced), receipt.unchanged, receipt.added) == (COUNT, (), ())
    assert {"the file itself differ in text" in note.text for note in receipt.notes} == {True}
    assert len(receipt.notes) == COUNT
    assert all(TRUE in text and FALSE not in text for text in texts(new))
    assert claim_count(new) == 0
    assert new.verify().mismatches == ()
    assert len(new.add(sources).unchanged) == COUNT
    assert new.problems() == []


def test_true_claim_is_confirmed_by_its_file(
    filled: Library, sources: list[Path], new: Library, tmp_path: Path
) -> None:
    """The file has the claimed text: it is unchanged, and from then on known by its hash."""
    filled.export_library(tmp_path / "true.zip")
    new.import_library(tmp_path / "true.zip")
    encoder: Any = new.encoder()
    receipt = new.add(sources)
    assert (len(receipt.unchanged), receipt.replaced, receipt.notes, receipt.passages) == (COUNT, (), (), 0)
    assert receipt.encoded == len(encoder.encoded) > 0, "vectors are made from the file, not imported"
    second_receipt = new.add(sources)
    assert (len(second_receipt.unchanged), second_receipt.encoded) == (COUNT, 0)
    assert claim_count(new) == 0
    assert new.problems() == []


FORGED_FIELDS: list[tuple[str, object, str]] = [
    ("title", "A Forged Title", "title"),
    ("author", "A Forger", "author"),
    ("date", "1066", "date"),
    ("landmarks", [{"kind": "heading", "start": 0, "label": "Forged", "level": 1}], "pages and headings"),
    ("media_type", "application/pdf", "format"),
]
"""The name of each field, a forged value, and what the note calls the field."""


def test_every_claimed_field_is_compared_with_the_file(
    filled: Library, sources: list[Path], new: Library, tmp_path: Path
) -> None:
    """Title, author, date, landmarks and format are claims as well as the text; each is forged in one document."""
    path = tmp_path / "forged.zip"
    filled.export_library(path)
    expected: dict[str, str] = {}

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        for line, (field, value, noted_field) in zip(lines, FORGED_FIELDS, strict=False):
            line["document"][field] = value
            expected[line["document"]["source"]] = FOUND_IN_FILE.format(noted_field)

    altered(path, change)
    new.import_library(path)
    receipt = new.add(sources)
    assert {note.source: note.text for note in receipt.notes} == expected
    assert len(expected) == len(receipt.replaced) == len(FORGED_FIELDS)
    assert len(receipt.unchanged) == COUNT - len(FORGED_FIELDS)


def test_sync_reads_the_files_of_claims(forged: Path, sources: list[Path], new: Library, tmp_path: Path) -> None:
    """Claims are compared even if their hash is known, and also if a file was renamed."""
    new.import_library(forged)
    sources[0].rename(sources[0].with_name("renamed.md"))
    receipt = new.sync(tmp_path / "sources")
    assert len(receipt.replaced) == COUNT
    assert [Path(source).name for source in receipt.unchanged] == ["copy.md"], "its bytes were read with 03.md"
    assert [Path(source).name for source in receipt.removed] == ["00.md"]
    assert receipt.renamed == ()
    assert all(FALSE not in text for text in texts(new))
    assert claim_count(new) == 0
    assert len(new.sync(tmp_path / "sources").unchanged) == COUNT + 1
    assert new.problems() == []


def test_add_documents_replaces_a_claim(forged: Path, open_library: Any, tmp_path: Path) -> None:
    """`add_documents` treats an id as known only if the document was added here, not if it was imported."""
    library, other = open_library(tmp_path / "new"), open_library(tmp_path / "other")
    library.import_library(forged)
    other.add(tmp_path / "sources" / "00.md")
    (document,) = [other.document(info.id) for info in other.documents()]
    assert library.add_documents([document]).replaced == (document.source,)
    assert library.document(document.id).text == document.text


def with_false_vectors(filled: Library, path: Path) -> Path:
    """An export with true texts, in which every vector is that of the last passage."""
    filled.export_library(path)

    def change(manifest: Manifest, parts: Parts, _: list[dict[str, Any]]) -> None:
        size = 2 * int(manifest["dimension"])
        data = parts["vectors/00001.f16"]
        parts["vectors/00001.f16"] = data[-size:] * (len(data) // size)

    altered(path, change)
    return path


def test_vectors_of_a_claim_are_not_reused(filled: Library, new: Library, tmp_path: Path) -> None:
    """A true file with the same passages is encoded: false vectors, found by the hash of the text, would corrupt it."""
    new.import_library(with_false_vectors(filled, tmp_path / "poisoned.zip"))
    path = tmp_path / "mine.md"
    path.write_text(text_about(3) + "\n## More\n\nThe gulls cried.\n")
    receipt = new.add(path)
    assert receipt.encoded == receipt.passages == 3
    number = new.parts.session.number(new.find("mine.md").id)
    rows = [row for row, _ in new.parts.store.catalog.rows_of(number)]
    for row in rows:
        stored = np.frombuffer(row.vector, "<f2").astype(np.float32)
        expected = new.encoder().encode_question(row.passage.text)
        assert stored @ expected == pytest.approx(1, abs=0.01)


def test_rebuild_encodes_claims_again(filled: Library, new: Library, tmp_path: Path) -> None:
    """The documents stay claims, because their texts are still unconfirmed."""
    new.import_library(with_false_vectors(filled, tmp_path / "poisoned.zip"))
    assert new.rebuild().encoded == new.stats().passages
    assert best_source(new, "Ship5") == "05.md"
    assert claim_count(new) == COUNT
    assert new.problems() == []


def test_source_path_of_a_claim_is_not_read(filled: Library, new: Library, tmp_path: Path) -> None:
    """Not even a file with the same bytes is read: a forger who knows a hash must not learn which files exist here."""
    path = tmp_path / "carried.zip"
    filled.export_library(path)
    new.import_library(path)
    info = new.find("00.md")
    assert Path(info.source).exists()
    assert not new.has_original(info.id)
    with pytest.raises(OriginalMissing, match="imported without its file"):
        new.original(info.id)
    found = new.verify()
    assert (found.sources_checked, len(found.sources_claimed), found.mismatches) == (0, COUNT + 1, ())
    new.add(info.source)
    assert new.original(info.id).data == Path(info.source).read_bytes()
    assert new.verify().sources_checked == 1


def test_import_does_not_replace_documents_read_here(
    filled: Library, forged: Path, new: Library, tmp_path: Path
) -> None:
    """A document that was read here is neither replaced by an import nor given a source from it."""
    own_file = tmp_path / "sources" / "02.md"
    elsewhere = tmp_path / "elsewhere.md"
    own_file.write_text(text_about(90))
    elsewhere.write_text(text_about(4))
    new.add([own_file, elsewhere])
    receipt = new.import_library(forged)
    assert [failure.source for failure in receipt.failed] == [str(own_file)]
    assert "--trust" in receipt.failed[0].hint
    assert [Path(source).name for source in receipt.unchanged] == ["04.md"]
    assert ["other words" in note.text for note in receipt.notes] == [True]
    assert len(receipt.added) == COUNT - 2
    assert new.document(str(own_file)).text.startswith("Log 90")
    kept = new.find("elsewhere.md")
    assert new.parts.store.catalog.sources_of(new.parts.session.number(kept.id)) == [str(elsewhere)]
    assert FALSE not in new.document(kept.id).text
    assert filled.problems() == new.problems() == []


def test_contradicting_import_keeps_the_first_claim(
    filled: Library, forged: Path, new: Library, tmp_path: Path
) -> None:
    """The receipt of the second import notes the contradiction; neither text is confirmed."""
    filled.export_library(tmp_path / "true.zip")
    new.import_library(forged)
    receipt = new.import_library(tmp_path / "true.zip")
    assert len(receipt.unchanged) == len(receipt.notes) == COUNT
    assert claim_count(new) == COUNT


def test_claims_are_marked_in_lists_json_and_backups(
    forged: Path, open_library: Any, new: Library, tmp_path: Path
) -> None:
    """The mark is also kept by a backup and its restore."""
    new.import_library(forged)
    info = new.documents()[0]
    assert CLAIMED in info.health
    assert Document.model_validate(info).model_dump()["claimed"]
    new.backup(tmp_path / "backup.zip")
    type(new).restore(tmp_path / "backup.zip", tmp_path / "again")
    restored = open_library(tmp_path / "again")
    assert claim_count(restored) == COUNT
    new.add(info.source)
    assert claim_count(new) == COUNT - 1
    assert [info.claimed for info in new.parts.store.catalog.numbered().values()].count(False) == 1


def test_claim_does_not_verify_an_evidence_pack(filled: Library, new: Library, tmp_path: Path) -> None:
    """A forger could send a pack together with an import that confirms it."""
    pack = tmp_path / "pack.zip"
    pack.write_bytes(filled.pack(filled.ask("Ship3 left the harbour"))[0])
    assert filled.verify_pack(pack) == []
    filled.export_library(tmp_path / "true.zip")
    new.import_library(tmp_path / "true.zip")
    assert {finding.fault for finding in new.verify_pack(pack)} == {"document claimed"}
    new.add(tmp_path / "sources")
    assert new.verify_pack(pack) == []


def test_trusted_import_reads_and_encodes_nothing_again(
    filled: Library, sources: list[Path], new: Library, tmp_path: Path
) -> None:
    """With `trust`, the documents of an own export count as read."""
    filled.export_library(tmp_path / "own.zip")
    new.import_library(tmp_path / "own.zip", trust=True)
    receipt = new.add(sources)
    assert (len(receipt.unchanged), receipt.encoded, claim_count(new)) == (COUNT, 0, 0)
    assert contents_of(new) == contents_of(filled)


@pytest.mark.parametrize("vectors", [True, False])
def test_export_keeps_claims_as_claims(
    forged: Path, sources: list[Path], open_library: Any, new: Library, tmp_path: Path, vectors: bool
) -> None:
    """Trusting an export trusts what was read there, not what was only imported there."""
    between = open_library(tmp_path / "between")
    between.import_library(forged)
    between.add(sources[0])
    between.export_library(tmp_path / "own.zip", vectors=vectors)
    new.import_library(tmp_path / "own.zip", trust=True)
    assert claim_count(new) == COUNT - 1
    assert not new.find(str(sources[0])).claimed
    assert len(new.import_library(tmp_path / "own.zip", trust=True).unchanged) == COUNT
    assert claim_count(new) == COUNT - 1
    receipt = new.add(sources)
    assert (len(receipt.replaced), len(receipt.unchanged)) == (COUNT - 1, 1)
    assert all(FALSE not in text for text in texts(new))
    assert new.problems() == []


def test_trusted_import_of_a_claim_keeps_documents_read_here(forged: Path, open_library: Any, tmp_path: Path) -> None:
    """Trust does not cover claims in the export, and the hint does not suggest it."""
    between, library = open_library(tmp_path / "between"), open_library(tmp_path / "new")
    between.import_library(forged)
    between.export_library(tmp_path / "own.zip")
    own_file = tmp_path / "sources" / "02.md"
    own_file.write_text(text_about(90))
    library.add(own_file)
    receipt = library.import_library(tmp_path / "own.zip", trust=True)
    assert [failure.source for failure in receipt.failed] == [str(own_file)]
    assert "--trust" not in receipt.failed[0].hint
    assert library.document(str(own_file)).text.startswith("Log 90")


def test_export_without_claims_does_not_mention_them(filled: Library, new: Library, tmp_path: Path) -> None:
    """Without claims, an export has no `claimed` field; a file without the field has no claims."""
    path = tmp_path / "own.zip"
    filled.export_library(path)
    exported_lines: list[dict[str, Any]] = []
    altered(path, lambda _, __, lines: exported_lines.extend(lines))
    assert len(exported_lines) == COUNT
    assert all("claimed" not in line for line in exported_lines)
    assert len(new.import_library(path, trust=True).added) == COUNT
    assert claim_count(new) == 0


@pytest.mark.parametrize("vectors", [True, False])
def test_trusted_import_replaces_a_forged_claim(
    filled: Library, forged: Path, sources: list[Path], new: Library, tmp_path: Path, vectors: bool
) -> None:
    """An own export corrects an earlier forged import, and the receipt says so."""
    filled.export_library(tmp_path / "own.zip", vectors=vectors)
    new.import_library(forged)
    receipt = new.import_library(tmp_path / "own.zip", trust=True)
    assert (len(receipt.replaced), receipt.unchanged, receipt.added) == (COUNT, (), ())
    assert ["imported before with another text" in note.text for note in receipt.notes] == [True] * COUNT
    assert claim_count(new) == 0
    assert contents_of(new) == contents_of(filled)
    assert len(new.add(sources).unchanged) == COUNT
    assert new.problems() == []


def test_trusted_import_confirms_a_true_claim(filled: Library, new: Library, tmp_path: Path) -> None:
    """After an import without trust, the same file with trust changes only the mark."""
    filled.export_library(tmp_path / "own.zip")
    new.import_library(tmp_path / "own.zip")
    receipt = new.import_library(tmp_path / "own.zip", trust=True)
    assert (len(receipt.unchanged), receipt.replaced, receipt.notes, receipt.passages) == (COUNT, (), (), 0)
    assert claim_count(new) == 0
    assert contents_of(new) == contents_of(filled)


def test_trusted_forgery_keeps_texts_read_here(forged: Path, sources: list[Path], new: Library) -> None:
    """Even a trusted file does not change texts that were read here."""
    new.add(sources)
    receipt = new.import_library(forged, trust=True)
    assert len(receipt.unchanged) == len(receipt.notes) == COUNT
    assert all(FALSE not in text for text in texts(new))


def test_results_from_claims_name_the_files_to_add(forged: Path, sources: list[Path], new: Library) -> None:
    """Searches, answers, checks and coverage have the note until the files are added."""
    new.import_library(forged)
    question, statement = "Ship3 left the harbour in summer", "Ship3 left the harbour in summer."

    def all_notes() -> list[str]:
        results = (
            new.search(question, limit=1),
            new.ask(question, limit=1),
            new.check(statement),
            new.coverage(question, documents=["03.md"]),
        )
        return [note for result in results for note in result.notes]

    answer = new.ask(question, limit=1)
    assert answer.status == "answered"
    assert [citation.document.claimed for citation in answer.citations] == [True]
    assert answer.notes == (
        "An import brought the text of 03.md, and nobody here has read the original file: add the original file, and "
        "the text is compared with it. The confidence is about the imported text.",
    )
    notes = all_notes()
    assert len(notes) == 4
    assert all("the text of 03.md" in note for note in notes)
    assert sum("confidence" in note for note in notes) == sum("verdicts" in note for note in notes) == 1
    assert escape_markdown(answer.notes[0]) in new.pack(answer)[1]
    assert Answer.model_validate(answer).model_dump()["citations"][0]["document"]["claimed"]
    new.add(sources)
    assert all_notes() == []


def test_note_about_claims_has_short_safe_file_names() -> None:
    """The names come from an import: they are shortened, in one line, and without folders and passwords."""
    path = "/home/somebody/"
    names = [f"{path}a\n[1] b.md", "https://me:secret@example.org/x.html", path + "y" * 5000, f"{path}d.md", f"{path}e"]
    infos = [
        DocumentInfo(str(n), source, "A Title", "", "", "text/plain", 1, 0, 1, claimed=True)
        for n, source in enumerate(names)
    ]
    citations = tuple(Citation(n, info, Location(), 0, 1, "x") for n, info in enumerate(infos, 1))
    (note,) = searcher.annotated_check(Check((), citations)).notes
    assert note.startswith("An import brought the text of a [1] b.md, https://example.org/x.html, yyyy")
    assert "… and 2 more, and nobody here has read the original files" in note
    assert "somebody" not in note
    assert "secret" not in note
    assert len(note) < 400
    read = tuple(replace(citation, document=replace(citation.document, claimed=False)) for citation in citations)
    assert searcher.annotated_check(Check((), read)).notes == ()


@pytest.mark.parametrize("target", [0, 31, 2001, 1, 999999][: length(3, 5)])
def test_import_ignores_passage_sizes_outside_the_limits(
    filled: Library, open_library: Any, tmp_path: Path, target: int
) -> None:
    """An invalid target size is not adopted: passages are cut as the settings say."""
    path = tmp_path / "own.zip"
    filled.export_library(path)
    made_with = filled.stats().made_with

    def change(manifest: Manifest, _: Parts, __: list[dict[str, Any]]) -> None:
        manifest["made_with"] = made_with.replace("/32-", f"/{target}-")

    altered(path, change)
    library = open_library(tmp_path / "new", Settings())
    assert len(library.import_library(path).added) == COUNT
    assert library.settings.passage_tokens == Settings().passage_tokens
    assert library.stats().made_with == made_with.replace("/32-", "/170-")


@pytest.mark.parametrize("target", [32, 2000, 100][: length(2, 3)])
def test_import_adopts_a_valid_passage_size(filled: Library, open_library: Any, tmp_path: Path, target: int) -> None:
    """With the exporter's passage size, the imported vectors can be used."""
    filled.rebuild(passage_tokens=target)
    filled.export_library(tmp_path / "own.zip")
    library = open_library(tmp_path / "new", Settings())
    assert library.import_library(tmp_path / "own.zip").encoded == 0
    assert library.settings.passage_tokens == target
