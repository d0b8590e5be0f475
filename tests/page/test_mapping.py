"""The map of the library as SVG: what it shows, and that nothing in it covers anything else."""

from __future__ import annotations

import re
from math import dist
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.page.map_svg import BADGES, map_overlay, map_svg
from index.records import DocumentInfo, Hit, Location, Passage, Span
from index.views import library_map as map_module
from index.views.library_map import (
    BADGE,
    HEIGHT,
    TARGET,
    WIDTH,
    LibraryMap,
    Placement,
    Shape,
    around,
    badges,
    labels,
    labels_beside,
    shortened,
    width,
)
from tests.cases import cases
from tests.factories import why
from tests.nightly import length

if TYPE_CHECKING:
    from index.views.library_map import Point

points = st.tuples(st.floats(0, 1), st.floats(0, 1))
spots = st.tuples(st.floats(12, WIDTH - 12), st.floats(20, HEIGHT - 20))


def make_shape(document: str, *dots: Point, name: str = "") -> Shape:
    """Return the shape of a document with these dots, whose centre is the first dot."""
    return Shape(document, name or document, len(dots), tuple(dots), dots[0])


def make_hit(document: str, name: str = "", number: int = 1) -> Hit:
    """Return a hit in the document with this id."""
    info = DocumentInfo(document, f"/x/{document}", name or document, "", "", "text/plain", 100, 0, 1)
    passage = Passage(number, document, 0, 0, 30, "A ship is here. It is a vessel", (Span(0, 15), Span(16, 30)))
    return Hit(passage, info, 0.5, Span(16, 30), Location("3", "Trade", 2), why())


def parse_svg(svg: str) -> ET.Element:
    """Parse the SVG as XML, which also shows that it is well-formed."""
    return ET.fromstring(svg)


TWO = LibraryMap(7, (make_shape("ships", (0.2, 0.2), (0.25, 0.3), (0.3, 0.2)), make_shape("bread", (0.8, 0.9))))


def test_map_has_a_path_per_document_and_a_dot_per_passage() -> None:
    """The layer states its generation and is hidden from screen readers. Each stroke is relative to the one before."""
    svg = parse_svg(map_svg(TWO))
    paths = [path.get("d", "") for path in svg.iter("path")]
    assert [path.count("h0") for path in paths] == [3, 1]
    assert svg.attrib["data-generation"] == "7"
    assert svg.attrib["aria-hidden"] == "true"
    assert [text.text for text in svg.iter("text")] == ["ships", "bread"]
    x = y = 0
    positions = []
    for right, down in re.findall(r"m(-?\d+) (-?\d+)h0", paths[0]):
        x, y = x + int(right), y + int(down)
        positions.append((x, y))
    expected = [map_module.spot(dot) for dot in TWO.shapes[0].dots]
    assert sorted(positions) == sorted((round(a), round(b)) for a, b in expected)


@cases("library_map", [LibraryMap(), LibraryMap(4)], ids=["not made yet", "empty library"])
def test_map_without_shapes_draws_nothing(library_map: LibraryMap) -> None:
    """Both layers are empty."""
    assert map_svg(library_map) == ""
    assert map_overlay(Placement(library_map, (0.5, 0.5), (None,)), [make_hit("ships")], {1}) == ""


def test_badge_links_to_its_source() -> None:
    """It carries the data of a citation and a label that names the source. Badge n belongs to card n.

    A removed passage has none, and more badges than the limit would hide the map.
    """
    placed = Placement(TWO, (0.5, 0.5), ((0.2, 0.2), (0.8, 0.9)))
    svg = parse_svg(map_overlay(placed, [make_hit("ships", "On “ships” & boats"), make_hit("bread")], {1}))
    cited, related = svg.iter("a")
    assert svg.attrib["role"] == "group"
    assert svg.attrib["data-generation"] == "7"
    data = {"act": "source", "n": "1", "document": "ships", "start": "16", "end": "30"}
    assert cited.attrib == {
        "class": "p-badge",
        "href": "d/ships/16-30",
        **{f"data-{name}": value for name, value in data.items()},
        "aria-label": "Source 1: On “ships” & boats, p. 3, § Trade, ¶ 2",
    }
    assert related.attrib["class"] == "p-badge p-related"
    assert related.attrib["aria-label"].startswith("Related passage 2: bread")
    assert [text.text for text in cited.iter("text")] == ["1"]
    placed = Placement(TWO, (0.5, 0.5), (None, (0.8, 0.9)))
    svg = parse_svg(map_overlay(placed, [make_hit("gone"), make_hit("bread")], {1, 2}))
    assert [badge.get("data-n") for badge in svg.iter("a")] == ["2"]
    hits = [make_hit("ships", number=n) for n in range(BADGES + 5)]
    svg = parse_svg(map_overlay(Placement(TWO, (0.5, 0.5), ((0.2, 0.2),) * len(hits)), hits, set()))
    assert len(list(svg.iter("a"))) == BADGES


