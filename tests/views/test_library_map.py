"""The map of a library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.library.library import Library
from index.settings import Settings
from index.views.library_map import DOTS, fit, quotas
from index.views.map_file import FILE

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
    """Two documents on two subjects."""
    library.add([write("ships.txt", SHIPS * 8), write("bread.txt", BREAD * 4)])
    return library


def shape_of(known: LibraryMap, name: str) -> Shape:
    """The shape of the document of this name."""
    return next(shape for shape in known.shapes if shape.name == name)


@pytest.mark.parametrize(
    ("sizes", "total", "shown"),
    [
        pytest.param([3, 5], 10, [3, 5], id="all where there is room"),
        pytest.param([10], 4, [4], id="one document"),
        pytest.param([1, 1, 10_000], 100, [1, 1, 98], id="the shortest show one"),
        pytest.param([100, 10_000], 110, [10, 100], id="a hundred times as long, ten times the dots"),
        pytest.param([], 10, [], id="none"),
    ],
)
def test_documents_share_the_dots_by_the_root_of_their_length(sizes: list[int], total: int, shown: list[int]) -> None:
    """So that a short document is seen beside a long one."""
    assert quotas(sizes, total) == pytest.approx(shown, abs=1)
    assert sum(quotas(sizes, total)) <= total


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=200))
def test_no_document_shows_more_dots_than_it_has_passages_or_none(sizes: list[int]) -> None:
    """Whatever the lengths."""
    shown = quotas(sizes, 500)
    assert all(1 <= quota <= size for quota, size in zip(shown, sizes, strict=True))
    assert sum(shown) <= 500


@given(st.data())
def test_every_vector_lands_in_the_frame(data: st.DataObject) -> None:
    """Outliers and questions, too; also where all passages are alike."""
    seed, spread = data.draw(st.integers(0, 1000)), data.draw(st.sampled_from([0.0, 1e-9, 1.0, 100.0]))
    rng = np.random.default_rng(seed)
    vectors = spread * rng.standard_normal((6, 8)) + 1
    projection = fit(vectors, np.array([4.0, 2.0]), np.array([40.0, 2.0]))
    for x, y in projection(np.concatenate([vectors, 1e6 * rng.standard_normal((3, 8))])):
        assert 0 <= x <= 1
        assert 0 <= y <= 1


def test_one_outlier_does_not_squeeze_the_others_together() -> None:
    """The scale is that of the bulk."""
    rng = np.random.default_rng(0)
    vectors = np.concatenate([rng.standard_normal((200, 8)), np.full((1, 8), 500.0)])
    dots = np.array(fit(vectors, np.array([201.0]), np.array([201.0]))(vectors))
    assert np.ptp(dots[:200, 1]) > 0.7


def test_documents_stand_apart_and_their_passages_together(filled: Library) -> None:
    """Each dot is nearer to the midst of its own document than to the other's, the larger document is first."""
    known = filled.map(wait=True)
    ships, bread = shape_of(known, "ships.txt"), shape_of(known, "bread.txt")
    assert known.shapes == (ships, bread)
    assert all(apart(dot, bread.centre) < apart(dot, ships.centre) for dot in bread.dots)
    assert all(apart(dot, ships.centre) < apart(dot, bread.centre) for dot in ships.dots)
    assert [len(shape.dots) for shape in known.shapes] == [info.passages for info in filled.documents()[::-1]]


def apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far two points are from each other."""
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def test_a_map_of_nothing_has_no_shapes(library: Library) -> None:
    """And a question is nowhere on it, without being encoded."""
    assert library.map(wait=True).shapes == ()
    placed = library.placed("Where is the ship?", ())
    assert placed.map.shapes == ()
    assert placed.hits == ()


def test_a_map_of_one_passage_has_it_in_the_middle(library: Library, write: Write) -> None:
    """There is nothing to be apart from."""
    library.add([write("ships.txt", "The ship left the harbour.")])
    known = library.map(wait=True)
    assert [shape.dots for shape in known.shapes] == [((0.5, 0.5),)]


def test_of_very_many_documents_a_part_is_shown(
    library: Library, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    """Evenly chosen; no map holds more than `DOTS`."""
    monkeypatch.setattr("index.views.library_map.DOTS", 3)
    library.add([write(f"{n}.txt", f"The ship {n} left the harbour.") for n in range(7)])
    assert [len(shape.dots) for shape in library.map(wait=True).shapes] == [1, 1, 1]
    assert DOTS == 2500


def test_a_hit_stands_where_its_passage_does(filled: Library) -> None:
    """By the projection that is kept with the map; the question stands beside what it asks for."""
    found = filled.search("Which loaf of bread?", limit=1)
    filled.map(wait=True)
    placed = filled.placed("Which loaf of bread?", found.hits)
    bread = shape_of(placed.map, "bread.txt")
    (hit,) = placed.hits
    assert hit is not None
    assert min(apart(hit, dot) for dot in bread.dots) < 0.001
    assert apart(placed.question, bread.centre) < apart(placed.question, shape_of(placed.map, "ships.txt").centre)


def test_the_first_question_waits_for_a_map(filled: Library) -> None:
    """Else its hits would have no place until the next one, though the map is there a moment later."""
    found = filled.search("Which loaf of bread?")
    placed = filled.placed("Which loaf of bread?", found.hits)
    assert [shape.name for shape in placed.map.shapes] == ["ships.txt", "bread.txt"]
    assert all(placed.hits)


def test_a_question_is_not_encoded_again_for_the_map(filled: Library, encoder: FakeEncoder) -> None:
    """Its vector is remembered from the search, with operators and without; the encoder is asked once."""
    filled.map(wait=True)
    for question in ("Which loaf of bread?", "in:ships.txt which vessel"):
        encoder.questions.clear()
        found = filled.search(question)
        filled.placed(question, found.hits)
        assert len(encoder.questions) == 1


def test_a_passage_that_was_removed_meanwhile_is_nowhere(filled: Library) -> None:
    """Its hit has no place, the others keep theirs."""
    found = filled.search("bread ship", limit=20)
    filled.remove("bread.txt")
    filled.map(wait=True)
    placed = filled.placed("bread ship", found.hits)
    there = [hit.document.name == "ships.txt" for hit in found.hits]
    assert [place is not None for place in placed.hits] == there
    assert set(there) == {True, False}


def test_a_stale_map_is_shown_until_the_new_one_is_made(filled: Library, write: Write) -> None:
    """Nobody waits, unless told to; then the map is that of the library as it is."""
    before = filled.map(wait=True)
    filled.add([write("clocks.txt", CLOCKS)])
    with filled._contents._maps._making:  # as if the making took long
        assert filled.map().shapes == before.shapes
        assert filled.map().generation < filled.stats().generation
    after = filled.map(wait=True)
    assert after.generation == filled.stats().generation
    assert shape_of(after, "clocks.txt").dots


def test_a_stale_map_does_not_show_what_was_removed(filled: Library) -> None:
    """Removal is immediate in every path."""
    filled.map(wait=True)
    filled.remove("bread.txt")
    with filled._contents._maps._making:
        assert [shape.name for shape in filled.map().shapes] == ["ships.txt"]


def test_the_map_is_made_in_the_background(filled: Library) -> None:
    """Asking for it is enough to have it a little later."""
    with filled._contents._maps._making:  # as if the making took long
        assert filled.map().shapes == ()
        thread = filled._contents._maps._thread
    assert thread is not None
    thread.join()
    assert [shape.name for shape in filled.map().shapes] == ["ships.txt", "bread.txt"]


def test_the_map_outlives_the_process(filled: Library, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens the library again has it at once, from its file, and it places a question as before."""
    known = filled.map(wait=True)
    monkeypatch.setattr("index.views.map_file.make", fail)
    with Library.open(filled.folder, Settings(passage_tokens=32), encoder=encoder) as again:
        assert again.map().shapes == known.shapes
        found = again.search("Which ship?")
        assert again.placed("Which ship?", found.hits).hits == filled.placed("Which ship?", found.hits).hits


