"""The portable file: what one library exports another one imports, and nobody who made the file is believed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.backup import archive, exports
from index.errors import ArchiveExists, BadArchive, EncoderError, FingerprintMismatch, NoRoom
from index.settings import Settings
from tests.backup.conftest import COUNT, SETTINGS, contents, first, words
from tests.backup.forgeries import Manifest, Parts, altered
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.library.library import Library


@pytest.fixture
def carried(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The filled library as a file, in several parts."""
    monkeypatch.setattr(exports, "_SHARD", 2000)
    path = tmp_path / "carried.zip"
    filled.export_library(path)
    return path


def test_it_comes_through_whole_without_an_encoder(
    filled: Library, carried: Path, tmp_path: Path, opened: Callable[..., Library]
) -> None:
    """Documents, sources, passages and vectors are those that were exported."""
    encoder = FakeEncoder()
    library = opened(tmp_path / "new", encoder=encoder)
    receipt = library.import_library(carried)
    assert len(receipt.added) == COUNT
    assert (receipt.encoded, encoder.encoded) == (0, [])
    assert contents(library) == contents(filled)
    assert library.stats().made_with == filled.stats().made_with
    assert library.problems() == []
    assert first(library, "Ship5") == "05.md"


class Absent(FakeEncoder):
    """An encoder that must not be asked for."""

    def __init__(self) -> None:
        raise EncoderError("There is no encoder here.", "Install one.")


