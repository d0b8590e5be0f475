"""The map of a library: passages chosen as dots, their projection, its renewal, and the places of dots and labels.

A passage has hundreds of coordinates, the map has two. Candidates were compared on three libraries: our eleven sample
documents, five long texts, sixteen medical papers. Each candidate was fitted to every other passage and judged on the
passages that it had not seen, by two measures: the share of a dot's five nearest neighbours that are of its own
document (a), and the rank correlation of distances on the map with distances of the vectors (b).

                                     samples       texts        papers
                                     a     b       a     b      a     b
    all passages (PCA)              .19   .46     .79   .58    .41   .56
    means of documents              .26   .33     .73   .54    .41   .56
    discriminant, lightly damped    .22   .17     .71   .45    .55   .53

The discriminant draws the clearest islands, but on the samples it overfits: .59 on the passages that it was fitted to,
.22 on others. It would show borders that do not exist. PCA of all passages is dominated by the style of passages, and
by the largest document. The means of documents separate documents as far as they differ, on seen and unseen passages
alike; a share of the spread within documents decides if the documents are too few to span a plane. On 150 encyclopaedia
pages of one or two passages, all candidates give the same picture.
"""

from __future__ import annotations

import json
import logging
import threading
import unicodedata
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from index.errors import LibraryNotWritable, PinciteError
from index.records.document import from_json
from index.storage.files import Stamp, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from index.encoders.encoder import Vectors
    from index.records import Hit
    from index.storage.catalog.catalog import Catalog
    from index.storage.catalog.document_queries import DocumentRange


Point = tuple[float, float]
Numbers = np.ndarray[Any, np.dtype[np.float64]]

CENTRE: Point = (0.5, 0.5)
_DECIMALS = 4
_SHARPNESS = 4
"""The exponent of the bend: the higher it is, the longer the scale stays linear before it bends towards the frame."""
WITHIN = 0.1
"""The weight of the spread within documents; the spread between them has the rest."""
BULK = 0.02
"""The share of dots at either end of an axis that is ignored for its scale."""
_MIN_SPREAD = 1e-4
"""A smaller spread is a rounding error, because vectors have length one; it is not enlarged."""
DOTS = 2500
"""The most dots on a map: more look like a cloud and slow the browser down."""
_HALVINGS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Maps vectors to the plane: linearly, then bent so that outliers stay in the frame."""

    origin: Numbers
    """The vector that is subtracted first, shape (dimension,)."""
    axes: Numbers
    """The two axes of the map, shape (dimension, 2)."""
    middle: Numbers
    """The middle of the bulk of the dots along each axis."""
    reach: Numbers
    """The distance from the middle to the end of the bulk along each axis."""

    def __call__(self, vectors: np.ndarray[Any, Any]) -> list[Point]:
        """Return the points of vectors, shape (n, dimension), on the map."""
        distance = ((vectors - self.origin) @ self.axes - self.middle) / self.reach
        bent = distance / (1 + np.abs(distance) ** _SHARPNESS) ** (1 / _SHARPNESS)
        return [(x, y) for x, y in np.round(0.5 + 0.5 * bent, _DECIMALS).tolist()]


NOWHERE = Projection(np.zeros(0), np.zeros((0, 2)), np.zeros(2), np.ones(2))
"""The projection of a library without passages."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One document on the map."""

    document: str
    """The document's id."""
    name: str
    passages: int
    """The number of its passages; there may be fewer dots."""
    dots: tuple[Point, ...]
    """Passages, evenly spaced through the document."""
    centre: Point
    """The median of the dots along each axis."""


@dataclass(frozen=True, slots=True, eq=False)
class LibraryMap:
    """The map of a library."""

    generation: int = -1
    """The library's generation when the map was made; -1 if none has been made."""
    shapes: tuple[Shape, ...] = ()
    """The largest documents first; a sample if there are very many."""
    projection: Projection = field(default=NOWHERE)


