"""The map of the library as SVG: what it says, and that nothing in it covers another."""

from __future__ import annotations

import re
from math import dist
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.page import map_layout
from index.page.map_layout import BADGE, HEIGHT, TARGET, WIDTH, around, badges, labels, labels_beside, shortened, width
from index.page.map_svg import BADGES, map_overlay, map_svg
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.views.library_map import LibraryMap, Placement, Shape
from tests.factories import why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.views.library_map import Point

points = st.tuples(st.floats(0, 1), st.floats(0, 1))
spots = st.tuples(st.floats(12, WIDTH - 12), st.floats(20, HEIGHT - 20))


def shape(document: str, *dots: Point, name: str = "") -> Shape:
    """A document with these dots, and its midst at the first."""
    return Shape(document, name or document, len(dots), tuple(dots), dots[0])


def hit(document: str, name: str = "", number: int = 1) -> Hit:
    """A hit in a document of this id."""
    info = DocumentInfo(document, f"/x/{document}", name or document, "", "", "text/plain", 100, 0, 1)
    passage = Passage(number, document, 0, 0, 30, "A ship is here. It is a vessel", (Span(0, 15), Span(16, 30)))
    return Hit(passage, info, 0.5, Span(16, 30), Location("3", "Trade", 2), why())


def drawn(svg: str) -> ET.Element:
    """The SVG, parsed: it is well-formed XML, too."""
    return ET.fromstring(svg)


TWO = LibraryMap(7, (shape("ships", (0.2, 0.2), (0.25, 0.3), (0.3, 0.2)), shape("bread", (0.8, 0.9))))


def test_each_document_is_one_path_and_each_passage_one_dot() -> None:
    """Of three passages and of one; the layer says of which generation it is, and is decoration."""
    svg = drawn(map_svg(TWO))
    paths = [path.get("d", "") for path in svg.iter("path")]
    assert [path.count("h0") for path in paths] == [3, 1]
    assert svg.attrib["data-generation"] == "7"
    assert svg.attrib["aria-hidden"] == "true"
    assert [text.text for text in svg.iter("text")] == ["ships", "bread"]


def test_dots_stand_where_the_map_has_them() -> None:
    """Each stroke begins relative to the one before."""
    path = next(drawn(map_svg(TWO)).iter("path")).get("d", "")
    x = y = 0
    reached = []
    for across, down in re.findall(r"m(-?\d+) (-?\d+)h0", path):
        x, y = x + int(across), y + int(down)
        reached.append((x, y))
    expected = [map_layout.spot(dot) for dot in TWO.shapes[0].dots]
    assert sorted(reached) == sorted((round(a), round(b)) for a, b in expected)


@pytest.mark.parametrize("made", [LibraryMap(), LibraryMap(4)], ids=["none made yet", "of an empty library"])
def test_a_map_without_shapes_is_nothing(made: LibraryMap) -> None:
    """Neither layer has anything to show."""
    assert map_svg(made) == ""
    assert map_overlay(Placement(made, (0.5, 0.5), (None,)), [hit("ships")], {1}) == ""


def test_a_badge_is_a_link_to_its_source() -> None:
    """It carries what a citation carries, and a name that says which source it is."""
    placed = Placement(TWO, (0.5, 0.5), ((0.2, 0.2), (0.8, 0.9)))
    svg = drawn(map_overlay(placed, [hit("ships", "On “ships” & boats"), hit("bread")], {1}))
    cited, related = svg.iter("a")
    assert svg.attrib["role"] == "group"
    assert svg.attrib["data-generation"] == "7"
    assert cited.attrib == {
        "class": "p-badge",
        "href": "d/ships#16-30",
        "data-act": "source",
        "data-n": "1",
        "data-document": "ships",
        "data-start": "16",
        "data-end": "30",
        "aria-label": "Source 1: On “ships” & boats, p. 3, § Trade, ¶ 2",
    }
    assert related.attrib["class"] == "p-badge p-related"
    assert related.attrib["aria-label"].startswith("Related passage 2: bread")
    assert [text.text for text in cited.iter("text")] == ["1"]


def test_a_passage_that_is_gone_has_no_badge_and_the_others_keep_their_numbers() -> None:
    """Badge n is card n."""
    placed = Placement(TWO, (0.5, 0.5), (None, (0.8, 0.9)))
    svg = drawn(map_overlay(placed, [hit("gone"), hit("bread")], {1, 2}))
    assert [badge.get("data-n") for badge in svg.iter("a")] == ["2"]