def test_into_a_library_of_the_same_kind_no_encoder_is_loaded(
    filled: Library, carried: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library was made with is written in it."""
    filled.remove("05.md")
    filled.close()
    monkeypatch.setattr("index.encoders.encoder.load_encoder", lambda settings: Absent())
    with type(filled).open(filled.folder, SETTINGS) as library:
        receipt = library.import_library(carried)
        assert [Path(source).name for source in receipt.added] == ["05.md"]
        assert len(receipt.unchanged) == COUNT - 1


@pytest.mark.parametrize("vectors", [True, False])
def test_for_another_encoder_the_texts_are_encoded(
    filled: Library, tmp_path: Path, opened: Callable[..., Library], vectors: bool
) -> None:
    """Vectors of another kind, or none at all: the library's own encoder and chunking make them."""
    path = tmp_path / "carried.zip"
    filled.export_library(path, vectors=vectors)
    encoder = FakeEncoder(name="other@2")
    library = opened(tmp_path / "new", Settings(passage_tokens=100), encoder=encoder)
    receipt = library.import_library(path)
    assert receipt.encoded == len(encoder.encoded) == receipt.passages > 0
    assert {i: found[:2] for i, found in contents(library).items()} == {
        i: found[:2] for i, found in contents(filled).items()
    }
    assert library.stats().made_with.startswith("other@2")
    assert library.problems() == []


def test_what_is_here_stays_and_what_comes_from_its_place_replaces_it(
    carried: Path, tmp_path: Path, opened: Callable[..., Library]
) -> None:
    """Known bytes cost nothing; an address or path has one document, as with `add`: in an export of one's own."""
    library = opened(tmp_path / "new")
    sources = tmp_path / "sources"
    (sources / "02.md").write_text(words(90))
    (sources / "mine.md").write_text(words(80))
    (sources / "elsewhere.md").write_text(words(4))
    library.add([sources / "02.md", sources / "mine.md", sources / "elsewhere.md"])
    receipt = library.import_library(carried, trust=True)
    names = {each: [Path(source).name for source in getattr(receipt, each)] for each in ("replaced", "unchanged")}
    assert names == {"replaced": ["02.md"], "unchanged": ["04.md"]}
    assert first(library, "Ship2") == "02.md"
    assert first(library, "Ship80") == "mine.md"
    assert len(library.documents()) == COUNT + 1
    number = library._lookup.number(library.find("04.md").id)
    assert {Path(each).name for each in library._store.catalog.sources_of(number)} == {"04.md", "elsewhere.md"}
    again = library.import_library(carried, trust=True)
    assert (len(again.unchanged), again.added, again.replaced) == (COUNT, (), ())
    assert library.problems() == []


def test_settings_that_do_not_fit_the_library_are_refused(
    filled: Library, tmp_path: Path, opened: Callable[..., Library]
) -> None:
    """Where something has to be encoded, with what the library was made with."""
    path = tmp_path / "carried.zip"
    filled.export_library(path, vectors=False)
    filled.remove("05.md")
    with pytest.raises(FingerprintMismatch, match="pincite rebuild"):
        opened(filled.folder, encoder=FakeEncoder(name="other@2")).import_library(path)
    assert len(filled.documents()) == COUNT - 1


def test_nothing_is_overwritten_unasked(filled: Library, carried: Path) -> None:
    """With `force`, it is."""
    with pytest.raises(ArchiveExists):
        filled.export_library(carried)
    assert filled.export_library(carried, force=True).documents == COUNT


def test_the_file_says_what_is_in_it(filled: Library, carried: Path) -> None:
    """One JSON document a line, and numbers that any program reads with what the manifest says of them."""
    with zipfile.ZipFile(carried) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        parts = {name: opened.read(name) for name in manifest["parts"]}
    assert manifest["shards"] > 1
    assert manifest["made_with"] == filled.stats().made_with
    lines = [json.loads(line) for name in sorted(parts) if name.endswith("l") for line in parts[name].splitlines()]
    assert [line["text"] for line in lines] == [filled.document(line["id"]).text for line in lines]
    rows = np.frombuffer(b"".join(parts[name] for name in sorted(parts) if name.endswith(".f16")), "<f2")
    vectors = rows.reshape(-1, manifest["dimension"]).astype(np.float32)
    assert len(vectors) == sum(len(line["passages"]) for line in lines) == manifest["passages"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=0.01)


def test_without_vectors_it_is_smaller(filled: Library, carried: Path, tmp_path: Path) -> None:
    """And has no such parts."""
    done = filled.export_library(tmp_path / "small.zip", vectors=False)
    assert done.bytes < carried.stat().st_size / 2


def set_in_line(**fields: Any) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Another value in the first document."""

    def change(_: Manifest, __: Parts, lines: list[dict[str, Any]]) -> None:
        lines[0].update(fields)

    return change


def set_in_manifest(**fields: Any) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Another value in the manifest."""

    def change(manifest: Manifest, _: Parts, __: list[dict[str, Any]]) -> None:
        manifest.update(fields)

    return change


def set_part(name: str, make: Callable[[bytes], bytes]) -> Callable[[Manifest, Parts, list[dict[str, Any]]], None]:
    """Another part."""

    def change(_: Manifest, parts: Parts, __: list[dict[str, Any]]) -> None:
        parts[name] = make(parts.get(name, b""))

    return change


LIES: dict[str, Callable[[Manifest, Parts, list[dict[str, Any]]], None]] = {
    "a text that is not what its passages were": set_in_line(text="Another text altogether."),
    "an empty text": set_in_line(text=""),
    "a text with space at its end": set_in_line(text="Text "),
    "no source": set_in_line(sources=[]),
    "an empty source": set_in_line(sources=[""]),
    "an id that is a number": set_in_line(id=7),
    "no id": set_in_line(id=""),
    "no passages": set_in_line(passages=[]),
    "a passage beyond the text": set_in_line(passages=[[0, 10_000, []]]),
    "passages that overlap": set_in_line(passages=[[0, 20, [[0, 20]]], [10, 30, [[10, 30]]]]),
    "a sentence out of its passage": set_in_line(passages=[[0, 20, [[0, 50]]]]),
    "a negative passage": set_in_line(passages=[[-5, 20, [[-5, 20]]]]),
    "a landmark beyond the text": set_in_line(landmarks=[["page", 10_000, "1", 0]]),
    "a landmark of no kind": set_in_line(landmarks=[["harm", 0, "1", 0]]),
    "notes that are no list": set_in_line(notes="note"),
    "another format": set_in_manifest(format="pincite backup"),
    "a format of tomorrow": set_in_manifest(version=99),
    "more documents": set_in_manifest(documents=9),
    "more passages": set_in_manifest(passages=99),
    "more parts": set_in_manifest(shards=99),
    "a dimension of zero": set_in_manifest(dimension=0),
    "a huge dimension": set_in_manifest(dimension=1 << 40),
    "a negative dimension": set_in_manifest(dimension=-64),
    "another dimension": set_in_manifest(dimension=32),
    "a count that is a word": set_in_manifest(documents="many"),
    "vectors of nothing": set_part("vectors/00001.f16", lambda data: bytes(len(data))),
    "vectors that are no numbers": set_part("vectors/00001.f16", lambda data: b"\xff" * len(data)),
    "too few vectors": set_part("vectors/00001.f16", lambda data: data[:-2]),
    "too many vectors": set_part("vectors/00001.f16", lambda data: data + data),
    "too few sentences": set_part("sentences/00001.i8", lambda data: data[:-1]),
    "lines that are no JSON": set_part("documents/00001.jsonl", lambda data: b"{" * 1000 + b"\n"),
    "a line without an end": set_part("documents/00001.jsonl", lambda data: data[:-1]),
    "a document twice": set_part("documents/00001.jsonl", lambda data: data + data.splitlines(keepends=True)[0]),
    "bytes that are no text": set_part("documents/00001.jsonl", lambda data: b"\xff\xfe\n"),
    "a part nobody asked for": set_part("../../evil", lambda data: b"evil"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_seen(carried: Path, tmp_path: Path, opened: Callable[..., Library], lie: str) -> None:
    """Whatever does not fit together is refused before anything is taken in; the error is ours and says what it is."""
    altered(carried, LIES[lie])
    library = opened(tmp_path / "new")
    with pytest.raises(BadArchive) as caught:
        library.import_library(carried)
    assert caught.value.hint
    assert library.documents() == []
    assert not list(tmp_path.parent.glob("evil"))


def test_a_bomb_does_not_go_off(carried: Path, tmp_path: Path, opened: Callable[..., Library]) -> None:
    """A line that unpacks to more than a document may be is not read to its end."""
    altered(carried, set_part("documents/00001.jsonl", lambda data: b" " * 30_000_000))
    library = opened(tmp_path / "new", Settings(passage_tokens=32, max_file_megabytes=1))
    with pytest.raises(BadArchive, match="larger than the settings allow"):
        library.import_library(carried)
    assert library.documents() == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 0.999])
def test_damage_is_seen(carried: Path, tmp_path: Path, opened: Callable[..., Library], share: float) -> None:
    """A flipped bit and a missing end alike."""
    data = carried.read_bytes()
    at = int(len(data) * share)
    library = opened(tmp_path / "new")
    for damaged in (data[:at], data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]):
        carried.write_bytes(damaged)
        with pytest.raises(BadArchive):
            library.import_library(carried)
    assert library.documents() == []


def test_without_room_nothing_is_changed(
    carried: Path, tmp_path: Path, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says how much is needed."""
    monkeypatch.setattr(archive, "_SPARE", 1 << 60)
    library = opened(tmp_path / "new")
    with pytest.raises(NoRoom):
        library.import_library(carried)
    assert library.documents() == []


def test_an_import_that_was_stopped_goes_on(carried: Path, tmp_path: Path, opened: Callable[..., Library]) -> None:
    """What was taken in is whole and is found; the next import adds the rest."""
    library = opened(tmp_path / "new")

    def watch(what: str, done: int, of: int) -> None:
        if what == "importing" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.import_library(carried, progress=watch)
    assert len(library.documents()) == 3
    assert library.problems() == []
    receipt = library.import_library(carried)
    assert (len(receipt.unchanged), len(receipt.added)) == (3, COUNT - 3)