@dataclass(frozen=True, slots=True)
class Placement:
    """A question and its hits on a map."""

    map: LibraryMap
    question: Point
    hits: tuple[Point | None, ...]
    """A point for each hit, in order; None for a passage that no longer exists."""


def fit(vectors: np.ndarray[Any, Any], counts: Numbers, sizes: Numbers) -> Projection:
    """Return the projection that separates documents.

    `vectors`, shape (n, dimension), are passages grouped by document. `counts` is how many of them belong to each
    document, at least one. `sizes` is how many passages each document has in all; its root is the document's weight.
    """
    vectors = vectors.astype(np.float64)
    weights = np.sqrt(sizes) / np.sqrt(sizes).sum()
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    means = np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
    origin = weights @ means
    axes = _axes(vectors - origin, means - origin, np.repeat(weights / counts, counts.astype(np.int64)), weights)
    flat = (vectors - origin) @ axes
    low, high = np.quantile(flat, [BULK, 1 - BULK], axis=0)
    reach = (high - low) / 2
    return Projection(origin, axes, (low + high) / 2, np.where(reach > _MIN_SPREAD, reach, 1.0))


def _axes(vectors: Numbers, means: Numbers, weight_of_passage: Numbers, weight_of_document: Numbers) -> Numbers:
    """Return the two directions of greatest spread, each of length one, shape (dimension, 2)."""
    total = vectors.T @ (vectors * weight_of_passage[:, None])
    between = means.T @ (means * weight_of_document[:, None])
    axes = np.linalg.eigh((1 - WITHIN) * between + WITHIN * total).eigenvectors[:, :-3:-1]
    # The sign of an eigenvector is arbitrary: without this, the map could flip over each time it is made.
    strongest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[strongest, [0, 1]]))


def place_question(known: LibraryMap, question: Vectors, hits: Sequence[Hit], catalog: Catalog) -> Placement:
    """Return the places of a question's vector and its hits on a map that has shapes."""
    ids, vectors = catalog.vectors_of([hit.passage.id for hit in hits])
    points = dict(zip(ids, known.projection(vectors), strict=True)) if ids else {}
    return Placement(known, known.projection(question[None])[0], tuple(points.get(hit.passage.id) for hit in hits))


def unplaced(known: LibraryMap, hits: Sequence[Hit]) -> Placement:
    """Return the same record for a map without shapes: the question in the centre, no hits placed."""
    return Placement(known, CENTRE, (None,) * len(hits))


def make(catalog: Catalog, generation: int) -> LibraryMap:
    """Return the map of a library. It reads the vectors of `DOTS` passages, whatever the library's size."""
    nonempty = [document for document in catalog.added_since(-1, until=generation) if document.passages]
    ranges = [nonempty[i] for i in np.linspace(0, len(nonempty) - 1, min(DOTS, len(nonempty))).astype(int)]
    ids, vectors = catalog.vectors_of(_sample(ranges))
    if not ids:
        return LibraryMap(generation)
    order = np.argsort(ids)
    owners = np.searchsorted([document.first for document in ranges], np.asarray(ids)[order], side="right") - 1
    present, counts = np.unique(owners, return_counts=True)
    sizes = np.asarray([ranges[owner].passages for owner in present], dtype=np.float64)
    projection = fit(vectors[order], counts.astype(np.float64), sizes)
    dots = projection(vectors[order])
    ends = np.cumsum(counts).tolist()
    groups = [dots[end - count : end] for end, count in zip(ends, counts.tolist(), strict=True)]
    return LibraryMap(generation, _shapes(catalog, [ranges[owner] for owner in present], groups), projection)


def _sample(ranges: Sequence[DocumentRange]) -> list[int]:
    """Return the ids of the passages that become dots, evenly spaced through each document."""
    chosen: list[int] = []
    for document, quota in zip(ranges, quotas([document.passages for document in ranges], DOTS), strict=True):
        chosen += (document.first + ((np.arange(quota) + 0.5) * document.passages / quota).astype(int)).tolist()
    return chosen