def test_there_are_at_most_so_many_badges() -> None:
    """A map is not a list."""
    many = [hit("ships", number=n) for n in range(BADGES + 5)]
    svg = drawn(map_overlay(Placement(TWO, (0.5, 0.5), ((0.2, 0.2),) * len(many)), many, set()))
    assert len(list(svg.iter("a"))) == BADGES


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '" onload="x', "${1}{{ 2 }}", "a\u202eb", "</text><a>"])
def test_names_are_text_and_nothing_else(name: str) -> None:
    """In labels, in attributes and in addresses."""
    known = LibraryMap(1, (shape('d"<x>', (0.5, 0.5), name=name),))
    overlay = map_overlay(Placement(known, (0.2, 0.2), ((0.5, 0.5),)), [hit('d"<x>', name)], {1})
    for svg in (map_svg(known), overlay):
        tags = {element.tag for element in drawn(svg).iter()}
        assert tags <= {"svg", "g", "path", "text", "circle", "a"}
        assert next(text.text for text in drawn(svg).iter("text")) == shortened(name)
    badge = next(drawn(overlay).iter("a"))
    assert badge.attrib["href"] == "d/d%22%3Cx%3E#16-30"
    assert name in badge.attrib["aria-label"]


@given(spots, st.lists(spots, max_size=BADGES))
def test_no_badge_covers_another_or_the_question_or_leaves_the_frame(question: Point, dots: list[Point]) -> None:
    """Whatever the places of the hits; what can be hit of two badges does not overlap either."""
    assert_clear(question, dots)


@pytest.mark.parametrize(
    "dots",
    [
        pytest.param([(172.0, 108.0)] * BADGES, id="all in one place"),
        pytest.param([(12.0, 20.0)] * BADGES, id="all in a corner"),
        pytest.param([(100.0 + 4 * n, 100.0) for n in range(BADGES)], id="in a row"),
    ],
)
def test_crowded_hits_are_pushed_apart(dots: list[Point]) -> None:
    """As far as it takes."""
    assert_clear((172.0, 108.0), dots)


def assert_clear(question: Point, dots: Sequence[Point]) -> None:
    """Every badge in the frame, and off everything."""
    found = badges(question, dots)
    assert len(found) == len(dots)
    for n, place in enumerate(found):
        assert around(place, BADGE).inside
        assert dist(place, question) > BADGE + 5
        assert all(dist(place, other) >= 2 * TARGET for other in found[:n])


@given(
    st.lists(st.tuples(points, st.text(min_size=1, max_size=60)), min_size=1, max_size=30),
    st.lists(spots, max_size=8),
)
def test_no_name_covers_another_or_a_badge_or_leaves_the_frame(
    documents: list[tuple[Point, str]], taken: list[Point]
) -> None:
    """With badges and without; a name that finds no room is left out."""
    known = LibraryMap(1, tuple(shape(str(n), place, name=name) for n, (place, name) in enumerate(documents)))
    boxes = [around(place, BADGE) for place in taken]
    for found, others in ((labels(known), []), (labels_beside(known, boxes, ["0", "5"]), boxes)):
        assert len(found) <= map_layout.LABELS
        for n, label in enumerate(found):
            assert label.box.inside
            assert not any(label.box.meets(other) for other in [*others, *(each.box for each in found[:n])])


def test_names_of_hit_documents_come_first() -> None:
    """A small document that was found has its name, where the largest would have had the room."""
    large = [shape(f"large-{n}", ((n % 10) / 10, n / 60), name=f"A large document of number {n}") for n in range(60)]
    known = LibraryMap(1, (*large, shape("small", (0.5, 0.95), name="Small")))
    assert "small" not in [label.document for label in labels(known)]
    assert labels_beside(known, [around((10, 10), BADGE)], ["small"])[0].document == "small"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        pytest.param("Trade shares", "Trade shares", id="short"),
        pytest.param("On the Mode of Communication of Cholera", "On the Mode of…", id="between words"),
        pytest.param("x" * 60, "x" * 17 + "…", id="one long word"),
        pytest.param("中俄贸易与能源管道的历史回顾", "中俄贸易与能源管道的…", id="wide letters"),
        pytest.param("  two \n words ", "two words", id="white space"),
    ],
)
def test_long_names_are_shortened(name: str, short: str) -> None:
    """To what fits, between words where there are some."""
    assert shortened(name) == short
    assert width(shortened(name)) <= map_layout._WIDEST