@cases("name", ["<script>alert(1)</script>", '" onload="x', "${1}{{ 2 }}", "a\u202eb", "</text><a>"])
def test_document_names_are_escaped_in_the_map(name: str) -> None:
    """Labels, attributes and addresses hold the name as text."""
    library_map = LibraryMap(1, (make_shape('d"<x>', (0.5, 0.5), name=name),))
    overlay = map_overlay(Placement(library_map, (0.2, 0.2), ((0.5, 0.5),)), [make_hit('d"<x>', name)], {1})
    for svg in (map_svg(library_map), overlay):
        tags = {element.tag for element in parse_svg(svg).iter()}
        assert tags <= {"svg", "g", "path", "text", "circle", "a"}
        assert next(text.text for text in parse_svg(svg).iter("text")) == shortened(name)
    badge = next(parse_svg(overlay).iter("a"))
    assert badge.attrib["href"] == "d/d%22%3Cx%3E/16-30"
    assert name in badge.attrib["aria-label"]


@given(spots, st.lists(spots, max_size=BADGES))
@example((172.0, 108.0), [(172.0, 108.0)] * BADGES)  # all in one place
@example((172.0, 108.0), [(12.0, 20.0)] * BADGES)  # all in a corner
@example((172.0, 108.0), [(100.0 + 4 * n, 100.0) for n in range(BADGES)])  # in a row
def test_badges_do_not_overlap_and_stay_inside_the_frame(question: Point, dots: list[Point]) -> None:
    """They move as far as needed, for any positions, for the mark of the question, and for the clickable areas."""
    found = badges(question, dots)
    assert len(found) == len(dots)
    for n, place in enumerate(found):
        assert around(place, BADGE).inside
        assert dist(place, question) > BADGE + 5
        assert all(dist(place, other) >= 2 * TARGET for other in found[:n])


@given(
    st.lists(st.tuples(points, st.text(min_size=1, max_size=60)), min_size=1, max_size=length(12, 30)),
    st.lists(spots, max_size=8),
)
def test_labels_do_not_overlap_and_stay_inside_the_frame(
    documents: list[tuple[Point, str]], taken: list[Point]
) -> None:
    """Labels also avoid badges; a label without room is omitted."""
    library_map = LibraryMap(
        1, tuple(make_shape(str(n), place, name=name) for n, (place, name) in enumerate(documents))
    )
    boxes = [around(place, BADGE) for place in taken]
    for found, others in ((labels(library_map), []), (labels_beside(library_map, boxes, ["0", "5"]), boxes)):
        assert len(found) <= map_module.LABELS
        for n, label in enumerate(found):
            assert label.box.inside
            assert not any(label.box.meets(other) for other in [*others, *(earlier.box for earlier in found[:n])])


def test_documents_with_hits_are_labelled_first() -> None:
    """A small document with a hit gets a label before larger ones without."""
    large = [
        make_shape(f"large-{n}", ((n % 10) / 10, n / 60), name=f"A large document of number {n}") for n in range(60)
    ]
    library_map = LibraryMap(1, (*large, make_shape("small", (0.5, 0.95), name="Small")))
    assert "small" not in [label.document for label in labels(library_map)]
    assert labels_beside(library_map, [around((10, 10), BADGE)], ["small"])[0].document == "small"


@cases(
    ("name", "short"),
    [
        pytest.param("Trade shares", "Trade shares", id="short"),
        pytest.param("On the Mode of Communication of Cholera", "On the Mode of…", id="between words"),
        pytest.param("x" * 60, "x" * 17 + "…", id="one long word"),
        pytest.param("中俄贸易与能源管道的历史回顾", "中俄贸易与能源管道的…", id="wide letters"),
        pytest.param("  two \n words ", "two words", id="white space"),
    ],
)
def test_long_labels_are_shortened(name: str, short: str) -> None:
    """They are cut to the width that fits, between words if possible."""
    assert shortened(name) == short
    assert width(shortened(name)) <= map_module._MAX_LABEL_WIDTH