def fail(*_: Any) -> LibraryMap:
    """The map was to be found in its file."""
    raise AssertionError("made again")


def _truncated(data: bytes) -> bytes:
    return data[:-20]


def _flipped(data: bytes) -> bytes:
    return data.replace(b"ships.txt", b"shipz.txt", 1)


def _of_another_library(data: bytes) -> bytes:
    from index.storage.files import Stamp
    from index.views import map_file

    stamp, known = map_file.unpack(data)
    return map_file.pack(Stamp("another", stamp.format, stamp.generation), known)


def _of_the_future(data: bytes) -> bytes:
    from index.storage.files import Stamp
    from index.views import map_file

    stamp, known = map_file.unpack(data)
    return map_file.pack(Stamp(stamp.library, stamp.format, stamp.generation + 1), known)


def _without_shapes(data: bytes) -> bytes:
    import zlib

    content = data[:-9].replace(b'"shapes"', b'"figures"')
    return content + f"{zlib.crc32(content):08x}\n".encode()


@pytest.mark.parametrize(
    "spoil", [_truncated, _flipped, _of_another_library, _of_the_future, _without_shapes, lambda _: b""]
)
def test_a_file_that_is_not_of_this_library_is_made_again(filled: Library, encoder: FakeEncoder, spoil: Any) -> None:
    """It is never trusted, and never in the way."""
    known = filled.map(wait=True)
    path = filled.folder / FILE
    sound = path.read_bytes()
    path.write_bytes(spoil(sound))
    with Library.open(filled.folder, Settings(passage_tokens=32), encoder=encoder) as again:
        assert again.map(wait=True).shapes == known.shapes
        assert path.read_bytes() == sound


def test_a_folder_that_takes_no_file_still_has_a_map(filled: Library) -> None:
    """It is kept in memory alone."""
    (filled.folder / FILE).mkdir()
    assert len(filled.map(wait=True).shapes) == 2
    assert list((filled.folder / FILE).iterdir()) == []


def test_a_closed_library_makes_no_map(tmp_path: Path, encoder: FakeEncoder, write: Write) -> None:
    """What is being made is finished first; nothing runs on."""
    library = Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder)
    library.add([write("ships.txt", SHIPS)])
    library.map()
    thread = library._contents._maps._thread
    library.close()
    assert thread is not None
    assert not thread.is_alive()
    assert (tmp_path / "library" / FILE).exists()


def test_a_map_that_cannot_be_made_is_logged_and_leaves_none(
    filled: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page goes on without it."""
    from index.errors import LibraryDamaged

    def damaged(*_: Any) -> LibraryMap:
        raise LibraryDamaged("folder", "vectors")

    monkeypatch.setattr("index.views.map_file.make", damaged)
    filled.map()
    thread = filled._contents._maps._thread
    assert thread is not None
    thread.join()
    assert filled.map().shapes == ()
    assert "The map could not be made" in caplog.text
    found = filled.search("Which loaf of bread?")
    assert filled.placed("Which loaf of bread?", found.hits).hits == (None,) * len(found.hits)


def test_a_map_of_another_encoder_is_not_shown(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of two encoders have nothing to do with each other, not even for the moment until the map is new."""
    filled.map(wait=True)
    monkeypatch.setattr(filled._store.catalog, "fingerprint", lambda: "another encoder")
    monkeypatch.setattr(filled._store.catalog, "generation", lambda: 99)
    with filled._contents._maps._making:
        assert filled.map().shapes == ()