def quotas(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many passages each document shows: all if they fit into `total`, else by the root of their number.

    So a document a hundred times as long shows ten times as many dots, and the shortest one still shows one.
    """
    passages = np.asarray(sizes, dtype=np.float64)
    if passages.sum() <= total:
        return list(sizes)
    low, high = 0.0, float(np.sqrt(passages.max()))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _shown(passages, middle).sum() <= total else (low, middle)
    return [int(quota) for quota in _shown(passages, low)]


def _shown(passages: Numbers, scale: float) -> Numbers:
    return np.minimum(passages, np.maximum(1, np.floor(scale * np.sqrt(passages))))


def _shapes(catalog: Catalog, ranges: Sequence[DocumentRange], dots: Sequence[list[Point]]) -> tuple[Shape, ...]:
    infos = catalog.infos([document.number for document in ranges])
    shapes = [
        Shape(infos[document.number].id, infos[document.number].name, document.passages, tuple(points), _median(points))
        for document, points in zip(ranges, dots, strict=True)
        if document.number in infos
    ]
    return tuple(sorted(shapes, key=lambda shape: (-shape.passages, shape.name, shape.document)))


def _median(dots: Sequence[Point]) -> Point:
    x, y = np.median(np.asarray(dots), axis=0).round(4).tolist()
    return x, y


# Keeps the map of a library in memory and in the library's folder, and renews it after the library has changed.

FORMAT = 1
FILE = "map.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _MapFile:
    """What the file holds of a map, besides its stamp."""

    shapes: tuple[Shape, ...]
    origin: list[float]
    axes: list[list[float]]
    middle: list[float]
    reach: list[float]


def pack(stamp: Stamp, known: LibraryMap) -> bytes:
    """Return a map and its stamp as bytes."""
    projection = known.projection
    arrays = (projection.origin, projection.axes, projection.middle, projection.reach)
    body = asdict(_MapFile(known.shapes, *(array.tolist() for array in arrays)))
    content = f"{stamp.to_json()}\n{json.dumps(body)}\n".encode()
    return content + f"{zlib.crc32(content):08x}\n".encode()


def unpack(data: bytes) -> tuple[Stamp, LibraryMap]:
    """Return the stamp and the map that `pack` wrote. Raises ValueError for any other data."""
    content, crc = data[:-9], data[-9:]
    if crc != f"{zlib.crc32(content):08x}\n".encode():
        raise ValueError("damaged")
    head, _, body = content.partition(b"\n")
    stamp = Stamp.from_json(head)
    kept: _MapFile = from_json(_MapFile, body)
    axes = np.asarray(kept.axes, dtype=np.float64).reshape(len(kept.origin), 2)
    projection = Projection(np.asarray(kept.origin), axes, np.asarray(kept.middle), np.asarray(kept.reach))
    return stamp, LibraryMap(stamp.generation, kept.shapes, projection)


class Maps:
    """Returns the newest map that exists, and renews it in the background unless the caller chooses to wait.

    The file in the library's folder is a cache: it is ignored if it is absent, damaged, or of another library or
    encoder. If the folder is not writable, the map is kept in memory only.
    """

    def __init__(self, catalog: Catalog, folder: Path, *, read_only: bool = False) -> None:
        self._catalog = catalog
        self._path = folder / FILE
        self._read_only = read_only
        self._known = LibraryMap()
        self._made_of = ""
        self._loaded = False
        self._closed = False
        self._loading = threading.Lock()
        self._making = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def newest(self, *, wait: bool = False) -> LibraryMap:
        """Return the map, or an older one while a new one is being made; a map without shapes if there is none yet.

        An older map does not show documents that have been removed. With `wait`, the map is up to date.
        """
        self._load()
        generation = self._catalog.generation()
        if self._known.generation != generation:
            if wait:
                self._renew()
            else:
                self._start()
        known = self._known
        return known if known.generation == generation else self._valid_part(known)

    def first(self) -> LibraryMap:
        """Return the same as `newest`, but wait for the first map. If it cannot be made, the map has no shapes."""
        known, thread = self.newest(), self._thread
        if not known.shapes and thread is not None:
            thread.join()
            known = self.newest()
        return known

    def close(self) -> None:
        """Wait for a map that is being made, and start no other one."""
        with self._starting:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.join()

    def _load(self) -> None:
        """Load the map from the file, once, if it fits the library."""
        with self._loading:
            if self._loaded:
                return
            self._loaded = True
            with suppress(OSError, ValueError):
                stamp, kept = unpack(self._path.read_bytes())
                if stamp.fits(self._identity(), FORMAT, self._catalog.generation()):
                    self._known, self._made_of = kept, stamp.library

    def _identity(self) -> str:
        """Return the library's id and the fingerprint of its encoder."""
        return f"{self._catalog.library_id} {self._catalog.fingerprint()}"

    def _start(self) -> None:
        with self._starting:
            if self._closed or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._renew_quietly, name="pincite-map", daemon=True)
            self._thread.start()

    def _renew_quietly(self) -> None:
        try:
            self._renew()
        except PinciteError as error:
            _log.warning("The map could not be made: %s", error)

    def _renew(self) -> None:
        with self._making:
            generation, identity = self._catalog.generation(), self._identity()
            if self._known.generation == generation:
                return
            self._known, self._made_of = make(self._catalog, generation), identity
            if self._read_only:
                return
            with suppress(LibraryNotWritable):
                write_atomically(self._path, pack(Stamp(identity, FORMAT, generation), self._known))

    def _valid_part(self, known: LibraryMap) -> LibraryMap:
        """Return the part of an older map that still holds: no map of another encoder, and no removed document."""
        if self._made_of != self._identity():
            return LibraryMap()
        present = {info.id for info in self._catalog.numbered().values()}
        return replace(known, shapes=tuple(shape for shape in known.shapes if shape.document in present))


