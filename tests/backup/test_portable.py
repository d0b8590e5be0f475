"""Portable files: what one library exports another one imports, without trusting whoever made the file."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.backup import archive, portable
from index.errors import ArchiveExists, BadArchive, EncoderError, FingerprintMismatch, NoRoom
from index.settings import Settings
from tests.backup.conftest import COUNT, SETTINGS, best_source, contents_of, text_about
from tests.backup.forgeries import Manifest, Parts, altered
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.library.library import Library


@pytest.fixture
def export_file(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export of the filled library, in several parts; the first test makes it and the others copy it."""
    original, path = tmp_path.parent / "export.zip", tmp_path / "carried.zip"
    if not original.exists():
        monkeypatch.setattr(portable, "_SHARD_BYTES", 2000)
        filled.export_library(original)
        monkeypatch.undo()
    shutil.copyfile(original, path)
    return path


def test_import_needs_no_encoder_and_equals_the_original(
    filled: Library, export_file: Path, tmp_path: Path, open_library: Callable[..., Library]
) -> None:
    """Documents, sources, passages and vectors are those that were exported."""
    encoder = FakeEncoder()
    library = open_library(tmp_path / "new", encoder=encoder)
    receipt = library.import_library(export_file)
    assert len(receipt.added) == COUNT
    assert (receipt.encoded, encoder.encoded) == (0, [])
    assert contents_of(library) == contents_of(filled)
    assert library.stats().made_with == filled.stats().made_with
    assert library.problems() == []
    assert best_source(library, "Ship5") == "05.md"


class AbsentEncoder(FakeEncoder):
    """An encoder that must not be loaded."""

    def __init__(self) -> None:
        raise EncoderError("There is no encoder here.", "Install one.")


