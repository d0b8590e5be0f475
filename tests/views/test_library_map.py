"""The map of a library."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.library.library import Library
from index.settings import Settings
from index.views import library_map as map_module
from index.views.library_map import DOTS, FILE, fit, quotas
from tests.cases import cases

if TYPE_CHECKING:
    from pathlib import Path

    from index.views.library_map import LibraryMap, Shape
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

SHIPS = "The ship left the harbour.\n\nA vessel reached the port.\n\nThe boat lay in the dock.\n\nA ship is a vessel."
BREAD = "The baker made bread.\n\nA loaf of bread was sold.\n\nBread and a loaf.\n\nThe bread was old."
CLOCKS = "The clock stood still.\n\nA clock struck ten.\n\nThe old clock was silver."


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A library with two documents on two subjects."""
    library.add([write("ships.txt", SHIPS * 8), write("bread.txt", BREAD * 4)])
    return library


def shape_of(library_map: LibraryMap, name: str) -> Shape:
    """Return the shape of the document with this name."""
    return next(shape for shape in library_map.shapes if shape.name == name)


@cases(
    ("sizes", "total", "shown"),
    [
        pytest.param([3, 5], 10, [3, 5], id="all if they fit"),
        pytest.param([10], 4, [4], id="one document"),
        pytest.param([1, 1, 10_000], 100, [1, 1, 98], id="one for the shortest"),
        pytest.param([100, 10_000], 110, [10, 100], id="a hundred times as long, ten times the dots"),
        pytest.param([], 10, [], id="none"),
    ],
)
def test_dots_are_shared_by_the_square_root_of_document_length(sizes: list[int], total: int, shown: list[int]) -> None:
    """A short document stays visible beside a long one."""
    assert quotas(sizes, total) == pytest.approx(shown, abs=1)
    assert sum(quotas(sizes, total)) <= total


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=200))
def test_every_document_has_a_dot_and_no_more_than_its_passages(sizes: list[int]) -> None:
    """The total stays within the limit, whatever the lengths."""
    shown = quotas(sizes, 500)
    assert all(1 <= quota <= size for quota, size in zip(shown, sizes, strict=True))
    assert sum(shown) <= 500


@given(st.data())
def test_projection_stays_inside_the_frame(data: st.DataObject) -> None:
    """Outliers and questions stay inside, also if all passages are alike."""
    seed, spread = data.draw(st.integers(0, 1000)), data.draw(st.sampled_from([0.0, 1e-9, 1.0, 100.0]))
    rng = np.random.default_rng(seed)
    vectors = spread * rng.standard_normal((6, 8)) + 1
    projection = fit(vectors, np.array([4.0, 2.0]), np.array([40.0, 2.0]))
    for x, y in projection(np.concatenate([vectors, 1e6 * rng.standard_normal((3, 8))])):
        assert 0 <= x <= 1
        assert 0 <= y <= 1


def test_outlier_does_not_compress_the_other_dots() -> None:
    """The scale follows the bulk of the vectors."""
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.standard_normal((200, 8)), np.full((1, 8), 500.0)])
    dots = np.array(fit(vectors, np.array([201.0]), np.array([201.0]))(vectors))
    assert np.ptp(dots[:200, 1]) > 0.7


def test_passages_of_a_document_are_grouped_on_the_map(filled: Library) -> None:
    """Each dot is nearer to its own document's centre, and the largest document is the first shape."""
    library_map = filled.map(wait=True)
    ships, bread = shape_of(library_map, "ships.txt"), shape_of(library_map, "bread.txt")
    assert library_map.shapes == (ships, bread)
    assert all(distance(dot, bread.centre) < distance(dot, ships.centre) for dot in bread.dots)
    assert all(distance(dot, ships.centre) < distance(dot, bread.centre) for dot in ships.dots)
    assert [len(shape.dots) for shape in library_map.shapes] == [info.passages for info in filled.documents()[::-1]]


def distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the distance between two points."""
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def test_map_of_no_or_one_passage(library: Library, write: Write) -> None:
    """A question has no position on an empty one and is not encoded; a single passage is in the middle."""
    assert library.map(wait=True).shapes == ()
    placed = library.placed("Where is the ship?", ())
    assert placed.map.shapes == ()
    assert placed.hits == ()
    library.add([write("ships.txt", "The ship left the harbour.")])
    assert [shape.dots for shape in library.map(wait=True).shapes] == [((0.5, 0.5),)]


def test_map_samples_documents_beyond_the_limit(
    library: Library, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """The sample is even, and a map never has more than `DOTS` dots."""
    monkeypatch.setattr("index.views.library_map.DOTS", 3)
    library.add([write(f"{n}.txt", f"The ship {n} left the harbour.") for n in range(7)])
    assert [len(shape.dots) for shape in library.map(wait=True).shapes] == [1, 1, 1]
    assert DOTS == 2500


def test_hit_has_the_position_of_its_passage(filled: Library, encoder: FakeEncoder) -> None:
    """The first question waits for the map, which places it near the passages it is about.

    The encoder is called once, with operators in the question and without.
    """
    found = filled.search("Which loaf of bread?", limit=1)
    placed = filled.placed("Which loaf of bread?", found.hits)
    assert [shape.name for shape in placed.map.shapes] == ["ships.txt", "bread.txt"]
    bread = shape_of(placed.map, "bread.txt")
    (hit,) = placed.hits
    assert hit is not None
    assert min(distance(hit, dot) for dot in bread.dots) < 0.001
    assert distance(placed.question, bread.centre) < distance(placed.question, shape_of(placed.map, "ships.txt").centre)
    filled.map(wait=True)
    for question in ("Which loaf of bread?", "in:ships.txt which vessel"):
        encoder.questions.clear()
        found = filled.search(question)
        filled.placed(question, found.hits)
        assert len(encoder.questions) == 1


def test_hit_removed_meanwhile_has_no_position(filled: Library) -> None:
    """The other hits keep theirs."""
    found = filled.search("bread ship", limit=20)
    filled.remove("bread.txt")
    filled.map(wait=True)
    placed = filled.placed("bread ship", found.hits)
    is_ships = [hit.document.name == "ships.txt" for hit in found.hits]
    assert [place is not None for place in placed.hits] == is_ships
    assert set(is_ships) == {True, False}


def test_stale_map_is_shown_until_the_new_one_is_ready(
    filled: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a caller that passes `wait` waits for the map of the current library. A removal takes effect at once.

    Vectors of two encoders cannot be compared, so a stale map of another one is not shown.
    """
    before = filled.map(wait=True)
    filled.add([write("clocks.txt", CLOCKS)])
    with filled.parts.contents.maps._making:  # blocks the thread that makes the map
        assert filled.map().shapes == before.shapes
        assert filled.map().generation < filled.stats().generation
        filled.remove("bread.txt")
        assert [shape.name for shape in filled.map().shapes] == ["ships.txt"]
    after = filled.map(wait=True)
    assert after.generation == filled.stats().generation
    assert shape_of(after, "clocks.txt").dots
    monkeypatch.setattr(filled.parts.store.catalog, "fingerprint", lambda: "another encoder")
    monkeypatch.setattr(filled.parts.store.catalog, "generation", lambda: 99)
    with filled.parts.contents.maps._making:
        assert filled.map().shapes == ()


def test_map_is_made_in_the_background(filled: Library) -> None:
    """A request starts the thread and does not wait for it."""
    with filled.parts.contents.maps._making:  # blocks the thread that makes the map
        assert filled.map().shapes == ()
        thread = filled.parts.contents.maps._thread
    assert thread is not None
    thread.join()
    assert [shape.name for shape in filled.map().shapes] == ["ships.txt", "bread.txt"]


def test_map_is_loaded_from_its_file_after_a_restart(
    filled: Library, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reopened library has the same map at once and places questions as before."""
    library_map = filled.map(wait=True)
    monkeypatch.setattr("index.views.library_map.make", fail)
    with Library.open(filled.folder, Settings(passage_tokens=32), encoder=encoder) as reopened:
        assert reopened.map().shapes == library_map.shapes
        found = reopened.search("Which ship?")
        assert reopened.placed("Which ship?", found.hits).hits == filled.placed("Which ship?", found.hits).hits


def fail(*_: Any) -> LibraryMap:
    """Fail if the map is made instead of loaded."""
    raise AssertionError("The map was made again.")


def _stamped(data: bytes, **changes: Any) -> bytes:
    stamp, library_map = map_module.unpack(data)
    return map_module.pack(replace(stamp, **changes), library_map)


def _without_shapes(data: bytes) -> bytes:
    content = data[:-9].replace(b'"shapes"', b'"figures"')
    return content + f"{zlib.crc32(content):08x}\n".encode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-20],
        lambda data: data.replace(b"ships.txt", b"shipz.txt", 1),
        lambda data: _stamped(data, library="another"),
        lambda data: _stamped(data, generation=99),
        _without_shapes,
        lambda _: b"",
    ],
    ids=["truncated", "flipped", "another library", "of the future", "without shapes", "empty"],
)
def test_invalid_map_file_is_replaced(filled: Library, encoder: FakeEncoder, spoil: Any) -> None:
    """The file may be damaged, from another library or from a later generation."""
    library_map = filled.map(wait=True)
    path = filled.folder / FILE
    valid = path.read_bytes()
    path.write_bytes(spoil(valid))
    with Library.open(filled.folder, Settings(passage_tokens=32), encoder=encoder) as reopened:
        assert reopened.map(wait=True).shapes == library_map.shapes
        assert path.read_bytes() == valid


def test_map_is_kept_in_memory_if_its_file_cannot_be_written(filled: Library) -> None:
    """A folder has the name of the file here."""
    (filled.folder / FILE).mkdir()
    assert len(filled.map(wait=True).shapes) == 2
    assert list((filled.folder / FILE).iterdir()) == []


def test_closing_the_library_waits_for_the_map_thread(tmp_path: Path, encoder: FakeEncoder, write: Write) -> None:
    """The map that is being made is finished first, and no thread survives."""
    library = Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder)
    library.add([write("ships.txt", SHIPS)])
    library.map()
    thread = library.parts.contents.maps._thread
    library.close()
    assert thread is not None
    assert not thread.is_alive()
    assert (tmp_path / "library" / FILE).exists()


def test_failure_to_make_the_map_is_logged(
    filled: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page works without a map."""
    from index.errors import LibraryDamaged

    def raise_damage(*_: Any) -> LibraryMap:
        raise LibraryDamaged("folder", "vectors")

    monkeypatch.setattr("index.views.library_map.make", raise_damage)
    filled.map()
    thread = filled.parts.contents.maps._thread
    assert thread is not None
    thread.join()
    assert filled.map().shapes == ()
    assert "The map could not be made" in caplog.text
    found = filled.search("Which loaf of bread?")
    assert filled.placed("Which loaf of bread?", found.hits).hits == (None,) * len(found.hits)