# Places dots, labels and badges on the map: pure geometry in the units of its frame, with the origin at the top left.
#
# A label is placed next to its document's dots, or omitted if it would cover another label. A badge is placed around
# its dot, ring by ring, without covering other badges, the dots of hits, or the edge of the frame.

WIDTH, HEIGHT = 344, 216
"""Size of the frame; its width is that of the page's column, so that text keeps its size."""
_MAX_LARGE_DOTS = 200
"""Maximum number of dots that are drawn larger."""
LABELS = 9
"""Maximum number of labels."""
BADGE = 9
"""Radius of a badge."""
TARGET = 13
"""Radius of the clickable area of a badge: two badges are at least twice as far apart."""
_SIDE, _HEAD, _FOOT = 12, 20, 20
_LINE, _GAP = 17, 4
"""The height of a label, and the space on either side of it."""
_MAX_NAME_CHARACTERS = 200
"""Longer names never fit and are cut first; a title may have a hundred thousand characters."""
_MAX_LABEL_WIDTH = 136
_EM = 12.5
_COVERED = 6
"""Maximum number of dots that a label may cover."""
_SAMPLE_BOX = (10, 90)
"""The percentiles that bound the main area of a document's dots."""
_TURNS = 24
_RINGS = range(2 * BADGE, WIDTH, 6)
_AIR = 3
_DIAMOND = 10
_NARROW_LETTERS = frozenset("iljtfrI.,:;'’|!-()[] ")
_BROAD_LETTERS = frozenset("mwMW%@&—…")


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether the two rectangles overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    @property
    def inside(self) -> bool:
        """Whether the rectangle lies within the frame."""
        return self.left >= 0 and self.top >= 0 and self.right <= WIDTH and self.bottom <= HEIGHT