def test_import_with_the_same_fingerprint_loads_no_encoder(
    filled: Library, export_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's fingerprint is stored in it, so no encoder is needed to compare fingerprints."""
    filled.remove("05.md")
    filled.close()
    monkeypatch.setattr("index.encoders.encoder.load_encoder", lambda settings: AbsentEncoder())
    with type(filled).open(filled.folder, SETTINGS) as library:
        receipt = library.import_library(export_file)
        assert [Path(source).name for source in receipt.added] == ["05.md"]
        assert len(receipt.unchanged) == COUNT - 1


@pytest.mark.parametrize("vectors", [True, False])
def test_import_encodes_texts_for_another_encoder(
    filled: Library, tmp_path: Path, open_library: Callable[..., Library], vectors: bool
) -> None:
    """With other vectors or none in the file, the library's own encoder and chunking make them."""
    path = tmp_path / "carried.zip"
    filled.export_library(path, vectors=vectors)
    encoder = FakeEncoder(name="other@2")
    library = open_library(tmp_path / "new", Settings(passage_tokens=100), encoder=encoder)
    receipt = library.import_library(path)
    assert receipt.encoded == len(encoder.encoded) == receipt.passages > 0
    assert {identity: parts[:2] for identity, parts in contents_of(library).items()} == {
        identity: parts[:2] for identity, parts in contents_of(filled).items()
    }
    assert library.stats().made_with.startswith("other@2")
    assert library.problems() == []


def test_trusted_import_replaces_by_source_and_keeps_the_rest(export_file: Path, tmp_path: Path, new: Library) -> None:
    """Known bytes are not imported again; as with `add`, a source has one document."""
    sources = tmp_path / "sources"
    (sources / "02.md").write_text(text_about(90))
    (sources / "mine.md").write_text(text_about(80))
    (sources / "elsewhere.md").write_text(text_about(4))
    new.add([sources / "02.md", sources / "mine.md", sources / "elsewhere.md"])
    receipt = new.import_library(export_file, trust=True)
    outcomes = ("replaced", "unchanged")
    names = {outcome: [Path(source).name for source in getattr(receipt, outcome)] for outcome in outcomes}
    assert names == {"replaced": ["02.md"], "unchanged": ["04.md"]}
    assert best_source(new, "Ship2") == "02.md"
    assert best_source(new, "Ship80") == "mine.md"
    assert len(new.documents()) == COUNT + 1
    number = new.parts.session.number(new.find("04.md").id)
    assert {Path(source).name for source in new.parts.store.catalog.sources_of(number)} == {"04.md", "elsewhere.md"}
    second_receipt = new.import_library(export_file, trust=True)
    assert (len(second_receipt.unchanged), second_receipt.added, second_receipt.replaced) == (COUNT, (), ())
    assert new.problems() == []


def test_import_with_another_encoder_is_refused(
    filled: Library, tmp_path: Path, open_library: Callable[..., Library]
) -> None:
    """If texts must be encoded, the encoder must be the one of the library."""
    path = tmp_path / "carried.zip"
    filled.export_library(path, vectors=False)
    filled.remove("05.md")
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        open_library(filled.folder, encoder=FakeEncoder(name="other@2")).import_library(path)
    assert len(filled.documents()) == COUNT - 1


def test_export_is_no_backup_and_smaller_without_vectors(
    export_file: Path, tmp_path: Path, open_library: Callable[..., Library], filled: Library
) -> None:
    """The error names the command that reads it; with `force`, an export replaces another one."""
    with pytest.raises(BadArchive, match="is not a Pincite backup") as caught:
        open_library(tmp_path / "new").restore(export_file, tmp_path / "restored")
    assert "pincite import-library" in caught.value.hint
    size = export_file.stat().st_size
    with pytest.raises(ArchiveExists):
        filled.export_library(export_file, vectors=False)
    assert filled.export_library(export_file, vectors=False, force=True).bytes < size / 2


def test_export_is_readable_by_other_programs(filled: Library, export_file: Path) -> None:
    """The file has one JSON document a line, and plain arrays that the manifest describes."""
    with zipfile.ZipFile(export_file) as zip_file:
        manifest = json.loads(zip_file.read("manifest.json"))
        parts = {name: zip_file.read(name) for name in manifest["parts"]}
    assert manifest["shards"] > 1
    assert manifest["made_with"] == filled.stats().made_with
    lines = [json.loads(line) for name in sorted(parts) if name.endswith("l") for line in parts[name].splitlines()]
    documents = [line["document"] for line in lines]
    assert [line["text"] for line in documents] == [filled.document(line["id"]).text for line in documents]
    rows = np.frombuffer(b"".join(parts[name] for name in sorted(parts) if name.endswith(".f16")), "<f2")
    vectors = rows.reshape(-1, manifest["dimension"]).astype(np.float32)
    assert len(vectors) == sum(len(line["passages"]) for line in lines) == manifest["passages"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=0.01)


def set_in_line(**fields: Any) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Return a change that sets fields of the first document."""

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        lines[0]["document"].update(fields)

    return change


def set_beside_document(**fields: Any) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Return a change that sets fields of the first line, beside its document."""
    return lambda _, __, lines: lines[0].update(fields)


def set_passages(*passages: tuple[int, int, Any]) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Return a change that sets the passages of the first document."""
    names = ("start", "end", "sentences")
    return set_beside_document(passages=[dict(zip(names, passage, strict=True)) for passage in passages])


def set_in_manifest(**fields: Any) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Return a change that sets fields of the manifest."""

    def change(manifest: Manifest, _: Parts, __: list[dict[str, Any]]) -> None:
        manifest.update(fields)

    return change


def set_part(name: str, make: Callable[[bytes], bytes]) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Return a change that replaces a part."""

    def change(_: Manifest, parts: Parts, __: list[dict[str, Any]]) -> None:
        parts[name] = make(parts.get(name, b""))

    return change


FORGERIES: dict[str, Callable[[Manifest, Parts, list[dict[str, Any]]], None]] = {
    "a text that its passages do not fit": set_in_line(text="Another text altogether."),
    "an empty text": set_in_line(text=""),
    "a text with space at its end": set_in_line(text="Text "),
    "no source": set_in_line(source=None),
    "an empty source": set_in_line(source=""),
    "other sources that are not a list": set_beside_document(other_sources="source"),
    "an empty other source": set_beside_document(other_sources=[""]),
    "an id that is a number": set_in_line(id=7),
    "no id": set_in_line(id=""),
    "no passages": set_beside_document(passages=[]),
    "a passage beyond the text": set_passages((0, 10_000, [])),
    "passages that overlap": set_passages((0, 20, [[0, 20]]), (10, 30, [[10, 30]])),
    "a sentence out of its passage": set_passages((0, 20, [[0, 50]])),
    "a negative passage": set_passages((-5, 20, [[-5, 20]])),
    "a landmark beyond the text": set_in_line(landmarks=[{"kind": "page", "start": 10_000}]),
    "a landmark of an unknown kind": set_in_line(landmarks=[{"kind": "harm", "start": 0}]),
    "notes that are not a list": set_in_line(notes="note"),
    "another format": set_in_manifest(format="zip"),
    "another kind": set_in_manifest(kind="backup"),
    "an unknown kind": set_in_manifest(kind=["library"]),
    "a newer version": set_in_manifest(version=99),
    "more documents": set_in_manifest(documents=9),
    "more passages": set_in_manifest(passages=99),
    "more parts": set_in_manifest(shards=99),
    "a dimension of zero": set_in_manifest(dimension=0),
    "a huge dimension": set_in_manifest(dimension=1 << 40),
    "a negative dimension": set_in_manifest(dimension=-64),
    "another dimension": set_in_manifest(dimension=32),
    "a count that is a word": set_in_manifest(documents="many"),
    "vectors of zeros": set_part("vectors/00001.f16", lambda data: bytes(len(data))),
    "vectors that are not numbers": set_part("vectors/00001.f16", lambda data: b"\xff" * len(data)),
    "too few vectors": set_part("vectors/00001.f16", lambda data: data[:-2]),
    "too many vectors": set_part("vectors/00001.f16", lambda data: data + data),
    "too few sentences": set_part("sentences/00001.i8", lambda data: data[:-1]),
    "lines that are not JSON": set_part("documents/00001.jsonl", lambda data: b"{" * 1000 + b"\n"),
    "a line without a newline": set_part("documents/00001.jsonl", lambda data: data[:-1]),
    "a document twice": set_part("documents/00001.jsonl", lambda data: data + data.splitlines(keepends=True)[0]),
    "bytes that are not text": set_part("documents/00001.jsonl", lambda data: b"\xff\xfe\n"),
    "an extra part": set_part("../../evil", lambda data: b"evil"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_export_is_refused(export_file: Path, tmp_path: Path, new: Library, forgery: str) -> None:
    """Anything inconsistent is refused before anything is imported; the error is Pincite's own and explains it."""
    altered(export_file, FORGERIES[forgery])
    with pytest.raises(BadArchive) as caught:
        new.import_library(export_file)
    assert caught.value.hint
    assert new.documents() == []
    assert not list(tmp_path.parent.glob("evil"))


def test_line_that_unpacks_too_large_is_refused(
    export_file: Path, tmp_path: Path, open_library: Callable[..., Library]
) -> None:
    """A line that unpacks to more than the largest allowed document is not read to its end."""
    altered(export_file, set_part("documents/00001.jsonl", lambda data: b" " * 30_000_000))
    library = open_library(tmp_path / "new", Settings(passage_tokens=32, max_file_megabytes=1))
    with pytest.raises(BadArchive, match="larger than the settings allow"):
        library.import_library(export_file)
    assert library.documents() == []


def test_import_without_room_or_of_a_damaged_file_changes_nothing(
    export_file: Path, new: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how much space is needed; a flipped bit and a missing end are both detected."""
    data = export_file.read_bytes()
    offset = int(len(data) * 0.6)
    for damaged in (data[:offset], data[:offset] + bytes([data[offset] ^ 16]) + data[offset + 1 :]):
        export_file.write_bytes(damaged)
        with pytest.raises(BadArchive):
            new.import_library(export_file)
    assert new.documents() == []
    export_file.write_bytes(data)
    monkeypatch.setattr(archive, "_SPARE", 1 << 60)
    with pytest.raises(NoRoom):
        new.import_library(export_file)
    assert new.documents() == []


def test_interrupted_import_can_be_continued(export_file: Path, new: Library) -> None:
    """The documents imported so far are complete and searchable; the next import adds the rest."""

    def watch(step: str, done: int, total: int) -> None:
        if step == "importing" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new.import_library(export_file, progress=watch)
    assert len(new.documents()) == 3
    assert new.problems() == []
    receipt = new.import_library(export_file)
    assert (len(receipt.unchanged), len(receipt.added)) == (3, COUNT - 3)