@dataclass(frozen=True, slots=True)
class Label:
    """A document's name on the map, centred on `x`, its middle line at `y`."""

    document: str
    text: str
    x: float
    y: float

    @property
    def box(self) -> Box:
        """The area of the label."""
        half = width(self.text) / 2
        return Box(self.x - half - _GAP, self.y - _LINE / 2, self.x + half + _GAP, self.y + _LINE / 2)


def spot(point: Point) -> Point:
    """Convert a point of the map to the frame's units."""
    x, y = point
    return _SIDE + x * (WIDTH - 2 * _SIDE), _HEAD + y * (HEIGHT - _HEAD - _FOOT)


def has_few_dots(known: LibraryMap) -> bool:
    """Return whether there is space for larger dots."""
    return sum(len(shape.dots) for shape in known.shapes) <= _MAX_LARGE_DOTS


def dot_paths(known: LibraryMap) -> list[str]:
    """Return the dots of each document as the data of an SVG path: zero-length strokes, with relative coordinates."""
    return [_dot_path(shape.dots) for shape in known.shapes]


def _dot_path(dots: Iterable[Point]) -> str:
    steps, (x, y) = [], (0, 0)
    for across, down in sorted((round(a), round(b)) for a, b in map(spot, dots)):
        steps.append(f"m{across - x} {down - y}h0")
        x, y = across, down
    return "".join(steps)


@lru_cache(maxsize=512)
def width(text: str) -> float:
    """Return the approximate width of a text in the map's font."""
    return _EM * sum(_share(letter) for letter in text)


def shortened(name: str) -> str:
    """Return a name cut to the maximum width, if possible between words."""
    words = " ".join(name[:_MAX_NAME_CHARACTERS].split())
    if width(words) <= _MAX_LABEL_WIDTH:
        return words
    cut = words
    while cut and width(cut + "…") > _MAX_LABEL_WIDTH:
        cut = cut[:-1]
    whole = cut.rpartition(" ")[0] if words[len(cut)] != " " else cut
    return f"{(whole if width(whole) > _MAX_LABEL_WIDTH / 2 else cut).rstrip(' ,;:.-–—')}…"


@lru_cache(maxsize=4)
def labels(known: LibraryMap) -> tuple[Label, ...]:
    """Return labels for the largest documents, as far as there is space."""
    return tuple(_named(known.shapes[: 4 * LABELS], _crowd(known), ())[:LABELS])


def labels_beside(known: LibraryMap, taken: Sequence[Box], first: Sequence[str]) -> list[Label]:
    """Return labels that avoid the `taken` boxes; documents in `first` have priority.

    A label keeps its usual position if that is free.
    """
    free = [label for label in labels(known) if not any(map(label.box.meets, taken))]
    wanted = [label for label in free if label.document in first]
    named = {label.document for label in wanted}
    missing = [shape for shape in known.shapes if shape.document in first and shape.document not in named]
    found = wanted + _named(missing, _crowd(known), [*taken, *(label.box for label in wanted)])
    others = [label for label in free if not any(label.box.meets(other.box) for other in found)]
    return [*found, *others][:LABELS]


def _named(shapes: Sequence[Shape], crowd: Numbers, taken: Sequence[Box]) -> list[Label]:
    """Return a label for each shape, as far as there is space."""
    boxes, found = list(taken), []
    for shape in shapes:
        free = [label for label in _candidates(shape) if label.box.inside and not any(map(label.box.meets, boxes))]
        best = min(free, key=lambda label: _cost(label, shape, crowd), default=None)
        if best is not None and _covered(best, crowd) <= _COVERED:
            boxes.append(best.box)
            found.append(best)
    return found


def _candidates(shape: Shape) -> Iterator[Label]:
    """Yield positions above, below, beside and in the middle of a document's dots."""
    dots = np.asarray([spot(dot) for dot in shape.dots])
    (left, top), (right, bottom) = np.percentile(dots, _SAMPLE_BOX, axis=0).tolist()
    x, y = spot(shape.centre)
    text = shortened(shape.name)
    half = width(text) / 2
    for up in (top - _LINE / 2 - _AIR, bottom + _LINE / 2 + _AIR, top - _LINE - _AIR, bottom + _LINE + _AIR, y):
        for shift in (0, -half / 2, half / 2, -half, half):
            # Moved into the frame, so that documents at the edge get labels, too.
            middle = min(max(x + shift, half + _GAP), WIDTH - half - _GAP)
            yield Label(shape.document, text, round(middle, 1), round(up, 1))
    yield Label(shape.document, text, round(left - half - 2 * _AIR, 1), round(y, 1))
    yield Label(shape.document, text, round(right + half + 2 * _AIR, 1), round(y, 1))


def _cost(label: Label, shape: Shape, crowd: Numbers) -> float:
    """Return the cost of a position: covered dots, plus the distance to the document's centre."""
    return _covered(label, crowd) + _distance((label.x, label.y), spot(shape.centre)) / _LINE


def _covered(label: Label, crowd: Numbers) -> float:
    left, top, right, bottom = (int(edge) for edge in label.box)
    return float(crowd[bottom, right] - crowd[top, right] - crowd[bottom, left] + crowd[top, left])


@lru_cache(maxsize=4)
def _crowd(known: LibraryMap) -> Numbers:
    """Return the number of dots above and left of each unit of the frame, shape (HEIGHT + 1, WIDTH + 1)."""
    table = np.zeros((HEIGHT + 1, WIDTH + 1))
    dots = np.asarray([spot(dot) for shape in known.shapes for dot in shape.dots]).reshape(-1, 2).astype(int)
    np.add.at(table, (dots[:, 1] + 1, dots[:, 0] + 1), 1)
    return np.asarray(table.cumsum(axis=0).cumsum(axis=1))


def badges(question: Point, dots: Sequence[Point]) -> list[Point]:
    """Return the position of each dot's badge. All points are in the frame's units."""
    found: list[Point] = []
    for dot in dots:
        found.append(next(_free(dot, question, dots, found)))
    return found


def _free(dot: Point, question: Point, dots: Sequence[Point], taken: Sequence[Point]) -> Iterator[Point]:
    """Yield positions for a badge, best first: near its dot, away from the question, clear of other badges and dots.

    If there is none, badges may cover dots; the last position is the dot itself.
    """
    for apart in (BADGE + _AIR, 0):
        for radius in _RINGS:
            for place in _ring(dot, radius, question):
                clear = all(_distance(place, other) >= apart for other in dots)
                if clear and _distance(place, question) >= BADGE + _DIAMOND and _off(place, taken):
                    yield place
    yield dot


def _ring(dot: Point, radius: int, question: Point) -> list[Point]:
    """Return positions at a distance from a dot within the frame, farthest from the question first."""
    x, y = dot
    turns = [(x + radius * cos(2 * pi * n / _TURNS), y + radius * sin(2 * pi * n / _TURNS)) for n in range(_TURNS)]
    places = [(round(a, 1), round(b, 1)) for a, b in turns if around((a, b), TARGET).inside]
    return sorted(places, key=lambda place: -_distance(place, question))


def _off(place: Point, taken: Sequence[Point]) -> bool:
    return all(_distance(place, other) >= 2 * TARGET for other in taken)


def boxes_around(points: Iterable[Point], radius: float) -> list[Box]:
    """Return the box around each circle."""
    return [around(point, radius) for point in points]


def around(point: Point, radius: float) -> Box:
    """Return the box around a circle."""
    return Box(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)


def _distance(first: Point, second: Point) -> float:
    return hypot(first[0] - second[0], first[1] - second[1])


def _share(letter: str) -> float:
    """Return the width of a character as a fraction of an em."""
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.3 if letter in _NARROW_LETTERS else 0.86 if letter in _BROAD_LETTERS else 0.57 + 0.1 * letter.isupper()
